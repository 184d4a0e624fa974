# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps the columns that lines one above the other have in common: of trailing comments, values, `=`, member names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import TAB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_GAP = re.compile(r"(?<=[^ \t])(?P<space>[ \t]+)(?P<first>/[/*]|=(?!=)|[^\s\\])")


@dataclass(frozen=True)
class LineChange:
    """Put `text` in the place of characters [start, end) of a line."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Gap:
    """White space within a line: its characters [start, end), and in which column what follows it stands."""

    start: int
    end: int
    column: int
    space: str
    kind: str

    @property
    def is_wide(self) -> bool:
        """Whether it is more than what stands between any two words."""
        return len(self.space) > 1 or "\t" in self.space

    def is_of_column(self, other: _Gap) -> bool:
        """Tell whether what follows both stands in one column."""
        return self.column == other.column and self.kind == other.kind


class ColumnKeeper:
    """Lines with changes in some of them, and the columns that what is behind the changes shares with its neighbours.

    `visible` are the lines with comments and strings blanked.
    """

    def __init__(
        self, lines: Sequence[str], visible: Sequence[str], changes: Mapping[int, Sequence[LineChange]]
    ) -> None:
        self._lines = lines
        self._visible = visible
        self._changes = changes
        self._found: dict[int, list[_Gap]] = {}

    def line(self, number: int) -> str | None:
        """Return a line with its changes made and its columns kept; None where no change is within the line."""
        return self._written(number) if number in self._changes else None

    def _written(self, number: int) -> str:
        line, written, last = self._lines[number], "", 0
        changes = self._changes[number]
        behind = [gap for gap in self._gaps(number) if gap.start >= changes[0].end]
        gaps = [gap for gap in behind if not any(gap.start < each.end and each.start < gap.end for each in changes)]
        steps: list[_Gap | LineChange] = sorted((*gaps, *changes), key=lambda step: step.start)
        for step in steps:
            written += line[last : step.start]
            if isinstance(step, LineChange):
                written += step.text
            else:
                run = self._run(number, step)
                written += _space(written, self._column(run, step), step) if run else step.space
            last = step.end
        return written + line[last:]

    def _gaps(self, number: int) -> list[_Gap]:
        """Return the gaps of a line that are in code, or before a comment."""
        if number not in self._found:
            self._found[number] = list(_gaps_of(self._lines[number], self._visible[number]))
        return self._found[number]

    def _run(self, number: int, gap: _Gap) -> dict[int, _Gap]:
        """Return the gaps of the lines above and below that lead to the same column; none where no column shows."""
        run = {number: gap}
        for step in (-1, 1):
            at = number + step
            while 0 <= at < len(self._lines):
                same = next((other for other in self._gaps(at) if gap.is_of_column(other)), None)
                if same is None:
                    break
                run[at] = same
                at += step
        return run if len(run) > 1 and any(each.is_wide for each in run.values()) else {}

    def _column(self, run: Mapping[int, _Gap], gap: _Gap) -> int:
        """Return the column of a run: the old one, or where all lines change and have no room there, one with room."""
        if not all(number in self._changes for number in run):
            return gap.column
        in_tabs = any("\t" in each.space for each in run.values())
        widths = [self._code_width(number, each) for number, each in run.items()]
        least = max(widths) + 1
        if in_tabs and gap.column % TAB == 0:
            least = -(-least // TAB) * TAB
        return max(least, gap.column)

    def _code_width(self, number: int, gap: _Gap) -> int:
        """Return the columns of the code before a gap once its line is changed."""
        line, written, last = self._lines[number], "", 0
        for change in self._changes[number]:
            if change.end <= gap.start:
                written += line[last : change.start] + change.text
                last = change.end
        return len((written + line[last : gap.start]).expandtabs(TAB))


def _gaps_of(line: str, visible: str) -> Iterator[_Gap]:
    for found in _GAP.finditer(line):
        first = found["first"]
        in_code = bool(visible[found.start() - 1].strip()) or bool(visible[found.end() - 1].strip())
        if first in ("/*", "//") or in_code:
            kind = first if first == "=" else "comment" if first in ("/*", "//") else "code"
            start, end = found.span("space")
            yield _Gap(start, end, len(line[:end].expandtabs(TAB)), found["space"], kind)


def _space(code: str, wanted: int, gap: _Gap) -> str:
    """Return the white space between `code` and the column `wanted`; a blank or a tab where there is no room."""
    width = len(code.expandtabs(TAB))
    if "\t" not in gap.space:
        return " " * max(1, wanted - width)
    if width >= wanted:
        return "\t"
    tabs = wanted // TAB - width // TAB
    return "\t" * tabs + " " * (wanted % TAB if tabs else wanted - width)
