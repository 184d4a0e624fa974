# SPDX-License-Identifier: GPL-2.0-or-later
"""What the outline of a text file is made of, and how its lines are compared: with white space folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAB_WIDTH = 8


@dataclass(frozen=True)
class TextEntry:
    """A named entry (event, attribute, list item, paragraph) on lines [start, end)."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class TextSection:
    """A named section on lines [start, end); sections may nest.

    `body_end` is the end of its own text, before its first subsection (-1: the same as `end`); `aliases` are
    other names that it is found by.
    """

    name: str
    start: int
    end: int
    entries: tuple[TextEntry, ...] = ()
    aliases: tuple[str, ...] = ()
    body_end: int = -1

    @property
    def own_end(self) -> int:
        """The end of the section's own text."""
        return self.end if self.body_end < 0 else self.body_end


@dataclass(frozen=True)
class Outline:
    """A file's sections in order of their first lines, and the entries that are in none."""

    sections: tuple[TextSection, ...] = ()
    loose: tuple[TextEntry, ...] = ()

    def entries(self) -> tuple[TextEntry, ...]:
        """Return every entry of the file, in order and once."""
        everything = {*self.loose, *(entry for section in self.sections for entry in section.entries)}
        return tuple(sorted(everything, key=lambda entry: (entry.start, entry.end)))


def fold(text: str) -> str:
    """Return `text` with each run of white space as one space and none at the ends."""
    return " ".join(text.split())


def indentation(line: str) -> int:
    """Return the column of the first text in `line`, tabs counted as 8."""
    expanded = line.expandtabs(_TAB_WIDTH)
    return len(expanded) - len(expanded.lstrip())


def last_text_line(lines: Sequence[str], start: int, stop: int) -> int:
    """Return the end of [start, stop) without the blank lines at its end."""
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    return stop
