# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches a compiled pattern against the members of a block, with backtracking.

A match says which bytes of the target each leaf of the pattern stands for, and what its metavariables are bound to.
All ways to match are found, so that the caller can report an ambiguous hunk instead of picking one match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeAlias

from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND, Pattern
from qpatch.csource.syntax.term import BLOCKS, CASE_LABEL, Term
from qpatch.thresholds import thresholds

Bindings: TypeAlias = Mapping[str, Term]
# A linked list of (pattern term, target terms), newest first: cheap to share between alternatives.
_Pairs: TypeAlias = "tuple[Term, tuple[Term, ...], _Pairs] | None"
_State: TypeAlias = "tuple[Bindings, _Pairs]"


class _Run(NamedTuple):
    """What is left to match: patterns[done:] with targets[position:], then `parent`, the run around it.

    `skipped_from` is the first target that the ellipsis at `done`, if that is one, stands for.
    """

    patterns: Sequence[Term]
    targets: Sequence[Term]
    done: int = 0
    position: int = 0
    skipped_from: int = 0
    parent: _Run | None = None

    def advanced(self) -> _Run:
        """Return the run after one pattern has matched one target."""
        return self._at(self.done + 1, self.position + 1)

    def past_ellipsis(self) -> _Run:
        """Return the run after the ellipsis at `done` has ended."""
        return self._at(self.done + 1, self.position)

    def skipping(self) -> _Run:
        """Return the run after the ellipsis at `done` has skipped one target more."""
        return _Run(self.patterns, self.targets, self.done, self.position + 1, self.skipped_from, self.parent)

    def _at(self, done: int, position: int) -> _Run:
        return _Run(self.patterns, self.targets, done, position, position, self.parent)


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
        ways = _ways(_Run(pattern.items, members, 0, first, first), open_end=not whole)
        for end, state in islice(ways, most):
            found.append(_match(block, tuple(members[first:end]), state))
    return found


def fits_whole(pattern: Term, target: Term) -> bool:
    """Tell whether one term of a pattern matches `target`, all of it."""
    return next(_ways(_Run((pattern,), (target,)), open_end=False), None) is not None


def nested_blocks(term: Term) -> Iterator[Term]:
    """Yield the blocks strictly below `term`."""
    return (below for below in islice(term.below(), 1, None) if below.kind in BLOCKS)


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


def _ways(run: _Run, *, open_end: bool) -> Iterator[tuple[int, _State]]:
    """Yield (end, state) for each way to match `run`, the shortest ellipses first.

    With `open_end` targets may be left over at the end. What is still to be tried is kept here, not on the
    interpreter's stack: neither deep nor long code may exhaust that.
    """
    untried: list[tuple[_Run, _State]] = [(run, ({}, None))]
    while untried:
        run, state = untried.pop()
        if run.done < len(run.patterns):
            untried += reversed(_steps(run, state))
        elif run.parent is None and (open_end or run.position == len(run.targets)):
            yield run.position, state
        elif run.parent is not None and run.position == len(run.targets):
            untried.append((run.parent, state))


def _steps(run: _Run, state: _State) -> list[tuple[_Run, _State]]:
    """Return the ways to go on at the next term of the pattern, the one to try first at the beginning."""
    pattern = run.patterns[run.done]
    if pattern.kind == ELLIPSIS_KIND:
        return _ellipsis_steps(pattern, run, state)
    if run.position == len(run.targets):
        return []
    target = run.targets[run.position]
    matched = _leaf_step(pattern, target, state)
    if matched is not None:
        return [(run.advanced(), matched)]
    if not pattern.children or not target.children or pattern.kind != target.kind:
        return []
    return [(_Run(pattern.children, target.children, parent=run.advanced()), state)]


def _ellipsis_steps(pattern: Term, run: _Run, state: _State) -> list[tuple[_Run, _State]]:
    """Let an ellipsis end here, or skip one target more."""
    skipped = tuple(run.targets[run.skipped_from : run.position])
    ended = (run.past_ellipsis(), (state[0], (pattern, skipped, state[1])))
    following = run.patterns[run.done + 1] if run.done + 1 < len(run.patterns) else None
    crosses = following is None or following.kind == CASE_LABEL or following.text == "}"
    if run.position == len(run.targets) or _closes_run(run.targets[run.position], crosses):
        return [ended]
    return [ended, (run.skipping(), state)]


def _closes_run(skipped: Term, crosses: bool) -> bool:
    """Tell whether an ellipsis ends here: it skips a case label only if a label or the block's end follows it."""
    return skipped.text in ("{", "}") or (skipped.kind == CASE_LABEL and not crosses)


def _leaf_step(pattern: Term, target: Term, state: _State) -> _State | None:
    """Match a metavariable, or the same code; None where `target` is neither (which its children may decide)."""
    bindings, pairs = state
    matched = (pattern, (target,), pairs)
    if pattern.kind != METAVARIABLE_KIND:
        return (bindings, matched) if pattern.tokens == target.tokens else None
    name = pattern.text[1:]
    if target.text in _PUNCTUATION:
        return None
    if name not in bindings:
        return {**bindings, name: target}, matched
    return (bindings, matched) if same_code(bindings[name], target) else None


_PUNCTUATION = frozenset("{}()[];,:=")
