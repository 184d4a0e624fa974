# SPDX-License-Identifier: GPL-2.0-or-later
"""The libraries of a packaged program: which packages have them, where they lie, and whose C library is used.

All libraries come from the program's own suite, so that it runs alike on every machine; only the C library is this
machine's wherever it is new enough, since what is compiled here (a library that is preloaded) must work with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.prebuilt.elf import ElfNeeds, read_needs
from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qpatch.trees.apt_packages import BinaryPackage, BinaryRoot

LIBC = "libc6"
# Debian's sections of packages with libraries (some are filed as libdevel by mistake).
_SECTIONS = ("libs", "libdevel", "oldlibs")


@dataclass(frozen=True)
class ResolvedLibraries:
    """How a program finds its libraries: the directories, and the loader, None where this machine's will do."""

    directories: tuple[Path, ...]
    loader: Path | None


def library_packages(root: BinaryRoot, program: BinaryPackage) -> list[BinaryPackage]:
    """Return the packages of libraries that `program` depends on, and those that they depend on.

    Debian computes these dependencies from what the files need, so they are all there; programs and data that
    packages also depend on are left out.
    """
    found: dict[str, BinaryPackage] = {program.name: program}
    newest = [program]
    while newest:
        names = {name for package in newest for name in package.dependencies if name not in found}
        listed = [versions[0] for versions in root.packages(sorted(names)).values() if versions]
        newest = [package for package in listed if _may_hold_libraries(package)]
        found |= {package.name: package for package in newest}
    return [package for package in found.values() if package is not program]


def _may_hold_libraries(package: BinaryPackage) -> bool:
    return package.section.rpartition("/")[2] in _SECTIONS and package.architecture != "all"


def host_glibc() -> tuple[int, int]:
    """Return the version of this machine's GNU C library, (0, 0) where it has another."""
    try:
        words = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except ValueError:  # musl does not know the name
        return (0, 0)
    numbers = words[1].split(".") if len(words) == 2 else ["0", "0"]
    return (int(numbers[0]), int(numbers[1]))


def link(program: Path, unpacked: Path, libc: Path, host: tuple[int, int]) -> ResolvedLibraries:
    """Return how `program` finds its libraries under `unpacked`; `libc` is where its suite's C library is unpacked.

    `host` is this machine's version of the C library. Raises EnvironmentFault `library-missing`.
    """
    index, of_libc = _by_name(unpacked), _by_name(libc)
    needs, files = _closure(program, index, of_libc)
    directories = dict.fromkeys(file.parent for file in files)
    loader = needs[0].loader
    wanted = max(need.glibc for need in needs)
    if wanted <= host and Path(loader).exists():
        return ResolvedLibraries(tuple(directories), None)
    own = of_libc.get(Path(loader).name)
    if own is None:
        raise EnvironmentFault("library-missing", f"{program.name} needs the loader {loader}, which {LIBC} has not")
    used = (of_libc[name] for need in needs for name in need.sonames if name in of_libc)
    directories |= dict.fromkeys(file.parent for file in used)
    return ResolvedLibraries(tuple(directories), own)


def remove_unusable_modules(modules: Path, unpacked: Path, libc: Path) -> None:
    """Remove QEMU's modules whose libraries are not there: it would complain of each when it lists its devices."""
    index, of_libc = _by_name(unpacked), _by_name(libc)
    for module in sorted(modules.glob("*.so")):
        needs = read_needs(module)
        if needs is None or any(name not in index and name not in of_libc for name in needs.sonames):
            module.unlink()


def _closure(
    program: Path, index: Mapping[str, Path], of_libc: Mapping[str, Path]
) -> tuple[Sequence[ElfNeeds], Sequence[Path]]:
    """Return what `program` and each library below it need, the program first, and the files of the libraries."""
    needs: list[ElfNeeds] = []
    files: dict[str, Path] = {}
    waiting = [program]
    while waiting:
        file = waiting.pop()
        need = read_needs(file)
        if need is None:
            raise EnvironmentFault("library-missing", f"{file.name} is not an ELF file")
        needs.append(need)
        for name in need.sonames:
            if name not in files and name not in of_libc:
                files[name] = _found(name, index, file)
                waiting.append(files[name])
    return needs, list(files.values())


def _found(name: str, index: Mapping[str, Path], needed_by: Path) -> Path:
    if name not in index:
        raise EnvironmentFault("library-missing", f"{needed_by.name} needs {name}, which none of its packages has")
    return index[name]


def _by_name(directory: Path) -> dict[str, Path]:
    """Return the shared libraries under `directory` by their file names, which are their sonames."""
    return {file.name: file for file in sorted(_libraries(directory), reverse=True)}


def _libraries(directory: Path) -> Iterable[Path]:
    def files() -> Iterator[Path]:
        for folder, _, names in os.walk(directory):
            yield from (Path(folder, name) for name in names if ".so" in name)

    return files()
