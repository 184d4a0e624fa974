# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out the edits of one patch, and judges what they come to together.

One edit alone may leave what the next one mends: so labels, names, returns and callers are looked at once all are made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.apply import apply_edit, succeeds
from qpatch.csource.checks import is_in_text
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.operations.mends import with_named_anchor
from qpatch.csource.operations.places import places_in_tree
from qpatch.csource.operations.renamed import share_renames
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult
from qpatch.csource.soundness.afterwards import with_leftovers
from qpatch.csource.soundness.names import warnings_about_names
from qpatch.csource.soundness.trace_events import lost_trace_events
from qpatch.csource.soundness.whole_patch import invalid_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.workspace import EditWorkspace


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
        else with_named_anchor(edit, result, ANCHOR_KINDS, lambda mended: succeeds(mended, workspace))
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
