# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps of what is suggested for a miss on one tree only what breaks the edit on none of the trees given with it.

Where each tree needs its own hunk, both are suggested under `one-of:`, if that works on all of them.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.edit import HunkOperation
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
        """Return an outcome whose suggestion works on every tree where the edit works as it is, or has none."""
        result, edit = outcome.result, outcome.edit
        if not isinstance(result, Drifted | Ambiguous) or not result.suggestion or edit is None:
            return outcome
        fitting = [other for other in self._others if self._succeeded(outcome, other)]
        mended = list(mended_edits(edit, result.suggestion, ANCHOR_KINDS))
        broken = [other for other in fitting if not any(self._succeeds(each, other) for each in mended)]
        if not broken:
            return outcome
        for either in _with_both(edit, mended):
            if all(self._succeeds(either, each) for each in (self._tried, *fitting)):
                return replace(outcome, result=replace(result, suggestion=_one_of(either)))
        names = ", ".join(other.target.info.name for other in broken)
        advice = f"what would mend it here breaks it on {names}: tell the trees apart with `when:` or `one-of:`"
        known = "\n".join(filter(None, (result.advice, advice)))
        return replace(outcome, result=replace(result, suggestion="", advice=known))

    def _succeeded(self, outcome: EditOutcome, other: SeriesAttempt) -> bool:
        """Tell whether the edit of an outcome, as it is, succeeds on another tree."""
        return any(
            each.where == outcome.where and isinstance(each.result, Applied | AlreadyThere)
            for patch in other.patches
            for each in patch.edits
        )

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


def _with_both(edit: Edit, mended: Sequence[Edit]) -> Iterator[Edit]:
    """Yield the edit with its own hunks and a mended one."""
    for other in mended:
        if isinstance(edit.operation, HunkOperation) and isinstance(other.operation, HunkOperation):
            new = tuple(hunk for hunk in other.operation.hunks if hunk not in edit.operation.hunks)
            if new and other.anchor == edit.anchor:
                yield replace(edit, operation=HunkOperation((*edit.operation.hunks, *new)))


def _one_of(edit: Edit) -> str:
    assert isinstance(edit.operation, HunkOperation)
    return "one-of:\n" + "\n".join(map(_listed, edit.operation.hunks))


def _listed(hunk: Hunk) -> str:
    return "  - |2\n" + textwrap.indent(str(hunk), "    ")
