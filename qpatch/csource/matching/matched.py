# SPDX-License-Identifier: GPL-2.0-or-later
"""A hunk beside the code that it was matched to: where each of its lines, comments and blank lines stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkGroup, Sign, is_ellipsis
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern
from qpatch.csource.matching.trivia import trivia_places
from qpatch.csource.syntax.layout import Layout, fold
from qpatch.csource.tokens import comments_of, without_comments

if TYPE_CHECKING:
    from qpatch.csource.matching.hunk import HunkLine
    from qpatch.csource.matching.match import Match
    from qpatch.csource.syntax.term import Term


_CONTINUED = re.compile(rb"\\\r?\n")
# A comment that ends with its line, or a directive.
_BOUND_TO_LINES = re.compile(rb"//[^\n]*\n|\n[ \t]*#")


class TriviaDiffersError(Exception):
    """Comments or blank lines of the target are not as changed lines show them; the message says which."""


@dataclass(frozen=True)
class MatchedHunk:
    """A hunk, its sides compiled, one match of the before side, and the text that it was matched in."""

    hunk: Hunk
    before: Pattern
    after: Pattern
    match: Match
    layout: Layout

    @cached_property
    def groups(self) -> tuple[HunkGroup, ...]:
        """The changes of the hunk, told apart by all lines of its context that the target has."""
        return self.hunk.groups(self.trivia)

    @cached_property
    def leaves(self) -> list[Term]:
        """The leaves of the before side that stand for code of the target."""
        return [leaf for leaf in self.before.leaves() if leaf in self.match.extents]

    @cached_property
    def code(self) -> dict[int, tuple[int, int]]:
        """The bytes that each line of the hunk with code was matched to, by its number."""
        places: dict[int, tuple[int, int]] = {}
        for leaf in self.leaves:
            number = self.before.line_of(leaf).number
            start, end = self.match.extents[leaf]
            known = places.get(number, (start, end))
            places[number] = min(start, known[0]), max(end, known[1])
        return places

    @cached_property
    def trivia(self) -> dict[int, tuple[int, int]]:
        """The comment lines and blank lines of the before side that the target has, by number."""
        return trivia_places(self.hunk, self.hunk.before(), self.code, self.layout)

    @cached_property
    def trivia_after(self) -> dict[int, tuple[int, int]]:
        """The comment lines and blank lines of the after side that the target has, by number."""
        context = {line.number for line in self.hunk.lines if line.sign is Sign.CONTEXT}
        code = {number: place for number, place in self.code.items() if number in context}
        return trivia_places(self.hunk, self.hunk.after(), code, self.layout)

    def bindings(self) -> dict[str, str]:
        """Return what each metavariable stands for, as source text on one line."""
        source = self.layout.source
        return {
            name: " ".join(_CONTINUED.sub(b" ", source[term.start : term.end]).decode(errors="surrogateescape").split())
            for name, term in self.match.bindings.items()
        }

    def written_bindings(self) -> dict[str, str]:
        """Return what each metavariable is written as: on one line, unless that would hide a part of it."""
        source = self.layout.source
        texts = {name: source[term.start : term.end] for name, term in self.match.bindings.items()}
        return {
            name: text.decode(errors="surrogateescape") if _needs_its_lines(text) else self.bindings()[name]
            for name, text in texts.items()
        }

    def removed_leaves(self, group: HunkGroup) -> list[Term]:
        """Return the leaves on the removed lines of a group."""
        numbers = {line.number for line in group.removed}
        return [leaf for leaf in self.leaves if self.before.line_of(leaf).number in numbers]

    def neighbours(self, group: HunkGroup) -> tuple[Term | None, Term | None]:
        """Return the matched leaves right above and right below the group."""
        above = [leaf for leaf in self.leaves if self.before.line_of(leaf).number < group.first]
        below = [leaf for leaf in self.leaves if self.before.line_of(leaf).number > group.last]
        return (above[-1] if above else None), (below[0] if below else None)

    def gap(self, group: HunkGroup) -> tuple[int, int]:
        """Return the bytes between the neighbours of a group without code; with one neighbour, its comments."""
        above, below = self.neighbours(group)
        low = self.match.extents[above][1] if above else self.match.extents[below][0] if below else 0
        high = self.match.extents[below][0] if below else low
        return self.layout.with_adjacent_comments(low, high) if not above or not below else (low, high)

    def follows_ellipsis(self, group: HunkGroup) -> bool:
        """Tell whether the line above the group (comments and blanks aside) is an ellipsis."""
        above = [line for line in self.before.lines if line.number < group.first and without_comments(line.code)]
        last = [leaf for leaf in self.before.leaves() if above and self.before.line_of(leaf) is above[-1]]
        return bool(last) and last[-1].kind == ELLIPSIS_KIND and is_ellipsis(above[-1])

    def ends_in_addition(self) -> bool:
        """Tell whether the hunk adds its last lines, after an ellipsis: they become the end of the block."""
        last = self.hunk.groups()[-1]
        return self.hunk.lines[-1].sign is Sign.ADDED and not last.removed and self.follows_ellipsis(last)

    def removed_extent(self, group: HunkGroup, removed: list[Term]) -> tuple[int, int]:
        """Return the bytes of the removed lines of a group with code, their comments and blank lines included.

        Raises TriviaDiffersError where one of those comments is not there.
        """
        start, end = self.extent_of(group, removed)
        around = self.layout.with_adjacent_comments(start, end)
        for comment in _comments_beside_code(self.hunk, group):
            low, high = self._find_comment(comment, *around)
            start, end = min(start, low), max(end, high)
        self.check_comment_lines(group)
        places = [self.trivia[line.number] for line in group.removed if line.number in self.trivia]
        return min([start, *(low for low, _ in places)]), max([end, *(high for _, high in places)])

    def extent_of(self, group: HunkGroup, removed: list[Term]) -> tuple[int, int]:
        """Return the bytes of the code on the removed lines of a group, the comma behind it included."""
        extents = [self.match.extents[leaf] for leaf in removed]
        start, end = min(low for low, _ in extents), max(high for _, high in extents)
        code = [line for line in group.removed if not self.hunk.is_trivia(line)]
        return start, self.past_comma(end) if without_comments(code[-1].code).endswith(",") else end

    def check_comment_lines(self, group: HunkGroup) -> None:
        """Raise TriviaDiffersError where a comment on a removed line of its own is not there."""
        for line in group.removed:
            if line.code and self.hunk.is_trivia(line) and line.number not in self.trivia:
                raise TriviaDiffersError(f"the comment {line.code.strip()} on a changed line is not there")

    def past_comma(self, end: int) -> int:
        """Return where the comma behind `end` ends, `end` where there is none."""
        rest = self.layout.source[end:]
        spaces = len(rest) - len(rest.lstrip())
        return end + spaces + 1 if rest[spaces : spaces + 1] == b"," else end

    def _find_comment(self, comment: str, start: int, end: int) -> tuple[int, int]:
        for low, high, text in self.layout.comments_between(start, end):
            if text == comment:
                return low, high
        raise TriviaDiffersError(f"the comment {comment} on a changed line is not there")


def _needs_its_lines(code: bytes) -> bool:
    return b"\n" in code and _BOUND_TO_LINES.search(code) is not None


def _comments_beside_code(hunk: Hunk, group: HunkGroup) -> list[str]:
    """Return the comments on the removed lines of a group that stand on lines with code, folded."""
    own = {fold(comment) for comment in _comments([line for line in group.removed if hunk.is_trivia(line)])}
    return [comment for comment in _comments(group.removed) if comment not in own]


def _comments(lines: tuple[HunkLine, ...] | list[HunkLine]) -> list[str]:
    return [fold(comment) for comment in comments_of("\n".join(line.code for line in lines))]
