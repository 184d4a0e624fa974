# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and checks what an edit consists of without any tree: its hunks, its anchor, its operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.family import check_family
from qpatch.csource.edit import Action, MoveOperation, Position, TextScope
from qpatch.csource.matching.hunk import HunkLine, Sign, parse_hunk
from qpatch.csource.matching.line_splices import check_splices
from qpatch.csource.matching.list_commas import with_list_commas
from qpatch.csource.matching.pattern import Context, Pattern, compile_pattern
from qpatch.csource.text.hunk import parse_text_hunk
from qpatch.csource.text.outline import is_text_file
from qpatch.csource.tokens import blank_opaque
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.term import Term
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
    Action.EVERYWHERE: "replace everywhere in",
}
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(if|endif)", re.MULTILINE)


def is_in_text(anchor: Anchor) -> bool:
    """Tell whether the anchor's file is edited as text, by sections and lines, rather than as C."""
    return anchor.kind.text_scope is TextScope.SECTION or is_text_file(anchor.path)


def read_hunk(text: str, anchor: Anchor) -> Hunk:
    """Read a hunk with its gutter, in the language of the anchor's file. Raises HunkError where it cannot be read."""
    if is_in_text(anchor):
        return parse_text_hunk(text)
    return with_list_commas(parse_hunk(text, in_macro=anchor.kind.shows_macro), anchor.kind.context)


def check_hunk(hunk: Hunk, anchor: Anchor, table: MacroTable | None) -> None:
    """Raise HunkError where a side of `hunk` is not C as the block of `anchor` is written."""
    if not is_in_text(anchor) and not hunk.is_comment:
        whole = hunk.under(f"#define {anchor.name}") if hunk.is_body else hunk
        for side in (whole.before(), whole.after()):
            compile_pattern(side, anchor.kind.context, table)


def check_addition(text: str, anchor: Anchor, table: MacroTable | None) -> None:
    """Raise UserError where `text` cannot be added at `anchor`: HunkError, with a line of it, where it is no C."""
    if is_in_text(anchor):
        return
    if anchor.position is Position.IN and Action.ADD_INSIDE in anchor.kind.actions:
        added_members(text, anchor, table)
    elif _is_balanced(text):
        _compiled_addition(text, Context.TOP_LEVEL, table)


def added_members(text: str, anchor: Anchor, table: MacroTable | None) -> Sequence[Term]:
    """Return the members, entries or cases that `text` adds inside `anchor`.

    Raises HunkError where it is no C, UserError where it is nothing but comments.
    """
    items = _compiled_addition(text, anchor.kind.context, table).items
    added = anchor.handler.members(items)
    if items and not added:
        raise UserError(
            "add-needs-block",
            f"what is added inside {anchor} does not begin with a case",
            hint="write a hunk that shows what stands around it",
        )
    if not added:
        raise UserError(
            "add-needs-block",
            f"nothing is added inside {anchor} but comments",
            hint="add a member, an entry or a case; use a hunk for a comment",
        )
    return added


def _compiled_addition(text: str, context: Context, table: MacroTable | None) -> Pattern:
    lines = tuple(HunkLine(Sign.CONTEXT, line, number) for number, line in enumerate(text.splitlines(), 1))
    check_splices(lines, Sign.CONTEXT, ends_text=True)
    return compile_pattern(lines, context, table, "the added text")


def _is_balanced(text: str) -> bool:
    """Tell whether every `#if` has its `#endif`: text that ends one conditional and opens another is no C by itself."""
    words = _CONDITIONAL.findall(blank_opaque(text))
    return words.count("if") == words.count("endif") and words[:1] != ["endif"]


def check_anchor(anchor: Anchor, where: Location) -> None:
    """Raise UserError for an anchor without the path it needs, and for one that its file, a text file, cannot have.

    `where` is the place of the edit in the strategy.
    """
    if anchor.kind.needs_path and not anchor.path:
        raise UserError("bad-anchor", f"an anchor of kind {anchor.kind} needs `path:`", where=where)
    if not is_in_text(anchor) and anchor.kind.text_scope is not TextScope.FILE:
        check_family(anchor, where)
    if is_in_text(anchor) and anchor.kind.text_scope is TextScope.NOTHING:
        raise UserError("text-anchor", f"{anchor.path} is not C: it has no {anchor.kind} {anchor.name!r}", where=where)


def check_edit(edit: Edit) -> None:
    """Raise UserError where `edit` does to its anchor, or to the target of a move, what their kinds do not allow."""
    check_anchor(edit.anchor, edit.where)
    _check_action(edit.action, edit.anchor, edit.where)
    if isinstance(edit.operation, MoveOperation):
        target = edit.operation.target
        _check_action(edit.action if is_in_text(target) else Action.ADD_BESIDE, target, edit.where)
        _check_target(edit, target)
    if edit.anchor.kind.handler is not None:
        edit.anchor.handler.check(edit)


def _check_target(edit: Edit, target: Anchor) -> None:
    """Raise UserError where the edit's anchor can never be moved beside `target`."""
    if edit.anchor.kind.is_statement != target.kind.is_statement:
        raise UserError(
            "bad-anchor",
            f"cannot move {edit.anchor} beside {target}: one of them stands in a function, the other does not",
            where=edit.where,
        )
    in_text = is_in_text(edit.anchor)
    if in_text != is_in_text(target):
        raise UserError(
            "text-anchor",
            f"cannot move {edit.anchor} beside {target}: one of them is in C, the other in a text file",
            where=edit.where,
        )
    if in_text and target.path not in ("", edit.anchor.path):
        raise UserError(
            "text-anchor",
            "text cannot be moved to another file",
            where=edit.where,
            hint="delete it here and add it there",
        )
    named, beside = ((anchor.kind, anchor.name, anchor.parameters, anchor.guard) for anchor in (edit.anchor, target))
    if named == beside and target.path in ("", edit.anchor.path):
        raise UserError("bad-anchor", f"{edit.anchor} cannot be moved {target.position} itself", where=edit.where)


def _check_action(action: Action, anchor: Anchor, where: Location) -> None:
    if action in anchor.kind.actions:
        return
    allowed = ", ".join(each for each in Action if each in anchor.kind.actions)
    raise UserError(
        "add-needs-block" if action is Action.ADD_INSIDE else "anchor-operation",
        f"cannot {_PHRASES[action]} {anchor}: an anchor of kind {anchor.kind} allows {allowed}",
        where=where,
    )
