# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches a compiled pattern against the members of a block, with backtracking.

A match says which bytes of the target each leaf of the pattern stands for, and what its metavariables are bound to.
All ways to match are found, so that the caller can report an ambiguous hunk instead of picking one match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND, Pattern
from qpatch.csource.syntax.term import BLOCKS, CASE_LABEL, Term
from qpatch.thresholds import thresholds

Bindings: TypeAlias = Mapping[str, Term]
# A linked list of (pattern term, target terms), newest first: cheap to share between alternatives.
_Pairs: TypeAlias = "tuple[Term, tuple[Term, ...], _Pairs] | None"
_State: TypeAlias = "tuple[Bindings, _Pairs]"


@dataclass(frozen=True)
class Match:
    """One way to match: `block` is the target block, `extents` gives (start, end) bytes per pattern leaf.

    An ELLIPSIS that stands for nothing has no extent; `bindings` maps metavariables to target terms.
    """

    block: Term
    items: tuple[Term, ...]
    extents: dict[Term, tuple[int, int]]
    bindings: Bindings


def matches_in(pattern: Pattern, block: Term, members: Sequence[Term], *, whole: bool = False) -> list[Match]:
    """Return all ways in which `pattern` matches a run of `members` (all of them if `whole`)."""
    found: list[Match] = []
    most = thresholds().limits.alternatives  # long before that, the hunk is hopelessly ambiguous
    for first in range(1 if whole else len(members) + 1):
        ways = _sequence(pattern.items, 0, members, first, ({}, None), open_end=not whole)
        for end, state in islice(ways, most):
            found.append(_match(block, tuple(members[first:end]), state))
    return found


def fits_whole(pattern: Term, target: Term) -> bool:
    """Tell whether one term of a pattern matches `target`, all of it."""
    return next(_term(pattern, target, ({}, None)), None) is not None


def nested_blocks(term: Term) -> Iterator[Term]:
    """Yield the blocks strictly below `term`."""
    for child in term.children:
        for candidate in child.below():
            if candidate.kind in BLOCKS:
                yield candidate


def same_code(left: Term, right: Term) -> bool:
    """Tell whether two terms are the same code, white space and comments aside."""
    return left.tokens == right.tokens


def _match(block: Term, items: tuple[Term, ...], state: _State) -> Match:
    bindings, pairs = state
    extents: dict[Term, tuple[int, int]] = {}
    while pairs is not None:
        pattern, targets, pairs = pairs
        if not targets:
            continue
        if pattern.kind in (ELLIPSIS_KIND, METAVARIABLE_KIND):
            extents[pattern] = (targets[0].start, targets[-1].end)
        else:
            for leaf, target in zip(pattern.leaves(), targets[0].leaves(), strict=True):
                extents[leaf] = (target.start, target.end)
    return Match(block, items, extents, bindings)


def _sequence(
    patterns: Sequence[Term],
    index: int,
    targets: Sequence[Term],
    position: int,
    state: _State,
    *,
    open_end: bool = False,
) -> Iterator[tuple[int, _State]]:
    """Yield (end, state) for each way in which patterns[index:] match targets[position:end]."""
    if index == len(patterns):
        if open_end or position == len(targets):
            yield position, state
        return
    pattern = patterns[index]
    if pattern.kind == ELLIPSIS_KIND:
        following = patterns[index + 1] if index + 1 < len(patterns) else None
        crosses = following is None or following.kind == CASE_LABEL or following.text == "}"
        for end in range(position, len(targets) + 1):
            if end > position and _closes_run(targets[end - 1], crosses):
                return
            skipped = (state[0], (pattern, tuple(targets[position:end]), state[1]))
            yield from _sequence(patterns, index + 1, targets, end, skipped, open_end=open_end)
        return
    if position < len(targets):
        for matched in _term(pattern, targets[position], state):
            yield from _sequence(patterns, index + 1, targets, position + 1, matched, open_end=open_end)


def _closes_run(skipped: Term, crosses: bool) -> bool:
    """Tell whether an ellipsis ends here: it skips a case label only if a label or the block's end follows it."""
    return skipped.text in ("{", "}") or (skipped.kind == CASE_LABEL and not crosses)


def _term(pattern: Term, target: Term, state: _State) -> Iterator[_State]:
    bindings, pairs = state
    if pattern.kind == METAVARIABLE_KIND:
        name = pattern.text[1:]
        if target.text in _PUNCTUATION:
            return
        if name not in bindings:
            yield {**bindings, name: target}, (pattern, (target,), pairs)
        elif same_code(bindings[name], target):
            yield bindings, (pattern, (target,), pairs)
        return
    if pattern.tokens == target.tokens:
        yield bindings, (pattern, (target,), pairs)
        return
    if not pattern.children or not target.children or pattern.kind != target.kind:
        return
    for _, matched in _sequence(pattern.children, 0, target.children, 0, state):
        yield matched


_PUNCTUATION = frozenset("{}()[];,:=")
