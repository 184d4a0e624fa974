# SPDX-License-Identifier: GPL-2.0-or-later
"""Real trees with a function moved whole, and what the JSON document tells of a miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acceptance_bench import BOTH, MIGRATION, PCI, SETUP, WRAPPED, Bench
from acceptance_support import (
    QUICK,
    file_of,
    function_text,
    imported,
    renamed,
    replaced,
    run,
)
from series_support import git

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree


@BOTH
def test_function_moved_to_another_file(name: str, tmp_path: Path, capsys: Capture) -> None:
    definition = function_text(file_of(name, PCI), "vfio_pci_load_config")
    bench = Bench(
        tmp_path,
        capsys,
        name,
        {PCI: replaced(definition, ""), "hw/vfio/pci-load.c": '#include "qemu/osdep.h"\n\n' + definition},
    )
    assert not bench.renders("qemu-defer", "--explain").untold(
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
