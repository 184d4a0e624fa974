# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines that a backslash continues: how far a `#define` reaches, and its backslashes after its lines have changed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import TAB
from qpatch.csource.tokens import comments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFINE = re.compile(rb"[ \t]*#[ \t]*define\b")
_CONTINUED = re.compile(r"(?P<code>.*?)(?P<gap>[ \t]*)\\", re.DOTALL)


@dataclass(frozen=True)
class _Style:
    """How lines are continued: the column of the backslash, None for right behind the code, and the gap before it.

    `has_bare` says that lines without code have it in the first column.
    """

    column: int | None
    gap: str
    has_bare: bool = False

    def continued(self, code: str) -> str:
        """Return a line with its backslash."""
        if self.column is None or (not code and self.has_bare):
            return code + self.gap * bool(code) + "\\"
        width = len(code.expandtabs(TAB))
        if width >= self.column:
            return f"{code}{self.gap[:1]}\\"
        if "\t" not in self.gap:
            return f"{code.ljust(self.column - width + len(code))}\\"
        tabs = self.column // TAB - width // TAB
        return code + "\t" * tabs + " " * (self.column % TAB if tabs else self.column - width) + "\\"


def macro_around(source: bytes, position: int) -> tuple[int, int] | None:
    """Return the lines (start, end) of the `#define` that the line of `position` belongs to, None where to none."""
    start = source.rfind(b"\n", 0, position) + 1
    while start and is_continued(source, start - 1):
        start = source.rfind(b"\n", 0, start - 1) + 1
    if not _DEFINE.match(source, start):
        return None
    end = source.find(b"\n", position)
    while end >= 0 and is_continued(source, end):
        end = source.find(b"\n", end + 1)
    return start, end + 1 if end >= 0 else len(source)


def is_continued(source: bytes, newline: int) -> bool:
    """Tell whether a backslash stands before the line end at `newline`."""
    return source[:newline][-2:].rstrip(b"\r").endswith(b"\\")


def without_continuation(line: str) -> str:
    """Return a line without its backslash and the blanks before it."""
    return line.rstrip(" \t\\")


def with_continuations(old: Sequence[str], new: Sequence[str], *, keep: bool = False) -> list[str]:
    """Return the lines of a macro each continued by a backslash but the last, as the lines that it had before are.

    With `keep`, a new line that has a backslash keeps it where it is. A `//` comment that would take in the backslash
    becomes one that ends before it.
    """
    style = _style(old)
    known = {line for line in old if line.endswith("\\")}
    if keep or style is None:
        known |= {line for line in new if line.endswith("\\")}
    style = style or _Style(None, " ")
    lines = [
        line if line in known else style.continued(_closed_comment(without_continuation(line), new[:index]))
        for index, line in enumerate(new[:-1])
    ]
    return [*lines, without_continuation(new[-1])]


def _closed_comment(line: str, above: Sequence[str]) -> str:
    """Return a line, below those `above`, whose `//` comment has an end of its own."""
    comment = comments_of("\n".join([*above, line]))[-1:] if "//" in line else []
    if not comment or not comment[0].startswith("//") or not line.endswith(comment[0]):
        return line
    inside = comment[0][2:].strip().replace("*/", "* /")
    return f"{line.removesuffix(comment[0])}/* {inside} */"


def _style(lines: Sequence[str]) -> _Style | None:
    """Return how lines are continued, None where there is none."""
    found = [match for line in lines if (match := _CONTINUED.fullmatch(line)) and match["code"]]
    if not found:
        return None
    gaps = Counter(match["gap"] for match in found)
    columns = Counter(len(match[0][:-1].expandtabs(TAB)) for match in found)
    column, times = columns.most_common(1)[0]
    aligned = [match["gap"] for match in found if len(match[0][:-1].expandtabs(TAB)) == column]
    if set(gaps) <= {" ", "\t", ""} or (times == 1 and len(found) > 1):
        gap = gaps.most_common(1)[0][0]
        return _Style(None, gap if len(gap) < 2 else " ")
    return _Style(column, max(aligned, key=lambda gap: ("\t" in gap, len(gap))), has_bare="\\" in lines)
