# SPDX-License-Identifier: GPL-2.0-or-later
"""Real trees with a function or a struct renamed: the mend is told, and following it literally renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acceptance_bench import BOTH, HEADER, MIGRATION, PCI, Bench
from acceptance_support import (
    renamed,
    replaced,
    strategy_copy,
)

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree


@BOTH
def test_anchor_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: renamed("vfio_pci_load_config", "vfio_pci_restore_config")})
    strategy = strategy_copy(tmp_path, "qemu-defer")
    done = bench.misses(strategy)
    assert not done.untold(
        "the tree has no function vfio_pci_load_config (expected in hw/vfio/pci.c)",
        "it may have been renamed to vfio_pci_restore_config",
        bench.line(PCI, "vfio_pci_restore_config(VFIODevice"),
        "the hunk fits here as it stands",
        "    in: function vfio_pci_restore_config\n    path: hw/vfio/pci.c",
        "the edit is there because: call it at once, so that nothing changes yet",
    )
    assert bench.mended_by_following(strategy, done)


def test_anchor_and_what_names_it_renamed(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(
        tmp_path, capsys, "qemu-5.2", {MIGRATION: renamed("vfio_save_complete_precopy", "vfio_complete_precopy")}
    )
    strategy = strategy_copy(tmp_path, "save-state")
    done = bench.misses(strategy)
    assert not done.untold(
        "    in: function vfio_complete_precopy",
        "    after: function vfio_complete_precopy",
        "expected 'vfio_save_complete_precopy', found 'vfio_complete_precopy'",
        "      .save_live_complete_precopy = vfio_complete_precopy\n    + .save_state = vfio_save_state,",
    )
    assert bench.mended_by_following(strategy, done)


def test_anchor_of_a_lone_addition_renamed(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, "qemu-5.2", {PCI: renamed("vfio_pci_load_config", "vfio_pci_load_config_space")})
    assert not bench.misses("drain-interrupts").untold(
        "the tree has no function vfio_pci_load_config",
        "only names could be compared",
        "expected the name 'vfio_pci_load_config', found 'vfio_pci_load_config_space'",
        "    after: function vfio_pci_load_config_space\n    path: hw/vfio/pci.c",
    )


@BOTH
def test_callee_in_a_hunk_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: renamed("vfio_msi_enable", "vfio_msi_setup")})
    place = bench.line(PCI, "if (msi_enabled(pdev)) {")
    assert not bench.misses("qemu-defer").untold(
        "function vfio_pci_load_config: the hunk fits nowhere",
        f"  {place}: near miss",
        "    - expected 'vfio_msi_enable', found 'vfio_msi_setup'\n",
        "write the hunk so",
        "    -     vfio_msi_setup(vdev);\n",
        "    + vfio_pci_restore_irqs(vdev);\n",
    )


def test_callee_in_the_context_renamed(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, "qemu-5.2", {MIGRATION: renamed("vfio_update_pending", "vfio_refresh_pending")})
    strategy = strategy_copy(tmp_path, "save-state")
    done = bench.misses(strategy)
    # The signs stay with their lines: what was context does not become a removal.
    assert not done.untold(
        "    - expected 'vfio_update_pending', found 'vfio_refresh_pending'\n",
        "    - ret = vfio_save_device_config_state(f, opaque);\n",
        "      ret = vfio_refresh_pending(vbasedev);\n",
    )
    assert bench.mended_by_following(strategy, done)


@BOTH
def test_struct_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {HEADER: replaced("struct VFIOPCIDevice {", "struct VFIOPCIState {")})
    done = bench.misses("qemu-defer")
    assert not done.untold(
        "it cannot be told whether the tree has `irq_setup_deferred`",
        "no definition of struct VFIOPCIDevice was found, but the name is used",
        bench.line(HEADER, "VFIOPCIDevice"),
    )


@pytest.mark.parametrize(
    ("name", "path"), [("qemu-5.2", "include/hw/vfio/vfio-common.h"), ("qemu-10.2", "include/hw/vfio/vfio-device.h")]
)
def test_struct_renamed_that_is_expected_in_a_folder(name: str, path: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {path: renamed("VFIODeviceOps", "VFIODeviceOperations")})
    strategy = strategy_copy(tmp_path, "qemu-defer")
    done = bench.misses(strategy)
    assert not done.untold(
        "the tree has no struct VFIODeviceOps (expected in include/hw/vfio/)",
        "it may have been renamed to VFIODeviceOperations",
        f"    in: struct VFIODeviceOperations\n    path: {path}",
    )
    assert bench.mended_by_following(strategy, done)
