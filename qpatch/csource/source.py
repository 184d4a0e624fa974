# SPDX-License-Identifier: GPL-2.0-or-later
"""How the edit engine sees a source tree: read a file, list paths, find files that mention a word.

The engine knows no git: `qpatch.trees` supplies a tree backed by a commit, tests supply a dictionary. An
`Overlay` keeps the edited files in memory, so that each edit works on the result of the one before and nothing
is written before all of them succeeded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

C_SUFFIXES = (".c", ".h")


class SourceTree(Protocol):
    """A read-only tree of files; paths are relative, with forward slashes."""

    def read(self, path: str) -> bytes | None:
        """Return the content of `path`, or None where there is no such file."""

    def paths(self, under: str = "") -> Sequence[str]:
        """Return the paths in the tree that begin with `under` (a folder with its slash, or '' for all), sorted."""

    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the sorted paths (with one of `suffixes`) whose text holds `word` as a whole word."""


class DictTree(SourceTree):
    """A tree held in memory, for small trees and tests."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    @override
    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    @override
    def paths(self, under: str = "") -> Sequence[str]:
        return sorted(path for path in self._files if path.startswith(under))

    @override
    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        return [
            path
            for path, text in sorted(self._files.items())
            if path.endswith(tuple(suffixes)) and mentions(text, word)
        ]


class Overlay(SourceTree):
    """A tree with some files changed in memory; `changed` maps each path to its new content."""

    def __init__(self, base: SourceTree, changed: Mapping[str, bytes] | None = None) -> None:
        self.base = base
        self.changed: dict[str, bytes] = dict(changed or {})

    @override
    def read(self, path: str) -> bytes | None:
        """Return the content, as changed where the file was changed."""
        return self.changed[path] if path in self.changed else self.base.read(path)

    @override
    def paths(self, under: str = "") -> Sequence[str]:
        """Includes files that were added."""
        return sorted({*self.base.paths(under), *(path for path in self.changed if path.startswith(under))})

    @override
    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the paths; a changed file is searched as changed."""
        unchanged = {path for path in self.base.mentioning(word, suffixes) if path not in self.changed}
        changed = {
            path for path, text in self.changed.items() if path.endswith(tuple(suffixes)) and mentions(text, word)
        }
        return sorted(unchanged | changed)


def mentions(text: bytes, word: str) -> bool:
    """Tell whether `text` holds `word` as a whole word."""
    raw = word.encode()
    return raw in text and re.search(rb"(?<!\w)" + re.escape(raw) + rb"(?!\w)", text) is not None
