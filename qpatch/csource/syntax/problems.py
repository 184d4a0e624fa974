# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what tree-sitter could not parse around an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile


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
