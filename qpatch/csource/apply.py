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
from qpatch.csource.matching.match import TooManyWaysError
from qpatch.csource.matching.pattern import compile_sides
from qpatch.csource.operations.afterwards import with_leftovers
from qpatch.csource.operations.braces import with_braces
from qpatch.csource.operations.conflicts import refuse_unfit
from qpatch.csource.operations.control_flow import silent_change
from qpatch.csource.operations.files import apply_file_edit, concerns_whole_file
from qpatch.csource.operations.mends import with_named_anchor, with_tried_suggestion
from qpatch.csource.operations.names import warnings_about_names
from qpatch.csource.operations.places import places_in_tree
from qpatch.csource.operations.renamed import share_renames
from qpatch.csource.operations.trace_events import lost_trace_events
from qpatch.csource.operations.verbatim import apply_verbatim, span_of
from qpatch.csource.operations.versions import Versions
from qpatch.csource.operations.whole_patch import invalid_symbols
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Candidate, Drifted, EditResult, SourcePlace
from qpatch.csource.source import CODE_SUFFIXES
from qpatch.csource.syntax.layout import apply_replacements, with_line_ends
from qpatch.csource.syntax.problems import errors_around
from qpatch.csource.syntax.term import TooDeepError
from qpatch.csource.text.edits import apply_text_edit
from qpatch.errors import UserError, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            edit = _by_current_names(edit, workspace.tree)
            result = _apply(edit, workspace)
            if isinstance(result, Drifted | Ambiguous) and not isinstance(edit.operation, DeleteOperation):
                result = _by_other_edits(edit, result, workspace) or result
            result = places_in_tree(result, workspace)
            return with_tried_suggestion(edit, result, ANCHOR_KINDS, lambda mended: _succeeds(mended, workspace))
    except TooDeepError as error:
        return Drifted(
            f"{edit.anchor}: {error.message}", edit.anchor.path, advice="qpatch edits no such code: do it by hand"
        )
    except TooManyWaysError as error:
        return Ambiguous(f"{edit.anchor}: {error.message}", edit.anchor.path, advice=error.hint)


def _succeeds(edit: Edit, workspace: EditWorkspace) -> bool:
    """Tell whether `edit` can be made, or is there already; the tree stays as it is."""
    try:
        return isinstance(_apply(edit, workspace.for_trial()), Applied | AlreadyThere)
    except (UserError, TooDeepError):
        return False


def apply_edits(edits: Sequence[Edit], workspace: EditWorkspace) -> list[EditResult]:
    """Apply the edits of one patch, each to what the one before has left, and return what became of each.

    All of them are tried, so that all misses are known at once. What is only not there counts as removed where another
    edit of the patch shows that the tree has the change. A signature that was edited while a use of it was left behind
    has drifted, as has an edit of a symbol that all of them together leave as no valid C.

    Raises UserError where an edit itself is wrong.
    """
    before = workspace.tree.copy()
    own = _proven([apply_edit(edit, workspace) for edit in edits])
    shared = share_renames(edits, own, workspace)
    results = [
        result
        if result is alone
        else with_named_anchor(edit, result, ANCHOR_KINDS, lambda mended: _succeeds(mended, workspace))
        for edit, alone, result in zip(edits, own, shared, strict=True)
    ]
    if any(isinstance(result, Drifted | Ambiguous) for result in results):
        return results
    unfinished = [*invalid_symbols(edits, results, before, workspace), *unfinished_edits(edits, workspace)]
    left = {id(edit): places_in_tree(drifted, workspace) for edit, drifted in unfinished}
    events = lost_trace_events(results, before, workspace.tree)
    finished = [
        left.get(id(edit)) or _with_warnings(edit, result, workspace, lost)
        for edit, result, lost in zip(edits, results, events, strict=True)
    ]
    return [
        result if told is result else places_in_tree(told, workspace)
        for result, told in zip(finished, with_leftovers(edits, finished, before, workspace), strict=True)
    ]


def _with_warnings(edit: Edit, result: EditResult, workspace: EditWorkspace, more: tuple[str, ...]) -> EditResult:
    """Add what may be wrong with the result now that all edits of the patch are made."""
    if not isinstance(result, Applied):
        return result
    own = () if is_in_text(edit.anchor) else warnings_about_names(edit, workspace)
    return replace(result, warnings=(*result.warnings, *own, *more))


def _proven(results: Sequence[EditResult]) -> list[EditResult]:
    """Return the results of a patch's edits, removals that find nothing as drift unless another edit is there."""
    if any(isinstance(result, AlreadyThere) and result.unproven is None for result in results):
        return list(results)
    return [result.unproven or result if isinstance(result, AlreadyThere) else result for result in results]


def unfinished_edits(edits: Sequence[Edit], workspace: EditWorkspace) -> list[tuple[Edit, Drifted]]:
    """After the edits of one patch, return those that left something undone, such as a call with the old arguments."""
    in_code = [edit for edit in edits if not is_in_text(edit.anchor)]
    left = [(edit, edit.anchor.handler.unfinished(edit, workspace)) for edit in in_code]
    return [(edit, drifted) for edit, drifted in left if drifted is not None]


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
        diverted = _diverted(edit, workspace, path, replacements, outcome.shown)
        if diverted is not None:
            return diverted
    workspace.tree.changed.update(changed)
    path = next(iter(changed))
    count = max(1, len(outcome.places)) if isinstance(edit.operation, HunkOperation | EverywhereOperation) else 1
    return Applied(path, count, outcome.moved_from, outcome.places, outcome.bindings, outcome.warnings)


def _diverted(
    edit: Edit, workspace: EditWorkspace, path: str, replacements: list[Replacement], shown: frozenset[int]
) -> Drifted | None:
    """Refuse changes of the flow of control that the edit does not show."""
    old = workspace.tree.read(path) or b""
    new = apply_replacements(old, replacements)
    versions = Versions(workspace.cache.parse(old), workspace.cache.parse(new), replacements, shown)
    change = silent_change(versions)
    if change is None:
        return None
    near = versions.kept(change.statement.start, new=True)
    line = old.count(b"\n", 0, near) + 1 if near is not None else new.count(b"\n", 0, change.statement.start) + 1
    place = SourcePlace(path, line, " ".join(change.statement.tokens))
    suggestion = _with_braces(edit, workspace) if change.lacks_braces else ""
    advice = "" if suggestion else change.remedy
    return Drifted(
        f"{edit.anchor}: {change.what}", path, (Candidate(place, 1.0),), suggestion=suggestion, advice=advice
    )


def _with_braces(edit: Edit, workspace: EditWorkspace) -> str:
    """Return a hunk with braces to write in the place of the edit's own, '' where there is none; it is tried later."""
    if not isinstance(edit.operation, HunkOperation) or len(edit.operation.hunks) != 1:
        return ""
    (hunk,) = edit.operation.hunks
    before, _ = compile_sides(hunk, edit.anchor.kind.context, workspace.table)
    braced = with_braces(hunk, before)
    return f"write the hunk so:\n{braced}" if braced is not None else ""


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
