# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies a QEMU into a bundle with all that it needs: its libraries and their loader, modules, firmware.

One that brings its own libraries (a distribution's, unpacked) is copied with them; for one that uses this machine's,
they are copied as the loader finds them here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.lab.preload.launches import HERE

if TYPE_CHECKING:
    from qpatch.lab.plan import QemuProgram

_LIBRARIES = "lib"
_FOUND = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LOADER = re.compile(r"ld(?:-linux[\w-]*|64|-musl-\w+)?\.so\.\d+")


@dataclass
class CopiedPrograms:
    """The programs of a bundle at `place`; what is asked for twice is copied once."""

    place: Path
    _copies: dict[tuple[str, ...], QemuProgram] = field(default_factory=dict)

    def copied(self, program: QemuProgram) -> QemuProgram:
        """Copy `program`; return it as the bundle runs it. Raises EnvironmentFault `library-missing`, OSError."""
        key = (*program.command, *program.arguments)
        if key not in self._copies:
            name = f"bin/{len(self._copies)}"
            self._copies[key] = _Copy(self.place, name).made(program)
        return self._copies[key]


@dataclass(frozen=True)
class _Copy:
    place: Path
    name: str

    def made(self, program: QemuProgram) -> QemuProgram:
        (self.place / self.name).mkdir(parents=True)
        has_own_libraries = len(program.command) > 1 or "LD_LIBRARY_PATH" in program.environment
        command = tuple(map(self._word, program.command)) if has_own_libraries else self._with_libraries(program)
        return replace(
            program,
            command=command,
            environment={name: self._word(value) for name, value in program.environment.items()},
            arguments=tuple(map(self._word, program.arguments)),
        )

    def _with_libraries(self, program: QemuProgram) -> tuple[str, ...]:
        """Copy the program and the libraries that it has here; it is run by its own loader then."""
        file = Path(program.command[0])
        loader = ""
        (self.place / self.name / _LIBRARIES).mkdir()
        for library in _libraries(file):
            shutil.copy(library, self.place / self.name / _LIBRARIES)
            loader = library.name if _LOADER.fullmatch(library.name) else loader
        copy = self._word(str(file))
        if not loader:  # linked statically, or a script
            return (copy,)
        libraries = f"{HERE}/{self.name}/{_LIBRARIES}"
        return (f"{libraries}/{loader}", "--library-path", libraries, copy)

    def _word(self, word: str) -> str:
        """Copy the files and directories that a word names, several with colons between them; return it anew."""
        return ":".join(map(self._copied, word.split(":")))

    def _copied(self, word: str) -> str:
        file = Path(word)
        if not file.is_absolute() or not file.exists():
            return word
        number = sum(1 for _ in (self.place / self.name).iterdir())
        name = f"{self.name}/{number}/{file.name}"  # the library knows QEMU by its name
        (self.place / name).parent.mkdir()
        if file.is_dir():
            shutil.copytree(file, self.place / name, ignore=_dangling)
        else:
            shutil.copy(file, self.place / name)
        return f"{HERE}/{name}"


def _dangling(directory: str, names: list[str]) -> list[str]:
    """Return the links of a directory that lead nowhere: of packages that were not unpacked whole."""
    return [name for name in names if not Path(directory, name).exists()]


def _libraries(file: Path) -> list[Path]:
    """Return the shared libraries of a program as this machine finds them, its loader among them."""
    listed = subprocess.run(
        ["ldd", str(file)], capture_output=True, text=True, errors="replace", check=False, env={"LC_ALL": "C"}
    )
    if "not found" in listed.stdout:
        missing = next(line.strip() for line in listed.stdout.splitlines() if "not found" in line)
        raise EnvironmentFault("library-missing", f"{file.name} cannot be copied into a bundle: {missing}")
    return [Path(found) for found in _FOUND.findall(listed.stdout)]
