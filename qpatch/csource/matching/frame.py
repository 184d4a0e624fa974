# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of target terms that a search walks along, and where it can go on: past an ellipsis, at the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.program import Do, Step
from qpatch.csource.syntax.term import CASE_LABEL, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

PARENTHESES = "parenthesized_expression"


class Frame:
    """A list of target terms that the search walks along: the members of a block, or the children of a term.

    `outer` and `behind` say where the search goes on once it leaves the frame. Where `in_arms`, directives among the
    members are members like others.
    """

    __slots__ = ("_chains", "_in_arms", "_places", "behind", "members", "outer")

    def __init__(
        self, members: Sequence[Term], outer: Frame | None = None, behind: int = 0, *, in_arms: bool = False
    ) -> None:
        self.members = members
        self.outer = outer
        self.behind = behind
        self._in_arms = in_arms
        self._chains: dict[bool, list[int]] = {}
        self._places: dict[tuple[str, ...] | str, list[int]] = {}

    def chains(self, crosses: bool) -> list[int]:
        """Return for each place the number of its chain: an ellipsis goes from a place to later ones of its chain.

        A chain ends at a bracket, at a case label unless the ellipsis `crosses` those, and at the end of an `#if` arm;
        it passes an `#if` with all of its arms.
        """
        if crosses not in self._chains:
            chains = [-1] * (len(self.members) + 1)
            for first in range(len(chains)):
                place: int | None = first
                while place is not None and chains[place] < 0:
                    chains[place] = first
                    place = self._behind(place, crosses)
            self._chains[crosses] = chains
        return self._chains[crosses]

    def _behind(self, index: int, crosses: bool) -> int | None:
        """Return the place behind what an ellipsis at `index` skips as one thing; None where it has to end."""
        if index == len(self.members):
            return None
        term = self.members[index]
        if term.text in ("{", "}") or (not crosses and _holds_case_label(term)):
            return None
        if self._in_arms:
            return index + 1
        if is_directive(term, _ARM_ENDS):
            return None
        return _behind_arms(self.members, index) if is_directive(term, ARM_BEGINS) else index + 1

    def places_for(self, step: Step | None) -> Sequence[int]:
        """Return the places, in order, where `step` can go on; None is the end of the pattern."""
        size = len(self.members)
        if step is None or step.do in (Do.BIND, Do.SKIP):
            return range(size + 1)
        if step.do is Do.LEAVE:
            return (size,)
        key = step.term.tokens if step.do is Do.TAKE else step.term.kind
        if key == PARENTHESES:
            return range(size + 1)
        if key not in self._places:
            self._places[key] = [
                index for index in range(size) if key in (self.members[index].tokens, self.members[index].kind)
            ]
        return self._places[key]


ARM_BEGINS = ("#if",)
_ARM_ENDS = ("#el", "#endif")


def is_directive(term: Term, words: tuple[str, ...]) -> bool:
    """Tell whether `term` is a line such as `#ifdef X` that the parser has taken for an entry of a list."""
    return not term.children and term.text.startswith(words)


def _behind_arms(members: Sequence[Term], index: int) -> int | None:
    """Return the place behind the `#endif` of the `#if` at `index`."""
    depth = 0
    for place in range(index, len(members)):
        depth += is_directive(members[place], ARM_BEGINS) - is_directive(members[place], ("#endif",))
        if depth == 0:
            return place + 1
    return None


def _holds_case_label(term: Term) -> bool:
    """Tell whether `term` is or holds a case label of the switch around it, as an `#ifdef` can."""
    if term.kind == CASE_LABEL:
        return True
    if "case" not in term.tokens and "default" not in term.tokens:
        return False
    pending = [term]
    while pending:
        below = pending.pop()
        if below.kind == CASE_LABEL:
            return True
        if below.kind != "switch_statement":
            pending += below.children
    return False
