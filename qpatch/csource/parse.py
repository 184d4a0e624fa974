"""Parses C with tree-sitter after rewriting known macros byte for byte, and hands out tokens.

A `ParsedFile` keeps the true source and the *shadow* that was parsed: the same length, the same line ends, with
macros of the table replaced by something the grammar understands. Positions are valid in both; text is always
taken from the true source. A `Region` marks bytes whose leaves count as one token with the true text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import tree_sitter_c
from tree_sitter import Language, Node, Parser, Tree


@dataclass(frozen=True)
class Region:
    """Bytes [start, end) of the source that a macro rewrite changed in the shadow: one token."""

    start: int
    end: int


@dataclass(frozen=True)
class Token:
    """One token of the true source: its text with inner white space folded, its bytes [start, end)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class ParsedFile:
    """A parsed source: `source` and `shadow` have equal length; `regions` are sorted and disjoint."""

    source: bytes
    shadow: bytes
    tree: Tree
    regions: tuple[Region, ...] = field(default=())

    def text(self, node: Node) -> str:
        """Return the true source text of `node`."""
        return self.source[node.start_byte:node.end_byte].decode(errors="surrogateescape")


@lru_cache(maxsize=1)
def c_parser() -> Parser:
    """Return the tree-sitter parser for C (one for the process: it is not thread-safe)."""
    return Parser(Language(tree_sitter_c.language()))


def parse(source: bytes) -> ParsedFile:
    """Parse `source` without any macro table."""
    return ParsedFile(source, source, c_parser().parse(source))


def leaves(node: Node) -> Iterator[Node]:
    """Yield the leaves below `node` in source order."""
    if not node.children:
        yield node
        return
    for child in node.children:
        yield from leaves(child)
