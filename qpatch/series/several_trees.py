# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps of what is suggested for a miss on one tree only what goes with the trees given with it.

A change that breaks the edit on one of them is no suggestion. Where each tree needs its own hunk, all are suggested
under `one-of:`, if that works on all of them; where each has another number of places, the number that goes with all.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.edit import EverywhereOperation, HunkOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.operations.mends import mended_edits
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.errors import UserError
from qpatch.series.render import attempt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.series.plan import EditOutcome, SeriesAttempt
    from qpatch.strategy.load import LoadedStrategy


def suggest_for_all(
    strategy: LoadedStrategy, tried: SeriesAttempt, others: Sequence[SeriesAttempt], parameters: Mapping[str, object]
) -> SeriesAttempt:
    """Return what `strategy` came to on a tree, with suggestions that break none of `others`, it on further trees."""
    trees = _Trees(strategy, tried, others, parameters)
    patches = tuple(
        replace(patch, edits=tuple(map(trees.checked, patch.edits))) if patch.missed else patch
        for patch in tried.patches
    )
    return replace(tried, patches=patches)


class _Trees:
    """The tree of a miss, and those given with it."""

    def __init__(
        self,
        strategy: LoadedStrategy,
        tried: SeriesAttempt,
        others: Sequence[SeriesAttempt],
        parameters: Mapping[str, object],
    ) -> None:
        self._strategy = strategy
        self._tried = tried
        self._others = others
        self._parameters = parameters

    def checked(self, outcome: EditOutcome) -> EditOutcome:
        """Return an outcome with what is suggested as it goes with all trees, or with what keeps it from that."""
        result, edit = outcome.result, outcome.edit
        if not isinstance(result, Drifted | Ambiguous) or edit is None:
            return outcome
        counts = self._counts(outcome)
        if len(set(counts.values())) > 1:
            return replace(outcome, result=replace(result, suggestion="", advice=_of_counts(edit, counts)))
        return self._checked_suggestion(outcome, edit, result) if result.suggestion else outcome

    def _checked_suggestion(self, outcome: EditOutcome, edit: Edit, result: Drifted | Ambiguous) -> EditOutcome:
        """Return an outcome whose suggestion works on every tree where the edit works as it is, or has none."""
        fitting = [other for other in self._others if self._succeeded(outcome, other)]
        mended = list(mended_edits(edit, result.suggestion, ANCHOR_KINDS))
        theirs = self._mended_elsewhere(outcome)
        concerned = [*fitting, *(other for other, _ in theirs)]
        broken = [other for other in concerned if not any(self._succeeds(each, other) for each in mended)]
        if not broken:
            return outcome
        for either in _alternatives(edit, mended, [each for _, edits in theirs for each in edits], bool(fitting)):
            if all(self._succeeds(either, each) for each in (self._tried, *concerned)):
                return replace(outcome, result=replace(result, suggestion=_hunks_of(either)))
        return replace(outcome, result=_with_doubt(result, broken, breaks=any(each in fitting for each in broken)))

    def _mended_elsewhere(self, outcome: EditOutcome) -> list[tuple[SeriesAttempt, list[Edit]]]:
        """Return the other trees on which the edit misses and a change of it is known, with the changed edits."""
        found = []
        for other in self._others:
            again = _outcome_on(other, outcome)
            if again is None or again.edit is None or not isinstance(again.result, Drifted | Ambiguous):
                continue
            mended = list(mended_edits(again.edit, again.result.suggestion, ANCHOR_KINDS))
            found += [(other, mended)] if mended else []
        return found

    def _counts(self, outcome: EditOutcome) -> dict[str, int]:
        """Return how many places the edit fits on each tree, where that is known and wrong on the tree of the miss."""
        if _fits(outcome) is None:
            return {}
        found = {self._tried.target.info.name: _fits(outcome)}
        for other in self._others:
            again = _outcome_on(other, outcome)
            found[other.target.info.name] = _fits(again) if again is not None else None
        return {name: count for name, count in found.items() if count is not None}

    def _succeeded(self, outcome: EditOutcome, other: SeriesAttempt) -> bool:
        """Tell whether the edit of an outcome, as it is, succeeds on another tree."""
        again = _outcome_on(other, outcome)
        return again is not None and isinstance(again.result, Applied | AlreadyThere)

    def _succeeds(self, edit: Edit, on: SeriesAttempt) -> bool:
        try:
            again = attempt(self._strategy, on.target, self._parameters, {edit.where: edit})
        except UserError:  # what fits one tree need not be an edit on another, whose templates say otherwise
            return False
        return any(
            each.where == edit.where and isinstance(each.result, Applied | AlreadyThere)
            for patch in again.patches
            for each in patch.edits
        )


