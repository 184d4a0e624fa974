# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab makes for itself: the library that emulates the device, and the guests.

Each is compiled once for each state of its sources.

The result lies in the cache under a digest of the sources and the compiler's version, and appears as a whole or not at
all. The sources ship inside the wheel.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.builds.diagnostics import first_error
from qpatch.builds.kernel.recipe import HeaderPackage
from qpatch.builds.lock import inherited_lock
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import compiler_version, neutral_environment
from qpatch.errors import EnvironmentFault
from qpatch.lab.preload.linuxguest import LinuxGuest, LinuxGuestStore
from qpatch.requirements import require, require_programs
from qpatch.strategy.places import shipped
from qpatch.trees.places import cache_directory
from qpatch.trees.replacing import recover_directories, replaced_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from qpatch.trees.progress import Progress

SOURCES = "kernel-selftests"
_SOURCE_SUFFIXES = frozenset({".S", ".c", ".def", ".h", ".ld", ".lds", ".map", ".mk"})
_MAKEFILE = "Makefile"
_DIGITS = 16
_SCRATCH = ".new-"


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
    artifacts = _ArtifactStore(sources or shipped() / SOURCES, store or cache_directory() / "lab", progress)
    known = _catalogue()
    return Artifacts(artifacts.file(known.library), {name: artifacts.guest(name, known) for name in sorted(guests)})


@dataclass(frozen=True)
class _ArtifactStore:
    sources: Path
    store: Path
    progress: Progress

    def guest(self, name: str, known: _ArtifactCatalogue) -> Path:
        """Return the guest `name`, of those that are `known`."""
        compiled = self.file(known.guests[name])
        linux = known.linux.get(name)
        if linux is None:
            return compiled
        return LinuxGuestStore(self.sources, self.store, self.progress).directory(linux, compiled)

    def file(self, artifact: Artifact) -> Path:
        """Return the compiled file of `artifact`."""
        for group in artifact.requires:
            require_programs(group)
        folders = [self.sources / folder for folder in artifact.folders]
        place = self.store / f"{artifact.file}-{_digest(folders, compiler_version(artifact.compiler))}"
        if not (place / artifact.file).is_file():
            with inherited_lock(self.store / "lock", self.progress.note) as lock:
                if not (place / artifact.file).is_file():  # another run may have made it
                    self._make(artifact, folders[0], place, lock)
        return place / artifact.file

    def _make(self, artifact: Artifact, folder: Path, place: Path, lock: int) -> None:
        for group in artifact.requires:
            require(group)
        self.progress.begin(f"compiling the lab's {artifact.file}", None)
        for leftover in self.store.glob(f"{_SCRATCH}*"):  # of a run that was killed
            shutil.rmtree(leftover)
        recover_directories(self.store)
        with tempfile.TemporaryDirectory(dir=self.store, prefix=_SCRATCH) as scratch:
            build = Path(scratch)
            log = self.store / f"{artifact.file}.log"
            log.unlink(missing_ok=True)
            ran = Runner(neutral_environment(), log, lock).run(
                ["make", "--no-print-directory", "-C", str(folder), f"O={build}", str(build / artifact.file)], folder
            )
            if not ran.succeeded or not (build / artifact.file).is_file():
                raise EnvironmentFault(
                    "lab-artifacts-failed",
                    f"the lab's {artifact.file} does not compile: {first_error(ran.output, folder, build)}",
                    hint=f"The log: {log}",
                )
            with replaced_directory(place) as made:  # one that is there has lost its file
                (build / artifact.file).rename(made / artifact.file)


def _digest(folders: Sequence[Path], compiler: str) -> str:
    """Return a short name for exactly these sources and this compiler."""
    digest = hashlib.sha256(compiler.encode())
    for folder in folders:
        for file in _source_files(folder):
            digest.update(f"\n{file.relative_to(folder)}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGITS]


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
