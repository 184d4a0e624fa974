# SPDX-License-Identifier: GPL-2.0-or-later
"""Real trees with a parameter added to what a strategy calls, edits or names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acceptance_bench import BOTH, PCI, Bench
from acceptance_support import (
    fixture_strategy,
    replaced,
)

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree


def with_errp(text: str) -> str:
    """Give vfio_msix_enable() one more parameter, and its callers one more argument."""
    return text.replace(
        "vfio_msix_enable(VFIOPCIDevice *vdev)", "vfio_msix_enable(VFIOPCIDevice *vdev, Error **errp)"
    ).replace("vfio_msix_enable(vdev)", "vfio_msix_enable(vdev, NULL)")


@BOTH
def test_parameter_added_to_what_a_hunk_calls(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: with_errp})
    place = bench.line(PCI, "if (msi_enabled(pdev)) {")
    assert not bench.misses("qemu-defer").untold(
        f"  {place}: near miss",
        "    - found 'NULL' after 'vdev', which the hunk does not have\n",
        "    -     vfio_msix_enable(vdev, NULL);\n",
        "    + vfio_pci_restore_irqs(vdev);\n",
    )


@BOTH
def test_parameter_added_to_a_signature_that_is_edited(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: with_errp})
    strategy = fixture_strategy(
        tmp_path,
        """\
- in: signature vfio_msix_enable
  path: hw/vfio/pci.c
  hunk: |2
    - static void vfio_msix_enable(VFIOPCIDevice *vdev)
    + static bool vfio_msix_enable(VFIOPCIDevice *vdev)
""",
    )
    assert not bench.misses(strategy).untold(
        bench.line(PCI, "static void vfio_msix_enable("),
        "Error * * errp",
        "    - static void vfio_msix_enable(VFIOPCIDevice *vdev, Error **errp)\n",
        "may need the same change",
    )


@BOTH
def test_parameter_added_to_an_anchor_that_tells_its_own(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(
        tmp_path,
        capsys,
        name,
        {
            PCI: replaced(
                "vfio_pci_load_config(VFIODevice *vbasedev, QEMUFile *f)",
                "vfio_pci_load_config(VFIODevice *vbasedev, QEMUFile *f, Error **errp)",
            )
        },
    )
    strategy = fixture_strategy(
        tmp_path,
        """\
- in: function vfio_pci_load_config(VFIODevice *$v, QEMUFile *$f)
  path: hw/vfio/pci.c
  hunk: |2
    + probe(vdev);
      if (msi_enabled(pdev)) {
          ...
      } else if (msix_enabled(pdev)) {
          ...
      }
""",
    )
    done = bench.misses(strategy)
    assert not done.untold(
        "function vfio_pci_load_config has other parameters",
        bench.line(PCI, "vfio_pci_load_config(VFIODevice"),
        "Error * * errp",
        "    in: function vfio_pci_load_config(VFIODevice *vbasedev, QEMUFile *f, Error **errp)\n",
    )
    assert bench.mended_by_following(strategy, done)


@BOTH
def test_caller_that_an_edited_signature_leaves_behind(name: str, tmp_path: Path, capsys: Capture) -> None:
    caller = "\nvoid vfio_rearm(VFIOPCIDevice *vdev)\n{\n    vfio_msix_enable(vdev);\n}\n"
    bench = Bench(tmp_path, capsys, name, {PCI: lambda text: text + caller})
    strategy = fixture_strategy(
        tmp_path,
        """\
- in: signature vfio_msix_enable
  path: hw/vfio/pci.c
  hunk: |2
    - static void vfio_msix_enable(VFIOPCIDevice *vdev)
    + static void vfio_msix_enable(VFIOPCIDevice *vdev, Error **errp)
- in: function vfio_pci_load_config
  path: hw/vfio/pci.c
  hunk: |2
      if (msi_enabled(pdev)) {
          ...
      } else if (msix_enabled(pdev)) {
    -     vfio_msix_enable(vdev);
    +     vfio_msix_enable(vdev, NULL);
      }
""",
    )
    assert not bench.misses(strategy).untold(
        "takes 2 parameters now",
        "did not follow",
        "passes 1 argument",
        "add an edit to this patch for each place named above",
    )
