# SPDX-License-Identifier: GPL-2.0-or-later
"""A distribution's kernel headers, unpacked beside the builds and never installed.

Debian has them in three packages that belong together: those of all variants, those of one variant, kbuild's programs.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from filelock import FileLock
from typing_extensions import override

from qpatch.errors import EnvironmentFault
from qpatch.trees.deb import unpack_all
from qpatch.trees.places import write_whole
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from qpatch.builds.kernel.recipe import HeaderPackage
    from qpatch.trees.apt_packages import BinaryPackage
    from qpatch.trees.progress import Progress

_INSTALLED = "/usr/src/"
_PART = re.compile(r"linux-(headers|kbuild)-\S+")
_RECORD = "record.json"
_KEYS = {"package", "version", "parts", "extent"}


class Headers(Protocol):
    """The headers of one kernel."""

    def version(self) -> str:
        """Say in words which kernel's headers they are."""

    def prepare(self, progress: Progress) -> None:
        """Make sure that they are there, and all of them."""

    def directory(self) -> Path:
        """Return the directory that make works in (`make -C`)."""

    def reproducer(self) -> Sequence[str]:
        """Return shell commands after which `$HEADERS` is such a directory."""


class Suite(Protocol):
    """What is asked of a suite's binary packages: see `qpatch.trees.apt_packages.BinaryRoot`."""

    def newest(self, name: str, version: str = "*") -> BinaryPackage:
        """Return the newest package `name`."""

    def download(self, packages: Sequence[BinaryPackage], progress: Progress) -> list[Path]:
        """Download the .deb files of `packages`."""


def debian_suite(suite: str, progress: Progress) -> AbstractContextManager[Suite]:
    """Open Debian's `suite` on the machine's own mirror."""
    from qpatch.trees.apt_packages import binary_suites  # only here: what is unpacked needs no mirror
    from qpatch.trees.fetch import default_job

    return binary_suites(default_job(progress), suite)


@dataclass(frozen=True)
class DebianHeaders(Headers):
    """The headers in Debian's package `chosen`, unpacked below the directory `shared`."""

    chosen: HeaderPackage
    shared: Path
    open_suite: Callable[[str, Progress], AbstractContextManager[Suite]] = debian_suite

    @override
    def version(self) -> str:
        """Return the version, unpacking the packages where that was not done: the suite may have a newer one later."""
        record = self._record()
        return f"{record['package']} {record['version']} ({self.chosen.suite})"

    @override
    def prepare(self, progress: Progress) -> None:
        """Unpack the packages, anew where files of them are missing."""
        if self._record(progress)["extent"] != _extent(self._root):
            progress.note(f"the kernel headers in {self._root} are damaged: they are unpacked anew")
            (self._root / _RECORD).unlink()
            self._record(progress)

    @override
    def directory(self) -> Path:
        return self._root / "usr" / "src" / str(self._record()["package"])

    @override
    def reproducer(self) -> Sequence[str]:
        """Return commands that fetch the packages by the machine's own apt, which must know the suite."""
        record = self._record()
        return [
            f"apt-get download {shlex.join(record['parts'])}  # of {self.chosen.suite}",
            "for package in linux-*.deb; do dpkg-deb -x $package .; done",
            f"HEADERS=$PWD/usr/src/{record['package']}",
            f"sed -i s,{_INSTALLED},$PWD{_INSTALLED}, $HEADERS/Makefile",
        ]

    @property
    def _root(self) -> Path:
        return self.shared.resolve() / f"{self.chosen.package}-{self.chosen.suite}"

    def _record(self, progress: Progress | None = None) -> dict[str, Any]:
        """Return what was unpacked; do that first where it was never done to the end."""
        record = self._kept()
        if record is None:
            self.shared.mkdir(parents=True, exist_ok=True)
            with FileLock(self._root.with_suffix(".lock")):
                if (record := self._kept()) is None:
                    self._unpack(progress or NoProgress())
                    record = self._kept()
        assert record is not None
        return record

    def _kept(self) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads((self._root / _RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return record if record.keys() >= _KEYS else None

    def _unpack(self, progress: Progress) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        with self.open_suite(self.chosen.suite, progress) as suite:
            parts = _parts(suite, suite.newest(self.chosen.package))
            unpack_all(suite.download(list(parts.values()), progress), self._root, progress)
        package = parts[mend(self._root).name]
        record = {
            "package": package.name,
            "version": package.version,
            "parts": sorted(parts),
            "extent": _extent(self._root),
        }
        write_whole(self._root / _RECORD, json.dumps(record, indent=2) + "\n")


def _extent(root: Path) -> list[int]:
    """Return how many files are below `root`, the record apart, and how many bytes they have."""
    sizes = [
        Path(folder, name).lstat().st_size for folder, _, names in os.walk(root) for name in names if name != _RECORD
    ]
    return [len(sizes), sum(sizes)]


def _parts(suite: Suite, whole: BinaryPackage) -> dict[str, BinaryPackage]:
    """Return the packages that `whole`, which has no files of its own, stands for."""
    found: dict[str, BinaryPackage] = {}
    waiting = [whole]
    while waiting:
        names = [name for name in waiting.pop().dependencies if _PART.fullmatch(name) and name not in found]
        for name in names:
            found[name] = suite.newest(name)
            waiting.append(found[name])
    return found


def mend(root: Path) -> Path:
    """Make headers that were unpacked below `root` work there; return the directory that make works in.

    Debian's Makefile includes another by the path where the package would be installed.
    Raises EnvironmentFault `headers-not-understood`.
    """
    source = root / _INSTALLED.strip("/")
    found = [directory for directory in source.glob("linux-headers-*") if (directory / "Module.symvers").exists()]
    if len(found) != 1:
        raise EnvironmentFault("headers-not-understood", f"{len(found)} kernels have their headers in {source}")
    makefile = found[0] / "Makefile"
    installed = makefile.read_text(encoding="utf-8")
    write_whole(makefile, installed.replace(f"include {_INSTALLED}", f"include {source}/"))
    return found[0]


def choose(packages: Sequence[HeaderPackage], compiler: str) -> HeaderPackage:
    """Return the first of `packages` that `compiler` (as it prints its version) is new enough for.

    Raises EnvironmentFault `compiler-too-old`.
    """
    numbers = re.findall(r"\s(\d+)\.\d+", compiler)
    major = int(numbers[-1]) if numbers else 0
    for package in packages:
        if package.compiler <= major:
            return package
    oldest = min(package.compiler for package in packages)
    raise EnvironmentFault("compiler-too-old", f"this kernel's headers are for gcc {oldest}, and here is {compiler}")
