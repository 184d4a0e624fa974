"""What a hunk is matched against: the block inside an anchor, as terms, and the comments around it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tree_sitter import Query, QueryCursor

from qpatch.csource.edit import AnchorKind
from qpatch.csource.layout import Layout
from qpatch.csource.parse import c_parser
from qpatch.csource.pattern import Context
from qpatch.csource.term import Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.locate import Located
    from qpatch.csource.parse import ParsedFile

# Bytes before and after an anchor that may hold a comment of its own.
_NEAR = 8192
_CONTEXTS = {AnchorKind.FUNCTION: Context.STATEMENTS, AnchorKind.STRUCT: Context.MEMBERS,
             AnchorKind.UNION: Context.MEMBERS, AnchorKind.ENUM: Context.ENUMERATORS,
             AnchorKind.INITIALIZER: Context.ENTRIES, AnchorKind.SIGNATURE: Context.SIGNATURE}


def context_of(kind: AnchorKind) -> Context:
    """Return what the lines of a hunk at an anchor of this kind are a list of."""
    return _CONTEXTS.get(kind, Context.TOP_LEVEL)


def block_of(located: Located) -> Term:
    """Return the block that a hunk at this anchor is matched in; its `items` are the members.

    For a symbol without a body (a macro, a prototype, a typedef) the block holds just the symbol.
    """
    root = located.parsed.tree.root_node
    if located.symbol is None:
        return _inside_guard(build(located.parsed, root))
    if located.symbol.body is not None and located.symbol.kind is not AnchorKind.MACRO:
        return build(located.parsed, located.symbol.body)
    term = build(located.parsed, located.symbol.node)
    block = Term("translation_unit", term.start, term.end, children=[term], tokens=term.tokens)
    term.parent = block
    return block


def layout_of(located: Located) -> Layout:
    """Return the layout of the file around the anchor: its text, and where the comments near the anchor are."""
    root, symbol = located.parsed.tree.root_node, located.symbol
    start, end = (symbol.node.start_byte, symbol.node.end_byte) if symbol is not None else (0, root.end_byte)
    comments = _comments(root, max(0, start - _NEAR), end + _NEAR)
    return Layout(located.parsed.source, sorted(comments))


def errors_around(parsed: ParsedFile, start: int, end: int) -> int:
    """Count the ERROR and MISSING nodes of the file-scope items (functions, types) that touch bytes [start, end]."""
    return sum(_errors(node) for node in _items_at(parsed.tree.root_node, start, end))


def _items_at(node: Node, start: int, end: int) -> Iterator[Node]:
    """Yield the file-scope items that touch [start, end], looking into `#if` arms and `extern "C"`."""
    for child in node.children:
        if child.start_byte <= end and child.end_byte >= start:
            if child.type.startswith("preproc_") or child.type in ("linkage_specification", "declaration_list"):
                yield from _items_at(child, start, end)
            else:
                yield child


def _errors(node: Node) -> int:
    if not node.has_error and not node.is_missing:
        return 0
    return int(node.is_error or node.is_missing) + sum(_errors(child) for child in node.children)


@cache
def _comment_query() -> Query:
    return Query(c_parser().language, "(comment) @comment")


def _comments(root: Node, start: int, end: int) -> list[tuple[int, int]]:
    captured = QueryCursor(_comment_query()).set_byte_range(start, end).captures(root)
    return [(node.start_byte, node.end_byte) for node in captured.get("comment", ())]


def _inside_guard(root: Term) -> Term:
    """Return what the include guard of a header encloses, or the file itself."""
    guards = [child for child in root.children if child.kind == "preproc_ifdef"]
    if len(guards) == 1 and len(root.items) == 1 and guards[0].children[0].text == "#ifndef":
        return guards[0]
    return root
