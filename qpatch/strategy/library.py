# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds strategies by name, or by the path of their file."""

from __future__ import annotations

from pathlib import Path

from qpatch.errors import UserError
from qpatch.strategy.load import LoadedStrategy, load_strategy
from qpatch.strategy.places import strategy_directories
from qpatch.suggest import did_you_mean

SUFFIX = ".yaml"


class StrategyLibrary:
    """The strategies of all directories, `extra` ones first. Raises UserError for an extra that is none."""

    def __init__(self, extra: tuple[Path, ...] = ()) -> None:
        for directory in extra:
            if not directory.is_dir():
                raise UserError("no-such-directory", f"{directory} is no directory")
        self._directories = strategy_directories(extra)

    def files(self) -> dict[str, Path]:
        """Return the file of each strategy by name; the first directory that has one wins."""
        found: dict[str, Path] = {}
        for directory in self._directories:
            for file in sorted(directory.glob(f"*{SUFFIX}")):
                if file.is_file():
                    found.setdefault(file.stem, file)
        return dict(sorted(found.items()))

    def names(self) -> tuple[str, ...]:
        """Return the names of all strategies, sorted."""
        return tuple(self.files())

    def file_of(self, name: str) -> Path:
        """Return the file of the strategy `name`, which may also be the path of a file.

        Raises UserError where there is none.
        """
        if name.endswith(SUFFIX) or "/" in name:
            if not Path(name).is_file():
                raise UserError("unknown-strategy", f"there is no strategy file {name}")
            return Path(name)
        files = self.files()
        if name not in files:
            raise UserError("unknown-strategy", f"there is no strategy {name!r}", hint=did_you_mean(name, files))
        return files[name]

    def get(self, name: str) -> LoadedStrategy:
        """Return the strategy `name`. Raises UserError where it is unknown or its file is wrong."""
        return load_strategy(self.file_of(name))
