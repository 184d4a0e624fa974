# SPDX-License-Identifier: GPL-2.0-or-later
"""Patches carried out in memory: what every edit ended as, what each patch changes, what becomes of the series.

The patches may come from a strategy or from anywhere else that says edits (an ordinary patch that is ported): what they
come from is known here only by each edit's `where`, a place in a file of the user's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Candidate, Drifted, Skipped, SourcePlace
from qpatch.series.dependence import builds_on, stands_in_missed
from qpatch.series.model import PlannedPatch
from qpatch.series.plan import Decision, EditOutcome, PatchOutcome, decide
from qpatch.strategy.bind import SkippedEdit, UndecidedEdit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.results import EditResult
    from qpatch.csource.workspace import EditWorkspace
    from qpatch.strategy.bind import BoundPatch

_NOTHING_LEFT = "done and undone again: the tree is as this leaves it"
_TO_DECIDE = "look at that place, and let the query or the condition say what such code means"


@dataclass(frozen=True)
class AttemptedPatches:
    """What patches come to on a tree, nothing written.

    `outcomes` has an entry for each patch; `changes` holds, for each, the new content of the files that it changes
    (None: the file goes away), `modes` the new modes among them. What a missed patch changes is there for the next.
    """

    outcomes: tuple[PatchOutcome, ...]
    changes: tuple[Mapping[str, bytes | None], ...]
    modes: tuple[Mapping[str, str], ...]
    decision: Decision

    def planned(self, patches: Sequence[BoundPatch]) -> tuple[PlannedPatch, ...]:
        """Return those of the attempted `patches` that the series keeps, as they are to be committed."""
        return tuple(
            PlannedPatch(
                patch.subject, patch.body, self.changes[index], patch.trailers, self.modes[index], patch.picked
            )
            for index in self.decision.kept
            for patch in [patches[index]]
        )


def attempt_patches(patches: Sequence[BoundPatch], workspace: EditWorkspace) -> AttemptedPatches:
    """Carry the edits of `patches` out in `workspace`, each patch on the result of the one before.

    All of them are tried, so that all misses are known at once: a patch that misses leaves behind what could be applied
    of it, and an edit that builds on what could not says so. Raises UserError where an edit makes no sense whatever the
    tree.
    """
    from qpatch.csource.own_work import workspace_of_series  # only here: what is remembered needs no engine

    workspace = workspace_of_series([edit for patch in patches for edit in patch.edits], workspace)
    start = workspace.tree.copy()
    outcomes: list[PatchOutcome] = []
    changes: list[Mapping[str, bytes | None]] = []
    modes: list[Mapping[str, str]] = []
    for patch in patches:
        before = workspace.tree.copy()
        outcome = _attempt_patch(patch, outcomes, workspace)
        changes.append(workspace.tree.changes_since(before))
        outcomes.append(outcome if changes[-1] or outcome.missed else _cancelled(outcome))
        modes.append({path: mode for path, mode in workspace.tree.modes.items() if path in changes[-1]})
    if not any(outcome.missed for outcome in outcomes) and not workspace.tree.changes_since(start):
        outcomes = [_cancelled(outcome) for outcome in outcomes]
    judged = _without_repetitions(outcomes, workspace)
    return AttemptedPatches(tuple(judged), tuple(changes), tuple(modes), decide(judged))


def _attempt_patch(patch: BoundPatch, earlier: Sequence[PatchOutcome], workspace: EditWorkspace) -> PatchOutcome:
    from qpatch.csource.apply_patch import apply_edits  # only here: what is remembered needs no engine

    results = iter(apply_edits(patch.edits, workspace))
    missed = [outcome.edit for other in earlier for outcome in other.edits if outcome.missed and outcome.edit]
    outcomes: list[EditOutcome] = []
    for step in patch.steps:
        if isinstance(step, SkippedEdit | UndecidedEdit):
            outcomes.append(_left_out(step))
            continue
        base, result = workspace.tree.base, next(results)
        bases = tuple(edit.where for edit in builds_on(step, missed, base))
        if stands_in_missed(step, missed, base):
            result = _without_suggestion(result)
        outcomes.append(EditOutcome(str(step.anchor), step.where, result, step, bases))
        if outcomes[-1].missed:
            missed.append(step)
    return PatchOutcome(patch.subject, patch.partial, tuple(outcomes), patch.unwanted)


def _without_repetitions(patches: Sequence[PatchOutcome], workspace: EditWorkspace) -> list[PatchOutcome]:
    """Return the outcomes of patches, all of them carried out in `workspace`, with drift for edits made once more."""
    from qpatch.csource.soundness.repeated import repeated_work  # only here: what is remembered needs no engine

    places = [(at, of) for at, patch in enumerate(patches) for of, outcome in enumerate(patch.edits) if outcome.edit]
    made = [patches[at].edits[of] for at, of in places]
    edits = [outcome.edit for outcome in made if outcome.edit is not None]
    judged = [list(patch.edits) for patch in patches]
    for index, drifted in repeated_work(edits, [outcome.result for outcome in made], workspace):
        at, of = places[index]
        judged[at][of] = replace(judged[at][of], result=drifted)
    return [replace(patch, edits=tuple(edits)) for patch, edits in zip(patches, judged, strict=True)]


def _cancelled(patch: PatchOutcome) -> PatchOutcome:
    """Return what a patch ends as where its edits, or those of its series, leave every file as it was.

    The tree has their result already. So it is where a symbol or a file is deleted and written anew, and the tree has
    the new one, and where patches move the same things one after the other.
    """
    edits = tuple(
        replace(outcome, result=AlreadyThere(outcome.result.path, _NOTHING_LEFT, outcome.result.bindings))
        if isinstance(outcome.result, Applied)
        else outcome
        for outcome in patch.edits
    )
    return replace(patch, edits=edits)


def _without_suggestion(result: EditResult) -> EditResult:
    """Return the result of an edit whose anchor is not there yet: what mends it is known once it is."""
    return replace(result, suggestion="") if isinstance(result, Drifted | Ambiguous) else result


def _left_out(step: SkippedEdit | UndecidedEdit) -> EditOutcome:
    """Return what an edit ends as that is not to be made, or of which that cannot be told."""
    if isinstance(step, SkippedEdit):
        return EditOutcome(step.anchor, step.where, Skipped(step.reason))
    cause = step.cause
    near = Candidate(SourcePlace(cause.path, cause.line), 1.0)
    return EditOutcome(step.anchor, step.where, Drifted(cause.message, cause.path, (near,), advice=_TO_DECIDE))
