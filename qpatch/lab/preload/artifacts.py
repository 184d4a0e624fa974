# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab makes for itself: the library that emulates the device, and the guests.

Each is compiled once for each state of its sources and each version of the compiler, and kept in the cache. The sources
ship inside the wheel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.builds.kernel.recipe import HeaderPackage
from qpatch.builds.toolchain import compiler_version
from qpatch.errors import EnvironmentFault
from qpatch.lab.preload.linuxguest import LinuxGuest, LinuxGuests
from qpatch.lab.store import ArtifactStore, Workplace, digest
from qpatch.requirements import require, require_programs
from qpatch.strategy.places import shipped
from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from qpatch.trees.progress import Progress

SOURCES = "kernel-selftests"
_SOURCE_SUFFIXES = frozenset({".S", ".c", ".def", ".h", ".ld", ".lds", ".map", ".mk"})
_MAKEFILE = "Makefile"


@dataclass(frozen=True)
class Artifacts:
    """The library, and the guests by their names in machines: a file, or a directory of files (a Linux guest)."""

    library: Path
    guests: Mapping[str, Path]


@dataclass(frozen=True)
class Artifact:
    """One thing that make makes; see artifacts.yaml."""

    folders: tuple[str, ...]
    file: str
    compiler: str
    requires: tuple[str, ...]


@dataclass(frozen=True)
class _ArtifactCatalogue:
    library: Artifact
    guests: Mapping[str, Artifact]
    linux: Mapping[str, LinuxGuest]


def prepare(
    guests: Collection[str], progress: Progress, *, sources: Path | None = None, store: Path | None = None
) -> Artifacts:
    """Return the library and the `guests` (names that machines have), compiled where they are not in the cache.

    `sources` is the directory with the folders of artifacts.yaml, `store` the one for results; by default those of
    qpatch and of the user's cache. Raises EnvironmentFault `requirements-missing`, `lab-artifacts-failed` with the
    first error of the compiler, `disk-full`.
    """
    kept = ArtifactStore(store or cache_directory() / "lab", progress)
    artifacts = _Compilation(sources or shipped() / SOURCES, kept)
    known = _catalogue()
    return Artifacts(artifacts.file(known.library), {name: artifacts.guest(name, known) for name in sorted(guests)})


@dataclass(frozen=True)
class _Compilation:
    sources: Path
    store: ArtifactStore

    def guest(self, name: str, known: _ArtifactCatalogue) -> Path:
        """Return the guest `name`, of those that are `known`."""
        compiled = self.file(known.guests[name])
        linux = known.linux.get(name)
        if linux is None:
            return compiled
        return LinuxGuests(self.sources, self.store).directory(linux, compiled)

    def file(self, artifact: Artifact) -> Path:
        """Return the compiled file of `artifact`."""
        for group in artifact.requires:
            require_programs(group)
        folders = [self.sources / folder for folder in artifact.folders]
        files = [(str(file.relative_to(folder)), file) for folder in folders for file in _source_files(folder)]
        name = f"{artifact.file}-{digest([compiler_version(artifact.compiler)], files)}"
        place = self.store.kept(name, [artifact.file], lambda work: self._make(artifact, folders[0], work))
        return place / artifact.file

    def _make(self, artifact: Artifact, folder: Path, work: Workplace) -> None:
        for group in artifact.requires:
            require(group)
        self.store.progress.begin(f"compiling the lab's {artifact.file}", None)
        made = work.scratch / artifact.file
        command = ["make", "--no-print-directory", "-C", str(folder), f"O={work.scratch}", str(made)]
        work.compile(f"the lab's {artifact.file}", command, folder, artifact.file).rename(work.result / artifact.file)


def _source_files(folder: Path) -> Iterator[Path]:
    found = sorted(file for file in folder.rglob("*") if file.suffix in _SOURCE_SUFFIXES or file.name == _MAKEFILE)
    if not found:
        raise EnvironmentFault("lab-artifacts-failed", f"{folder} has no sources: the installation is not whole")
    yield from found


@cache
def _catalogue() -> _ArtifactCatalogue:
    text = resources.files(__package__).joinpath("artifacts.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return _ArtifactCatalogue(
        _artifact(content["library"]),
        {name: _artifact(entry) for name, entry in content["guests"].items()},
        {name: _linux(entry) for name, entry in content["linux"].items()},
    )


def _artifact(entry: dict[str, Any]) -> Artifact:
    return Artifact(**{**entry, **{name: tuple(entry[name]) for name in ("folders", "requires")}})


def _linux(entry: dict[str, Any]) -> LinuxGuest:
    packages = tuple(HeaderPackage.model_validate(package) for package in entry["packages"])
    return LinuxGuest(**{**entry, "packages": packages})
