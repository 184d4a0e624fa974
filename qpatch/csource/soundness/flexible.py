# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds a struct whose flexible array member (`data[]`) is no longer its last one: C wants nothing behind it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol

_MAY_HOLD_MEMBERS = frozenset({SymbolKind.STRUCT, SymbolKind.TYPEDEF})
_UNSIZED = ("[", "]", ";")


def flexible_array_not_last(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a struct in which a member follows a flexible array now; None for others."""
    if touched.symbol.kind not in _MAY_HOLD_MEMBERS:
        return None
    known: set[tuple[str, ...]] = set()
    if touched.earlier is not None and touched.old is not None:
        known = {array.tokens for array, _ in _followed(build(touched.old, touched.earlier.node))}
    for array, below in _followed(build(touched.parsed, touched.symbol.node)):
        if array.tokens not in known:
            line = touched.parsed.source.count(b"\n", 0, array.start) + 1
            return Fault(
                f"`{' '.join(below.tokens)}` would follow a flexible array, which has to be the last member",
                (SourcePlace(touched.path, line, " ".join(array.tokens)),),
                "put it before the array",
            )
    return None


def is_flexible(member: Term) -> bool:
    """Tell whether a member is an array without a size."""
    return member.kind == "field_declaration" and member.tokens[-3:] == _UNSIZED


def _followed(symbol: Term) -> Iterator[tuple[Term, Term]]:
    """Yield each array without a size with the member behind it."""
    for term in symbol.below():
        if term.kind == "field_declaration_list" and term.parent is not None and "struct" in term.parent.tokens[:1]:
            yield from (
                (above, below) for above, below in pairwise(term.items) if is_flexible(above) and not below.is_directive
            )
