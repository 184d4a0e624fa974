# SPDX-License-Identifier: GPL-2.0-or-later
"""Works out what an edit at one place in C changes: a hunk, an addition, a deletion, a move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.expectations import unmet
from qpatch.csource.changes import Outcome, PlannedChanges
from qpatch.csource.edit import (
    AddOperation,
    DeleteOperation,
    EverywhereOperation,
    HunkOperation,
    MoveOperation,
    Operation,
    Position,
)
from qpatch.csource.operations.arms import arm_around, in_unseen_arm
from qpatch.csource.operations.beside import add_beside
from qpatch.csource.operations.broken import with_syntax_error
from qpatch.csource.operations.everywhere import replace_everywhere, scope_of
from qpatch.csource.operations.fit import HunkFit
from qpatch.csource.operations.inside import add_inside
from qpatch.csource.operations.moved import unproven_move
from qpatch.csource.operations.relocate import delete, move
from qpatch.csource.operations.renamed import explain_renamed
from qpatch.csource.operations.substitute import substitute
from qpatch.csource.results import Ambiguous, Drifted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import SourcePlace
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


def plan_operation(edit: Edit, workspace: EditWorkspace) -> Outcome:
    """Return the changes that `edit` makes, or the result that says why it makes none.

    Raises UserError where the edit itself is wrong.
    """
    operation = edit.operation
    if isinstance(operation, MoveOperation):
        return move(edit, operation, workspace)
    if isinstance(operation, DeleteOperation):
        return delete(edit, workspace)
    located = edit.anchor.locate(workspace)
    if isinstance(located, Drifted):
        return explain_renamed(edit, located, workspace)
    if isinstance(located, Ambiguous):
        return located
    refused = unproven_move(edit, located, workspace) or unmet(edit.anchor, located, workspace)
    if refused is not None:
        return refused
    outcome = _plan_at(edit, operation, located, workspace)
    if isinstance(outcome, Drifted | Ambiguous) and workspace.explains:
        return with_syntax_error(outcome, located)
    return outcome


def _plan_at(edit: Edit, operation: Operation, located: LocatedAnchor, workspace: EditWorkspace) -> Outcome:
    """Work out a hunk or an addition at its anchor."""
    if isinstance(operation, AddOperation):
        is_inside = edit.anchor.position is Position.IN and located.symbol is not None
        added = (add_inside if is_inside else add_beside)(edit, operation, located, workspace)
        if isinstance(added, PlannedChanges):
            return (
                _unseen(edit, "what is added comes", added.replacements[located.path], added.places, located) or added
            )
        return added
    if isinstance(operation, EverywhereOperation):
        return replace_everywhere(edit, operation, (scope_of(located),), workspace, located.moved_from)
    assert isinstance(operation, HunkOperation)  # what concerns a whole file needs no place in it
    found = substitute(edit, operation.hunks, located, workspace)
    if isinstance(found, HunkFit):
        unseen = _unseen(edit, "the hunk fits", found.replacements, found.places, located)
        changes = {located.path: found.replacements}
        return unseen or PlannedChanges(
            changes, found.places, located.moved_from, found.bindings, found.shown, found.warnings
        )
    if located.moved_from and isinstance(found, Drifted):
        return replace(found, moved_to=(located.path,))
    return found


def _unseen(
    edit: Edit, what: str, changes: Sequence[Replacement], places: tuple[SourcePlace, ...], located: LocatedAnchor
) -> Ambiguous | None:
    """Refuse to edit in an `#if` arm that no hunk can show; None where nothing of `changes` is in one."""
    change = next((each for each in changes if in_unseen_arm(each.start, each.end, located)), None)
    if change is None:
        return None
    arms = arm_around(located.parsed, change.start)
    return Ambiguous(
        f"{edit.anchor}: {what} inside an #if arm that it does not show",
        located.path,
        places,
        advice=f"{arms} split a statement there, so no hunk can show them: write the change as `verbatim:`",
    )
