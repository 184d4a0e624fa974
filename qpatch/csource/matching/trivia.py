# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the comment lines and blank lines of a hunk in the target, between the code that the hunk was matched to.

Matching ignores them; where an edit is made they count: a removed comment has to be there, an added one may be there
already, and what is added below a blank line goes below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from qpatch.csource.matching.hunk import Sign
from qpatch.csource.syntax.layout import fold_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.csource.matching.hunk import Hunk, HunkLine
    from qpatch.csource.syntax.layout import Layout

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class _Gap:
    """A run of lines without code, and the bytes of the code around it: of which there is one side at least."""

    lines: tuple[HunkLine, ...]
    above: tuple[int, int] | None
    below: tuple[int, int] | None


def trivia_places(
    hunk: Hunk, side: Sequence[HunkLine], code: Mapping[int, tuple[int, int]], layout: Layout
) -> dict[int, tuple[int, int]]:
    """Return the target line (start, end) of each comment line and blank line of one side of a hunk that is there.

    `code` gives the bytes that each line with code was matched to, by its number. Lines are compared with white
    space folded; changed lines are found before lines of context are.
    """
    found: dict[int, tuple[int, int]] = {}
    for gap in _gaps(hunk, side, code):
        places = lines_between(gap.above, gap.below, layout)
        wanted = [fold_line(line.code) for line in gap.lines]
        present = [layout.folded_line(start) for start, _ in places]
        weights = [_weight(line, gap) for line in gap.lines]
        for mine, theirs in aligned(wanted, present, weights, latest=gap.above is None):
            found[gap.lines[mine].number] = places[theirs]
    return found


def _weight(line: HunkLine, gap: _Gap) -> int:
    """Return what a line counts when lines are aligned: comments before blank lines, changed ones before others."""
    return 2 + (line.sign is not Sign.CONTEXT) + bool(line.code) * 3 * len(gap.lines)


def aligned(
    wanted: Sequence[_Key], present: Sequence[_Key], weights: Sequence[int], *, latest: bool = False
) -> list[tuple[int, int]]:
    """Return the pairs of equal elements, in order, that weigh most; of several such lists the earliest or latest."""
    if latest:
        pairs = aligned(wanted[::-1], present[::-1], weights[::-1])
        return [(len(wanted) - 1 - mine, len(present) - 1 - theirs) for mine, theirs in reversed(pairs)]
    best = [[0] * (len(present) + 1) for _ in range(len(wanted) + 1)]
    for mine in reversed(range(len(wanted))):
        for theirs in reversed(range(len(present))):
            without = max(best[mine + 1][theirs], best[mine][theirs + 1])
            paired = weights[mine] + best[mine + 1][theirs + 1] if wanted[mine] == present[theirs] else 0
            best[mine][theirs] = max(without, paired)
    pairs, mine, theirs = [], 0, 0
    while mine < len(wanted) and theirs < len(present):
        paired = wanted[mine] == present[theirs] and best[mine][theirs] == weights[mine] + best[mine + 1][theirs + 1]
        if paired:
            pairs.append((mine, theirs))
        mine, theirs = (
            (mine + 1, theirs + 1)
            if paired
            else (mine + 1, theirs)
            if best[mine + 1][theirs] == best[mine][theirs]
            else (mine, theirs + 1)
        )
    return pairs


def _gaps(hunk: Hunk, side: Sequence[HunkLine], code: Mapping[int, tuple[int, int]]) -> Iterator[_Gap]:
    lines: list[HunkLine] = []
    above: tuple[int, int] | None = None
    for line in side:
        if line.number in code:
            if lines:
                yield _Gap(tuple(lines), above, code[line.number])
            lines, above = [], code[line.number]
        elif hunk.is_trivia(line):
            lines.append(line)
    if lines and above:
        yield _Gap(tuple(lines), above, None)


def lines_between(
    above: tuple[int, int] | None, below: tuple[int, int] | None, layout: Layout
) -> list[tuple[int, int]]:
    """Return the (start, end) of the lines of comments and blanks between code, of which one side may be unknown."""
    low = layout.next_line(above[1]) if above else layout.bare_lines_above(below[0]) if below else 0
    high = layout.line_start(below[0]) if below else layout.bare_lines_below(low)
    places = []
    while low < high:
        places.append((low, layout.line_end(low)))
        low = layout.next_line(low)
    return places
