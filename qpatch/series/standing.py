# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a strategy is wanted on a tree at all: its `landed` and `void` rules, held against the tree itself.

A rule for `landed` is a few signs of the change, and half of the change may show them. So it stands only where no edit
contradicts it: none finds the code that it removes, and no patch is there with one edit and missing with another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cells.base import Status
from qpatch.csource.edit import (
    DeleteOperation,
    EverywhereOperation,
    HunkOperation,
    MoveOperation,
    RenameOperation,
    VerbatimOperation,
)
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.results import AlreadyThere, Applied
from qpatch.csource.source import Overlay
from qpatch.csource.tokens import without_comments
from qpatch.csource.workspace import EditWorkspace
from qpatch.errors import UndecidedError
from qpatch.series.plan import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from qpatch.csource.edit import Edit
    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.strategy.bind import Binding, BoundPatch

    Recall: TypeAlias = Callable[[Sequence[BoundPatch], Callable[[], str]], str]


def _ask(_patches: Sequence[BoundPatch], ask: Callable[[], str]) -> str:
    return ask()


def standing(binding: Binding, tree: SourceTree, cache: ParseCache, recall: Recall = _ask) -> Decision | None:
    """Return what becomes of a strategy that is not wanted on the binding's tree, None where it is wanted.

    It has drifted where a rule cannot be decided, or where the files of `tree` contradict it; `cache` may have some of
    them parsed. `recall` may know what patches were told to contradict on the same tree, so that it need not ask again.
    Raises as `Binding` does.
    """
    if not binding.concerns_tree:
        return Decision(Status.VOID, f"the strategy has no patches for a {binding.tree.kind} tree")
    try:
        found = binding.standing()
    except UndecidedError as undecided:
        return Decision(Status.DRIFTED, undecided.message)
    if found.kind == "wanted":
        return None
    contradiction = _contradiction(binding, tree, cache, recall) if found.kind == "landed" else ""
    if contradiction:
        return Decision(
            Status.DRIFTED,
            f"the tree has a part of the change only: `landed` is met ({found.reason}), but {contradiction}",
        )
    return Decision(Status(found.kind), found.reason)


def _contradiction(binding: Binding, tree: SourceTree, cache: ParseCache, recall: Recall) -> str:
    """Say which edit shows that the change has not landed, '' where none does."""
    patches = binding.patches()

    def ask() -> str:
        from qpatch.csource.own_work import workspace_of_series  # only here: what is remembered needs no engine

        workspace = workspace_of_series(
            [edit for patch in patches for edit in patch.edits], EditWorkspace(Overlay(tree), cache)
        )
        for number, patch in enumerate(patches, start=1):
            told = _missing_part(patch, workspace)
            if told:
                return f"patch {number} ({patch.subject}): {told}"
        return ""

    return recall(patches, ask)


def _missing_part(patch: BoundPatch, workspace: EditWorkspace) -> str:
    """Say what of a patch the tree has not, as far as it can be told; each edit is tried on the tree as it is."""
    from qpatch.csource.apply import apply_edit  # only here: what is remembered needs no engine

    tried = [(edit, apply_edit(edit, workspace.for_trial())) for edit in patch.edits]
    applied = [(edit, result) for edit, result in tried if isinstance(result, Applied)]
    for edit, result in applied:
        if _removes(edit):
            place = result.places[0] if result.places else result.path
            return f"what the edit of {edit.anchor} removes is still there ({place})"
    there = [edit for edit, result in tried if isinstance(result, AlreadyThere) and result.unproven is None]
    if applied and there:
        return f"the edit of {there[0].anchor} is there, and that of {applied[0][0].anchor} is not"
    return ""


def _removes(edit: Edit) -> bool:
    """Tell whether the edit takes away what a tree with the change cannot have; comments may differ."""
    operation = edit.operation
    if isinstance(operation, HunkOperation):
        removed = [line.code for hunk in operation.hunks for line in hunk.lines if line.sign is Sign.REMOVED]
    elif isinstance(operation, VerbatimOperation):
        removed = [line.text for line in operation.hunk.lines if line.sign is Sign.REMOVED]
    else:
        return isinstance(operation, DeleteOperation | EverywhereOperation | MoveOperation | RenameOperation)
    return bool(without_comments("\n".join(removed)))
