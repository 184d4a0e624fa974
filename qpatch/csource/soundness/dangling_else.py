# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds an `else` that only braces kept from an inner `if`, and that belongs to this one once they are gone.

An `else` belongs to the nearest `if`, however it is indented. Where an `if` around that one has no `else` and no
braces, compilers ask for braces (-Wdangling-else), which many projects take for an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.control_flow import body_of
from qpatch.csource.soundness.flow_change import opening_words
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol

_IF, _ELSE = "if_statement", "else_clause"
_LOOPS = frozenset({"for_statement", "while_statement"})


def dangling_else(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a function where an `else` may seem to be that of another `if` now; None for others."""
    if touched.symbol.kind != SymbolKind.FUNCTION:
        return None
    known: set[tuple[str, ...]] = set()
    if touched.earlier is not None and touched.old is not None:
        known = {outer.tokens for outer, _ in _ambiguous(build(touched.old, touched.earlier.node))}
    for outer, inner in _ambiguous(build(touched.parsed, touched.symbol.node)):
        if outer.tokens not in known:
            line = touched.parsed.source.count(b"\n", 0, inner.children[-1].start) + 1
            return Fault(
                f"the `else` belongs to `if {_condition(inner)}`, the nearest one, "
                f"and `if {_condition(outer)}` around that has no braces",
                (SourcePlace(touched.path, line, opening_words(inner.children[-1]).strip("`")),),
                f"write `if {_condition(outer)}` with braces, with the `else` inside or behind them as it is meant",
            )
    return None


def _ambiguous(function: Term) -> Iterator[tuple[Term, Term]]:
    """Yield each `if` without `else` and braces, with the `if` that ends its statement and has an `else`."""
    for outer in function.below():
        if outer.kind != _IF or outer.children[-1].kind == _ELSE:
            continue
        inner = body_of(outer)
        while inner is not None and inner.kind in _LOOPS:
            inner = body_of(inner)
        if inner is not None and inner.kind == _IF and inner.children[-1].kind == _ELSE:
            yield outer, inner


def _condition(statement: Term) -> str:
    return opening_words(statement.children[1]).strip("`")
