# SPDX-License-Identifier: GPL-2.0-or-later
"""How the edit engine sees a source tree: read a file, list paths, find files that mention a word.

The engine knows no git: `qpatch.trees` supplies a tree backed by a commit, tests supply a dictionary. An
`Overlay` keeps the edited files in memory, so that each edit works on the result of the one before and nothing
is written before all of them succeeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

C_SUFFIXES = (".c", ".h")
# C, and what is included in it under another name (`.c.inc`, `.inc`).
CODE_SUFFIXES = (*C_SUFFIXES, ".inc")
# The modes that git knows.
REGULAR, EXECUTABLE, LINK, SUBMODULE, FOLDER = "100644", "100755", "120000", "160000", "040000"


class SourceTree(Protocol):
    """A read-only tree of files; paths are relative, with forward slashes."""

    def read(self, path: str) -> bytes | None:
        """Return the content of `path`, or None where there is no such file."""

    def mode(self, path: str) -> str | None:
        """Return the git mode of what is at `path` (a file, a link, a submodule, a folder), or None for nothing."""

    def paths(self, under: str = "") -> Sequence[str]:
        """Return the paths in the tree that begin with `under` (a folder with its slash, or '' for all), sorted."""

    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the sorted paths (with one of `suffixes`) whose text holds `word` as a whole word."""

    def containing(self, texts: Sequence[str], suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the sorted paths (with one of `suffixes`) whose text holds one of `texts`, also in a longer word."""


class DictTree(SourceTree):
    """A tree held in memory, for small trees and tests."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    @override
    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    @override
    def mode(self, path: str) -> str | None:
        return REGULAR if path in self._files else FOLDER if self.paths(f"{path}/") else None

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

    @override
    def containing(self, texts: Sequence[str], suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        return [
            path
            for path, content in sorted(self._files.items())
            if path.endswith(tuple(suffixes)) and _contains(content, texts)
        ]


class Overlay(SourceTree):
    """A tree with some files changed in memory.

    `changed` maps each path to its new content, `gone` are the paths of files that were taken away; `modes` has the git
    modes that were set, `renamed` the new path of each file that was renamed, by its path before.
    """

    def __init__(self, base: SourceTree, changed: Mapping[str, bytes] | None = None) -> None:
        self.base = base
        self.changed: dict[str, bytes] = dict(changed or {})
        self.gone: set[str] = set()
        self.modes: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self._origins: dict[str, str] = {}

    @override
    def read(self, path: str) -> bytes | None:
        """Return the content, as changed where the file was changed."""
        if path in self.gone:
            return None
        return self.changed[path] if path in self.changed else self.base.read(path)

    @override
    def mode(self, path: str) -> str | None:
        """Return the mode, as set where it was set."""
        if path in self.changed:
            return self.modes.get(path) or self.base.mode(path) or REGULAR
        if self.paths(f"{path}/"):
            return FOLDER
        before = self.base.mode(path)
        return None if path in self.gone or before == FOLDER else before

    @override
    def paths(self, under: str = "") -> Sequence[str]:
        """Includes files that were added, and none that are gone."""
        added = {path for path in self.changed if path.startswith(under)}
        return sorted({*self.base.paths(under), *added} - self.gone)

    @override
    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the paths; a changed file is searched as changed."""
        unchanged = {path for path in self.base.mentioning(word, suffixes) if path not in self.changed}
        changed = {
            path for path, text in self.changed.items() if path.endswith(tuple(suffixes)) and mentions(text, word)
        }
        return sorted((unchanged - self.gone) | changed)

    @override
    def containing(self, texts: Sequence[str], suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """Return the paths; a changed file is searched as changed."""
        unchanged = {path for path in self.base.containing(texts, suffixes) if path not in self.changed}
        changed = {
            path
            for path, content in self.changed.items()
            if path.endswith(tuple(suffixes)) and _contains(content, texts)
        }
        return sorted((unchanged - self.gone) | changed)

    def create(self, path: str, content: bytes, mode: str) -> None:
        """Put a new file at `path`."""
        self.changed[path], self.modes[path] = content, mode
        self.gone.discard(path)
        self._origins.pop(path, None)

    def rename(self, old: str, new: str) -> None:
        """Give the file `old` the path `new`, with its content and its mode."""
        origin = self.original(old)
        self.create(new, self.read(old) or b"", self.mode(old) or REGULAR)
        self.delete(old)
        self.renamed[old] = new
        self._origins[new] = origin

    def delete(self, path: str) -> None:
        """Take the file at `path` away."""
        self.gone.add(path)
        self.changed.pop(path, None)
        self.modes.pop(path, None)
        self._origins.pop(path, None)

    def copy(self) -> Overlay:
        """Return the tree as it is now, which later changes leave alone."""
        other = Overlay(self.base, self.changed)
        other.gone, other.modes = set(self.gone), dict(self.modes)
        other.renamed, other._origins = dict(self.renamed), dict(self._origins)
        return other

    def changes_since(self, before: Overlay) -> dict[str, bytes | None]:
        """Return the new content (None: gone) of the files that differ, in content or mode, from `before`."""
        touched = {*self.changed, *self.gone, *before.gone}
        now = {path: self.read(path) for path in sorted(touched)}
        return {
            path: content
            for path, content in now.items()
            if content != before.read(path) or self._mode_differs(path, before)
        }

    def _mode_differs(self, path: str, before: Overlay) -> bool:
        return path in self.modes and self.mode(path) != before.mode(path)

    def current(self, path: str) -> str:
        """Return the path that the file `path` has now: another one if it was renamed and no new file is there."""
        passed: set[str] = set()
        while self.read(path) is None and path in self.renamed and path not in passed:
            passed.add(path)
            path = self.renamed[path]
        return path

    def former(self, path: str, before: Overlay) -> str:
        """Return the path that the file at `path` had in `before`, an earlier state of the tree."""
        return before.current(self.original(path))

    def original(self, path: str) -> str:
        """Return the path that the file at `path` has in the tree before any change."""
        return self._origins.get(path, path)


def _contains(content: bytes, texts: Iterable[str]) -> bool:
    return any(text.encode() in content for text in texts)


def mentions(text: bytes, word: str) -> bool:
    """Tell whether `text` holds `word` as a whole word."""
    return any(True for _ in whole_words(text, word))


def whole_words(text: bytes, word: str) -> Iterator[tuple[int, int]]:
    """Yield the bytes [start, end) of `word` wherever it stands as a whole word.

    To search for a plain text is many times faster than for a pattern that begins with what may not stand before it.
    """
    raw = word.encode()
    start = text.find(raw) if raw else -1
    while start >= 0:
        end = start + len(raw)
        stands_alone = not is_word(text[start - 1 : start]) and not is_word(text[end : end + 1])
        if stands_alone:
            yield start, end
        start = text.find(raw, end if stands_alone else start + 1)


def is_word(character: bytes) -> bool:
    """Tell whether one character may be part of an identifier."""
    return character.isalnum() or character == b"_"


def is_binary(content: bytes) -> bool:
    """Tell whether `content` is no text: no line of a mail can hold a NUL."""
    return b"\0" in content
