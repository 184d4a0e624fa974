# SPDX-License-Identifier: GPL-2.0-or-later
"""What a hunk is matched against: the block inside an anchor, as terms, and the comments around it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tree_sitter import Query, QueryCursor

from qpatch.csource.syntax.layout import Layout
from qpatch.csource.syntax.macro_forms import directive_comments
from qpatch.csource.syntax.parse import C_LANGUAGE
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import Term, build
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from tree_sitter import Node

    from qpatch.csource.workspace import LocatedAnchor


def block_of(located: LocatedAnchor) -> Term:
    """Return the block that a hunk at this anchor is matched in; its `items` are the members.

    For a symbol without a body (a prototype, a typedef), and for a macro, whose value is no list of anything, the block
    holds just the symbol.
    """
    root = located.parsed.tree.root_node
    if located.symbol is None:
        return _inside_guard(build(located.parsed, root))
    if located.symbol.body is not None and located.symbol.kind != SymbolKind.MACRO:
        return build(located.parsed, located.symbol.body)
    term = build(located.parsed, located.symbol.node)
    block = Term("translation_unit", term.start, term.end, children=[term], tokens=term.tokens)
    term.parent = block
    return block


def head_of_macro(located: LocatedAnchor) -> str:
    """Return the `#define` of a macro with its name and parameters, as one line."""
    assert located.symbol is not None
    source, node = located.parsed.source, located.symbol.node
    last = node.child_by_field_name("parameters") or node.child_by_field_name("name") or node
    text = source[node.start_byte : last.end_byte].decode(errors="surrogateescape")
    return " ".join(text.replace("\\\n", " ").split())


def layout_of(located: LocatedAnchor) -> Layout:
    """Return the layout of the file around the anchor: its text, and where the comments near the anchor are."""
    root, symbol = located.parsed.tree.root_node, located.symbol
    start, end = (symbol.node.start_byte, symbol.node.end_byte) if symbol is not None else (0, root.end_byte)
    near = thresholds().windows.comments
    start, end = max(0, start - near), end + near
    hidden = directive_comments(located.parsed.source, start, end)
    return Layout(located.parsed.source, sorted(hidden.union(_comments(root, start, end))))


@cache
def _comment_query() -> Query:
    return Query(C_LANGUAGE, "(comment) @comment")


def _comments(root: Node, start: int, end: int) -> list[tuple[int, int]]:
    cursor = QueryCursor(_comment_query())
    cursor.set_byte_range(start, end)
    return [(node.start_byte, node.end_byte) for node in cursor.captures(root).get("comment", ())]


def _inside_guard(root: Term) -> Term:
    """Return what the include guard of a header encloses, or the file itself."""
    guards = [child for child in root.children if child.kind == "preproc_ifdef"]
    if len(guards) == 1 and len(root.items) == 1 and guards[0].children[0].text == "#ifndef":
        return guards[0]
    return root
