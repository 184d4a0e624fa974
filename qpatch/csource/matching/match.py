# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches a compiled pattern against the members of a block.

A match says which bytes of the target each leaf of the pattern stands for, and what its metavariables are bound to.
An ellipsis can stretch in as many ways as the block has members; what a caller needs is one match for each *edit* that
the hunk could make, so that it can report an ambiguous hunk instead of picking one place. All ways are followed at
once, step by step, and those that agree in what decides the edit are one from there on: the work grows with the
members times the steps, and not with the number of ways. A bound (`limits.match_steps`) ends the rest with an error.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from qpatch.csource.matching.frame import ARM_BEGINS, PARENTHESES, Frame, is_directive
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND, Pattern
from qpatch.csource.matching.program import Do, Program, Step, has_placeholder, program_of
from qpatch.csource.matching.runs import runs_at, without_parentheses
from qpatch.csource.matching.types import types_at
from qpatch.csource.syntax.term import BLOCKS, Term
from qpatch.errors import UserError
from qpatch.thresholds import thresholds

Bindings: TypeAlias = Mapping[str, Term]


@dataclass(frozen=True)
class Match:
    """One edit that a hunk can make: `block` is the target block, `extents` gives (start, end) bytes per pattern leaf.

    An ELLIPSIS that stands for nothing has no extent; `bindings` maps metavariables to target terms. Of the ways to
    match that lead to the same edit, this is the one that begins first, with ellipses as short as they can be.
    """

    block: Term
    items: tuple[Term, ...]
    extents: dict[Term, tuple[int, int]]
    bindings: Bindings

    @property
    def extent(self) -> tuple[int, int]:
        """The bytes from the first item to the last; those of the block where there is no item."""
        return (self.items[0].start, self.items[-1].end) if self.items else (self.block.start, self.block.end)


class TooManyWaysError(UserError):
    """A pattern that fits in more ways than are looked at."""

    def __init__(self, count: int, what: str) -> None:
        super().__init__(
            "too-many-ways",
            f"the hunk fits in too many ways: looking at them was given up after {count} {what}",
            hint="show more lines beside the changed ones, and use fewer `...`",
        )


def matches_in(
    pattern: Pattern, block: Term, members: Sequence[Term], *, whole: bool = False, in_arms: bool = False
) -> list[Match]:
    """Return a match for each edit that `pattern` can make in a run of `members` (all of them if `whole`).

    A match shows the `#if` of each arm whose entries it holds, unless `in_arms` allows others as well. Raises
    TooManyWaysError.
    """
    search = _Search(members, whole=whole, in_arms=in_arms)
    program = program_of(pattern.items, pattern.decisive_leaves(), pattern.written)
    most = thresholds().limits.alternatives
    found = search.run(program)
    if len(found) > most:
        raise TooManyWaysError(most, "edits that it could make")
    return [_match(block, search.top, way) for way in found]


def fits_in(pattern: Pattern, members: Sequence[Term], *, whole: bool = False) -> bool:
    """Tell whether `pattern` matches a run of `members` (all of them if `whole`). Raises TooManyWaysError."""
    return _fits(pattern.items, members, whole=whole)


def fits_whole(pattern: Term, target: Term) -> bool:
    """Tell whether one term of a pattern matches `target`, all of it. Raises TooManyWaysError."""
    if pattern.kind == METAVARIABLE_KIND:
        return can_be_bound(target)
    if pattern.tokens == target.tokens:
        return True
    return has_placeholder(pattern) and pattern.kind == target.kind and _fits((pattern,), [target], whole=True)


def _fits(items: Sequence[Term], members: Sequence[Term], *, whole: bool) -> bool:
    return bool(_Search(members, whole=whole).run(program_of(items, frozenset(), frozenset())))


def nested_blocks(term: Term) -> Iterator[Term]:
    """Yield the blocks strictly below `term`."""
    return (below for below in islice(term.below(), 1, None) if below.kind in BLOCKS)


def same_code(left: Term, right: Term) -> bool:
    """Tell whether two terms are the same code, white space and comments aside."""
    return left.tokens == right.tokens


