# SPDX-License-Identifier: GPL-2.0-or-later
"""A prebuilt QEMU in the cache: how it is run, what it is made of, and whether it is still whole."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METADATA = "metadata.json"
FORMAT_VERSION = 1
_START_SECONDS = 60  # a program that says its version and ends; a machine may be busy


@dataclass(frozen=True)
class Prebuilt:
    """A distribution's QEMU in `directory`; `metadata` is what metadata.json says, its paths relative to there."""

    directory: Path
    metadata: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The target, such as `aarch64-softmmu`."""
        return str(self.metadata["target"])

    @property
    def version(self) -> str:
        """The first line of what the program says its version is."""
        return str(self.metadata["version"])

    @property
    def packages(self) -> Mapping[str, str]:
        """The versions of all packages that it was unpacked from, by their names."""
        packages: Mapping[str, str] = self.metadata["packages"]
        return packages

    @property
    def program(self) -> Path:
        """The program itself."""
        return self.directory / str(self.metadata["program"])

    @property
    def wrapper(self) -> Path:
        """A script that runs the program as it must be run, for people: data directories are given to it."""
        return self.directory / self.program.name

    @property
    def metadata_file(self) -> Path:
        """The file that tells all this."""
        return self.directory / METADATA

    @property
    def command(self) -> tuple[str, ...]:
        """The words to begin a command line with, in the surroundings that `environment` gives.

        This is the program, or the C library's loader with the program as its argument, where this machine's C
        library is too old.
        """
        loader = self.metadata["loader"]
        if not loader:
            return (str(self.program),)
        return (str(self.directory / loader), "--library-path", self._library_path, str(self.program))

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables to add to the environment."""
        path = {} if self.metadata["loader"] else {"LD_LIBRARY_PATH": self._library_path}
        return {**path, "QEMU_MODULE_DIR": str(self.directory / self.metadata["modules"])}

    @property
    def data(self) -> tuple[Path, ...]:
        """The directories with firmware."""
        return tuple(self.directory / name for name in self.metadata["data"])

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments that tell the program where `data` is: `-L` for each directory."""
        return tuple(word for directory in self.data for word in ("-L", str(directory)))

    def is_whole(self) -> bool:
        """Whether every file is as it was unpacked, and the program runs."""
        files: Mapping[str, list[int]] = self.metadata["files"]
        return dict(described_files(self.directory)) == files and self._starts()

    def first_version_line(self) -> str:
        """Run the program and return the first line of what it says its version is.

        Raises EnvironmentFault `prebuilt-broken` where it does not run.
        """
        try:
            done = subprocess.run(
                [*self.command, "-version"],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_START_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentFault(
                "prebuilt-broken", f"{self.program.name} of {self._origin} does not start: {error}"
            ) from error
        if done.returncode:
            raise EnvironmentFault(
                "prebuilt-broken", f"{self.program.name} of {self._origin} does not run here: {done.stdout.strip()}"
            )
        return done.stdout.split("\n", 1)[0]

    @property
    def _origin(self) -> str:
        return " + ".join(self.metadata["suites"])

    @property
    def _library_path(self) -> str:
        return ":".join(str(self.directory / name) for name in self.metadata["libraries"])

    def _starts(self) -> bool:
        try:
            return self.first_version_line() == self.version
        except EnvironmentFault:
            return False


def find_prebuilt(directory: Path, identity: Mapping[str, str]) -> Prebuilt | None:
    """Return what is in `directory` if it was made from `identity` and is whole, else None."""
    try:
        metadata = json.loads((directory / METADATA).read_text(encoding="utf-8"))
        found = Prebuilt(directory, metadata)
        fits = metadata["format"] == FORMAT_VERSION and metadata["identity"] == identity
        return found if fits and found.is_whole() else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or edited: made anew either way
        return None


def described_files(directory: Path) -> Iterator[tuple[str, list[int]]]:
    """Yield every file and link under `directory` but metadata.json: its path, and its size and time of change.

    That tells damage apart in milliseconds; the content was verified when it was unpacked.
    """
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder, name)
            if name != METADATA:
                status = path.lstat()
                yield str(path.relative_to(directory)), [status.st_size, status.st_mtime_ns]


def write_wrapper(prebuilt: Prebuilt) -> None:
    """Write the script that people run; it finds everything beside itself, wherever the cache is moved."""

    def beside(word: str) -> str:
        return word.replace(str(prebuilt.directory), "$here")

    settings = [f'{name}="{beside(value)}"' for name, value in prebuilt.environment.items()]
    words = [f'"{beside(word)}"' for word in (*prebuilt.command, *prebuilt.arguments)]
    title = shlex.quote(f"{prebuilt.program.name} of {' + '.join(prebuilt.metadata['suites'])}")
    prebuilt.wrapper.write_text(
        f'#!/bin/sh\n# {title}, unpacked by qpatch\nhere=$(dirname "$(readlink -f "$0")")\n'
        f'exec env {" ".join(settings)} {" ".join(words)} "$@"\n',
        encoding="utf-8",
    )
    prebuilt.wrapper.chmod(0o755)
