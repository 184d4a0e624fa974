# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out an edit on a tree in memory: the one door through which strategies change sources.

All or nothing: the tree's overlay changes only where the result is `Applied`, and an edit that would leave a syntax
error in what it touched is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.expectations import unmet
from qpatch.csource.anchors.locate import locate
from qpatch.csource.edit import AddOperation, AnchorKind, Edit, HunkOperation, MoveOperation, Position
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.operations.beside import add_beside
from qpatch.csource.operations.changes import Outcome, PlannedChanges
from qpatch.csource.operations.inside import add_inside
from qpatch.csource.operations.places import places_in_tree
from qpatch.csource.operations.relocate import delete, move
from qpatch.csource.operations.renamed import explain_renamed, share_renames
from qpatch.csource.operations.signature import edit_signature, unfinished
from qpatch.csource.operations.substitute import HunkFit, substitute
from qpatch.csource.results import Ambiguous, Applied, Drifted, EditResult, SourcePlace
from qpatch.csource.syntax.layout import with_line_ends
from qpatch.csource.syntax.problems import errors_around
from qpatch.csource.text.edits import apply_text_edit, is_text_file
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.anchors.workspace import EditWorkspace, Located
    from qpatch.csource.syntax.layout import Replacement


def apply_edit(edit: Edit, workspace: EditWorkspace) -> EditResult:
    """Apply `edit` to the workspace's tree and say what became of it.

    Raises UserError where the edit itself is wrong (a hunk that is not C, an addition without a place).
    """
    try:
        return places_in_tree(_apply(edit, workspace), workspace)
    except HunkError as error:
        raise error.located(edit.where.file, edit.where.line) if error.where is None else error from error


def apply_edits(edits: Sequence[Edit], workspace: EditWorkspace) -> list[EditResult]:
    """Apply the edits of one patch, each to what the one before has left, and return what became of each.

    All of them are tried, so that all misses are known at once. A signature that was edited while a use of it was left
    behind has drifted. Raises UserError where an edit itself is wrong.
    """
    results = share_renames(edits, [apply_edit(edit, workspace) for edit in edits], workspace)
    if any(isinstance(result, Drifted | Ambiguous) for result in results):
        return results
    left = {id(edit): places_in_tree(drifted, workspace) for edit, drifted in check_signatures(edits, workspace)}
    return [left.get(id(edit), result) for edit, result in zip(edits, results, strict=True)]


def check_signatures(edits: Sequence[Edit], workspace: EditWorkspace) -> list[tuple[Edit, Drifted]]:
    """After the edits of one patch: name the uses that an edited signature left behind."""
    left = [(edit, unfinished(edit.anchor, workspace)) for edit in edits if edit.anchor.kind is AnchorKind.SIGNATURE]
    return [(edit, drifted) for edit, drifted in left if drifted is not None]


def _apply(edit: Edit, workspace: EditWorkspace) -> EditResult:
    if edit.anchor.kind is AnchorKind.SECTION or is_text_file(edit.anchor.path):
        return apply_text_edit(edit, workspace.tree)
    if edit.anchor.kind is AnchorKind.SIGNATURE or not isinstance(edit.operation, HunkOperation | AddOperation):
        return _apply_to_symbol(edit, workspace)
    located = locate(edit.anchor, workspace)
    if isinstance(located, Drifted):
        return explain_renamed(edit, located, workspace)
    if isinstance(located, Ambiguous):
        return located
    return unmet(edit.anchor, located, workspace) or _apply_at(edit, edit.operation, located, workspace)


def _apply_to_symbol(edit: Edit, workspace: EditWorkspace) -> EditResult:
    """Carry out the operations that take a symbol as a whole: a new signature, a deletion, a move."""
    operation = edit.operation
    if edit.anchor.kind is AnchorKind.SIGNATURE:
        if not isinstance(operation, HunkOperation) or len(operation.hunks) != 1:
            raise UserError("signature-needs-hunk", f"{edit.anchor} takes one hunk and nothing else", where=edit.where)
        return _commit(edit, edit_signature(edit, operation, workspace), workspace)
    if isinstance(operation, MoveOperation):
        return _commit(edit, move(edit, operation, workspace), workspace)
    return _commit(edit, delete(edit, workspace), workspace)


def _apply_at(
    edit: Edit, operation: HunkOperation | AddOperation, located: Located, workspace: EditWorkspace
) -> EditResult:
    """Carry out a hunk or an addition at its anchor."""
    if isinstance(operation, AddOperation):
        inside = edit.anchor.position is Position.IN and located.symbol is not None
        added = (add_inside if inside else add_beside)(edit, operation, located, workspace)
        return _commit(edit, added, workspace)
    found = substitute(edit, operation.hunks, located, workspace)
    if not isinstance(found, HunkFit):
        return _moved(found, located)
    changes = PlannedChanges({located.path: found.replacements}, found.places, located.moved_from)
    result = _commit(edit, changes, workspace)
    return replace(result, bindings=found.bindings) if isinstance(result, Applied) else result


def _moved(result: EditResult, located: Located) -> EditResult:
    """Say of a result other than Applied that its anchor was found elsewhere."""
    if located.moved_from and isinstance(result, Drifted):
        return replace(result, moved_to=(located.path,))
    return result


def _commit(edit: Edit, outcome: Outcome, workspace: EditWorkspace) -> EditResult:
    """Write the changes into the overlay unless they break the syntax of what they touch."""
    if not isinstance(outcome, PlannedChanges):
        return outcome
    changed: dict[str, bytes] = {}
    for path, wanted in outcome.replacements.items():
        replacements = with_line_ends(workspace.tree.read(path) or b"", wanted)
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
    workspace.tree.changed.update(changed)
    path = next(iter(changed))
    count = max(1, len(outcome.places)) if isinstance(edit.operation, HunkOperation) else 1
    return Applied(path, count, outcome.moved_from, outcome.places)


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
