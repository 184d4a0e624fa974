# SPDX-License-Identifier: GPL-2.0-or-later
"""The commas that a hunk leaves out between an added entry of a list and the entries that it shows beside it.

A line of a hunk is a complete entry, so `"a"` above an added `"b"` are two entries and not one string. Where the hunk
says so by what it shows, its lines get the commas, and both sides mean what is written.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, Sign, is_ellipsis
from qpatch.csource.matching.pattern import Context, compile_pattern
from qpatch.csource.syntax.commas import BRACE_LISTS, with_comma
from qpatch.csource.tokens import without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.hunk import Hunk, HunkGroup, HunkLine
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term

_COMMA_LISTS = BRACE_LISTS | {"argument_list", "parameter_list"}
# What begins no entry but goes on with the line above, and what ends none.
_GOES_ON = re.compile(r"[|^/%?<>,;)\]}=:]|&&|!=")
_UNFINISHED = re.compile(r"[^\w\"')\]}]$")
_ADDS_NO_ENTRY = frozenset({Context.MEMBERS, Context.PARAMETERS, Context.SIGNATURE})


def with_list_commas(hunk: Hunk, context: Context) -> Hunk:
    """Return `hunk`, which is a list of what `context` says, with the commas between its entries; as it is if no C."""
    if context in _ADDS_NO_ENTRY or hunk.is_comment or hunk.macro_lines or not any(_beside_additions(hunk)):
        return hunk
    try:
        before = compile_pattern(hunk.before(), context, None)
    except HunkError:
        return hunk  # What is wrong with it is said when the strategy is checked.
    wanted = {line.number for group in hunk.groups() if group.added for line in _lines_to_end(hunk, group, before)}
    if not wanted:
        return hunk
    return replace(
        hunk,
        lines=tuple(
            replace(line, code=with_comma(line.code)) if line.number in wanted else line for line in hunk.lines
        ),
    )


def list_ended_by(leaf: Term) -> str:
    """Return the kind of the list, separated by commas, of which `leaf` ends an element, '' where it ends none."""
    term = leaf
    while term.parent is not None:
        # The bracket that closes a nested list ends that list, which may be an element of another.
        if term.parent.kind in _COMMA_LISTS and term.text not in ("}", ")"):
            return term.parent.kind if term.text not in ("{", "(") else ""
        if term.parent.children[-1] is not term:
            return ""
        term = term.parent
    return ""


def list_begun_by(leaf: Term) -> str:
    """Return the kind of the list, separated by commas, of which `leaf` begins an element, '' where it begins none."""
    term = leaf
    while term.parent is not None:
        if term.parent.kind in _COMMA_LISTS and term.text not in ("{", "(", "}", ")"):
            return term.parent.kind
        if term.parent.children[0] is not term:
            return ""
        term = term.parent
    return ""


def _beside_additions(hunk: Hunk) -> Iterator[bool]:
    """Yield for each group whether a comma may be wanting above or behind what it adds, by the looks of its lines."""
    for group in hunk.groups():
        above, below = _code_around(hunk, group)
        if group.added:
            yield _may_end(above) and above is not None and above.sign is Sign.CONTEXT
            yield below is not None and _may_end(_last_code(hunk, group))


def _lines_to_end(hunk: Hunk, group: HunkGroup, before: Pattern) -> Iterator[HunkLine]:
    """Yield the lines around a group that end an entry without a comma, where another one follows."""
    above, below = _code_around(hunk, group)
    first, last = _first_code(hunk, group), _last_code(hunk, group)
    if first is None or last is None or _GOES_ON.match(first.code.lstrip()):
        return
    shown = [leaf for leaf in before.leaves() if above is not None and before.line_of(leaf).number == above.number]
    if above is not None and shown and _may_end(above) and list_ended_by(shown[-1]) in BRACE_LISTS:
        yield above
    following = [leaf for leaf in before.leaves() if below is not None and before.line_of(leaf).number == below.number]
    keeps_comma = bool(group.removed) and not _ends_in_comma(group.removed)
    if (
        below is not None
        and following
        and _may_end(last)
        and not keeps_comma
        and list_begun_by(following[0]) in BRACE_LISTS
    ):
        yield last


def _code_around(hunk: Hunk, group: HunkGroup) -> tuple[HunkLine | None, HunkLine | None]:
    """Return the nearest lines of context with code above and below a group."""
    shown = [line for line in hunk.after() if not hunk.is_trivia(line)]
    above = [line for line in shown if line.number < group.first]
    below = [line for line in shown if line.number > group.last]
    return (above[-1] if above else None), (below[0] if below else None)


def _first_code(hunk: Hunk, group: HunkGroup) -> HunkLine | None:
    return next((line for line in group.added if not hunk.is_trivia(line)), None)


def _last_code(hunk: Hunk, group: HunkGroup) -> HunkLine | None:
    return next((line for line in reversed(group.added) if not hunk.is_trivia(line)), None)


def _ends_in_comma(lines: Sequence[HunkLine]) -> bool:
    """Tell whether the last of some lines with code ends in a comma, which is then a part of them."""
    codes = [code for line in lines if (code := without_comments(line.code))]
    return bool(codes) and codes[-1].endswith(",")


def _may_end(line: HunkLine | None) -> bool:
    """Tell whether a line may be the end of an entry that no comma follows."""
    if line is None or is_ellipsis(line) or line.code.lstrip().startswith("#"):
        return False
    return not _UNFINISHED.search(without_comments(line.code))
