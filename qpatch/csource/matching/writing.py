# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes one group of removed and added lines of a matched hunk as one byte replacement.

A removal takes its leading comment and one surplus blank line with it, an addition attaches to the line above it
(after that one's trailing comment) or, where it comes first, to the one below (before its leading comment), and takes
over the indentation of where it lands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, HunkGroup
from qpatch.csource.matching.list_commas import list_begun_by, list_ended_by
from qpatch.csource.matching.pattern import ELLIPSIS_KIND
from qpatch.csource.matching.placing import LinePlacer, owner_of
from qpatch.csource.syntax.commas import BRACE_LISTS, brace_list_at, separated
from qpatch.csource.syntax.continuation import is_continued, macro_around
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.ownership import opens_arm, own_comments

if TYPE_CHECKING:
    from qpatch.csource.syntax.term import Term


class GroupWriter(LinePlacer):
    """Writes the groups of a matched hunk, each as if it were the only one."""

    def written(self, group: HunkGroup) -> Replacement:
        """Return the replacement that carries a group out.

        Raises TriviaDiffersError for a comment that is not there; HunkError for an addition that attaches to nothing.
        """
        removed = self.removed_leaves(group)
        if removed:
            start, end = self.removed_extent(group, removed)
            return (
                self.replaced(group, removed[0], start, end)
                if group.added
                else self._remove(group, removed, start, end)
            )
        places = [self.trivia[line.number] for line in group.removed if line.number in self.trivia]
        if places:
            return self._replace_trivia(group, places[0][0], places[-1][1])
        if group.added:
            return self._with_commas(self._insert(group), group)
        start = self.gap(group)[0]  # An ellipsis is removed that stands for nothing.
        return Replacement(start, start, b"")

    def replaced(self, group: HunkGroup, first_removed: Term, start: int, end: int) -> Replacement:
        """Return the replacement of [start, end), with a backslash behind it, by the added lines of a group."""
        rest = self.layout.line_end(end)
        if self.layout.source[end:rest].strip() == b"\\":
            end = rest
        before = b"" if self.layout.starts_line(start) else self.layout.source[self.layout.line_start(start) : start]
        behind = len(self.layout.code_behind(end))
        lines = self.added_lines(group, first_removed, before.decode(errors="surrogateescape"), behind)
        return Replacement(start if before else self.layout.line_start(start), end, _encode("\n".join(lines)))

    def insertion_line(self, group: HunkGroup) -> int:
        """Return the start of the line that the added lines of a group, which removes nothing, would precede."""
        change = self._insert(group)
        return change.end if self.layout.starts_line(change.end) else self.layout.next_line(change.end)

    def _remove(self, group: HunkGroup, removed: list[Term], start: int, end: int) -> Replacement:
        lines = self.layout.whole_lines(start, end)
        if lines is None:
            trailing = 1 if self.layout.source[end : end + 1] == b" " else 0
            return Replacement(start, end + trailing, b"")
        first = own_comments(self.layout, removed[0], lines[0])
        last = self._past_comments_of(group, removed, lines[1])
        if self.hunk.keeps_blank_lines(group, self.trivia):
            return Replacement(first, last, b"")
        return Replacement(*self.layout.without_surplus_blank(first, last), b"")

    def _past_comments_of(self, group: HunkGroup, removed: list[Term], end: int) -> int:
        """Return where the comments end that end the block or arm of which the removed code, up to `end`, is the rest.

        That is so where `...` stands for the rest, or the removed lines begin the arm.
        """
        _, below = self.neighbours(group)
        if below is None or not (removed[-1].kind == ELLIPSIS_KIND or opens_arm(removed)):
            return end
        line = self.layout.line_start(self.match.extents[below][0])
        high = own_comments(self.layout, below, line)
        return high if end < high and self.layout.is_bare(end, high) else end

    def _replace_trivia(self, group: HunkGroup, start: int, end: int) -> Replacement:
        """Replace (or remove) whole lines of comments and blanks."""
        if not group.added:
            last = self.layout.next_line(end)
            if self.hunk.takes_surplus_blank(group, self.trivia):
                return Replacement(*self.layout.without_surplus_blank(start, last), b"")
            return Replacement(start, last, b"")
        above, below = self.neighbours(group)
        return Replacement(start, end, _encode("\n".join(self.added_lines(group, above or below))))

    def _insert(self, group: HunkGroup) -> Replacement:
        above, below = self.neighbours(group)
        upper, lower = self._trivia_beside(group)
        if upper is not None:
            return Replacement(upper[1], upper[1], _encode("\n" + "\n".join(self.added_lines(group, above or below))))
        if above is not None and not self.follows_ellipsis(group) and not (below and self._opens(group, below)):
            is_macro_line = group.first in self.hunk.macro_lines
            return self._insert_after(above, self.added_lines(group, above), is_macro_line=is_macro_line)
        if lower is not None:
            return Replacement(lower[0], lower[0], _encode("\n".join(self.added_lines(group, below)) + "\n"))
        if below is not None:
            return self._insert_before(below, self.added_lines(group, below), self.match.extents[below][0])
        if above is not None:
            return self._insert_at_end(self.added_lines(group, above))
        if self.follows_ellipsis(group):
            return self._insert_at_end(self.lines_of_block(group))
        raise HunkError(
            "an added line needs a line of context to attach to",
            group.first,
            "show the statement above or below it, or use `add:`",
        )

    def _with_commas(self, change: Replacement, group: HunkGroup) -> Replacement:
        """Return an insertion with the comma that it needs behind the entry above, if it is one into a list in braces.

        Raises UnclearCommaError where an `#if` decides whether it needs one.
        """
        above, below = self.neighbours(group)
        is_between = (
            (above is not None and list_ended_by(above) in BRACE_LISTS)
            or (below is not None and (list_begun_by(below) in BRACE_LISTS or _closes(below)))
            or (above is None and below is None)
        )
        into = brace_list_at(self.match.block, change.start) if is_between else None
        if into is None or change.text.lstrip().startswith(b","):
            return change
        return separated(change, into, self.layout)

    def _trivia_beside(self, group: HunkGroup) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """Return the nearest lines of comments and blanks that the hunk shows above and below an addition."""
        above = max((number for number in self.code if number < group.first), default=0)
        below = min((number for number in self.code if number > group.last), default=group.last + len(self.hunk.lines))
        upper = max((number for number in self.trivia if above < number < group.first), default=0)
        lower = min((number for number in self.trivia if group.last < number < below), default=0)
        return self.trivia.get(upper), self.trivia.get(lower)

    def _insert_after(self, leaf: Term, lines: list[str], *, is_macro_line: bool) -> Replacement:
        end = self.match.extents[leaf][1]
        rest = self.layout.after_trailing_comments(self.past_comma(end) if list_ended_by(leaf) else end)
        if owner_of(
            leaf
        ).is_directive:  # The parser does not see the comment behind one, as in `#endif /* CONFIG_X */`.
            rest = self.layout.line_end(rest)
        text = _encode("\n" + "\n".join(lines))
        if not is_macro_line and (end_of_macro := self._end_of_macro(rest)) is not None:
            return Replacement(end_of_macro, end_of_macro, text)
        if self.layout.is_blank(rest, self.layout.line_end(rest)):
            return Replacement(rest, rest, text)
        goes_on = next(reversed(list(owner_of(leaf).leaves()))) is not leaf
        indentation = _encode(_indentation(lines[-1]) if goes_on else self.layout.indentation(end))
        skip = len(self.layout.source[rest:]) - len(self.layout.source[rest:].lstrip(b" \t"))
        return Replacement(rest, rest + skip, text + b"\n" + indentation)

    def _end_of_macro(self, position: int) -> int | None:
        """Return where the last line of a macro ends, of which that of `position` is one but not the last; else None.

        Its last line may be a blank one, below a backslash that goes on with nothing.
        """
        newline = self.layout.source.find(b"\n", position)
        macro = macro_around(self.layout.source, position) if newline > 0 else None
        if macro is None or not is_continued(self.layout.source, newline):
            return None
        return self.layout.line_end(self.layout.line_start(macro[1] - 1))

    def _insert_before(self, leaf: Term, lines: list[str], start: int) -> Replacement:
        if not self.layout.starts_line(start):
            indentation = self.layout.indentation(start)
            return Replacement(start, start, _encode("\n".join(lines).lstrip() + "\n" + indentation))
        position = own_comments(self.layout, leaf, self.layout.line_start(start))
        return Replacement(position, position, _encode("\n".join(lines) + "\n"))

    def _insert_at_end(self, lines: list[str]) -> Replacement:
        """Insert before the bracket or `#endif` that closes the block; a file ends where its last item does."""
        closing = self.match.block.children[-1]
        if closing.text == "}" and not self.match.block.items and not self.layout.starts_line(closing.start):
            return self._insert_into_empty_block(lines, closing.start)
        if closing.text == "}" or closing.kind == "#endif":
            return self._insert_before(closing, lines, closing.start)
        position = self.layout.line_end(self.layout.after_trailing_comments(closing.end))
        return Replacement(position, position, _encode("\n" + "\n".join(lines)))

    def _insert_into_empty_block(self, lines: list[str], closing: int) -> Replacement:
        """Insert the only lines of a block, the closing brace of which gets a line of its own."""
        start = len(self.layout.source[:closing].rstrip())
        return Replacement(
            start, closing, _encode("\n" + "\n".join(lines) + "\n" + self.layout.indentation(self.match.block.start))
        )

    def _opens(self, group: HunkGroup, below: Term) -> bool:
        """Tell whether the added lines begin what the line of context below them goes on with, such as an `if`."""
        numbers = {line.number for line in group.added}
        last = next((leaf for leaf in reversed(list(self.after.leaves())) if self._number_after(leaf) in numbers), None)
        shown = self.before.line_of(below).number
        while last is not None and last.parent is not None:
            last = last.parent
            leaves = list(last.leaves())
            if self._number_after(leaves[0]) not in numbers:
                return False
            if any(self._number_after(leaf) == shown for leaf in leaves):
                return True
        return False

    def _number_after(self, leaf: Term) -> int:
        return self.after.line_of(leaf).number


def _closes(leaf: Term) -> bool:
    """Tell whether `leaf` is the brace that closes a list."""
    return leaf.text == "}" and leaf.parent is not None and leaf.parent.kind in BRACE_LISTS


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
