# SPDX-License-Identifier: GPL-2.0-or-later
"""Patches carried out in memory: what every edit ended as, what each patch changes, what becomes of the series.

The patches may come from a strategy or from anywhere else that says edits (an ordinary patch that is ported): what they
come from is known here only by each edit's `where`, a place in a file of the user's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.cells.base import Status
from qpatch.csource.apply import apply_edits
from qpatch.csource.results import Skipped
from qpatch.series.model import PlannedPatch
from qpatch.series.plan import Decision, EditOutcome, PatchOutcome, decide
from qpatch.strategy.bind import SkippedEdit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.workspace import EditWorkspace
    from qpatch.strategy.bind import BoundPatch


@dataclass(frozen=True)
class AttemptedPatches:
    """What patches come to on a tree, nothing written.

    `outcomes` has an entry for each patch up to the first that missed; `changes` holds, for each that did not miss, the
    new content of the files that it changes (None: the file goes away), `modes` the new modes among them.
    """

    outcomes: tuple[PatchOutcome, ...]
    changes: tuple[Mapping[str, bytes | None], ...]
    modes: tuple[Mapping[str, str], ...]
    decision: Decision

    def planned(self, patches: Sequence[BoundPatch]) -> tuple[PlannedPatch, ...]:
        """Return those of the attempted `patches` that the series keeps, as they are to be committed."""
        return tuple(
            PlannedPatch(patch.subject, patch.body, self.changes[index], patch.trailers, self.modes[index])
            for index in self.decision.kept
            for patch in [patches[index]]
        )


def attempt_patches(patches: Sequence[BoundPatch], workspace: EditWorkspace) -> AttemptedPatches:
    """Carry the edits of `patches` out in `workspace`, each patch on the result of the one before.

    Ends with the first patch that misses: what the next patches build on is not there then. Raises UserError where an
    edit makes no sense whatever the tree.
    """
    outcomes: list[PatchOutcome] = []
    changes: list[Mapping[str, bytes | None]] = []
    modes: list[Mapping[str, str]] = []
    for patch in patches:
        before = workspace.tree.copy()
        outcome = _attempt_patch(patch, workspace)
        outcomes.append(outcome)
        if outcome.missed or outcome.half_there:
            break
        changes.append(workspace.tree.changes_since(before))
        modes.append({path: mode for path, mode in workspace.tree.modes.items() if path in changes[-1]})
    return AttemptedPatches(tuple(outcomes), tuple(changes), tuple(modes), _decision(outcomes, patches, changes))


def _attempt_patch(patch: BoundPatch, workspace: EditWorkspace) -> PatchOutcome:
    results = iter(apply_edits(patch.edits, workspace))
    outcomes = tuple(
        EditOutcome(step.anchor, step.where, Skipped(step.reason))
        if isinstance(step, SkippedEdit)
        else EditOutcome(str(step.anchor), step.where, next(results), step)
        for step in patch.steps
    )
    return PatchOutcome(patch.subject, patch.partial, outcomes, patch.unwanted)


def _decision(
    outcomes: Sequence[PatchOutcome], patches: Sequence[BoundPatch], changes: Sequence[Mapping[str, bytes | None]]
) -> Decision:
    decision = decide(outcomes)
    for index in decision.kept:
        if not changes[index]:
            return Decision(Status.FAILED, f"patch {index + 1} ({patches[index].subject}) changes nothing")
    return decision
