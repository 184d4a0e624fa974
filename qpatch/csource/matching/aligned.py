# SPDX-License-Identifier: GPL-2.0-or-later
"""What keeps a part of a hunk from matching code: told of the tokens, but found on the syntax tree.

A list of tokens does not show how much of it one expression is, and so what a metavariable may stand for.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, TypeAlias

from qpatch.csource.matching.compare import Likeness, differences
from qpatch.csource.matching.match import can_be_bound, fits_whole
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND
from qpatch.csource.tokens import ELLIPSIS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.syntax.term import Term

    _Runs: TypeAlias = tuple[Sequence[Term], Sequence[Term]]


def term_differences(pattern: Sequence[Term], target: Sequence[Term]) -> tuple[str, ...]:
    """Return as phrases what differs between a part of a hunk and code.

    What a placeholder may stand for is no difference, except that a metavariable stands for the same code everywhere.
    """
    aligned = _Aligned()
    pending: list[_Runs] = [(pattern, target)]
    while pending:  # and not by recursion: terms can be deeper than the stack
        pending += reversed(aligned.add(*pending.pop()))
    return differences(aligned.expected, aligned.found)


class _Aligned:
    """The tokens of both sides; code that a placeholder stands for is the placeholder, on both."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self.found: list[str] = []
        self._bound: dict[str, tuple[str, ...]] = {}

    def add(self, pattern: Sequence[Term], target: Sequence[Term]) -> list[_Runs]:
        """Add the tokens of two runs of terms, or return smaller runs to be added instead."""
        if len(pattern) == len(target) == 1:
            return self._add_pair(pattern[0], target[0])
        if pattern and target:
            return list(_divided(pattern, target))
        self.expected += _tokens(pattern)
        self.found += _tokens(target)
        return []

    def _add_pair(self, pattern: Term, target: Term) -> list[_Runs]:
        expected, found = pattern.tokens, target.tokens
        if pattern.kind == METAVARIABLE_KIND and can_be_bound(target):
            bound = self._bound.setdefault(pattern.text, found)
            expected, found = (expected, expected) if bound == found else (bound, found)
        elif ELLIPSIS in expected and fits_whole(pattern, target):
            found = expected
        elif expected != found and pattern.kind == target.kind and pattern.children and target.children:
            return [(pattern.children, target.children)]
        self.expected += expected
        self.found += found
        return []


def _divided(pattern: Sequence[Term], target: Sequence[Term]) -> Iterator[_Runs]:
    """Yield pairs of single terms, and what is left of either side; terms that are the same keep the rest apart."""
    expected, found = ([term.tokens for term in terms] for terms in (pattern, target))
    matcher = difflib.SequenceMatcher(None, expected, found, autojunk=False)
    for operation, low, high, first, last in matcher.get_opcodes():
        if operation == "equal":
            yield from (([old], [new]) for old, new in zip(pattern[low:high], target[first:last], strict=True))
        else:
            yield from _coupled(pattern[low:high], target[first:last])


def _coupled(pattern: Sequence[Term], target: Sequence[Term]) -> Iterator[_Runs]:
    """Yield each term of `pattern` with the one most like it of those that it can go with, and what lies between."""
    behind = 0
    wanted = sum(term.kind != ELLIPSIS_KIND for term in pattern)
    for term in pattern:
        wanted -= term.kind != ELLIPSIS_KIND
        choice = range(behind, len(target) - wanted)
        if term.kind == ELLIPSIS_KIND or not choice:
            yield [term], ()
            continue
        likeness = Likeness(term.tokens)
        best = max(choice, key=lambda at: (target[at].kind == term.kind, likeness.at_most(target[at].tokens)))
        yield (), target[behind:best]
        yield [term], [target[best]]
        behind = best + 1
    yield (), target[behind:]


def _tokens(terms: Sequence[Term]) -> Iterator[str]:
    return (token for term in terms for token in term.tokens)