# What has been decided so far, as an interned number, and the bindings that still matter: name and target term.
_Known: TypeAlias = "tuple[int, tuple[tuple[str, Term], ...]]"
_Place: TypeAlias = "tuple[Frame, int, _Known]"
# How a place was reached: a step, the frame, the members [first, last) it stands for, and how that was reached.
_Way: TypeAlias = "tuple[Step, Frame, int, int, _Way] | None"
_Places: TypeAlias = "dict[_Place, _Way]"


class _Search:
    """Carries out the steps of a program on all places at once, the places in order of preference."""

    def __init__(self, members: Sequence[Term], *, whole: bool, in_arms: bool = False) -> None:
        self.top = Frame(members, in_arms=in_arms)
        self._whole = whole
        self._in_arms = in_arms
        self._decided: dict[tuple[int, int, int], int] = {}
        self._frames: dict[Term, Frame] = {}
        self._alike: dict[tuple[str, ...], Term] = {}
        self._work = 0

    def run(self, program: Program) -> list[_Way]:
        """Return one way for each edit. Raises TooManyWaysError."""
        carry_out = {
            Do.TAKE: self._take,
            Do.BIND: self._bind,
            Do.SKIP: self._skip,
            Do.ENTER: self._enter,
            Do.LEAVE: self._leave,
        }
        places: _Places = {(self.top, first, (0, ())): None for first in self._starts()}
        for step in program.steps:
            places = carry_out[step.do](step, places)
            self._work += len(places)
            self._check(self._work)
        edits: dict[_Known, _Way] = {}
        for (_, index, known), way in places.items():
            if not self._whole or index == len(self.top.members):
                edits.setdefault(known, way)
        return list(edits.values())

    def _starts(self) -> list[int]:
        """Return where a match may begin: not inside an `#if` arm, which it would not show."""
        if self._whole:
            return [0]
        members = self.top.members
        if self._in_arms:
            return list(range(len(members) + 1))
        starts, depth = [], 0
        for index, member in enumerate(members):
            if depth == 0:
                starts.append(index)
            depth += is_directive(member, ARM_BEGINS) - is_directive(member, ("#endif",))
        return [*starts, len(members)]

    def _check(self, work: int) -> None:
        if work > thresholds().limits.match_steps:
            raise TooManyWaysError(thresholds().limits.match_steps, "steps")

    def _known(self, step: Step, known: _Known, start: int, end: int) -> _Known:
        if not step.decides:
            return known
        key = (known[0], start, end)
        return self._decided.setdefault(key, len(self._decided) + 1), known[1]

    def _take(self, step: Step, places: _Places) -> _Places:
        wanted = step.term.tokens
        found: _Places = {}
        for (frame, index, known), way in places.items():
            if index < len(frame.members) and (target := frame.members[index]).tokens == wanted:
                key = (frame, index + 1, self._known(step, known, target.start, target.end))
                found.setdefault(key, (step, frame, index, index + 1, way))
        return found

    def _bind(self, step: Step, places: _Places) -> _Places:
        found: _Places = {}
        for (frame, index, known), way in places.items():
            for target, holder, at, behind, goes_on in self._bindable(step, frame, index):
                bound = self._bound(step, known, target)
                if bound is not None:
                    key = (behind, goes_on, self._known(step, bound, target.start, target.end))
                    found.setdefault(key, (step, holder, at, at + 1, way))
        return found

    def _bindable(self, step: Step, frame: Frame, index: int) -> Iterator[tuple[Term, Frame, int, Frame, int]]:
        """Yield what a metavariable can stand for: the term, where it is, and where the search goes on behind it."""
        target = frame.members[index] if index < len(frame.members) else None
        if target is not None and can_be_bound(target):
            yield target, frame, index, frame, index + 1
        if step.is_type and target is not None:
            for written in types_at(frame.members, index):
                behind = Frame(written.behind, frame.outer, frame.behind)
                yield written.term, Frame([written.term], frame, index + 1), 0, behind, 0
        for run in runs_at(step.term, frame.members, index):
            goes_on = index + len(run.children)
            yield run, Frame([run], frame, goes_on), 0, frame, goes_on

    def _bound(self, step: Step, known: _Known, target: Term) -> _Known | None:
        """Return what is known once the metavariable stands for `target`; None where it stands for other code.

        Parentheses around it, which are written where its place asks for them, make no difference.
        """
        name = step.term.text[1:]
        same = self._alike.setdefault(without_parentheses(target.tokens), target)
        bindings = dict(known[1])
        if bindings.setdefault(name, same) is not same:
            return None
        return known[0], tuple((other, term) for other, term in bindings.items() if other in step.keep)

    def _skip(self, step: Step, places: _Places) -> _Places:
        """Go on at every later place where the next step can; a place that was reached before is not left twice."""
        found: _Places = {}
        done: dict[tuple[Frame, int, _Known], int] = {}
        for (frame, first, known), way in places.items():
            chains = frame.chains(step.crosses)
            candidates = self._candidates(step, frame, first)
            key = (frame, chains[first], known)
            last = done.get(key, len(chains))
            for index in range(bisect_left(candidates, first), bisect_left(candidates, last)):
                if chains[end := candidates[index]] == chains[first]:
                    after = self._known_after_skip(step, known, frame, first, end)
                    found.setdefault((frame, end, after), (step, frame, first, end, way))
            if not step.decides:
                done[key] = min(first, last)
            self._check(self._work + len(found))
        return found

    def _candidates(self, step: Step, frame: Frame, first: int) -> Sequence[int]:
        """Return where an ellipsis that begins at `first` may end, as far as the step behind it tells."""
        if step.following is not None or step.decides:
            return frame.places_for(step.following)
        return (len(frame.members),) if self._whole else (first,)

    def _known_after_skip(self, step: Step, known: _Known, frame: Frame, first: int, end: int) -> _Known:
        if not step.decides or first == end:
            return known
        return self._known(step, known, frame.members[first].start, frame.members[end - 1].end)

    def _enter(self, step: Step, places: _Places) -> _Places:
        found: _Places = {}
        for (frame, index, known), way in places.items():
            inner = self._inner(step.term, frame, index) if index < len(frame.members) else None
            if inner is not None:
                found.setdefault((inner, 0, known), way)
        return found

    def _inner(self, pattern: Term, frame: Frame, index: int) -> Frame | None:
        """Return what `pattern` goes into at a place, None where it is of another kind."""
        target = frame.members[index]
        if target in self._frames:
            return self._frames[target]
        if target.kind == pattern.kind and target.children:
            self._frames[target] = Frame(target.children, frame, index + 1)
        elif pattern.kind == PARENTHESES and target.text == "(":  # Those around a type are no term of their own.
            self._frames[target] = Frame(frame.members[index : index + 3], frame, index + 3)
        return self._frames.get(target)

    def _leave(self, step: Step, places: _Places) -> _Places:  # noqa: ARG002 - every step has the same form
        found: _Places = {}
        for (frame, index, known), way in places.items():
            if index == len(frame.members) and frame.outer is not None:
                found.setdefault((frame.outer, frame.behind, known), way)
        return found


