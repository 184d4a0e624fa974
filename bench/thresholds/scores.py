# SPDX-License-Identifier: GPL-2.0-or-later
"""Scores of true and of false candidates for each drift, by the functions that qpatch itself uses.

`Scored` holds, for one drift, the score of what is true (None where the old thing is gone) and the best score of
anything else that qpatch would look at. From these, `table` counts what each threshold would let through.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.matching.compare import likeness
from qpatch.csource.operations.explain import runs_of_members
from qpatch.csource.text.explain import likeness as line_likeness
from qpatch.csource.tokens import IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.thresholds.drifts import LineDrift, ParsedRelease, Rename, StatementDrift
    from qpatch.csource.syntax.term import Term


class Scored(NamedTuple):
    """The scores of one drift: of the true candidate (None: there is none), and the best of a false one."""

    true: float | None
    false: float


class ScoreRow(NamedTuple):
    """What a threshold lets through, in percent of the drifts of its kind.

    `found`: the true candidate; `nearest`: that, and no false one is nearer; `false`: a false one, where the old thing
    was changed; `gone`: a false one, where it is gone.
    """

    threshold: float
    found: float
    nearest: float
    false: float
    gone: float


def table(scored: Sequence[Scored], thresholds: Iterable[float]) -> list[ScoreRow]:
    """Count what each threshold would let through."""
    changed = [(one.true, one.false) for one in scored if one.true is not None]
    gone = [one.false for one in scored if one.true is None]
    return [
        ScoreRow(
            least,
            _percent(true >= least for true, _ in changed),
            _percent(true >= least and true >= false for true, false in changed),
            _percent(false >= least for _, false in changed),
            _percent(false >= least for false in gone),
        )
        for least in thresholds
    ]


def _percent(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return round(100 * sum(counted) / max(1, len(counted)), 1)


def names(left: str, right: str) -> float:
    """Return how similar two names are, as `locate` compares them."""
    return SequenceMatcher(None, left, right).ratio()


def symbol_names(drifts: Iterable[Rename]) -> list[Scored]:
    """Score the names of functions that were renamed, or are gone, against those in the same folder."""
    return [
        Scored(
            names(drift.old.name, drift.new) if drift.new else None,
            max((names(drift.old.name, other) for other in drift.beside if other != drift.new), default=0.0),
        )
        for drift in drifts
    ]


def statements(drifts: Iterable[StatementDrift]) -> list[Scored]:
    """Score the statements that were changed, or are gone, against all others of their function."""
    return [
        Scored(
            likeness(drift.old.tokens, drift.new.tokens) if drift.new else None,
            max((likeness(drift.old.tokens, tokens) for tokens in _others(drift)), default=0.0),
        )
        for drift in drifts
    ]


def _others(drift: StatementDrift) -> Iterator[tuple[str, ...]]:
    """Yield the tokens of the runs that the explanation of a miss compares, without the true one."""
    for members in runs_of_members(drift.function.body, 1):
        if drift.new is None or members[-1].end <= drift.new.start or drift.new.end <= members[0].start:
            yield tuple(token for member in members for token in member.tokens)


def removed_names(drifts: Iterable[StatementDrift], new: ParsedRelease) -> list[Scored]:
    """Score the identifiers of changed and of gone statements that the new release has nowhere, against its function.

    True is the identifier that stands in the new statement in the place of the old one.
    """
    scored = []
    for drift in drifts:
        here = {token for token in drift.function.body.tokens if IDENTIFIER.fullmatch(token)}
        swapped = _swapped(drift.old, drift.new) if drift.new is not None else {}
        for name in {token for token in drift.old.tokens if IDENTIFIER.fullmatch(token)} - new.words:
            if drift.new is None or name in swapped:
                true = names(name, swapped[name]) if name in swapped else None
                others = (names(name, other) for other in here if other != swapped.get(name))
                scored.append(Scored(true, max(others, default=0.0)))
    return scored


def _swapped(old: Term, new: Term) -> dict[str, str]:
    """Return the identifiers of `old` that one other identifier of `new` stands in the place of."""
    found = {}
    for kind, low, high, first, last in SequenceMatcher(None, old.tokens, new.tokens, autojunk=False).get_opcodes():
        if kind == "replace" and high - low == last - first == 1:
            found[old.tokens[low]] = new.tokens[first]
    return {name: other for name, other in found.items() if IDENTIFIER.fullmatch(other)}


def lines(drifts: Iterable[LineDrift]) -> list[Scored]:
    """Score the lines of text files that were changed, or are gone, against all others of their file."""
    return [
        Scored(
            line_likeness(drift.old, drift.new) if drift.new else None,
            max((line_likeness(drift.old, other) for other in drift.others), default=0.0),
        )
        for drift in drifts
    ]


def text_names(drifts: Iterable[LineDrift]) -> list[Scored]:
    """Score the names of trace events that were renamed (the rest of the line stayed), or are gone."""
    scored = []
    for drift in drifts:
        old, rest = _event(drift.old)
        new, other = _event(drift.new)
        present = {name for name, _ in map(_event, drift.others) if name}
        if old and old not in present and (not drift.new or (new and new != old and other == rest)):
            others = (line_likeness(old.lower(), name.lower()) for name in present if name != new)
            true = line_likeness(old.lower(), new.lower()) if drift.new else None
            scored.append(Scored(true, max(others, default=0.0)))
    return scored


def _event(line: str) -> tuple[str, str]:
    """Return the name of the trace event that a line declares, '' for none, and the rest of the line."""
    name, bracket, rest = line.partition("(")
    return (name.split()[-1] if bracket and name.split() and rest.endswith('"') else ""), rest
