# SPDX-License-Identifier: GPL-2.0-or-later
"""A miniature QEMU that configures and builds in a fraction of a second, and series for it that compile or do not.

Its files are in miniature/tree: `configure` is a shell script that writes what QEMU's configure and meson write, so
that ninja, the C compiler and all that goes wrong with them are real. A strategy for it is put together of the pieces
in miniature/strategy: head.yaml, the patch of its kind, tail.yaml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import pytest
from series_support import git

from qpatch.trees.git import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent / "miniature"
RELEASE = "10.2.2"
TARGETS = ("aarch64-softmmu", "x86_64-softmmu")
MIGRATION, HEADER, PCI, READY = (f"hw/vfio/{name}" for name in ("migration.c", "migration.h", "pci.c", "ready.c"))
MESON = "hw/vfio/meson.build"
# What each patch of the good series makes ninja compile, for each target; it links the target then.
COMPILED = ((MIGRATION,), (MIGRATION, PCI), (READY,))

# The strategies differ in their second patch, which otherwise adds a member to the struct in HEADER and uses it:
#   type-error: its second edit writes a line into MIGRATION that does not compile
#   missing-caller: gives a function another parameter, and leaves its caller in PCI behind
#   link-error: its second edit calls what its third one declares, and nobody defines
#   warning: its third edit adds a function that nobody calls: it compiles, with a warning
Kind = Literal["good", "type-error", "missing-caller", "link-error", "warning"]
KINDS: tuple[Kind, ...] = get_args(Kind)

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def miniature_tree(directory: Path, release: str = RELEASE, changes: Mapping[str, str] | None = None) -> Repository:
    """Make a repository with the miniature QEMU of `release`, some of its files replaced, as its one commit."""
    shutil.copytree(HERE / "tree", directory)
    for path, text in {"VERSION": f"{release}\n", **(changes or {})}.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
    git(directory, "init", "-q", "-b", "master")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "base")
    return Repository(directory)


def miniature_strategy(directory: Path, kind: Kind = "good") -> Path:
    """Write the strategy called `kind` to `directory`/strategies; return the file."""
    head, patch, tail = (
        (HERE / "strategy" / f"{piece}.yaml").read_text(encoding="utf-8") for piece in ("head", kind, "tail")
    )
    file = directory / "strategies" / f"{kind}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(head.replace("NAME", kind, 1) + patch + tail, encoding="utf-8")
    return file


def path_with_ninja(*first: Path) -> str:
    """Return a PATH on which ninja is, that of the test's own interpreter, behind the directories `first`."""
    return os.pathsep.join([*map(str, first), sysconfig.get_path("scripts"), os.environ["PATH"]])


def other_compiler(directory: Path, version: str = "99.1") -> Path:
    """Make a `cc` in `directory` that calls itself another version and is else the real one; return the directory."""
    real = shutil.which("cc")
    assert real is not None
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cc").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "cc {version}"; exit; }}\nexec {real} "$@"\n', encoding="utf-8"
    )
    (directory / "cc").chmod(0o755)
    return directory


def build(source: Path, directory: Path, *options: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Configure `source` in `directory` if it is not yet, and run ninja there; return what became of it."""
    environment = {**os.environ, "PATH": path or path_with_ninja(), "LC_ALL": "C"}
    directory.mkdir(parents=True, exist_ok=True)
    script = 'test -e build.ninja || "$0" "$@" || exit; exec ninja -k 0'
    return subprocess.run(
        ["sh", "-c", script, str(source / "configure"), *options],
        cwd=directory,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
