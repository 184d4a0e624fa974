# SPDX-License-Identifier: GPL-2.0-or-later
"""What a metavariable can stand for that is several terms in a row: literals of one string, tokens of a macro's line.

A parser reads neither as one expression: strings beside each other are a list, and a macro's value is nothing but
tokens. Here a run of these is put together as one term.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from qpatch.csource.matching.precedence import PRIMARY, is_expression, tightness, wanted_at
from qpatch.csource.syntax.term import MACRO_LINE, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STRINGS = "concatenated_string"
_MACRO_PARTS = frozenset({MACRO_LINE, "group"})


def runs_at(place: Term, members: Sequence[Term], index: int) -> Iterator[Term]:
    """Yield what the metavariable `place` can stand for of `members` from `index` on: terms of two or more of them.

    Tokens of a macro are those between brackets and commas, or an expression that no operator beside them takes apart.
    """
    kind = place.parent.kind if place.parent is not None else ""
    if kind == _STRINGS:
        yield from (_run(_STRINGS, members[index:end]) for end in range(index + 2, len(members) + 1))
    elif kind in _MACRO_PARTS:
        wanted = wanted_at(place)
        runs = (_run(MACRO_LINE, members[index:end]) for end in range(index + 2, _end(members, index) + 1))
        yield from (run for run in runs if tightness(run) >= wanted and (wanted < PRIMARY or is_expression(run.tokens)))


def _run(kind: str, members: Sequence[Term]) -> Term:
    tokens = tuple(chain.from_iterable(member.tokens for member in members))
    return Term(kind, members[0].start, members[-1].end, children=list(members), tokens=tokens)


def _end(members: Sequence[Term], index: int) -> int:
    """Return the place of the first member from `index` on that no expression goes over."""
    ends = (place for place in range(index, len(members)) if members[place].text in (";", ",", ")", "]", "}"))
    return next(ends, len(members))


def without_parentheses(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tokens of an expression without the parentheses around all of it, which mean nothing."""
    while tokens[:1] == ("(",) and _closing(tokens) == len(tokens) - 1 > 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: tuple[str, ...]) -> int:
    """Return the place of the parenthesis that closes the first one, -1 where none does."""
    depth = 0
    for place, text in enumerate(tokens):
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return place
    return -1
