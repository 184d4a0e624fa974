# SPDX-License-Identifier: GPL-2.0-or-later
"""Parses a file again after an edit, at the cost of what was touched and not of the whole file.

The file-scope items around the edit get their macros rewritten anew; the rest of the masked source and of the tree is
taken over (tree-sitter's incremental parsing). Where the touched items do not parse cleanly that way, the file is
parsed from scratch, so that the result never depends on how it came about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import Replacement, apply_replacements
from qpatch.csource.syntax.macro_forms import rewrite_macros
from qpatch.csource.syntax.masked_source import MaskedRegion
from qpatch.csource.syntax.parse import ParsedFile, c_parser, parse
from qpatch.csource.syntax.problems import errors_around

if TYPE_CHECKING:
    from qpatch.csource.syntax.macros import MacroTable


def reparse(parsed: ParsedFile, changes: list[Replacement], table: MacroTable | None) -> ParsedFile:
    """Return the parse of `parsed.source` with `changes` made, as `parse` would give it."""
    source = apply_replacements(parsed.source, changes)
    if table is None:
        return parse(source, table)
    start, old_end = _items_around(
        parsed.source, min(change.start for change in changes), max(change.end for change in changes)
    )
    grown = len(source) - len(parsed.source)
    new_end = old_end + grown
    piece = rewrite_macros(source[start:new_end], table)
    masked = parsed.masked[:start] + piece.text() + parsed.masked[old_end:]
    tree = parsed.tree.copy()
    tree.edit(
        start, old_end, new_end, _point(parsed.source, start), _point(parsed.source, old_end), _point(source, new_end)
    )
    regions = (
        *(region for region in parsed.regions if region.end <= start),
        *(MaskedRegion(region.start + start, region.end + start) for region in piece.regions),
        *(
            MaskedRegion(region.start + grown, region.end + grown)
            for region in parsed.regions
            if region.start >= old_end
        ),
    )
    result = ParsedFile(source, masked, c_parser().parse(masked, tree), regions, table)
    return parse(source, table) if errors_around(result, start, new_end) else result


def _items_around(source: bytes, start: int, end: int) -> tuple[int, int]:
    """Widen [start, end) to lines that begin with `}`: where the file-scope items before and around it end."""
    before = source.rfind(b"\n}", 0, start)
    first = source.find(b"\n", before + 1, start) + 1 if before >= 0 else 0
    after = source.find(b"\n}", end)
    last = source.find(b"\n", after + 1) if after >= 0 else len(source)
    return first, last + 1 if 0 <= last < len(source) else len(source)


def _point(source: bytes, position: int) -> tuple[int, int]:
    return source.count(b"\n", 0, position), position - (source.rfind(b"\n", 0, position) + 1)
