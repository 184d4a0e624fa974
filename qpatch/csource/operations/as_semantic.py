# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells, without any tree, whether a verbatim hunk would do as a semantic one: only complete code is changed.

A semantic hunk still fits where white space, comments or line breaks have changed, so it is to be preferred. What is
said here must be true; so a hunk that changes a blank line, a comment, a directive or the layout is never meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.checks import is_in_text
from qpatch.csource.edit import Parameters
from qpatch.csource.matching.hunk import HunkError, Sign, parse_hunk
from qpatch.csource.matching.pattern import Context, compile_pattern
from qpatch.csource.text.parts import fold

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor
    from qpatch.csource.matching.verbatim import VerbatimHunk, VerbatimLine
    from qpatch.csource.syntax.macros import MacroTable

# What a changed line must not hold: comments, directives and their continuation.
_BEYOND_CODE = ("/*", "*/", "//", "#", "\\", "\f", "\r")
# What means something else in a semantic hunk.
_WILD = ("$", "...")
# How the lines of an anchor's own block are indented in QEMU and in Linux; what stands deeper needs its blocks shown.
_OWN_BLOCK = {
    Context.TOP_LEVEL: ("",),
    Context.STATEMENTS: ("    ", "\t"),
    Context.MEMBERS: ("    ", "\t"),
    Context.ENUMERATORS: ("    ", "\t"),
    Context.ENTRIES: ("    ", "\t"),
}


def would_do_as_semantic(hunk: VerbatimHunk, anchor: Anchor, table: MacroTable | None) -> bool:
    """Tell whether `hunk`, at `anchor`, would do the same written under `hunk:`."""
    changed = [line for line in hunk.lines if line.sign is not Sign.CONTEXT]
    if is_in_text(anchor) or not all(map(_is_plain_code, changed)) or _changes_layout(changed):
        return False
    if any(sign in line.text for line in hunk.lines for sign in _WILD) or not _is_in_own_block(hunk, anchor):
        return False
    try:
        semantic = parse_hunk("".join(f"{line.sign} {line.text}" for line in hunk.lines))
        for side in (semantic.before(), semantic.after()):
            compile_pattern(side, anchor.kind.context, table)
    except HunkError:
        return False
    return True


def _is_in_own_block(hunk: VerbatimHunk, anchor: Anchor) -> bool:
    """Tell by their indentation whether the lines are those of the anchor's block and not of one inside it."""
    depths = [line.text[: len(line.text) - len(line.text.lstrip())] for line in hunk.lines if not line.is_blank]
    is_switch = anchor.kind.parameters is Parameters.EXPRESSION
    return not is_switch and min(depths, key=len) in _OWN_BLOCK.get(anchor.kind.context, ())


def _is_plain_code(line: VerbatimLine) -> bool:
    text = line.text.removesuffix("\n")
    return not (
        line.is_blank
        or any(sign in text for sign in _BEYOND_CODE)
        or text.lstrip().startswith("*")
        or text != text.rstrip()
        or text == line.text
    )


def _changes_layout(changed: list[VerbatimLine]) -> bool:
    """Tell whether a line comes back with other white space, or the same code in other lines."""
    removed = [fold(line.text) for line in changed if line.sign is Sign.REMOVED]
    added = [fold(line.text) for line in changed if line.sign is Sign.ADDED]
    return bool(set(removed) & set(added)) or _letters(removed) == _letters(added)


def _letters(lines: list[str]) -> str:
    return "".join("".join(lines).split())
