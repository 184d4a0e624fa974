# SPDX-License-Identifier: GPL-2.0-or-later
"""Parses C with tree-sitter after rewriting known macros byte for byte, and hands out tokens.

A `ParsedFile` keeps the true source and the *masked* that was parsed: the same length, the same line ends,
with macros of the table replaced by something the grammar understands. Positions are valid in both; text is
always taken from the true source. A `Region` marks bytes whose leaves count as one token with the true text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import tree_sitter_c
from tree_sitter import Language, Node, Parser, Tree

from qpatch.csource.syntax.macro_forms import rewrite_macros
from qpatch.csource.syntax.macro_repair import repair
from qpatch.csource.syntax.masked_source import MaskedRegion, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.syntax.macros import MacroTable

__all__ = [
    "C_LANGUAGE",
    "MaskedRegion",
    "ParsedFile",
    "Token",
    "c_parser",
    "leaves",
    "leaves_called",
    "parse",
    "tokens",
]

C_LANGUAGE = Language(tree_sitter_c.language())

WHOLE_LEAVES = frozenset({"string_literal", "char_literal", "system_lib_string"})
"""Nodes that have parts in the tree but are one token."""


@dataclass(frozen=True)
class Token:
    """One token of the true source: its text with inner white space folded, its bytes [start, end)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class ParsedFile:
    """A parsed source: `source` and `masked` have equal length; `regions` are sorted and disjoint."""

    source: bytes
    masked: bytes
    tree: Tree
    regions: tuple[MaskedRegion, ...] = field(default=())

    def text(self, node: Node) -> str:
        """Return the true source text of `node`."""
        return self.source[node.start_byte : node.end_byte].decode(errors="surrogateescape")


@lru_cache(maxsize=1)
def c_parser() -> Parser:
    """Return the tree-sitter parser for C (one for the process: it is not thread-safe)."""
    return Parser(C_LANGUAGE)


def parse(source: bytes, table: MacroTable | None = None) -> ParsedFile:
    """Parse `source`, with the macros of `table` rewritten in the masked source; without a table, as it is."""
    if table is None:
        return ParsedFile(source, source, c_parser().parse(source))
    parser = c_parser()
    masked = rewrite_macros(source, table)
    tree = parser.parse(masked.text())
    if tree.root_node.has_error:
        masked, tree = repair(masked, tree, parser)
    return ParsedFile(source, masked.text(), tree, masked.regions)


def leaves(node: Node) -> Iterator[Node]:
    """Yield the leaves at or below `node` in source order; a string literal is one leaf."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.type in WHOLE_LEAVES or not (children := current.children):
            yield current
        else:
            waiting.extend(reversed(children))


def leaves_called(parsed: ParsedFile, word: str) -> Iterator[Node]:
    """Yield the leaves whose whole text is `word`, in source order."""
    root = parsed.tree.root_node
    for found in re.finditer(re.escape(word.encode()), parsed.source):
        leaf = root.descendant_for_byte_range(*found.span())
        if leaf is not None and (leaf.start_byte, leaf.end_byte) == found.span():
            yield leaf


def tokens(parsed: ParsedFile, node: Node) -> list[Token]:
    """Return the tokens of `node` in source order, without comments.

    Leaves inside one region make one token with the region's true text, even where the masked source is blank.
    """
    result: list[Token] = []
    regions = parsed.regions
    # A whole file begins before its first node and ends after its last one where those places are blank.
    first, last = (node.start_byte, node.end_byte) if node.parent else (0, len(parsed.source))
    upcoming = bisect_right(regions, first, key=lambda region: region.end)

    def finish_regions(limit: int) -> None:
        nonlocal upcoming
        while upcoming < len(regions) and regions[upcoming].start < limit:
            region = regions[upcoming]
            result.append(Token(folded(parsed.source[region.start : region.end]), region.start, region.end))
            upcoming += 1

    for leaf in leaves(node):
        start, end = leaf.start_byte, leaf.end_byte
        if start == end or leaf.type == "comment":
            continue
        finish_regions(end)
        if result and start < result[-1].end:
            continue
        if text := _token_text(parsed.source[start:end], leaf.type):
            result.append(Token(text, start, end))
    finish_regions(last)
    return result


def _token_text(source: bytes, kind: str) -> str:
    """Return the text of a leaf, '' for a directive's line end; what is no string loses inner white space."""
    return source.decode(errors="surrogateescape") if kind in WHOLE_LEAVES else folded(source)
