# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out edits on a tree in memory; every change of a source by a strategy is made here.

All or nothing: the tree's overlay changes only where the result is `Applied`, and an edit that would leave a syntax
error in what it touched is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.family import member_of_family
from qpatch.csource.changes import Outcome, PlannedChanges
from qpatch.csource.checks import check_edit, is_in_text
from qpatch.csource.edit import (
    Anchor,
    DeleteOperation,
    Edit,
    EverywhereOperation,
    HunkOperation,
    ModeOperation,
    MoveOperation,
    VerbatimOperation,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.later_names import in_names
from qpatch.csource.matching.match import TooManyWaysError
from qpatch.csource.operations.conflicts import refuse_unfit
from qpatch.csource.operations.diverted import diverted
from qpatch.csource.operations.files import apply_file_edit, concerns_whole_file
from qpatch.csource.operations.mends import with_tried_suggestion
from qpatch.csource.operations.places import places_in_tree
from qpatch.csource.operations.verbatim import apply_verbatim, span_of
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult, SourcePlace
from qpatch.csource.source import CODE_SUFFIXES, mentions
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.layout import apply_replacements, with_line_ends
from qpatch.csource.syntax.problems import errors_around
from qpatch.csource.syntax.realign import followed
from qpatch.csource.syntax.term import TooDeepError
from qpatch.csource.text.edits import apply_text_edit
from qpatch.errors import UserError, placed

if TYPE_CHECKING:
    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace


def apply_edit(edit: Edit, workspace: EditWorkspace) -> EditResult:
    """Apply `edit` to the workspace's tree and say what became of it.

    Raises UserError, placed at the edit, where the edit itself is wrong (a hunk that is not C, an addition without a
    place). What is wrong whatever the tree is found with its line when a strategy is bound, before any edit is made.
    """
    try:
        with placed(edit.where):
            renamed = _in_later_names(edit, workspace)
            if renamed is not None:
                return renamed
            told, edit = edit, _by_current_names(edit, workspace.tree)
            result = _apply(edit, workspace)
            if isinstance(result, Drifted):
                result = _made_in_later_names(told, workspace) or result
            if isinstance(result, Drifted | Ambiguous) and not isinstance(edit.operation, DeleteOperation):
                result = _by_other_edits(edit, result, workspace) or result
            result = places_in_tree(result, workspace)
            return with_tried_suggestion(edit, result, ANCHOR_KINDS, lambda mended: succeeds(mended, workspace))
    except TooDeepError as error:
        return Drifted(
            f"{edit.anchor}: {error.message}", edit.anchor.path, advice="qpatch edits no such code: do it by hand"
        )
    except TooManyWaysError as error:
        return Ambiguous(f"{edit.anchor}: {error.message}", edit.anchor.path, advice=error.hint)


def succeeds(edit: Edit, workspace: EditWorkspace) -> bool:
    """Tell whether `edit` can be made, or is there already; the tree stays as it is."""
    try:
        return isinstance(_apply(edit, workspace.for_trial()), Applied | AlreadyThere)
    except (UserError, TooDeepError):
        return False


def _by_current_names(edit: Edit, tree: Overlay) -> Edit:
    """Return `edit` with the paths that earlier edits have renamed replaced by what they are now.

    What makes a path, takes it away or gives it another name means the path itself.
    """
    if concerns_whole_file(edit) and not isinstance(edit.operation, ModeOperation):
        return edit
    edit = replace(edit, anchor=_by_current_name(edit.anchor, tree))
    if isinstance(edit.operation, MoveOperation):
        return replace(edit, operation=MoveOperation(_by_current_name(edit.operation.target, tree)))
    return edit


def _in_later_names(edit: Edit, workspace: EditWorkspace) -> AlreadyThere | None:
    """Return that the tree has the edit's result in the names that later edits of the series give, if so.

    Where a file has one of the names before, those edits are still to be made in it.
    """
    names = workspace.own.later_names.get(id(edit))
    if names is None:
        return None
    try:
        result = _apply(_by_current_names(in_names(edit, names), workspace.tree), workspace.for_trial())
    except UserError:
        return None
    content = workspace.tree.read(result.path) or b""
    if not isinstance(result, AlreadyThere) or result.unproven or any(mentions(content, name) for name in names):
        return None
    return replace(result, message="it is there in the names that later edits give")


def _made_in_later_names(edit: Edit, workspace: EditWorkspace) -> Applied | None:
    """Make an edit that misses in the names that later edits of the series give, if the tree has only these.

    A file that has one of the names before is one in which those edits are still to be made.
    """
    names = workspace.own.later_names.get(id(edit))
    if names is None:
        return None
    trial = workspace.for_trial()
    try:
        result = _apply(_by_current_names(in_names(edit, names), trial.tree), trial)
    except UserError:
        return None
    before = workspace.tree.read(result.path) or b""
    if not isinstance(result, Applied) or any(mentions(before, name) for name in names):
        return None
    workspace.tree.changed.update(trial.tree.changed)
    return result


def _by_current_name(anchor: Anchor, tree: Overlay) -> Anchor:
    return replace(anchor, path=tree.current(anchor.path)) if anchor.path in tree.renamed else anchor


def _by_other_edits(edit: Edit, miss: Drifted | Ambiguous, workspace: EditWorkspace) -> AlreadyThere | None:
    """Return that the edit is done where its anchor is gone by the series' own work: it was renamed, or deleted."""
    anchor, own, tree = edit.anchor, workspace.own, workspace.tree
    if f"file {anchor.path}" in own.deleted and tree.mode(anchor.path) is None:
        return AlreadyThere(anchor.path, f"{anchor.path} is gone, as another edit of the series wants it")
    names, is_deleted = own.renamed.get(anchor.name, ()), str(anchor) in own.deleted
    if not (names or is_deleted) or not _is_gone(anchor, workspace):
        return None
    for name in names:
        renamed = replace(edit, anchor=replace(anchor, name=name))
        result = _apply(renamed, workspace.for_trial())
        if isinstance(result, AlreadyThere):
            return replace(result, message=f"{anchor} is called {name}")
    if not is_deleted or isinstance(miss, Ambiguous):
        return None
    return AlreadyThere(anchor.path, f"{anchor} is gone, as another edit of the series wants it", unproven=miss)


def _is_gone(anchor: Anchor, workspace: EditWorkspace) -> bool:
    """Tell whether nothing has the anchor's name where it is expected: in its file, or, without one, in the tree."""
    if is_in_text(anchor) or anchor.path.endswith("/") or workspace.tree.read(anchor.path) is None:
        found = span_of(anchor, workspace)
        return isinstance(found, Drifted) and not found.is_there
    return not workspace.symbols(anchor.path, anchor.name)


def _apply(edit: Edit, workspace: EditWorkspace) -> EditResult:
    check_edit(edit)
    if concerns_whole_file(edit):
        return apply_file_edit(edit, workspace)
    anchor = member_of_family(edit.anchor, workspace)
    if not isinstance(anchor, Anchor):
        return anchor
    edit = replace(edit, anchor=anchor)
    before = dict(workspace.tree.changed)
    return refuse_unfit(_apply_inside(edit, workspace), edit, workspace.tree, before)


def _apply_inside(edit: Edit, workspace: EditWorkspace) -> EditResult:
    """Apply an edit that works inside a file."""
    if isinstance(edit.operation, VerbatimOperation):
        return apply_verbatim(edit, edit.operation.hunk, workspace)
    if is_in_text(edit.anchor) and not isinstance(edit.operation, EverywhereOperation):
        return apply_text_edit(edit, workspace.tree)
    return _commit(edit, edit.anchor.handler.plan(edit, workspace), workspace)


def _commit(edit: Edit, outcome: Outcome, workspace: EditWorkspace) -> EditResult:
    """Write the changes into the overlay unless they break the syntax of what they touch."""
    if not isinstance(outcome, PlannedChanges):
        return outcome
    changed: dict[str, bytes] = {}
    for path, wanted in outcome.replacements.items():
        source = workspace.tree.read(path) or b""
        if isinstance(edit.operation, HunkOperation):
            wanted = [*wanted, *followed(source, wanted, coding_style(workspace.table))]
        replacements = with_line_ends(source, wanted)
        if isinstance(edit.operation, EverywhereOperation) and not path.endswith(CODE_SUFFIXES):
            changed[path] = apply_replacements(source, replacements)
            continue
        changed[path] = workspace.change(path, replacements)
        broken = _broken(workspace, path, changed[path], replacements)
        if broken is not None:
            return Drifted(
                f"{edit.anchor}: the result would not parse as C",
                path,
                moved_to=(),
                suggestion=(
                    f"near line {broken.line} the edit writes: {broken.snippet}\n"
                    "check the added lines, and that the hunk removes what they replace"
                ),
            )
        # What is moved whole keeps its own flow of control, and changes that of nothing else.
        is_move = isinstance(edit.operation, MoveOperation)
        refused = None if is_move else diverted(edit, workspace, path, replacements, outcome.shown)
        if refused is not None:
            return refused
    workspace.tree.changed.update(changed)
    path = next(iter(changed))
    count = max(1, len(outcome.places)) if isinstance(edit.operation, HunkOperation | EverywhereOperation) else 1
    return Applied(path, count, outcome.moved_from, outcome.places, outcome.bindings, outcome.warnings)


def _broken(workspace: EditWorkspace, path: str, new: bytes, replacements: list[Replacement]) -> SourcePlace | None:
    """Return the first place where what was touched has more syntax errors than before, or None."""
    old = workspace.tree.read(path) or b""
    shift = 0
    for change in sorted(replacements, key=lambda replacement: replacement.start):
        start = change.start + shift
        before = errors_around(workspace.cache.parse(old), change.start, change.end)
        after = errors_around(workspace.cache.parse(new), start, start + len(change.text))
        if after > before:
            end = new.find(b"\n", start + 1)
            return SourcePlace(path, new.count(b"\n", 0, start) + 1, new[start:end].decode(errors="replace").strip())
        shift += len(change.text) - (change.end - change.start)
    return None
