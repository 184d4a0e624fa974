# SPDX-License-Identifier: GPL-2.0-or-later
"""Real releases of QEMU: the base and every patch of the shipped series build, and what does not leads to its edit."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from acceptance_support import start, strategy_copy

from qpatch.errors import ExitCode
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from collections.abc import Iterable

BINARY = "qemu-system-aarch64"
SERIES = [("qemu-5.2", "save-state"), ("qemu-5.2", "qemu-defer"), ("qemu-10.2", "qemu-defer")]
# What the lab asks of a binary: an option, and what its output must have.
NEEDED = [
    (("-M", "help"), r"^virt "),
    (("-device", "help"), r'^name "vfio-pci"'),
    (("-cpu", "help"), r"^ *cortex-a57"),
    (("-trace", "help"), r"^vfio_save_setup$"),
]


def build(*words: str | Path) -> tuple[int, dict[str, Any]]:
    """Run `qpatch build` with --json; return its exit code and its only result."""
    process = start("build", *words, "--json")
    output, complaints = process.communicate()
    assert output, complaints
    (result,) = json.loads(output)["results"]
    return process.returncode, result


def compiled(log: str) -> set[str]:
    """Return the objects that a log says were compiled."""
    return set(re.findall(r"Compiling C object \S*?([^/\s]+)\.o$", Path(log).read_text(encoding="utf-8"), re.MULTILINE))


def objects_of(files: Iterable[str]) -> set[str]:
    """Return what meson calls the objects of the C files among `files`: the path with '_' for '/'."""
    return {file.replace("/", "_") for file in files if file.endswith(".c")}


def told_by(*command: str) -> str:
    """Return what a program prints, to whichever stream."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


@pytest.mark.build
@pytest.mark.parametrize("tree", release_names("qemu", "build"))
def test_a_baseline_has_what_the_lab_needs(tree: str) -> None:
    code, result = build("baseline", "--tree", tree)
    assert code == ExitCode.OK, result
    binary = result["products"][BINARY]
    for words, pattern in NEEDED:
        assert re.search(pattern, told_by(binary, *words), re.MULTILINE), f"{words} of {tree}"
    assert "gic-version=" in told_by(binary, "-M", "virt,help")


@pytest.mark.build
@pytest.mark.parametrize(("tree", "strategy"), SERIES)
def test_every_patch_builds(tree: str, strategy: str) -> None:
    code, result = build(strategy, "--tree", tree, "--each-patch")
    assert code == ExitCode.OK, result
    metadata = json.loads(Path(result["metadata"]).read_text(encoding="utf-8"))
    assert len(result["patches"]) == metadata["patch"]["of"] + 1
    for patch in result["patches"][1:]:
        assert patch["warnings"] == []
        assert patch["not_compiled"] == []
        if patch["status"] == "built":
            assert objects_of(patch["files"]) <= compiled(patch["log"])
    version = subprocess.run([result["products"][BINARY], "--version"], capture_output=True, text=True, check=True)
    assert "QEMU emulator" in version.stdout


@pytest.mark.build
@pytest.mark.parametrize("extent", ["--each-patch", "--objects"])
@pytest.mark.parametrize("tree", release_names("qemu", "build"))
def test_a_type_error_leads_to_its_edit(tree: str, extent: str, tmp_path: Path) -> None:
    wrong = ("+ vdev->irq_restore_deferred = false;", "+ vdev->irq_restore_deferred = vdev->no_such_member;")
    strategy = strategy_copy(tmp_path, "qemu-defer", wrong)
    code, result = build(strategy, "--tree", tree, extent)
    assert (code, result["status"]) == (ExitCode.BUILD_FAILED, "failed")
    error, edit = result["culprit"]["error"], result["culprit"]["edit"]
    assert (error["path"], error["severity"]) == ("hw/vfio/pci.c", "error")
    assert "no_such_member" in error["message"]
    assert Path(edit["file"]).samefile(strategy)
    following = strategy.read_text(encoding="utf-8").splitlines()[edit["line"] :]
    rest_of_edit = itertools.takewhile(lambda line: not re.match(r" *- (in|after|before|subject):", line), following)
    assert any("no_such_member" in line for line in rest_of_edit)
    code, baseline = build("baseline", "--tree", tree)
    assert (code, baseline["status"]) == (ExitCode.OK, "kept")


@pytest.mark.build
@pytest.mark.releases("qemu-10.2")
def test_objects_include_those_that_include_a_header() -> None:
    code, result = build("qemu-defer", "--tree", "qemu-10.2", "--objects")
    assert code == ExitCode.OK, result
    touching = [patch for patch in result["patches"][1:] if "hw/vfio/pci.h" in patch["files"]]
    assert touching
    for patch in touching:
        # Of aarch64's objects these include it besides those that the patch edits itself.
        assert {"hw_vfio_pci-quirks.c", "hw_vfio_display.c"} & compiled(patch["log"]) - objects_of(patch["files"])
    assert all("Linking target" not in Path(patch["log"]).read_text(encoding="utf-8") for patch in result["patches"])
