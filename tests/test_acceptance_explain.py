# SPDX-License-Identifier: GPL-2.0-or-later
"""Real trees, mutated: a strategy that no longer fits says so, writes nothing, and tells a stranger the mend.

Where the mend is mechanical, the proof is to follow the printed suggestions literally until the strategy renders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acceptance_support import (
    QUICK,
    Run,
    file_of,
    files_below,
    fixture_strategy,
    follow,
    function_text,
    imported,
    inside,
    mutated,
    renamed,
    replaced,
    run,
    series_of,
    strategy_copy,
)
from series_support import git

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acceptance_support import Change

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree

BOTH = pytest.mark.parametrize("name", ["qemu-5.2", "qemu-10.2"])
PCI, HEADER, MIGRATION = "hw/vfio/pci.c", "hw/vfio/pci.h", "hw/vfio/migration.c"
# The first hunk of qemu-defer, as both releases have it.
SETUP = """\
    if (msi_enabled(pdev)) {
        vfio_msi_enable(vdev);
    } else if (msix_enabled(pdev)) {
        vfio_msix_enable(vdev);
    }
"""
WRAPPED = "    if (vdev->guest_ready) {\n" + "".join(f"    {line}\n" for line in SETUP.splitlines()) + "    }\n"
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


class Bench:
    """One mutated tree, and the command run on it, with the checks that hold for every miss."""

    def __init__(self, directory: Path, capture: Capture, name: str, changes: Mapping[str, str | Change]) -> None:
        self._capture = capture
        self._output = directory / "series"
        self.name = name
        self.tree = mutated(directory / "tree", name, changes)

    def line(self, path: str, text: str, nth: int = 1) -> str:
        """Return PATH:LINE of the nth line of the mutated file that holds `text`."""
        lines = git(self.tree, "cat-file", "blob", f"HEAD:{path}").split("\n")
        return f"{path}:{[number for number, line in enumerate(lines, 1) if text in line][nth - 1]}"

    def misses(self, strategy: str | Path) -> Run:
        """Render, which has to miss: exit code 3, nothing written anywhere."""
        before = files_below(self.tree)
        done = run(self._capture, "render", strategy, "--tree", self.tree, "-o", self._output, "--explain", *QUICK)
        assert done.code == ExitCode.DRIFT, done
        assert "drifted" in done.out or "ambiguous" in done.out
        assert files_below(self.tree) == before and not self._output.exists()
        done.tells()
        return done

    def renders(self, strategy: str | Path, *words: str) -> Run:
        """Render, which has to work; the mails are there."""
        done = run(self._capture, "render", strategy, "--tree", self.tree, "-o", self._output, *QUICK, *words)
        assert done.code == ExitCode.OK, done.err
        assert any(file.endswith(".patch") for file in series_of(self._output))
        return done

    def mended_by_following(self, strategy: Path, first: Run) -> None:
        """Follow the suggestions, run after run, until the strategy renders."""
        told = first.err
        for _ in range(8):
            follow(strategy, told)
            done = run(self._capture, "render", strategy, "--tree", self.tree, "-n", *QUICK)
            if done.code == ExitCode.OK:
                self.renders(strategy)
                return
            assert done.code == ExitCode.DRIFT, done.err
            assert done.err != told, f"following does not help:\n{told}"
            told = done.err
        pytest.fail(f"still not mended:\n{told}")


# A function renamed


@BOTH
def test_anchor_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: renamed("vfio_pci_load_config", "vfio_pci_restore_config")})
    strategy = strategy_copy(tmp_path, "qemu-defer")
    done = bench.misses(strategy)
    done.tells(
        "the tree has no function vfio_pci_load_config (expected in hw/vfio/pci.c)",
        "it may have been renamed to vfio_pci_restore_config",
        bench.line(PCI, "vfio_pci_restore_config(VFIODevice"),
        "the hunk fits here as it stands",
        "    in: function vfio_pci_restore_config\n    path: hw/vfio/pci.c",
        # The addition beside it has no hunk of its own, and names that are nearer exist.
        "    before: function vfio_pci_restore_config\n    path: hw/vfio/pci.c",
        "the edit is there because: call it at once, so that nothing changes yet",
    )
    bench.mended_by_following(strategy, done)


def test_anchor_and_what_names_it_renamed(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(
        tmp_path, capsys, "qemu-5.2", {MIGRATION: renamed("vfio_save_complete_precopy", "vfio_complete_precopy")}
    )
    strategy = strategy_copy(tmp_path, "save-state")
    done = bench.misses(strategy)
    done.tells(
        "    in: function vfio_complete_precopy",
        "    after: function vfio_complete_precopy",
        "expected 'vfio_save_complete_precopy', found 'vfio_complete_precopy'",
        "      .save_live_complete_precopy = vfio_complete_precopy\n    + .save_state = vfio_save_state,",
    )
    bench.mended_by_following(strategy, done)


def test_anchor_of_a_lone_addition_renamed(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(
        tmp_path, capsys, "qemu-5.2", {MIGRATION: renamed("vfio_load_device_config_state", "vfio_load_config_space")}
    )
    bench.misses("qemu-defer").tells(
        "the tree has no function vfio_load_device_config_state",
        "only names could be compared",
        "expected the name 'vfio_load_device_config_state', found 'vfio_load_config_space'",
        "    after: function vfio_load_config_space\n    path: hw/vfio/migration.c",
    )


@BOTH
def test_callee_in_a_hunk_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: renamed("vfio_msi_enable", "vfio_msi_setup")})
    place = bench.line(PCI, "if (msi_enabled(pdev)) {")
    bench.misses("qemu-defer").tells(
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
    done.tells(
        "    - expected 'vfio_update_pending', found 'vfio_refresh_pending'\n",
        "    - ret = vfio_save_device_config_state(f, opaque);\n",
        "      ret = vfio_refresh_pending(vbasedev);\n",
    )
    bench.mended_by_following(strategy, done)


# A parameter added


def with_errp(text: str) -> str:
    """Give vfio_msix_enable() one more parameter, and its callers one more argument."""
    return text.replace(
        "vfio_msix_enable(VFIOPCIDevice *vdev)", "vfio_msix_enable(VFIOPCIDevice *vdev, Error **errp)"
    ).replace("vfio_msix_enable(vdev)", "vfio_msix_enable(vdev, NULL)")


@BOTH
def test_parameter_added_to_what_a_hunk_calls(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: with_errp})
    place = bench.line(PCI, "if (msi_enabled(pdev)) {")
    bench.misses("qemu-defer").tells(
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
    bench.misses(strategy).tells(
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
    done.tells(
        "function vfio_pci_load_config has other parameters",
        bench.line(PCI, "vfio_pci_load_config(VFIODevice"),
        "Error * * errp",
        "    in: function vfio_pci_load_config(VFIODevice *vbasedev, QEMUFile *f, Error **errp)\n",
    )
    bench.mended_by_following(strategy, done)


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
    bench.misses(strategy).tells(
        "takes 2 parameters now",
        "did not follow",
        "passes 1 argument",
        "add an edit to this patch for each place named above",
    )


# Other nesting, other macro, other struct, other order


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
        done.tells(
            "the hunk fits only inside a block that it does not show",
            bench.line(PCI, "if (msi_enabled(pdev)) {"),
            "inside if (vdev->guest_ready) {",
            "write the enclosing block whole",
            "      if (vdev->guest_ready) {\n    -     if (msi_enabled(pdev)) {\n",
        )
    bench.mended_by_following(strategy, done)


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
    done.tells(
        "expected 'QLIST_FOREACH', found 'QLIST_FOREACH_SAFE'",
        "found ', tmp' after",
        f"  {path}:",
        after.replace("vbasedev", "$dev"),
        "vfio_probe($dev);",
    )
    bench.mended_by_following(strategy, done)


@BOTH
def test_struct_renamed(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {HEADER: replaced("struct VFIOPCIDevice {", "struct VFIOPCIState {")})
    done = bench.misses("qemu-defer")
    done.tells(
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
    done.tells(
        "the tree has no struct VFIODeviceOps (expected in include/hw/vfio/)",
        "it may have been renamed to VFIODeviceOperations",
        f"    in: struct VFIODeviceOperations\n    path: {path}",
    )
    bench.mended_by_following(strategy, done)


@BOTH
def test_statement_reordered(name: str, tmp_path: Path, capsys: Capture) -> None:
    told, call = (
        "    trace_vfio_msi_enable(vdev->vbasedev.name, vdev->nr_vectors);\n",
        "    ret = vfio_enable_vectors(vdev, false);\n",
    )
    bench = Bench(tmp_path, capsys, name, {PCI: lambda text: replaced(call, call + told)(replaced(told, "")(text))})
    bench.misses("qemu-defer").tells(
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
    bench.misses("save-state").tells(
        "its statements are there, but in another order",
        f"  {bench.line(MIGRATION, save.strip())}:\n    | {save.strip()}",
        f"    | {pending.strip()}",
        "put the hunk's lines in the order of the lines named above",
    )


# Two candidates


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
    done.tells(
        "function vfio_pci_load_config is defined 2 times",
        "  hw/vfio/pci-load.c:1: a match",
        "  hw/vfio/pci-other.c:2: a match",
        "give `path:` with the file that is meant",
    )
    anchor = "function vfio_pci_load_config\n          path: hw/vfio/pci"
    strategy.write_text(strategy.read_text().replace(f"{anchor}.c", f"{anchor}-load.c"))
    bench.renders(strategy)


@BOTH
def test_two_places_that_a_hunk_fits(name: str, tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, name, {PCI: replaced(SETUP, f"{SETUP}    vfio_settle(vdev);\n{SETUP}")})
    done = bench.misses("qemu-defer")
    assert "ambiguous" in done.out
    first, second = (bench.line(PCI, "if (msi_enabled(pdev)) {", nth) for nth in (1, 2))
    done.tells(
        "the hunk fits 2 places, 1 expected",
        f"  {first}: a match",
        f"  {second}: a match",
        "add lines of context that only the wanted place has, or write `expect: 2`",
    )


# A function moved whole


@BOTH
def test_function_moved_to_another_file(name: str, tmp_path: Path, capsys: Capture) -> None:
    definition = function_text(file_of(name, PCI), "vfio_pci_load_config")
    bench = Bench(
        tmp_path,
        capsys,
        name,
        {PCI: replaced(definition, ""), "hw/vfio/pci-load.c": '#include "qemu/osdep.h"\n\n' + definition},
    )
    bench.renders("qemu-defer", "--explain").tells(
        "applied: function vfio_pci_load_config in hw/vfio/pci-load.c:",
        "moved from hw/vfio/pci.c to hw/vfio/pci-load.c",
    )
    (result,) = bench.renders("qemu-defer", "--json").results
    assert result["status"] == "rendered"
    moved = {
        edit["anchor"]
        for edit in result["edits"]
        if edit["message"] == "moved from hw/vfio/pci.c to hw/vfio/pci-load.c"
    }
    assert "function vfio_pci_load_config" in moved


def test_moved_function_of_another_strategy(tmp_path: Path, capsys: Capture) -> None:
    definition = function_text(file_of("qemu-5.2", MIGRATION), "vfio_load_state")
    bench = Bench(tmp_path, capsys, "qemu-5.2", {MIGRATION: replaced(definition, ""), "hw/vfio/load.c": definition})
    (result,) = bench.renders("save-state", "--json").results
    assert [edit["message"] for edit in result["edits"] if edit["anchor"] == "function vfio_load_state"] == [
        "moved from hw/vfio/migration.c to hw/vfio/load.c"
    ]


# JSON, and other trees in the same run


def test_the_document_tells_of_the_miss(tmp_path: Path, capsys: Capture) -> None:
    bench = Bench(tmp_path, capsys, "qemu-5.2", {PCI: renamed("vfio_pci_load_config", "vfio_pci_restore_config")})
    done = run(
        capsys, "render", "qemu-defer", "--tree", bench.tree, "qemu-5.2", "-o", tmp_path / "series", "--json", *QUICK
    )
    assert done.code == ExitCode.DRIFT
    missed, rendered = done.results
    assert (missed["status"], rendered["status"]) == ("drifted", "rendered")
    assert "renamed to vfio_pci_restore_config" in missed["reason"] and missed["patches"] == []
    assert {edit["status"] for edit in missed["edits"]} == {"applied", "drifted", "skipped"}  # all were tried
    assert not (tmp_path / "series/qemu-defer/tree").exists() and (tmp_path / "series/qemu-defer/qemu-5.2").is_dir()


def test_the_releases_themselves_are_left_alone(tmp_path: Path, capsys: Capture) -> None:
    repository, commit = imported("qemu-5.2")
    refs = git(repository, "for-each-ref")
    Bench(tmp_path, capsys, "qemu-5.2", {PCI: replaced(SETUP, WRAPPED)}).misses("qemu-defer")
    assert git(repository, "for-each-ref") == refs and git(repository, "rev-parse", "qemu-5.2^{commit}") == commit
