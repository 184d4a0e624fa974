# SPDX-License-Identifier: GPL-2.0-or-later
"""When a hunk counts as done at a place: its result stands there, around the very code that its context matches.

That a match of the result overlaps what is still to be edited says nothing: the same statement may stand further down
for a reason of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkLine, Sign
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern
from qpatch.csource.tokens import without_comments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from qpatch.csource.matching.match import Match
    from qpatch.csource.syntax.term import Term


def has_result(hunk: Hunk, sides: tuple[Pattern, Pattern], match: Match, result: Match) -> bool:
    """Tell whether `result`, a match of the after side, shows that `hunk` is done where the before side matches.

    `sides` are the two patterns. All of the context must be the same code, and what would be removed a part of what
    was added (`f(...)` still matches once it is `f(..., x)`).
    """
    before, after = sides
    context = [*_context(before, match)], [*_context(after, result)]
    if context[0] != context[1]:
        return False
    for group in hunk.groups():
        removed = _span(before, match, group.removed)
        added = _span(after, result, group.added)
        if removed is not None and (added is None or not added[0] <= removed[0] <= removed[1] <= added[1]):
            return False
    return True


def shows_code(hunk: Hunk) -> bool:
    """Tell whether a hunk has context that says where it belongs: code that is no ellipsis."""
    context = (without_comments(line.code) for line in hunk.lines if line.sign is Sign.CONTEXT)
    return any(code.rstrip(",;") not in ("", "...") for code in context)


def is_bracketed(hunk: Hunk) -> bool:
    """Tell whether each removal stands between two lines of context that are not ellipses, or ends a macro."""
    in_macro = hunk.macro_lines
    lines = [line for line in hunk.lines if line.code.strip()]
    for index, line in enumerate(lines):
        if line.sign is Sign.REMOVED:
            above = next((other for other in reversed(lines[:index]) if other.sign is Sign.CONTEXT), None)
            below = next((other for other in lines[index:] if other.sign is Sign.CONTEXT), None)
            ends_macro = line.number in in_macro and (below is None or below.number not in in_macro)
            around = (above,) if ends_macro else (above, below)
            if any(other is None or other.code.strip().rstrip(",;\\ ") == "..." for other in around):
                return False
    return True


def _context(side: Pattern, match: Match) -> Iterator[tuple[int, int]]:
    """Yield where the tokens of the context are, those of ellipses left out."""
    for leaf in side.leaves():
        if leaf.kind != ELLIPSIS_KIND and side.line_of(leaf).sign is Sign.CONTEXT and leaf in match.extents:
            yield match.extents[leaf]


def _span(side: Pattern, match: Match, lines: Collection[HunkLine]) -> tuple[int, int] | None:
    """Return the bytes from the first to the last token of `lines`, None where they have none."""
    numbers = {line.number for line in lines}
    leaves: list[Term] = [leaf for leaf in side.leaves() if side.line_of(leaf).number in numbers]
    extents = [match.extents[leaf] for leaf in leaves if leaf in match.extents]
    return (extents[0][0], extents[-1][1]) if extents else None
