# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells the functions and macros that do little but what they are called for: they may stand for a call within."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.syntax.symbols import Symbol, SymbolKind
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node


def is_wrapper(symbol: Symbol) -> bool:
    """Tell whether a symbol is a macro, or a function of few statements."""
    if symbol.kind == SymbolKind.MACRO:
        return True
    if symbol.kind != SymbolKind.FUNCTION or symbol.body is None:
        return False
    return sum(1 for _ in _statements(symbol.body)) <= thresholds().limits.wrapper_statements


def _statements(body: Node) -> Iterator[Node]:
    """Yield the statements and declarations of a body, however deep."""
    pending = [body]
    while pending:
        node = pending.pop()
        if node.type.endswith(("_statement", "declaration")) and node.type != "compound_statement":
            yield node
        pending += node.named_children
