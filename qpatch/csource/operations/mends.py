# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps of what is suggested for a miss only what mends it: the edit is changed literally as told, and tried.

A suggestion is a recipe if it can be followed without thinking: keys of the edit with new values, or a hunk to write in
the place of the old one. One that was tried in vain is dropped; what is no recipe becomes advice.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.checks import read_hunk
from qpatch.csource.edit import DeleteOperation, HunkOperation, MoveOperation, VerbatimOperation
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import AlreadyThere, Ambiguous, Drifted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from qpatch.csource.edit import Anchor, AnchorKind, Edit
    from qpatch.csource.results import EditResult

_KEY = re.compile(r"(?P<key>in|after|before|delete|move|to|path|guard|expect): (?P<value>\S.*)")
# The keys of anchors, where an edit has others for them; the target of a move has no path of its own.
_ANCHOR_KEY = re.compile(r"^in: ", re.MULTILINE)
_TARGET_KEY = re.compile(r"^(?P<position>after|before): (?P<target>.*)(?:\npath: .*)?$", re.MULTILINE)
_ONLY_NAMES = "only names could be compared; it may be this one now:"
_NO_GUARD = "remove `guard:`"
_NEW_HUNK = re.compile(r"write [^\n]*:\n(?P<hunk>(?:[-+ ]? ?.*\n?)+)")


def with_tried_suggestion(
    edit: Edit, result: EditResult, kinds: Mapping[str, AnchorKind], succeeds: Callable[[Edit], bool]
) -> EditResult:
    """Return a miss with its suggestion if that, followed literally, makes the edit succeed; else without a recipe.

    `kinds` are those of anchors by their words. `succeeds` carries an edit out on the tree as `edit` met it, and leaves
    the tree as it is.
    """
    if isinstance(result, AlreadyThere) and result.unproven is not None:
        tried = with_tried_suggestion(edit, result.unproven, kinds, succeeds)
        assert isinstance(tried, Drifted)
        return replace(result, unproven=tried)
    if not isinstance(result, Drifted | Ambiguous) or not result.suggestion:
        return result
    result = replace(result, suggestion=_in_own_keys(edit, result.suggestion))
    followed = list(mended_edits(edit, result.suggestion, kinds))
    if not followed:
        return replace(result, suggestion="", advice=result.suggestion)
    by_name_alone = not isinstance(edit.operation, HunkOperation | VerbatimOperation)
    if by_name_alone and any(_names(edit) != _names(mended) for mended in followed):
        return replace(result, suggestion="", advice=f"{_ONLY_NAMES}\n{result.suggestion}")
    if any(succeeds(mended) for mended in followed):
        return result
    return replace(result, suggestion="")


def with_named_anchor(
    edit: Edit, result: EditResult, kinds: Mapping[str, AnchorKind], succeeds: Callable[[Edit], bool]
) -> EditResult:
    """Return a miss whose suggestion names another anchor for a reason better than likeness, if that mends the edit."""
    if not isinstance(result, Drifted):
        return result
    suggestion = _in_own_keys(edit, result.suggestion)
    is_mended = any(map(succeeds, mended_edits(edit, suggestion, kinds)))
    return replace(result, suggestion=suggestion if is_mended else "")


def _in_own_keys(edit: Edit, suggestion: str) -> str:
    """Return `suggestion` with the keys that `edit` has: what is deleted or moved is no anchor `in:` which it is."""
    if isinstance(edit.operation, DeleteOperation):
        return _ANCHOR_KEY.sub("delete: ", suggestion)
    if isinstance(edit.operation, MoveOperation):
        return _TARGET_KEY.sub(r"to: \g<position> \g<target>", _ANCHOR_KEY.sub("move: ", suggestion))
    return suggestion


def _names(edit: Edit) -> tuple[str, ...]:
    """Return the names that an edit's anchor and the target of its move have."""
    target = (edit.operation.target.name,) if isinstance(edit.operation, MoveOperation) else ()
    return (edit.anchor.name, *target)


def mended_edits(edit: Edit, suggestion: str, kinds: Mapping[str, AnchorKind]) -> Iterator[Edit]:
    """Yield the edits that come of following `suggestion`: one, one for each alternative of `one-of`, or none."""
    hunk = _NEW_HUNK.fullmatch(suggestion)
    if hunk:
        yield from _with_hunk(edit, hunk["hunk"])
    elif suggestion == _NO_GUARD:
        yield replace(edit, anchor=replace(edit.anchor, guard=""))
    else:
        lines = [_KEY.fullmatch(line) for line in suggestion.splitlines()]
        if all(lines):
            mended: Edit | None = edit
            for line in lines:
                assert line is not None
                mended = mended and _with_key(mended, line["key"], line["value"], kinds)
            yield from [mended] if mended is not None else []


def _with_hunk(edit: Edit, text: str) -> Iterator[Edit]:
    if not isinstance(edit.operation, HunkOperation):
        return
    try:
        hunk = read_hunk(text, edit.anchor)
    except HunkError:
        return
    for index in range(len(edit.operation.hunks)):
        hunks = edit.operation.hunks
        yield replace(edit, operation=HunkOperation((*hunks[:index], hunk, *hunks[index + 1 :])))


def _with_key(edit: Edit, key: str, value: str, kinds: Mapping[str, AnchorKind]) -> Edit | None:
    """Return the edit with one key of it written anew, None where that is not possible."""
    if key == "expect":
        return replace(edit, expect=int(value)) if value.isdigit() else None
    if key == "to":
        if not isinstance(edit.operation, MoveOperation):
            return None
        target = _with_part(edit.operation.target, key, value.partition(" ")[2], kinds)
        return None if target is None else replace(edit, operation=MoveOperation(target))
    anchor = _with_part(edit.anchor, key, value, kinds)
    return None if anchor is None else replace(edit, anchor=anchor)


def _with_part(anchor: Anchor, key: str, value: str, kinds: Mapping[str, AnchorKind]) -> Anchor | None:
    if key == "path":
        return replace(anchor, path=value)
    if key == "guard":
        return replace(anchor, guard=value)
    word, _, name = value.partition(" ")
    if word not in kinds:
        return None
    name, bracket, parameters = name.partition("(")
    return replace(anchor, kind=kinds[word], name=name.strip(), parameters=bracket + parameters)