def can_be_bound(target: Term) -> bool:
    """Tell whether a metavariable may stand for `target`."""
    return target.text not in _PUNCTUATION


_PUNCTUATION = frozenset("{}()[];,:=")


def _match(block: Term, top: Frame, way: _Way) -> Match:
    """Return the match that `way` leads to; `top` holds the members that it begins and ends among."""
    bindings: dict[str, Term] = {}
    extents: dict[Term, tuple[int, int]] = {}
    reached: list[int] = []
    while way is not None:
        step, frame, first, last, way = way
        targets = frame.members[first:last]
        reached += (last, first) if frame is top else _around(frame, top)
        if step.term.kind == METAVARIABLE_KIND:
            bindings[step.term.text[1:]] = targets[0]
        if step.term.kind in (ELLIPSIS_KIND, METAVARIABLE_KIND):
            if targets:
                extents[step.term] = (targets[0].start, targets[-1].end)
        else:
            for leaf, target in zip(step.term.leaves(), targets[0].leaves(), strict=True):
                extents[leaf] = (target.start, target.end)
    return Match(block, tuple(top.members[min(reached, default=0) : max(reached, default=0)]), extents, bindings)


def _around(frame: Frame, top: Frame) -> tuple[int, int]:
    """Return the place of the member of `top` that `frame` is inside."""
    while frame.outer is not None and frame.outer is not top:
        frame = frame.outer
    return frame.behind - 1, frame.behind
