# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds a call that the edits of a patch put beside one of the same function that passes more or fewer arguments.

A function takes one number of arguments: the code that is added stands there already, as the tree has it now.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.flow_change import opening_words
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import BLOCKS, Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol

_Call = tuple[str, tuple[tuple[str, ...], ...]]


def doubled_call(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a function that makes a call twice in a row now, None for others."""
    if touched.symbol.kind != SymbolKind.FUNCTION or touched.earlier is None or touched.old is None:
        return None
    known = {statement.tokens for statement in build(touched.old, touched.earlier.node).below()}
    for first, second in _neighbours(build(touched.parsed, touched.symbol.node)):
        if (first.tokens in known) != (second.tokens in known) and _is_one_call(_call(first), _call(second)):
            added, there = (second, first) if first.tokens in known else (first, second)
            line = touched.parsed.source.count(b"\n", 0, there.start) + 1
            return Fault(
                f"{opening_words(added)} is added right beside {opening_words(there)}, which passes other arguments",
                (SourcePlace(touched.path, line, " ".join(there.tokens)),),
                "if that is what is added, remove the edit; else change the call that is there in the hunk",
            )
    return None


def _neighbours(function: Term) -> Iterator[tuple[Term, Term]]:
    return (pair for term in function.below() if term.kind in BLOCKS for pair in pairwise(term.items))


def _is_one_call(one: _Call | None, other: _Call | None) -> bool:
    """Tell whether two calls are of one function, and one passes what the other does and more."""
    if one is None or other is None or one[0] != other[0]:
        return False
    shorter, longer = sorted((one[1], other[1]), key=len)
    return 0 < len(shorter) < len(longer) and longer[: len(shorter)] == shorter


def _call(statement: Term) -> _Call | None:
    """Return the function that a statement calls, and the tokens of each argument; None where it is no plain call.

    What is printed takes any number of arguments: calls with a string among them do not count.
    """
    call = statement.children[0] if statement.kind == "expression_statement" else None
    if call is None or call.kind != "call_expression" or '"' in "".join(call.tokens):
        return None
    return call.children[0].text, tuple(argument.tokens for argument in call.children[-1].children[1:-1])
