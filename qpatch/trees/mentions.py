# SPDX-License-Identifier: GPL-2.0-or-later
"""Remembers in the cache which files of a commit mention a word: searching all of QEMU is slow.

A commit never changes, so a result never gets stale.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class MentionCache:
    """The searches made in one commit, loaded from `file` and saved there; None keeps them in memory only."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._found: dict[str, list[str]] | None = None
        self._new = False

    def lookup(self, word: str, suffixes: Sequence[str], search: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Return the paths of files with one of `suffixes` that mention `word`: from the cache, else by `search`."""
        if self._found is None:
            self._found = self._load()
        key = " ".join((word, *suffixes))
        if key not in self._found:
            self._found[key] = list(search())
            self._new = True
        return self._found[key]

    def save(self) -> None:
        """Write the file, if there is a new result, all at once or not at all."""
        if self._file is None or not self._new:
            return
        # Where the cache cannot be written (a read-only home, a full disk), searching again costs time only.
        with contextlib.suppress(OSError):
            write_whole(self._file, json.dumps(self._found))
        self._new = False

    def _load(self) -> dict[str, list[str]]:
        if self._file is None or not self._file.is_file():
            return {}
        found: dict[str, list[str]] = json.loads(self._file.read_bytes())
        return found
