# SPDX-License-Identifier: GPL-2.0-or-later
"""The miniature QEMU that tests of builds use behaves as QEMU does, with nothing but its configure and ninja."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from miniature_support import (
    COMPILED,
    HEADER,
    KINDS,
    MESON,
    MIGRATION,
    PCI,
    TARGETS,
    Kind,
    build,
    miniature_strategy,
    miniature_tree,
    needs_compiler,
    other_compiler,
    path_with_ninja,
)
from series_support import git

from qpatch.cli.main import main
from qpatch.errors import ExitCode
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from pathlib import Path

AARCH64 = "--target-list=aarch64-softmmu"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return miniature_tree(tmp_path / "mini").path


def compiled(output: str) -> set[str]:
    """Return the files of hw/vfio that ninja compiled for some target, or would have."""
    return {f"hw/vfio/{name}" for name in re.findall(r"Compiling C object \S+/hw_vfio_(\w+\.c)\.o", output)}


def patches(source: Path, tmp_path: Path, kind: Kind) -> list[str]:
    """Render the strategy `kind` onto a branch of the tree; return its commits, oldest first."""
    file = miniature_strategy(tmp_path, kind)
    assert (
        main(
            [
                "render",
                str(file),
                "--tree",
                str(source),
                "-b",
                kind,
                "-o",
                str(tmp_path / "series"),
                "--no-checkpatch",
                "--no-maintainers",
            ]
        )
        == ExitCode.OK
    )
    return git(source, "rev-list", "--reverse", f"master..{kind}").split()


def test_it_counts_as_qemu(source: Path) -> None:
    tree = resolve(str(source))
    assert (tree.kind, tree.release) == ("qemu", "10.2.2")


def test_other_releases_and_contents(tmp_path: Path) -> None:
    repository = miniature_tree(tmp_path / "old", "5.2.0", {"configs/devices/aarch64-softmmu/few.mak": ""})
    assert resolve(str(repository.path)).release == "5.2.0"
    assert git(repository.path, "status", "--porcelain") == ""
    assert (repository.path / "configs/devices/aarch64-softmmu/few.mak").exists()


@needs_compiler
def test_it_builds_both_targets(source: Path, tmp_path: Path) -> None:
    made = build(source, tmp_path / "build", f"--target-list={','.join(TARGETS)}", "--enable-tcg", "--disable-docs")
    assert made.returncode == 0, made.stdout
    assert "[11/11] Linking target" in made.stdout
    for target in TARGETS:
        binary = tmp_path / "build" / f"qemu-system-{target.removesuffix('-softmmu')}"
        assert subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip() == (
            "QEMU emulator version 10.2.2"
        )
    outputs = {entry["output"] for entry in json.loads((tmp_path / "build" / "compile_commands.json").read_text())}
    assert len(outputs) == 9
    assert all((tmp_path / "build" / output).exists() for output in outputs)
    assert "no work to do" in build(source, tmp_path / "build").stdout


@needs_compiler
def test_devices_are_read_from_the_named_file(source: Path, tmp_path: Path) -> None:
    few = source / "configs" / "devices" / "aarch64-softmmu" / "few.mak"
    missing = build(source, tmp_path / "build", AARCH64, "--with-devices-aarch64=few")
    assert (missing.returncode, "few.mak does not exist" in missing.stdout) == (1, True)
    few.write_text("CONFIG_SERIAL=y\n")
    assert build(source, tmp_path / "build", AARCH64, "--with-devices-aarch64=few").returncode == 0
    listed = [str(tmp_path / "build" / "qemu-system-aarch64"), "-device", "help"]
    assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout == ""
    few.write_text("CONFIG_VFIO_PCI=y\n")
    assert "Regenerating" in build(source, tmp_path / "build").stdout
    assert "vfio-pci" in subprocess.run(listed, capture_output=True, text=True, check=True).stdout


def test_configure_refuses(source: Path, tmp_path: Path) -> None:
    unknown = build(source, tmp_path / "build", "--frobnicate")
    assert (unknown.returncode, "ERROR: unknown option --frobnicate" in unknown.stdout) == (1, True)
    inside = build(source, source)
    assert (inside.returncode, "a directory of its own" in inside.stdout) == (1, True)


@needs_compiler
def test_each_patch_compiles_what_it_touches(source: Path, tmp_path: Path) -> None:
    assert build(source, tmp_path / "build", AARCH64).returncode == 0
    for commit, expected in zip(patches(source, tmp_path, "good"), COMPILED, strict=True):
        git(source, "checkout", "-q", commit)
        made = build(source, tmp_path / "build")
        assert made.returncode == 0, made.stdout
        assert compiled(made.stdout) == set(expected)
        assert ("Regenerating" in made.stdout) == (MESON in git(source, "show", "--name-only", "--format=", commit))


@needs_compiler
@pytest.mark.parametrize(
    ("kind", "file", "message"),
    [
        ("type-error", MIGRATION, "error: invalid type argument of unary"),
        ("missing-caller", PCI, "error: too few arguments to function"),
        ("link-error", "", "undefined reference to `vfio_note_change'"),
        ("warning", MIGRATION, "warning: 'vfio_changes' defined but not used"),
    ],
)
def test_the_second_patch_is_what_its_kind_says(
    source: Path, tmp_path: Path, kind: Kind, file: str, message: str
) -> None:
    second = patches(source, tmp_path, kind)[1]
    git(source, "checkout", "-q", f"{second}~")
    assert build(source, tmp_path / "build", AARCH64).returncode == 0
    git(source, "checkout", "-q", second)
    made = build(source, tmp_path / "build")
    assert (made.returncode == 0) == (kind == "warning")
    (line,) = [line for line in made.stdout.splitlines() if message in line]
    assert file in line
    assert HEADER in git(source, "show", "--name-only", "--format=", second).split()


@needs_compiler
def test_a_lost_object_is_made_again(source: Path, tmp_path: Path) -> None:
    assert build(source, tmp_path / "build", AARCH64).returncode == 0
    next((tmp_path / "build").rglob("hw_vfio_pci.c.o")).unlink()
    assert compiled(build(source, tmp_path / "build").stdout) == {PCI}


@needs_compiler
def test_the_compiler_is_the_first_on_path(source: Path, tmp_path: Path) -> None:
    used = other_compiler(tmp_path / "other")
    (used / "cc").write_text((used / "cc").read_text().replace("exec", f"echo used >> {tmp_path / 'log'}\nexec"))
    assert build(source, tmp_path / "build", AARCH64, path=path_with_ninja(used)).returncode == 0
    assert len((tmp_path / "log").read_text().split()) == len(("irq", "migration", "pci", "main", "error", "link"))
    version = subprocess.run([used / "cc", "--version"], capture_output=True, text=True, check=True).stdout
    assert version == "cc 99.1\n"


def test_every_kind_is_written(tmp_path: Path) -> None:
    assert {miniature_strategy(tmp_path, kind).name for kind in KINDS} == {f"{kind}.yaml" for kind in KINDS}
    assert main(["strategy", "check", *(str(miniature_strategy(tmp_path, kind)) for kind in KINDS)]) == ExitCode.OK
