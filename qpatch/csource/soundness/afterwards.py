# SPDX-License-Identifier: GPL-2.0-or-later
"""What a patch leaves behind in the files that it changed, once all of its edits are made: labels and names.

What does not compile for certain is drift of the edit that seems to be behind it; what a compiler may complain about is
a warning of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.listing import told_places
from qpatch.csource.matching.pattern import Context
from qpatch.csource.results import Applied, Candidate, Drifted
from qpatch.csource.soundness.argument_counts import taken_addresses
from qpatch.csource.soundness.labels import LabelFaults, missing_label, new_label_faults, unused_label
from qpatch.csource.soundness.lost_files import lost_file, lost_includes
from qpatch.csource.soundness.lost_members import lost_members
from qpatch.csource.soundness.lost_names import LostName, lost_names
from qpatch.csource.soundness.misread_results import misread_results
from qpatch.csource.soundness.nested_conditions import decided_condition
from qpatch.csource.soundness.touched import touched_symbols
from qpatch.csource.source import CODE_SUFFIXES
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.source import Overlay
    from qpatch.csource.workspace import EditWorkspace


def with_leftovers(
    edits: Sequence[Edit], results: Sequence[EditResult], before: Overlay, workspace: EditWorkspace
) -> list[EditResult]:
    """Return the results of a patch's edits with what they leave behind; `before` is the tree before the patch."""
    checked = list(results)
    for path in workspace.tree.changes_since(before):
        if not path.endswith(CODE_SUFFIXES):
            continue
        for name, fault in _faults(path, before, workspace):
            index = _culprit(edits, checked, path, name)
            if index is not None:
                checked[index] = _told(edits[index], checked[index], fault)
    return checked


def _faults(path: str, before: Overlay, workspace: EditWorkspace) -> Iterator[tuple[str, Drifted | LostName | str]]:
    """Yield what is left behind in a file, or of what it defined, each with the name of what it concerns."""
    tree = workspace.tree
    if tree.read(path) is None:
        lost = lost_file(path, before, tree)
        if lost is not None:
            yield "", lost
        if tree.current(path) != path:
            return  # What it defined is looked for where it is now.
    elif tree.former(path, before) != path:
        warning = lost_includes(path, before, tree)
        if warning:
            yield "", warning
    yield from _faults_of_code(path, before, workspace)


def _faults_of_code(
    path: str, before: Overlay, workspace: EditWorkspace
) -> Iterator[tuple[str, Drifted | LostName | str]]:
    labels = _label_faults(path, before, workspace)
    for fault in labels.missing:
        yield fault.function, missing_label(fault)
    for fault in labels.unused:
        yield fault.function, unused_label(fault)
    for lost in lost_names(path, before, workspace):
        yield lost.name, lost
    for touched in touched_symbols(path, before, workspace):
        for warning in (
            decided_condition(touched),
            misread_results(touched, workspace),
            taken_addresses(touched, workspace),
            *lost_members(touched, workspace),
        ):
            if warning:
                yield touched.symbol.name, warning


def _label_faults(path: str, before: Overlay, workspace: EditWorkspace) -> LabelFaults:
    parsed, source = workspace.parse(path), before.read(workspace.tree.former(path, before))
    if parsed is None or b"goto" not in parsed.source + (source or b""):
        return LabelFaults()
    return new_label_faults(parsed, workspace.cache.parse(source) if source is not None else None, path)


def _culprit(edits: Sequence[Edit], results: Sequence[EditResult], path: str, name: str) -> int | None:
    """Return the index of the edit that is behind a fault: the last one made in the file, at `name` if there is one."""
    made = [index for index, result in enumerate(results) if isinstance(result, Applied)]
    there = [index for index in made if name and edits[index].anchor.name == name]
    in_file = [index for index in made if path in (results[index].path, edits[index].anchor.path)]
    return next((found[-1] for found in (there, in_file, made) if found), None)


def _told(edit: Edit, result: EditResult, fault: Drifted | LostName | str) -> EditResult:
    if isinstance(fault, Drifted):
        return replace(fault, message=f"{edit.anchor}: {fault.message}")
    if not isinstance(result, Applied):
        return result
    refused = _without_definition(edit, fault) if isinstance(fault, LostName) else None
    if refused is not None:
        return refused
    text = fault if isinstance(fault, str) else _still_used(fault)
    return replace(result, warnings=(*result.warnings, text))


def _without_definition(edit: Edit, lost: LostName) -> Drifted | None:
    """Return the drift of an edit where a name that it renames or moves is left in use for certain."""
    uses = counted(len(lost.uses), "use")
    if lost.now_in:
        message = f"`{lost.name}` is defined in {lost.now_in} now, but {uses} of it in {lost.path} stayed behind"
        advice = "move what uses it along, or declare it in a header of both files, and without `static`"
    elif edit.anchor.name == lost.name and edit.anchor.kind.context is Context.SIGNATURE:
        message = f"{edit.anchor} has another name now, but {uses} of the old one did not follow"
        advice = "add an edit to this patch for each place named above, or rename it with `everywhere`"
    else:
        return None
    return Drifted(message, lost.path, tuple(Candidate(place, 1.0) for place in lost.uses), advice=advice)


def _still_used(lost: LostName) -> str:
    return f"`{lost.name}`, which {lost.path} no longer defines, is still used in {told_places(lost.uses, lost.path)}"
