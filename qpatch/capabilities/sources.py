# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree as queries see it: parsed files, their symbols, and where a symbol is.

A symbol is looked for in the file where it is expected, then in the area of the tree that its subsystem
occupies (headers are split, functions move), and where a query names no area, in the whole tree. Every file
is parsed once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.source import C_SUFFIXES, mentions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol, SymbolKind


class Sources:
    """The files of a tree, read and parsed once each."""

    def __init__(self, tree: SourceTree, cache: ParseCache) -> None:
        self._tree = tree
        self._cache = cache
        self._areas: dict[tuple[str, ...], tuple[str, ...]] = {}

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

    def symbols(self, kind: SymbolKind, name: str, path: str, area: tuple[str, ...]) -> list[tuple[ParsedFile, Symbol]]:
        """Return every definition of a symbol in the first place where there is one."""
        here = self._defined(kind, name, [path] if path else [])
        return here or self._defined(kind, name, self.mentioning(name, area))

    def mentioning(self, word: str, area: tuple[str, ...]) -> Sequence[str]:
        """Return the C files that mention `word`: those below the folders of `area`, or of the whole tree."""
        if not area:
            return self._tree.mentioning(word)
        return [path for path in self._files(area) if mentions(self.read(path) or b"", word)]

    def _files(self, area: tuple[str, ...]) -> tuple[str, ...]:
        if area not in self._areas:
            self._areas[area] = tuple(
                path for folder in area for path in self._tree.paths(f"{folder}/") if path.endswith(C_SUFFIXES)
            )
        return self._areas[area]

    def _defined(self, kind: SymbolKind, name: str, paths: Sequence[str]) -> list[tuple[ParsedFile, Symbol]]:
        return [
            (self._cache.parse(source), symbol)
            for path in paths
            if (source := self.read(path)) is not None
            for symbol in self._cache.symbols(source, name)
            if symbol.kind == kind
        ]
