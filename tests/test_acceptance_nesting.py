# SPDX-License-Identifier: GPL-2.0-or-later
"""Real trees with other nesting, another loop macro, statements in another order, two candidates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from acceptance_bench import BOTH, MIGRATION, PCI, SETUP, WRAPPED, Bench
from acceptance_support import (
    file_of,
    fixture_strategy,
    function_text,
    inside,
    replaced,
    strategy_copy,
)

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree

# A loop that a release has once, and how it reads when the list may change on the way.
LOOPS = {
    "qemu-5.2": (
        "hw/vfio/common.c",
        "vfio_devices_all_running_and_saving",
        "QLIST_FOREACH(vbasedev, &group->device_list, next) {",
        "QLIST_FOREACH_SAFE(vbasedev, &group->device_list, next, tmp) {",
        "  QLIST_FOREACH(group, &container->group_list, container_next) {\n"
        "      QLIST_FOREACH($dev, &group->device_list, next) {\n"
        "+         vfio_probe($dev);\n"  # The loop's last statement leaves in both of its arms.
        "          ...\n"
        "      }\n"
        "  }",
    ),
    "qemu-10.2": (
        "hw/vfio/listener.c",
        "vfio_log_sync_needed",
        "QLIST_FOREACH(vbasedev, &bcontainer->device_list, container_next) {",
        "QLIST_FOREACH_SAFE(vbasedev, &bcontainer->device_list, container_next, tmp) {",
        "  QLIST_FOREACH($dev, &bcontainer->device_list, container_next) {\n      ...\n+     vfio_probe($dev);\n  }",
    ),
}


@BOTH
def test_anchor_wrapped_in_an_if(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: replaced(SETUP, WRAPPED)})
    probe = "\n".join(f"    - {line[4:]}" for line in SETUP.splitlines())
    strategy = fixture_strategy(
        tmp_path, f"- in: function vfio_pci_load_config\n  path: {PCI}\n  hunk: |2\n{probe}\n    + vfio_probe(vdev);\n"
    )
    for rendered in ("qemu-defer", strategy):
        done = bench.misses(rendered)
        assert "ambiguous" in done.out
        assert not done.untold(
            "the hunk fits only inside a block that it does not show",
            bench.line(PCI, "if (msi_enabled(pdev)) {"),
            "inside if (vdev->guest_ready) {",
            "write the enclosing block whole",
            "      if (vdev->guest_ready) {\n    -     if (msi_enabled(pdev)) {\n",
        )
    assert bench.mended_by_following(strategy, done)


@BOTH
def test_loop_macro_swapped(name: str, tmp_path: Path, capsys: Capture) -> None:
    path, function, before, after, hunk = LOOPS[name]
    bench = Bench(tmp_path, capsys, name, {path: inside(function, replaced(before, after))})
    strategy = fixture_strategy(
        tmp_path,
        f"- in: function {function}\n  path: {path}\n  hunk: |2\n"
        + "\n".join(f"    {line}" for line in hunk.split("\n")),
    )
    done = bench.misses(strategy)
    assert not done.untold(
        "expected 'QLIST_FOREACH', found 'QLIST_FOREACH_SAFE'",
        "found ', tmp' after",
        f"  {path}:",
        after.replace("vbasedev", "$dev"),
        "vfio_probe($dev);",
    )
    assert bench.mended_by_following(strategy, done)


@BOTH
def test_statement_reordered(name: str, tmp_path: Path, capsys: Capture) -> None:
    told, call = (
        "    trace_vfio_msi_enable(vdev->vbasedev.name, vdev->nr_vectors);\n",
        "    ret = vfio_enable_vectors(vdev, false);\n",
    )
    bench = Bench(tmp_path, capsys, name, {PCI: lambda text: replaced(call, call + told)(replaced(told, "")(text))})
    assert not bench.misses("qemu-defer").untold(
        "function vfio_msi_enable: every part of the hunk is there, but not in the order of the hunk",
        bench.line(PCI, told.strip()),
        "put the hunk's lines in the order of the lines named above",
    )


def test_neighbours_reordered(tmp_path: Path, capsys: Capture) -> None:
    check = "    if (ret) {\n        return ret;\n    }\n"
    save = "    ret = vfio_save_device_config_state(f, opaque);\n"
    pending = "    ret = vfio_update_pending(vbasedev);\n"
    bench = Bench(
        tmp_path,
        capsys,
        "qemu-5.2",
        {MIGRATION: replaced(f"{save}{check}\n{pending}{check}", f"{pending}{check}\n{save}{check}")},
    )
    assert not bench.misses("save-state").untold(
        "its statements are there, but in another order",
        f"  {bench.line(MIGRATION, save.strip())}:\n    | {save.strip()}",
        f"    | {pending.strip()}",
        "put the hunk's lines in the order of the lines named above",
    )


@BOTH
def test_two_definitions_where_the_hint_fails(name: str, tmp_path: Path, capsys: Capture) -> None:
    definition = function_text(file_of(name, PCI), "vfio_pci_load_config")
    bench = Bench(
        tmp_path,
        capsys,
        name,
        {PCI: replaced(definition, ""), "hw/vfio/pci-load.c": definition, "hw/vfio/pci-other.c": "\n" + definition},
    )
    strategy = strategy_copy(tmp_path, "qemu-defer")
    done = bench.misses(strategy)
    assert "ambiguous" in done.out
    assert not done.untold(
        "function vfio_pci_load_config is defined 2 times",
        "  hw/vfio/pci-load.c:1: a match",
        "  hw/vfio/pci-other.c:2: a match",
        "give `path:` with the file that is meant",
    )
    for file in (strategy, *(tmp_path / "templates" / "common").glob("*.yaml")):
        text = re.sub(r"(function vfio_pci_load_config\n +path: hw/vfio/pci)\.c", r"\1-load.c", file.read_text())
        file.write_text(text)
    bench.renders(strategy)


@BOTH
def test_two_places_that_a_hunk_fits(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: replaced(SETUP, f"{SETUP}    vfio_settle(vdev);\n{SETUP}")})
    done = bench.misses("qemu-defer")
    assert "ambiguous" in done.out
    first, second = (bench.line(PCI, "if (msi_enabled(pdev)) {", nth) for nth in (1, 2))
    assert not done.untold(
        "the hunk fits 2 places, 1 expected",
        f"  {first}: a match",
        f"  {second}: a match",
        "add lines of context that only the wanted place has, or write `expect: 2`",
    )
