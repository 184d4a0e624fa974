# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts and finds what tree-sitter could not parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.syntax.macro_repair import is_unnamed_bit_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile


def errors_around(parsed: ParsedFile, start: int, end: int) -> int:
    """Count the ERROR and MISSING nodes of the file-scope items (functions, types) that touch bytes [start, end]."""
    return sum(_errors(node) for node in _items_at(parsed.tree.root_node, start, end))


def _items_at(root: Node, start: int, end: int) -> Iterator[Node]:
    """Yield the file-scope items that touch [start, end], looking into `#if` arms and `extern "C"`."""
    pending = [root]
    while pending:
        for child in pending.pop().children:
            if child.start_byte <= end and child.end_byte >= start:
                if child.type.startswith("preproc_") or child.type in ("linkage_specification", "declaration_list"):
                    pending.append(child)
                else:
                    yield child


def innermost_errors(item: Node) -> Iterator[Node]:
    """Yield the ERROR and MISSING nodes at or below `item` that hold no further ones, in source order."""
    return (node for node in _error_nodes(item) if not any(child.has_error for child in node.children))


def _errors(item: Node) -> int:
    return sum(1 for _ in _error_nodes(item))


def _error_nodes(item: Node) -> Iterator[Node]:
    """Yield the ERROR and MISSING nodes at or below `item` in source order, those around others first."""
    pending = [item]
    while pending:
        node = pending.pop()
        if node.has_error or node.is_missing:
            if (node.is_error or node.is_missing) and not is_unnamed_bit_field(node):
                yield node
            pending += reversed(node.children)
