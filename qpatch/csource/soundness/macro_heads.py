# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what an edit changes below macros that the parser does not know and that look like the head of a loop.

`each_tank(tank, list)` on a line of its own, with a deeper line below, governs that line; with a brace behind it, a
`break` in the block may be its own. Such a macro may come from any header, so only its shape is looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.soundness.flow_change import FlowChange, opening_words
from qpatch.csource.soundness.stray_jumps import jumps_of, target_of
from qpatch.csource.syntax.layout import column
from qpatch.csource.syntax.masked_source import closing_bracket, skip_trivia, without_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.soundness.versions import Versions
    from qpatch.csource.syntax.term import Term

_HEAD = re.compile(rb"^(?P<space>[ \t]+)(?P<name>[A-Za-z_]\w*)[ \t]*\(", re.MULTILINE)
_STATEMENT = re.compile(rb"[A-Za-z_*]")
# What is governed, or not, as the grammar says.
_KEYWORDS = frozenset({b"if", b"for", b"while", b"switch", b"return", b"sizeof", b"do", b"else", b"defined"})


def changed_below_macros(versions: Versions, old: Sequence[Term], new: Sequence[Term]) -> Iterator[FlowChange]:
    """Yield the statements that come under a macro without braces, or out from under it, and are not shown there.

    `old` and `new` are the bodies of the functions of both versions.
    """
    before = dict(_governing(versions.old.source, old))
    for head, body in _followed(versions.new.source, new) if before else ():
        kept_head, kept = versions.kept(head, new=True), versions.kept(body, new=True)
        was = before.get(kept_head) if kept_head is not None else None
        if was is None or kept == was or (kept is None and versions.kept(was, new=False) is None):
            continue
        statement, name = _statement_at(new, body), _name_at(versions.new.source, head)
        yield FlowChange(
            f"{opening_words(statement)} would come under `{name}`, which has no braces",
            statement,
            f"write the `{name}` with braces: remove it with its statement, and add it with `{{` and `}}`",
            lacks_braces=True,
        )


def jumps_below_macros(versions: Versions, new: Sequence[Term]) -> Iterator[FlowChange]:
    """Yield the `break`s and `continue`s that stay and come into the block of an added macro, which may be a loop."""
    blocks = [block for root in new for block in _added_blocks(versions, root)]
    for jump in jumps_of(new) if blocks else ():
        kept, target = versions.kept(jump.start, new=True), target_of(jump)
        if kept is None or kept in versions.shown:
            continue
        for head, opening, closing in blocks:
            is_inside = opening < jump.start < closing
            if is_inside and (target is None or target.start < opening):
                word, name = jump.tokens[0], _name_at(versions.new.source, head)
                yield FlowChange(
                    f"a `{word}` that stays would stand in the block of `{name}`, which may be a loop",
                    jump,
                    f"show the `{word}` in the hunk: as context if that is meant, else changed",
                )


def _governing(source: bytes, roots: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Yield where a macro stands alone on its line, with where the deeper statement below it begins."""
    for head, body in _followed(source, roots):
        line = source.rfind(b"\n", 0, body) + 1
        space, own = source[line:body], source[source.rfind(b"\n", 0, head) + 1 : head]
        is_below = head < line and not space.strip() and _STATEMENT.match(source, body) is not None
        if is_below and _columns(space) > _columns(own):
            yield head, body


def _followed(source: bytes, roots: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Yield where a line begins with a call, with where the code behind the call begins."""
    for root in roots:
        for head in _heads(source, root):
            closing = closing_bracket(source, head.end() - 1)
            if closing is not None:
                yield head.start("name"), skip_trivia(source, closing + 1)


def _heads(source: bytes, root: Term) -> Iterator[re.Match[bytes]]:
    """Yield the calls that begin a line of a function, by no word of C's; matches are at the places of the source."""
    code = without_hidden(source[: root.end]) if _HEAD.search(source, root.start, root.end) else b""
    return (head for head in _HEAD.finditer(code, root.start) if head["name"] not in _KEYWORDS)


def _added_blocks(versions: Versions, root: Term) -> Iterator[tuple[int, int, int]]:
    """Yield the macros that an edit adds with a block: where each begins, and the braces of its block."""
    source = versions.new.source
    for head in _heads(source, root):
        if versions.kept(head.start("name"), new=True) is not None:
            continue
        closing = closing_bracket(source, head.end() - 1)
        opening = skip_trivia(source, closing + 1) if closing is not None else len(source)
        end = closing_bracket(source, opening) if source.startswith(b"{", opening) else None
        if end is not None:
            yield head.start("name"), opening, end


def _statement_at(roots: Sequence[Term], place: int) -> Term:
    """Return the outermost term that begins at a place, or the function around it."""
    around = next(root for root in roots if root.start <= place < root.end)
    return next((term for term in around.below() if term.start == place), around)


def _columns(space: bytes) -> int:
    return column(space.decode(errors="replace"))


def _name_at(source: bytes, place: int) -> str:
    found = re.compile(rb"\w+").match(source, place)
    return found[0].decode(errors="replace") if found is not None else ""
