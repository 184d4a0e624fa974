"""A distribution's kernel headers, unpacked beside the builds and never installed.

Debian has them in three packages that belong together: those of all variants, those of one variant, kbuild's programs.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock

from qpatch.errors import EnvironmentFault
from qpatch.trees.places import write_whole
from qpatch.trees.progress import Silence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.build.kernel.recipe import HeaderPackage
    from qpatch.trees.progress import Progress

_INSTALLED = "/usr/src/"
_PARTS = re.compile(r"linux-(headers|kbuild)-\S+")
_RECORD = "record.json"


class Headers(Protocol):
    """The headers of one kernel."""

    def version(self) -> str:
        """Say in words which kernel's headers they are."""

    def directory(self, progress: Progress) -> Path:
        """Return the directory that make works in (`make -C`)."""

    def reproducer(self) -> Sequence[str]:
        """Return shell commands after which `$HEADERS` is such a directory."""


@dataclass(frozen=True)
class Unpacked:
    """A package as it was unpacked: `name` and `version`, and the names of the packages that it depends on."""

    name: str
    version: str
    depends: tuple[str, ...]


class Packages(Protocol):
    """Binary packages of a distribution."""

    def unpack(self, suite: str, package: str, directory: Path, progress: Progress) -> Unpacked:
        """Download the newest `package` of `suite` and unpack it into `directory`."""


@dataclass(frozen=True)
class DebianHeaders:
    """The headers in Debian's package `chosen`, unpacked below the directory `shared`."""

    chosen: HeaderPackage
    shared: Path
    packages: Packages

    def version(self) -> str:
        """See `Headers.version`; unpacks them where that was not done, for the suite may move on."""
        record = self._record(Silence())
        return f"{record['package']} {record['version']} ({self.chosen.suite})"

    def directory(self, progress: Progress) -> Path:
        """See `Headers.directory`."""
        return self._root / "usr" / "src" / self._record(progress)["package"]

    def reproducer(self) -> Sequence[str]:
        """See `Headers.reproducer`; the machine's apt must know the suite."""
        record = self._record(Silence())
        return [f"apt-get download {shlex.join(record['parts'])}  # of {self.chosen.suite}",
                "for package in linux-*.deb; do dpkg-deb -x $package .; done",
                f"HEADERS=$PWD/usr/src/{record['package']}",
                f"sed -i s,{_INSTALLED},$PWD{_INSTALLED}, $HEADERS/Makefile"]

    @property
    def _root(self) -> Path:
        return self.shared.resolve() / f"{self.chosen.package}-{self.chosen.suite}"

    def _record(self, progress: Progress) -> dict[str, str]:
        file = self._root / _RECORD
        if not file.exists():
            self.shared.mkdir(parents=True, exist_ok=True)
            with FileLock(self._root.with_suffix(".lock")):
                if not file.exists():
                    self._unpack(progress)
        record: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return record

    def _unpack(self, progress: Progress) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        found: dict[str, Unpacked] = {}
        wanted = [self.chosen.package]
        while wanted:
            package = self.packages.unpack(self.chosen.suite, wanted.pop(), self._root, progress)
            found[package.name] = package
            wanted += [name for name in package.depends if _PARTS.fullmatch(name) and name not in found]
        mended = mend(self._root)
        package = found[mended.name]
        write_whole(self._root / _RECORD, json.dumps(
            {"package": package.name, "version": package.version,
             "parts": [each.name for each in found.values() if each.name != self.chosen.package]}, indent=2) + "\n")


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
    raise EnvironmentFault("compiler-too-old", f"the headers of this kernel are for gcc {oldest}, and here is {compiler}")
