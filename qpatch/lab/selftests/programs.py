# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles the tests of the uAPI, once for each state of their sources, and keeps the programs in the cache."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qpatch.builds.toolchain import compiler_version
from qpatch.lab.store import ArtifactStore, Workplace, digest
from qpatch.requirements import require
from qpatch.strategy.places import shipped
from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.progress import Progress

SOURCES = "kernel-selftests"
PREFIX = "vfio_migration_"  # of all programs
_COMPILER = "cc"
_TITLE = "the tests of the uAPI"
_KINDS = ("*.c", "*.h", "Makefile")


def compiled_programs(progress: Progress, *, store: Path | None = None, static: bool = False) -> tuple[Path, ...]:
    """Return all programs, compiled where they are not in the cache (`store`, by default the user's).

    `static`: they need no library where they are run. Raises EnvironmentFault `requirements-missing`,
    `lab-artifacts-failed` with the first error of the compiler.
    """
    sources = shipped() / SOURCES
    folder = sources / "uapi"
    names = sorted(file.stem for file in (folder / "vfio").glob(f"{PREFIX}*_test.c"))
    require("lab")
    files = [
        (str(file.relative_to(sources)), file)
        for below in (folder, sources / "abi")
        for kind in _KINDS
        for file in sorted(below.rglob(kind))
    ]
    kept = ArtifactStore(store or cache_directory() / "lab", progress)

    def make(work: Workplace) -> None:
        progress.begin(f"compiling {_TITLE}", None)
        flags = ["LDFLAGS=-static -s"] if static else []
        command = ["make", "--no-print-directory", f"-j{os.cpu_count() or 1}", f"O={work.scratch}", *flags]
        work.compile(_TITLE, command, folder, names[0])
        for name in names:
            (work.scratch / name).rename(work.result / name)

    place = kept.kept(f"uapi-{'static-' if static else ''}{digest([compiler_version(_COMPILER)], files)}", names, make)
    return tuple(place / name for name in names)
