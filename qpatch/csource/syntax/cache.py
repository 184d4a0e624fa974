# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps what was parsed, by content: parsing takes most of the time, and many edits and queries read the same files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import apply_replacements
from qpatch.csource.syntax.parse import ParsedFile, parse
from qpatch.csource.syntax.reparse import reparse
from qpatch.csource.syntax.symbols import Symbol, outline, symbols_named
from qpatch.csource.syntax.unparsed import Unparsed, unparsed_definitions

if TYPE_CHECKING:
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.syntax.macros import MacroTable


class ParseCache:
    """Parses each content once, with one macro table (None for plain C); for one run, in memory."""

    def __init__(self, table: MacroTable | None = None) -> None:
        self.table = table
        self._parsed: dict[bytes, ParsedFile] = {}
        self._outlines: dict[bytes, tuple[Symbol, ...]] = {}
        self._named: dict[tuple[bytes, str], tuple[Symbol, ...]] = {}
        self._unparsed: dict[tuple[bytes, str, str], tuple[Unparsed, ...]] = {}

    def parse(self, source: bytes) -> ParsedFile:
        """Return the parse of `source`, the same object for the same content."""
        if source not in self._parsed:
            self._parsed[source] = parse(source, self.table)
        return self._parsed[source]

    def change(self, source: bytes, replacements: list[Replacement]) -> bytes:
        """Return `source` with `replacements` made; where it was parsed, so is the result, which costs little then."""
        if source not in self._parsed:
            return apply_replacements(source, replacements)
        changed = reparse(self.parse(source), replacements, self.table)
        self._parsed.setdefault(changed.source, changed)
        return changed.source

    def outline(self, source: bytes) -> tuple[Symbol, ...]:
        """Return the symbols of `source`."""
        if source not in self._outlines:
            self._outlines[source] = outline(self.parse(source))
        return self._outlines[source]

    def symbols(self, source: bytes, name: str) -> tuple[Symbol, ...]:
        """Return the symbols of `source` called `name`; a source without that text is not parsed."""
        if name.encode() not in source:
            return ()
        if (source, name) not in self._named:
            self._named[source, name] = symbols_named(self.parse(source), name)
        return self._named[source, name]

    def unparsed(self, source: bytes, kind: str, name: str) -> tuple[Unparsed, ...]:
        """Return the definitions of `name` in `source` that look like one of `kind` and could not be parsed."""
        if name.encode() not in source:
            return ()
        if (source, kind, name) not in self._unparsed:
            self._unparsed[source, kind, name] = unparsed_definitions(self.parse(source), kind, name)
        return self._unparsed[source, kind, name]
