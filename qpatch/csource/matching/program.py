# SPDX-License-Identifier: GPL-2.0-or-later
"""A pattern as a list of steps, carried out one after the other by `match`, with no recursion over the pattern.

A step takes words as they are, binds a metavariable, skips what an ellipsis stands for, or goes into a term or out of
it. The steps also say what tells two ways to match apart: ways that lead to the same edit are one.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND
from qpatch.csource.syntax.term import CASE_LABEL, Term
from qpatch.csource.tokens import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Sequence

DECLARING = frozenset({"declaration", "parameter_declaration", "field_declaration", "type_descriptor"})
QUALIFIERS = frozenset({"type_qualifier", "storage_class_specifier"})
_ARM_ENDS = ("#endif", "#else", "#elif")


class Do(enum.Enum):
    """What a step does with the place in the target that has been reached."""

    TAKE = enum.auto()
    BIND = enum.auto()
    SKIP = enum.auto()
    ENTER = enum.auto()
    LEAVE = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step for the pattern's `term`.

    `decides`: where the step ends up is part of the edit. `crosses`: a SKIP may pass a case label. `following`: what
    comes after a SKIP. `is_type`: a BIND stands where a declaration has its type. `keep`: the metavariables whose
    binding still matters after a BIND.
    """

    do: Do
    term: Term
    decides: bool = False
    crosses: bool = False
    following: Step | None = None
    is_type: bool = False
    keep: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Program:
    """The steps of a pattern, in order."""

    steps: tuple[Step, ...]


def program_of(items: Sequence[Term], decisive: frozenset[Term], written: frozenset[str]) -> Program:
    """Return the steps that match the `items` of a pattern.

    `decisive` are the leaves whose places tell ways to match apart, `written` the metavariables whose bindings do.
    """
    steps = _Compiler(decisive).steps(items)
    return Program(tuple(_with_outlook(steps, written)))


class _Compiler:
    """Turns terms into steps; `_pending` holds what is still to do, the next one last."""

    def __init__(self, decisive: frozenset[Term]) -> None:
        self._decisive = decisive
        self._pending: list[Step | tuple[Term, Term | None]] = []
        self._steps: list[Step] = []

    def steps(self, items: Sequence[Term]) -> list[Step]:
        self._push(items)
        while self._pending:
            work = self._pending.pop()
            if isinstance(work, Step):
                self._steps.append(work)
            else:
                self._add(*work)
        return self._steps

    def _push(self, terms: Sequence[Term]) -> None:
        following = [*terms[1:], None]
        self._pending += reversed(list(zip(terms, following, strict=True)))

    def _add(self, term: Term, following: Term | None) -> None:
        if term.kind == ELLIPSIS_KIND:
            self._skip(term, following)
        elif term.kind == METAVARIABLE_KIND:
            self._steps.append(Step(Do.BIND, term, term in self._decisive, is_type=_is_type(term)))
        elif has_placeholder(term):
            self._steps.append(Step(Do.ENTER, term))
            self._pending.append(Step(Do.LEAVE, term))
            self._push(term.children)
        else:
            decides = any(leaf in self._decisive for leaf in term.leaves())
            self._steps.append(Step(Do.TAKE, term, decides))

    def _skip(self, term: Term, following: Term | None) -> None:
        """Add a SKIP; several in a row are one, which the last of them describes."""
        if self._steps and self._steps[-1].do is Do.SKIP and not self._steps[-1].decides:
            self._steps.pop()
        self._steps.append(Step(Do.SKIP, term, term in self._decisive, _crosses(following)))


def has_placeholder(term: Term) -> bool:
    """Tell whether `term` has children of which some stand for other code."""
    return bool(term.children) and any(map(is_placeholder, term.tokens))


def _is_type(term: Term) -> bool:
    """Tell whether a metavariable stands where a declaration has its type, behind nothing but qualifiers."""
    if term.parent is None or term.parent.kind not in DECLARING:
        return False
    siblings = term.parent.children
    place = siblings.index(term)
    before = siblings[:place]
    return place + 1 < len(siblings) and all(child.kind in QUALIFIERS for child in before)


def _crosses(following: Term | None) -> bool:
    """Tell whether an ellipsis may pass case labels: where a label or the end of the block follows it."""
    return (
        following is None
        or following.kind == CASE_LABEL
        or following.text == "}"
        or following.tokens[:1] in [(word,) for word in _ARM_ENDS]
    )


def _with_outlook(steps: Sequence[Step], written: frozenset[str]) -> list[Step]:
    """Say at each SKIP what follows, and at each BIND which metavariables are looked at later."""
    live, result = written, []
    for step in reversed(steps):
        if step.do is Do.BIND:
            result.append(replace(step, keep=live))
            live |= {step.term.text[1:]}
        else:
            result.append(replace(step, following=result[-1]) if step.do is Do.SKIP and result else step)
    return result[::-1]
