# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the lines in the explanation of a miss as they are in the tree, not in a file as earlier edits have left it.

The reader of an explanation looks at the tree: lines that earlier edits of the series have added must not be counted.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.results import Ambiguous, Drifted, SourcePlace

if TYPE_CHECKING:
    from qpatch.csource.results import EditResult
    from qpatch.csource.workspace import EditWorkspace


def places_in_tree(result: EditResult, workspace: EditWorkspace) -> EditResult:
    """Return a miss with the lines of its candidates or matches counted in the tree; other results as they are."""
    if isinstance(result, Drifted):
        candidates = tuple(
            replace(candidate, place=place_in_tree(candidate.place, workspace)) for candidate in result.candidates
        )
        return replace(result, candidates=candidates)
    if isinstance(result, Ambiguous):
        return replace(result, matches=tuple(place_in_tree(place, workspace) for place in result.matches))
    return result


def place_in_tree(place: SourcePlace, workspace: EditWorkspace) -> SourcePlace:
    """Return `place` with its line counted in the tree; one that an earlier edit has written is marked as such."""
    tree = workspace.tree
    edited, original = tree.changed.get(place.path), tree.base.read(tree.original(place.path))
    if edited is None or edited == original:
        return place
    index = place.line - 1
    lines = difflib.SequenceMatcher(None, edited.split(b"\n"), (original or b"").split(b"\n"))
    for block in lines.get_matching_blocks():
        if block.a <= index < block.a + block.size:
            return replace(place, line=index - block.a + block.b + 1)
    return replace(place, edited=True)
