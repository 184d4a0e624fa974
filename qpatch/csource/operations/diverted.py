# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses an edit that would change the flow of control without showing it, with the hunk that would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.edit import HunkOperation
from qpatch.csource.matching.pattern import compile_sides
from qpatch.csource.operations.braces import with_braces
from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.soundness.control_flow import silent_change
from qpatch.csource.soundness.macro_flow import macro_changes
from qpatch.csource.soundness.versions import Versions
from qpatch.csource.syntax.layout import apply_replacements

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.soundness.flow_change import FlowChange
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace


def diverted(
    edit: Edit, workspace: EditWorkspace, path: str, replacements: list[Replacement], shown: frozenset[int]
) -> Drifted | None:
    """Refuse changes of the flow of control that the edit does not show."""
    old = workspace.tree.read(path) or b""
    new = apply_replacements(old, replacements)
    versions = Versions(workspace.cache.parse(old), workspace.cache.parse(new), replacements, shown)
    change = silent_change(versions)
    if change is not None:
        return _refused(edit, path, versions, change, _with_braces(edit, workspace) if change.lacks_braces else "")
    for inside, change in macro_changes(old, new, replacements, shown, workspace.table):
        if change is not None:
            return _refused(edit, path, inside, change, "")
        return Drifted(
            f"{edit.anchor}: an `else` of the macro would have no `if` any more",
            path,
            advice="write the `if` with braces: remove it with its statement, and add it with `{` and `}`",
        )
    return None


def _refused(edit: Edit, path: str, versions: Versions, change: FlowChange, suggestion: str) -> Drifted:
    old, new = versions.old.source, versions.new.source
    near = versions.kept(change.statement.start, new=True)
    line = old.count(b"\n", 0, near) + 1 if near is not None else new.count(b"\n", 0, change.statement.start) + 1
    place = SourcePlace(path, line, " ".join(change.statement.tokens))
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
