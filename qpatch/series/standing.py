# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a strategy is wanted on a tree at all: its `landed` and `void` rules, held against the tree itself.

A rule for `landed` is a few signs of the change, and half of the change may show them. So it stands only where no edit
contradicts it: none finds the code that it removes, and no patch is there while another, or a part of it, is missing.
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
from qpatch.csource.lines import lines_by_sign
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
        return _contradiction_of([_Tried(number, patch, workspace) for number, patch in enumerate(patches, start=1)])

    return recall(patches, ask)


def _contradiction_of(tried: Sequence[_Tried]) -> str:
    """Say what of the patches contradicts that they have landed, '' where nothing does."""
    for patch in tried:
        told = patch.missing_part()
        if told:
            return f"{patch}: {told}"
    there = next((patch for patch in tried if patch.is_there), None)
    missing = next((patch for patch in tried if patch.is_missing), None)
    return f"{there} is there, and nothing of {missing} is" if there and missing else ""


class _Tried:
    """A patch, and what each of its edits comes to on the tree as it is."""

    def __init__(self, number: int, patch: BoundPatch, workspace: EditWorkspace) -> None:
        from qpatch.csource.apply import apply_edit  # only here: what is remembered needs no engine

        self._name = f"patch {number} ({patch.subject})"
        self._results = [(edit, apply_edit(edit, workspace.for_trial())) for edit in patch.edits]
        self._applied = [(edit, result) for edit, result in self._results if isinstance(result, Applied)]
        self._there = [
            edit for edit, result in self._results if isinstance(result, AlreadyThere) and result.unproven is None
        ]

    @property
    def is_there(self) -> bool:
        """Whether the tree shows that it has the patch, all of it."""
        return bool(self._there) and all(isinstance(result, AlreadyThere) for _, result in self._results)

    @property
    def is_missing(self) -> bool:
        """Whether every edit can be made, and one of them adds code: documentation, comments and traces may differ."""
        return len(self._applied) == len(self._results) and any(_adds_code(edit) for edit, _ in self._applied)

    def missing_part(self) -> str:
        """Say what of the patch the tree has not, as far as it can be told."""
        for edit, result in self._applied:
            if _removes(edit):
                place = result.places[0] if result.places else result.path
                return f"what the edit of {edit.anchor} removes is still there ({place})"
        if self._applied and self._there:
            return f"the edit of {self._there[0].anchor} is there, and that of {self._applied[0][0].anchor} is not"
        return ""

    def __str__(self) -> str:
        """Name the patch as messages do."""
        return self._name


def _adds_code(edit: Edit) -> bool:
    """Tell whether the edit adds more than comments, in C."""
    from qpatch.csource.checks import is_in_text  # only here: what is remembered needs no engine

    added, _ = lines_by_sign(edit)
    code = [line for line in added if not line.lstrip().startswith(("*", "/*", "//"))]
    return not is_in_text(edit.anchor) and bool(without_comments("\n".join(code)).strip())


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
