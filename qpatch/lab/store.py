# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps what the lab makes for itself: each thing is made once, and appears as a whole or not at all.

Each has a directory, whose name has a digest of all that it is made of.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.diagnostics import first_error
from qpatch.builds.lock import inherited_lock
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import neutral_environment
from qpatch.errors import EnvironmentFault
from qpatch.trees.replacing import recover_directories, replaced_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qpatch.trees.progress import Progress

_DIGITS = 16
_SCRATCH = ".new-"


@dataclass(frozen=True)
class Workplace:
    """Where something is made: `scratch` is to work in, `result` is what is kept of it; `lock` is held meanwhile."""

    scratch: Path
    result: Path
    log_directory: Path
    lock: int

    def compile(self, title: str, command: Sequence[str], cwd: Path, file: str) -> Path:
        """Run `command` in `cwd`, and return `file` of the scratch directory, which it has made.

        Raises EnvironmentFault `lab-artifacts-failed` with the first error of the compiler; `title` says of what.
        """
        log = self.log_directory / f"{file}.log"
        log.unlink(missing_ok=True)
        ran = Runner(neutral_environment(), log, self.lock).run(command, cwd)
        made = self.scratch / file
        if not ran.succeeded or not made.is_file():
            raise EnvironmentFault(
                "lab-artifacts-failed",
                f"{title} does not compile: {first_error(ran.output, cwd, self.scratch)}",
                hint=f"The log: {log}",
            )
        return made


@dataclass(frozen=True)
class ArtifactStore:
    """What is kept below `directory`."""

    directory: Path
    progress: Progress

    def kept(self, name: str, files: Iterable[str], make: Callable[[Workplace], None]) -> Path:
        """Return the directory `name`, which has `files`; where one of them is missing, `make` makes all.

        Raises what `make` raises: then there is nothing new.
        """
        place = self.directory / name
        paths = [place / file for file in files]
        if not _are_there(paths):
            with inherited_lock(self.directory / "lock", self.progress.note) as lock:
                if not _are_there(paths):  # another run may have made them
                    self._make(place, make, lock)
        return place

    def _make(self, place: Path, make: Callable[[Workplace], None], lock: int) -> None:
        for leftover in self.directory.glob(f"{_SCRATCH}*"):  # of a run that was killed
            shutil.rmtree(leftover)
        recover_directories(self.directory)
        with (
            tempfile.TemporaryDirectory(dir=self.directory, prefix=_SCRATCH) as scratch,
            replaced_directory(place) as result,  # one that is there has lost a file
        ):
            make(Workplace(Path(scratch), result, self.directory, lock))


def digest(words: Iterable[str], files: Iterable[tuple[str, Path]]) -> str:
    """Return a short name for exactly these `words`, and these `files` with the names that they have for it."""
    whole = hashlib.sha256()
    for word in words:
        whole.update(f"{word}\0".encode())
    for name, file in files:
        whole.update(f"\n{name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:_DIGITS]


def _are_there(files: Iterable[Path]) -> bool:
    return all(file.is_file() for file in files)