def _outcome_on(other: SeriesAttempt, outcome: EditOutcome) -> EditOutcome | None:
    """Return what the edit of an outcome came to on another tree."""
    outcomes = (each for patch in other.patches for each in patch.edits)
    return next((each for each in outcomes if each.where == outcome.where), None)


def _fits(outcome: EditOutcome) -> int | None:
    """Return how many places an edit fits on its tree: all that it was made at, or all where only that is wrong."""
    if isinstance(outcome.result, Applied):
        return outcome.result.count
    return outcome.result.fits if isinstance(outcome.result, Drifted | Ambiguous) else None


def _of_counts(edit: Edit, counts: Mapping[str, int]) -> str:
    """Say what goes with trees of which each has another number of places."""
    told = ", ".join(f"{count} on {name}" for name, count in counts.items())
    if isinstance(edit.operation, EverywhereOperation):
        return (
            f"the places are not as many on each tree ({told}): look at each of them, then write "
            f"`at-least: {min(counts.values())}`, or an edit for each tree with `when:`"
        )
    return (
        f"the hunk does not fit as many places on each tree ({told}): add lines of context that only the wanted places "
        "have, or write an edit for each tree with `when:`"
    )


def _with_doubt(result: Drifted | Ambiguous, broken: Sequence[SeriesAttempt], *, breaks: bool) -> Drifted | Ambiguous:
    """Return a miss with the trees on which its suggestion does no good; `breaks`: where it does harm, it goes."""
    names = ", ".join(other.target.info.name for other in broken)
    advice = (
        f"what would mend it here breaks it on {names}: tell the trees apart with `when:` or `one-of:`"
        if breaks
        else f"what mends it here does not on {names}: tell the trees apart with `when:`"
    )
    known = "\n".join(filter(None, (result.advice, advice)))
    return replace(result, suggestion="" if breaks else result.suggestion, advice=known)


def _alternatives(edit: Edit, mended: Sequence[Edit], theirs: Sequence[Edit], keeps_own: bool) -> Iterator[Edit]:
    """Yield edits that may go with all trees: as another tree has it, then with one hunk for each tree.

    `keeps_own`: the edit's own hunks fit one of them, so they stay.
    """
    if not isinstance(edit.operation, HunkOperation):
        return
    own = edit.operation.hunks
    new = [_new_hunks(edit, other) for other in (*mended, *theirs)]
    yield from (other for other in theirs if not keeps_own and other.anchor == edit.anchor)
    kept = own if keeps_own or own[1:] else ()
    for hunks in new[: len(mended)]:
        together = tuple(dict.fromkeys([*kept, *hunks, *(hunk for each in new[len(mended) :] for hunk in each)]))
        if hunks and together[1:]:
            yield replace(edit, operation=HunkOperation(together))


def _new_hunks(edit: Edit, other: Edit) -> tuple[Hunk, ...]:
    """Return the hunks of a changed edit that the edit does not have; none where it has another anchor."""
    if not isinstance(edit.operation, HunkOperation) or not isinstance(other.operation, HunkOperation):
        return ()
    own = edit.operation.hunks
    return tuple(hunk for hunk in other.operation.hunks if hunk not in own) if other.anchor == edit.anchor else ()


def _hunks_of(edit: Edit) -> str:
    """Return the hunks of an edit as a suggestion."""
    assert isinstance(edit.operation, HunkOperation)
    hunks = edit.operation.hunks
    return "one-of:\n" + "\n".join(map(_listed, hunks)) if hunks[1:] else f"write the hunk so:\n{hunks[0]}"


def _listed(hunk: Hunk) -> str:
    return "  - |2\n" + textwrap.indent(str(hunk), "    ")
