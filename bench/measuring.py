# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks share: a tree on disk for tools that want files, the programs to compare with, and medians."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.csource.source import C_SUFFIXES, FOLDER, REGULAR, mentions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qpatch.csource.source import SourceTree


# Programs that are compared with, and where each comes from.
PACKAGES = {
    "spatch": "Debian package coccinelle",
    "ast-grep": "pip install qpatch[bench]",
    "ctags": "Debian package universal-ctags",
    "perl": "Debian package perl",
}


# Where this is set, Python compiles every module at every start, which no installed program does.
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class DirectoryTree:
    """A source tree in a directory; see `qpatch.csource.source.SourceTree`."""

    root: Path

    def read(self, path: str) -> bytes | None:
        """Return the content of `path`, None where there is no such file."""
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return tuple(sorted(str(path.relative_to(self.root)) for path in files))

    def mode(self, path: str) -> str | None:
        """Return the git mode of what is at `path`."""
        place = self.root / path
        return REGULAR if place.is_file() else FOLDER if place.is_dir() else None

    def paths(self, under: str = "") -> Sequence[str]:
        """Return the paths that begin with `under`, sorted."""
        return [path for path in self._paths if path.startswith(under)]

    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the files that hold `word`."""
        wanted = tuple(suffixes)
        return [path for path in self._paths if path.endswith(wanted) and mentions(self.read(path) or b"", word)]

    def containing(self, texts: Sequence[str], suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the files that hold one of `texts`."""
        files = [path for path in self._paths if path.endswith(tuple(suffixes))]
        return [path for path in files if any(text.encode() in (self.read(path) or b"") for text in texts)]


def program(name: str) -> str | None:
    """Return the path of a program, looked for beside Python first (a virtual environment) and then on PATH."""
    return shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def missing(*names: str) -> list[str]:
    """Return those of the programs that are not installed."""
    return [name for name in names if program(name) is None]


def write_out(source: SourceTree, directory: Path, beginnings: Sequence[str]) -> None:
    """Write the files of `source` whose paths begin with one of `beginnings` below `directory`."""
    for path in source.paths():
        if path.startswith(tuple(beginnings)):
            file = directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source.read(path) or b"")


def median(action: Callable[[], object], runs: int, before: Callable[[], object] = lambda: None) -> float:
    """Return the median of the seconds that `action` takes, after one run that does not count.

    `before` is run each time, outside the measured time.
    """
    seconds = []
    for _ in range(runs + 1):
        before()
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds[1:]), 5)


@dataclass(frozen=True)
class Cost:
    """What an action takes: seconds by the clock, and of processor time, that of the processes it ran included."""

    seconds: float
    processor: float


def median_cost(action: Callable[[], object], runs: int, before: Callable[[], object] = lambda: None) -> Cost:
    """Return the medians of what `action` takes; see `median`."""
    spent = []

    def measured() -> None:
        start = _processor_seconds()
        action()
        spent.append(_processor_seconds() - start)

    return Cost(median(measured, runs, before), round(statistics.median(spent[1:]), 3))


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def run(
    command: Sequence[str | Path], directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Run `command` and return what it printed. Raises RuntimeError, with its complaint, where it fails."""
    inherited = {key: value for key, value in os.environ.items() if key != _NO_BYTECODE}
    words = [program(str(command[0])) or str(command[0]), *map(str, command[1:])]
    finished = subprocess.run(
        words, cwd=directory, check=False, capture_output=True, text=True, env={**inherited, **(environment or {})}
    )
    if finished.returncode:
        shown = " ".join(map(str, command))
        raise RuntimeError(f"{shown}: exit code {finished.returncode}\n{finished.stderr}")
    return finished.stdout
