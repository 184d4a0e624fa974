# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines, indentation and comments of a source text, by byte position, so that an edit leaves the rest as it was.

All positions are byte offsets; a line's end is the position of its newline (or of the end of the text).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

TAB = 8
LABEL_LINE = re.compile(rb"(?P<space>[ \t]*)(?!default\b)[A-Za-z_]\w*[ \t]*:[ \t\r]*(?:/[/*].*)?$", re.MULTILINE)
"""A line with a label of `goto`."""
DIRECTIVE_LINE = re.compile(rb"(?P<space>[ \t]*)#[ \t]*[a-z]+\b", re.MULTILINE)
"""A line with a preprocessor directive."""
# The comment that heads a file belongs to the file, not to what happens to stand below it.
_LICENCE = re.compile(rb"copyright|licen[cs]e|spdx", re.IGNORECASE)
_TITLED = re.compile(rb"[ \t\r]*\n[ \t]*#[ \t]*(?:include|if)")
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")


@dataclass(frozen=True)
class Replacement:
    """Put `text` in the place of bytes [start, end)."""

    start: int
    end: int
    text: bytes


class Layout:
    """A source text with its comments, given as sorted (start, end) byte positions."""

    def __init__(self, source: bytes, comments: list[tuple[int, int]]) -> None:
        self.source = source
        self._comments = comments
        self._comment_starts = [start for start, _ in comments]
        self._comment_ends = [end for _, end in comments]

    def line_start(self, position: int) -> int:
        """Return where the line of `position` begins."""
        return self.source.rfind(b"\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Return where the line of `position` ends: at its newline, or at the CR LF that ends it."""
        end = self.source.find(b"\n", position)
        if end < 0:
            return len(self.source)
        return end - (position < end and self.source[end - 1 : end] == b"\r")

    def next_line(self, position: int) -> int:
        """Return where the line after that of `position` begins."""
        newline = self.source.find(b"\n", position)
        return len(self.source) if newline < 0 else newline + 1

    def is_blank(self, start: int, end: int) -> bool:
        """Tell whether bytes [start, end) are white space."""
        return not self.source[start:end].strip()

    def starts_line(self, position: int) -> bool:
        """Tell whether nothing but white space precedes `position` on its line."""
        return self.is_blank(self.line_start(position), position)

    def folded_line(self, position: int) -> str:
        """Return the line of `position` with white space folded, the backslash that continues it left out."""
        line = self.source[self.line_start(position) : self.line_end(position)]
        return fold_line(line.decode(errors="surrogateescape"))

    def is_bare(self, start: int, end: int) -> bool:
        """Tell whether [start, end) holds nothing but white space and comments."""
        position = start
        for low, high in self._comments[bisect_left(self._comment_ends, start) :]:
            if low >= end:
                break
            if not self.is_blank(position, low):
                return False
            position = max(position, high)
        return position >= end or self.is_blank(position, end)

    def is_in_comment(self, position: int) -> bool:
        """Tell whether a comment begins before `position` and ends behind it."""
        index = bisect_left(self._comment_starts, position) - 1
        return index >= 0 and position < self._comment_ends[index]

    def bare_lines_above(self, position: int) -> int:
        """Return the start of the lines of comments and blanks right above the line of `position`."""
        start = self.line_start(position)
        while start and self.is_bare(self.line_start(start - 1), start - 1):
            start = self.line_start(start - 1)
        return start

    def bare_lines_below(self, line_start: int) -> int:
        """Return the end of the lines of comments and blanks that begin at `line_start`."""
        end = line_start
        while end < len(self.source) and self.is_bare(end, self.line_end(end)):
            end = self.next_line(end)
        return end

    def blank_lines_around(self, line_start: int) -> int:
        """Count the blank lines in a row that end above or begin at `line_start`."""
        first = line_start
        while first and self.is_blank(self.line_start(first - 1), first):
            first = self.line_start(first - 1)
        count = 0
        while first < len(self.source) and self.is_blank(first, self.line_end(first)):
            first, count = self.next_line(first), count + 1
        return count

    def indentation(self, position: int) -> str:
        """Return the white space that the line of `position` begins with."""
        start = self.line_start(position)
        line = self.source[start : self.line_end(start)]
        return line[: len(line) - len(line.lstrip())].decode()

    def usual_indentation(self, kind: re.Pattern[bytes], start: int, end: int) -> str:
        """Return the white space before lines of a kind, as its group `space`: of most in [start, end), else none."""
        lines = self.source[start:end].splitlines()
        found = Counter(match["space"] for line in lines if (match := kind.match(line)))
        return found.most_common(1)[0][0].decode() if found else ""

    def code_behind(self, position: int) -> bytes:
        """Return what follows `position` on its line, without comments and white space at its end."""
        comment = next((low for low, _ in self._comments if low >= position), len(self.source))
        return self.source[position : min(comment, self.line_end(position))].rstrip()

    def after_trailing_comments(self, position: int) -> int:
        """Return the end of the comments that begin on the line of `position` after it, else `position`.

        The lines below them count that go on with the last one in its column.
        """
        end, last = position, None
        while True:
            comment = self._comment_at(start := self._skip_spaces(end))
            if comment is None:
                return end if last is None else self._comments_in_column(last, end)
            last, end = start, comment

    def _comments_in_column(self, start: int, end: int) -> int:
        """Return the end of the comments that stand below the one [start, end) behind code, in its column."""
        wide = self._column(start)
        while wide > column(self.indentation(start)):
            below = self._skip_spaces(self.next_line(end))
            comment = self._comment_at(below)
            if comment is None or self._column(below) != wide or not self.is_blank(end, below):
                break
            if self.source.count(b"\n", end, below) != 1 or not self.is_blank(comment, self.line_end(comment)):
                break
            end = comment
        return end

    def _column(self, position: int) -> int:
        return column(self.source[self.line_start(position) : position].decode(errors="surrogateescape"))

    def before_leading_comments(self, line_start: int) -> int:
        """Return the start of the comment lines right above the line that begins at `line_start`."""
        start, above = line_start, self.comment_line_above(line_start)
        while above < start:
            start, above = above, self.comment_line_above(above)
        return start

    def comment_line_above(self, line_start: int) -> int:
        """Return the start of the line on which the comment right above `line_start` begins, else `line_start`."""
        end = len(self.source[: max(0, line_start - 1)].rstrip(b" \t"))
        found = next((first for first, last in self._comments if last == end), None)
        if not line_start or found is None or not self.starts_line(found) or self._heads_file(found, end):
            return line_start
        if self._goes_on_above(found):
            return line_start
        return self.line_start(found)

    def _goes_on_above(self, start: int) -> bool:
        """Tell whether a comment on lines of its own goes on with one behind the code above, in whose column it is."""
        line = self.line_start(start)
        index = bisect_left(self._comment_starts, start) - 1
        while (
            index >= 0
            and self._column(start)
            and self.line_start(self._comment_ends[index]) == self.line_start(line - 1)
        ):
            above = self._comment_starts[index]
            if self._column(above) != self._column(start):
                return False
            if not self.starts_line(above):
                return True
            line, index = self.line_start(above), index - 1
        return False

    def with_adjacent_comments(self, start: int, end: int) -> tuple[int, int]:
        """Widen [start, end) by the comments that only white space separates from it."""
        for low, high in reversed(self._comments[: bisect_left(self._comment_starts, start)]):
            if not self.is_blank(high, start):
                break
            start = low
        for low, high in self._comments[bisect_left(self._comment_starts, end) :]:
            if not self.is_blank(end, low):
                break
            end = high
        return start, end

    def comments_between(self, start: int, end: int) -> list[tuple[int, int, str]]:
        """Return (start, end, folded text) of the comments within [start, end)."""
        first = bisect_left(self._comment_starts, start)
        return [
            (low, high, fold(self.source[low:high].decode(errors="surrogateescape")))
            for low, high in self._comments[first:]
            if high <= end
        ]

    def whole_lines(self, start: int, end: int) -> tuple[int, int] | None:
        """Widen [start, end) to whole lines if nothing else stands on them, trailing comments aside."""
        rest = self.after_trailing_comments(end)
        if self.starts_line(start) and self.source[rest : self.line_end(rest)].strip() in (b"", b"\\"):
            return self.line_start(start), self.next_line(rest)
        return None

    def without_surplus_blank(self, start: int, end: int) -> tuple[int, int]:
        """Widen the whole lines [start, end) by one blank line where their removal would leave one too many."""
        above_blank = start > 0 and self.is_blank(self.line_start(start - 1), start)
        below_blank = end < len(self.source) and self.is_blank(end, self.line_end(end))
        above = self.source[self.line_start(start - 1) : start].strip() if start else b"{"
        below = self.source[end : self.line_end(end)].strip()
        if below_blank and (above_blank or above.endswith(b"{") or not start):
            return start, self.next_line(end)
        if above_blank and (below.startswith(b"}") or end >= len(self.source)):
            return self.line_start(start - 1), end
        return start, end

    def _heads_file(self, start: int, end: int) -> bool:
        """Tell whether the comment [start, end) is of the file's head: licence and what stands above, or a title.

        A title has an `#include` or an `#if` below it, and no blank line between it and the file's first line.
        """
        head = self._head
        if (start, end) not in head:
            return False
        licences = [at for at, comment in enumerate(head) if _LICENCE.search(self.source, *comment)]
        if licences and head.index((start, end)) <= licences[-1]:
            return True
        return _TITLED.match(self.source, head[-1][1]) is not None and not any(
            _BLANK_LINE.search(self.source, low, high) for (_, low), (high, _) in pairwise(head)
        )

    @cached_property
    def _head(self) -> list[tuple[int, int]]:
        """The comments with which the file begins."""
        head: list[tuple[int, int]] = []
        for comment in self._comments:
            if not self.is_blank(head[-1][1] if head else 0, comment[0]):
                break
            head.append(comment)
        return head

    def _skip_spaces(self, position: int) -> int:
        while self.source[position : position + 1] in (b" ", b"\t"):
            position += 1
        return position

    def _comment_at(self, position: int) -> int | None:
        index = bisect_left(self._comment_starts, position)
        if index < len(self._comments) and self._comments[index][0] == position:
            return self._comments[index][1]
        return None


def fold(text: str) -> str:
    """Return `text` with runs of white space (and the stars of comment lines) folded, for comparing comments."""
    return " ".join(re.sub(r"\n\s*\*(?!/)", "\n", text).split())


def fold_line(line: str) -> str:
    """Return a line with white space folded, the backslash that continues it left out."""
    return " ".join(line.rstrip().removesuffix("\\").split())


def column(indentation: str) -> int:
    """Return the column that `indentation` reaches, with tabs of eight."""
    return len(indentation.expandtabs(TAB))


def indented(code: str, columns: int, *, tabs: bool) -> str:
    """Return code without indentation (a blank line stays blank) at column `columns`, never left of 0."""
    columns = max(0, columns)
    space = "\t" * (columns // TAB) + " " * (columns % TAB) if tabs else " " * columns
    return space + code if code else ""


def with_line_ends(source: bytes, replacements: list[Replacement]) -> list[Replacement]:
    """Return `replacements` with their lines ended as those of `source` are: by CR LF if its first line is."""
    if not source.partition(b"\n")[0].endswith(b"\r"):
        return replacements
    return [Replacement(change.start, change.end, re.sub(rb"\r?\n", b"\r\n", change.text)) for change in replacements]


def apply_replacements(source: bytes, replacements: list[Replacement]) -> bytes:
    """Carry out `replacements`, which must not overlap, on `source`."""
    parts, position = [], 0
    for replacement in sorted(replacements, key=lambda change: (change.start, change.end)):
        if replacement.start < position:
            raise ValueError(f"replacements overlap at byte {replacement.start}")
        parts += [source[position : replacement.start], replacement.text]
        position = replacement.end
    return b"".join([*parts, source[position:]])
