# SPDX-License-Identifier: GPL-2.0-or-later
"""Parses C with tree-sitter after rewriting known macros byte for byte.

A `ParsedFile` keeps the true source and the *masked* source that was parsed: the same length, the same line ends,
with macros of the table replaced by something the grammar understands. Positions are valid in both; text is
always taken from the true source. A `MaskedRegion` marks bytes that count as one token with the true text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import tree_sitter_c
from tree_sitter import Language, Node, Parser, Tree

from qpatch.csource.syntax.macro_forms import rewrite_macros
from qpatch.csource.syntax.macro_repair import repair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.masked_source import MaskedRegion

# What makes C of a macro's value, an expression or statements; shorter than any `#define` before it.
_WRAPS = ((b"int m=(", b");"), (b"int m(){", b";}"))
C_LANGUAGE = Language(tree_sitter_c.language())


@dataclass(frozen=True)
class ParsedFile:
    """A parsed source: `source` and `masked` have equal length; `regions` are sorted and disjoint.

    `table` has the macros that were known. `derived` keeps what was worked out of a node, by its id; see `term.build`.
    """

    source: bytes
    masked: bytes
    tree: Tree
    regions: tuple[MaskedRegion, ...] = field(default=())
    table: MacroTable | None = None
    derived: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)

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
    return ParsedFile(source, masked.text(), tree, masked.regions, table)


def parse_macro_value(source: bytes, start: int, end: int, table: MacroTable | None) -> ParsedFile | None:
    """Parse the value [start, end) of a macro of `source`, as code at its place; None where it is no C by itself."""
    for opening, closing in _WRAPS:
        parsed = parse(opening.rjust(start) + source[start:end] + closing, table)
        if not parsed.tree.root_node.has_error:
            return parsed
    return None


def nodes_of(root: Node, kind: str) -> Iterator[Node]:
    """Yield the nodes of a kind at and below `root` in source order, those around others first."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == kind:
            yield node
        pending += reversed(node.children)


def leaves_called(parsed: ParsedFile, word: str) -> Iterator[Node]:
    """Yield the leaves whose whole text is `word`, in source order."""
    root = parsed.tree.root_node
    for found in re.finditer(re.escape(word.encode()), parsed.source):
        leaf = root.descendant_for_byte_range(*found.span())
        if leaf is not None and (leaf.start_byte, leaf.end_byte) == found.span():
            yield leaf
