# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree as queries see it: parsed files, their symbols, and where a symbol is.

A symbol is looked for in the file where it is expected, then in the area of the tree that its subsystem
occupies (headers are split, functions move), and where a query names no area, or the expected file is gone, in the
whole tree. Every file is parsed once.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.source import C_SUFFIXES, mentions
from qpatch.csource.syntax.dead import position_in_code
from qpatch.csource.syntax.symbols import symbols_holding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol, SymbolKind

_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]', re.MULTILINE)


@dataclass(frozen=True)
class Scope:
    """Where something is expected ('' for anywhere), and the folders that are searched where it is not there."""

    path: str = ""
    area: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders in which what belongs together stands: the area, else the file's folder and its headers'."""
        folder = posixpath.dirname(self.path)
        return self.area or ((folder, f"include/{folder}") if folder else ())


@dataclass(frozen=True)
class Definition:
    """A symbol that was found, with the file that defines it."""

    path: str
    parsed: ParsedFile
    symbol: Symbol

    @property
    def place(self) -> SourcePlace:
        """Where it is defined."""
        return SourcePlace(self.path, self.symbol.line)


class Sources:
    """The files of a tree, read and parsed once each."""

    def __init__(self, tree: SourceTree, cache: ParseCache) -> None:
        self._tree = tree
        self._cache = cache
        self._files: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._headers: dict[str, tuple[str, ...]] = {}

    @property
    def table(self) -> MacroTable | None:
        """The macro table that files and patterns are parsed with."""
        return self._cache.table

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None where there is none."""
        return self._tree.read(path)

    def parsed(self, path: str) -> ParsedFile | None:
        """Return the parsed file, None where there is none."""
        source = self.read(path)
        return None if source is None else self._cache.parse(source)

    def definitions(self, kind: SymbolKind, name: str, scope: Scope) -> list[Definition]:
        """Return every definition of a symbol in the first place where there is one."""
        places = ([found for found in here if found.symbol.kind == kind] for here in self._places(name, scope))
        return next(filter(None, places), [])

    def named(self, name: str, scope: Scope) -> list[Definition]:
        """Return what `name` is defined or declared as, whatever its kind, in the first place where it is."""
        return next(filter(None, self._places(name, scope)), [])

    def outline(self, path: str) -> Iterator[Definition]:
        """Yield every symbol of a file."""
        source = self.read(path)
        for symbol in () if source is None else self._cache.outline(source):
            yield Definition(path, self._cache.parse(source or b""), symbol)

    def holding(self, word: str, scope: Scope) -> Iterator[Definition]:
        """Yield the symbols whose definitions hold `word`, in the folders that belong together."""
        for path in self.mentioning(word, scope.folders):
            yield from self.holding_in(path, word)

    def holding_in(self, path: str, word: str) -> Iterator[Definition]:
        """Yield the symbols of a file whose definitions hold `word`."""
        parsed = self.parsed(path)
        for symbol in () if parsed is None else symbols_holding(parsed, word):
            assert parsed is not None
            yield Definition(path, parsed, symbol)

    def named_in(self, path: str, name: str) -> list[Definition]:
        """Return the symbols of a file that are called `name`."""
        return self._defined(name, [path])

    def headers_mentioning(self, word: str, path: str, scope: Scope) -> list[str]:
        """Return the headers that a file includes, by others too, and that mention `word`; not those of the folders."""
        known = set(self.files(scope.folders)) if scope.folders else set()
        return [
            header
            for header in self._headers_of(path)
            if header not in known and mentions(self.read(header) or b"", word)
        ]

    def _headers_of(self, path: str) -> tuple[str, ...]:
        """Return the headers of the tree that a file includes, and those that they include."""
        if path not in self._headers:
            found: dict[str, None] = {}
            waiting = [path]
            while waiting:
                including = waiting.pop()
                new = [header for header in self._included(including) if header not in found]
                found.update(dict.fromkeys(new))
                waiting += new
            self._headers[path] = tuple(found)
        return self._headers[path]

    def _included(self, path: str) -> Iterator[str]:
        folder = posixpath.dirname(path)
        for found in _INCLUDED.findall(self.read(path) or b""):
            name = found.decode(errors="replace")
            places = (posixpath.normpath(posixpath.join(folder, name)), f"include/{name}")
            yield from islice((place for place in places if self.read(place) is not None), 1)

    def use_of(self, word: str, scope: Scope) -> SourcePlace | None:
        """Return the first place in code, not in a comment or a string, that has `word`."""
        for path in self._searched(word, scope):
            position = position_in_code(self.read(path) or b"", word)
            if position is not None:
                return self.place(path, position)
        return None

    def place(self, path: str, position: int) -> SourcePlace:
        """Return the line of byte `position` of a file."""
        return SourcePlace(path, (self.read(path) or b"").count(b"\n", 0, position) + 1)

    def is_gone(self, scope: Scope) -> bool:
        """Tell whether the expected file, or else all of the area, is not there any more: it may have moved."""
        return bool(scope.area) and (self.read(scope.path) is None if scope.path else not self.files(scope.area))

    def mentioning(self, word: str, folders: tuple[str, ...]) -> Sequence[str]:
        """Return the C files that mention `word`: those below `folders`, or of the whole tree."""
        if not folders:
            return self._tree.mentioning(word)
        return [path for path in self.files(folders) if mentions(self.read(path) or b"", word)]

    def files(self, folders: tuple[str, ...], suffixes: tuple[str, ...] = C_SUFFIXES) -> tuple[str, ...]:
        """Return the files below `folders` that end in one of `suffixes`, or of the whole tree."""
        key = (*folders, "", *suffixes)
        if key not in self._files:
            self._files[key] = tuple(
                path
                for folder in folders or ("",)
                for path in self._tree.paths(f"{folder}/" if folder else "")
                if path.endswith(suffixes)
            )
        return self._files[key]

    def _searched(self, word: str, scope: Scope) -> Iterable[str]:
        here = [scope.path] if scope.path and mentions(self.read(scope.path) or b"", word) else []
        return dict.fromkeys([*here, *self.mentioning(word, scope.area)])

    def _places(self, name: str, scope: Scope) -> Iterator[list[Definition]]:
        """Yield what is called `name` in the expected file, in the area, and, where that file is gone, in the tree."""
        if scope.path:
            yield self._defined(name, [scope.path])
        yield self._defined(name, self.mentioning(name, scope.area))
        if self.is_gone(scope):
            yield self._defined(name, self.mentioning(name, ()))

    def _defined(self, name: str, paths: Iterable[str]) -> list[Definition]:
        return [
            Definition(path, self._cache.parse(source), symbol)
            for path in paths
            if (source := self.read(path)) is not None
            for symbol in self._cache.symbols(source, name)
        ]
