# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and checks what an edit consists of without any tree: its hunks, its anchor, its operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.edit import Action, MoveOperation, TextScope
from qpatch.csource.matching.hunk import parse_hunk
from qpatch.csource.text.hunk import parse_text_hunk
from qpatch.csource.text.outline import is_text_file
from qpatch.errors import UserError

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.errors import Location

_PHRASES = {
    Action.HUNK: "apply a hunk to",
    Action.VERBATIM: "apply a verbatim hunk to",
    Action.ADD_INSIDE: "add inside",
    Action.ADD_BESIDE: "add beside",
    Action.DELETE: "delete",
    Action.MOVE: "move",
    Action.CREATE: "create",
    Action.RENAME: "rename",
    Action.MODE: "change the mode of",
}


def is_in_text(anchor: Anchor) -> bool:
    """Tell whether the anchor's file is edited as text, by sections and lines, rather than as C."""
    return anchor.kind.text_scope is TextScope.SECTION or is_text_file(anchor.path)


def read_hunk(text: str, anchor: Anchor) -> Hunk:
    """Read a hunk with its gutter, in the language of the anchor's file. Raises HunkError where it cannot be read."""
    return parse_text_hunk(text) if is_in_text(anchor) else parse_hunk(text)


def check_anchor(anchor: Anchor, where: Location) -> None:
    """Raise UserError for an anchor without the path it needs, and for one that its file, a text file, cannot have.

    `where` is the place of the edit in the strategy.
    """
    if anchor.kind.needs_path and not anchor.path:
        raise UserError("bad-anchor", f"an anchor of kind {anchor.kind} needs `path:`", where=where)
    if is_in_text(anchor) and anchor.kind.text_scope is TextScope.NOTHING:
        raise UserError("text-anchor", f"{anchor.path} is not C: it has no {anchor.kind} {anchor.name!r}", where=where)


def check_edit(edit: Edit) -> None:
    """Raise UserError where `edit` does to its anchor, or to the target of a move, what their kinds do not allow."""
    check_anchor(edit.anchor, edit.where)
    _check_action(edit.action, edit.anchor, edit.where)
    if isinstance(edit.operation, MoveOperation):
        target = edit.operation.target
        _check_action(edit.action, target, edit.where, "something beside ")
        if is_in_text(edit.anchor) != is_in_text(target):
            raise UserError(
                "text-anchor",
                f"cannot move {edit.anchor} beside {target}: one of them is in C, the other in a text file",
                where=edit.where,
            )


def _check_action(action: Action, anchor: Anchor, where: Location, beside: str = "") -> None:
    if action in anchor.kind.actions:
        return
    allowed = ", ".join(each for each in Action if each in anchor.kind.actions)
    raise UserError(
        "add-needs-block" if action is Action.ADD_INSIDE else "anchor-operation",
        f"cannot {_PHRASES[action]} {beside}{anchor}: an anchor of kind {anchor.kind} allows {allowed}",
        where=where,
    )
