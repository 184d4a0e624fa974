# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads `(Type)(x)`, `(Type)-x` and their like as the casts that they are, where it is known that `Type` is a type.

The parser knows only C's own types; for it these are a call of `(Type)` and a subtraction from it. An edit whose code
casts to `Type` says what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.syntax.masked_source import MaskedRegion
from qpatch.csource.syntax.parse import ParsedFile, c_parser

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from qpatch.csource.syntax.term import Term

_CAST = "cast_expression"
_STANDS_FOR_TYPE = b"int"  # The shortest of the types that the parser knows.


def cast_types(items: Iterable[Term]) -> frozenset[str]:
    """Return the names of types, C's own aside, that code casts to."""
    casts = [term for item in items for term in item.below() if term.kind == _CAST]
    types = [leaf for cast in casts for leaf in cast.children[1].leaves()]
    return frozenset(leaf.text for leaf in types if leaf.kind == "type_identifier")


def cast_value(term: Term) -> Term:
    """Return what a cast casts without the parentheses that it has only for the cast; any other term as it is."""
    if term.parent is None or term.parent.kind != _CAST or term.kind != "parenthesized_expression":
        return term
    inner = term.children[1]
    is_all = (term.start + 1, term.end - 1) == (inner.start, inner.end)  # No comment is lost.
    return inner if is_all else term


def read_casts(parsed: ParsedFile, types: Collection[str]) -> ParsedFile:
    """Return `parsed` with the casts to `types` read as such; the same where it has none that were read otherwise.

    A type with a name shorter than any that the parser knows stays as it was: see `misread_casts`.
    """
    places = [span for span in misread_casts(parsed, types) if span[1] - span[0] >= len(_STANDS_FOR_TYPE)]
    if not places:
        return parsed
    masked = bytearray(parsed.masked)
    for start, end in places:
        masked[start:end] = _STANDS_FOR_TYPE.ljust(end - start)
    regions = sorted((*parsed.regions, *(MaskedRegion(*place) for place in places)), key=lambda region: region.start)
    text = bytes(masked)
    return ParsedFile(parsed.source, text, c_parser().parse(text), tuple(regions), parsed.table)


def misread_casts(parsed: ParsedFile, types: Collection[str]) -> Iterator[tuple[int, int]]:
    """Yield where the name of a type stands in parentheses before what may be cast, and was read as a value."""
    if not types:
        return
    names = "|".join(re.escape(name) for name in sorted(types))
    root = parsed.tree.root_node
    for found in re.finditer(rf"\(\s*({names})\s*\)(?=\s*[-+&*(])".encode(), parsed.masked):
        leaf = root.descendant_for_byte_range(*found.span(1))
        outer = leaf.parent if leaf is not None and leaf.type == "identifier" else None
        if outer is not None and outer.type == "parenthesized_expression":
            yield found.span(1)
