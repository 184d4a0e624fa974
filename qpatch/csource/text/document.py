# SPDX-License-Identifier: GPL-2.0-or-later
"""A text file as lines with its outline, and the change of lines that an edit makes to it.

The file is kept byte for byte: undecodable bytes survive as surrogates, line ends and the missing newline at
the end of a file are preserved. Line numbers are indexes from 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.text.joined import Line, continued, separated
from qpatch.csource.text.outline import TextFormat, outline, text_format
from qpatch.csource.text.parts import Outline, TextSection, fold, last_text_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class LineChange:
    """Lines to delete, and lines (without their ends) to insert before a line's index.

    `at` is the first line concerned, `bindings` say what the hunk's metavariables stand for, `matched` is the first
    line that the hunk matched (None: it is no hunk's).
    """

    deleted: frozenset[int]
    inserted: tuple[tuple[int, tuple[str, ...]], ...]
    at: int
    bindings: Mapping[str, str] = field(default_factory=dict, compare=False)
    matched: int | None = field(default=None, compare=False)

    @property
    def shown(self) -> int:
        """The line that tells a reader which of several places it is."""
        return self.at if self.matched is None else self.matched

    def overlaps(self, other: LineChange) -> bool:
        """Tell whether both touch the same line or insert at the same place."""
        mine = {position for position, _ in self.inserted}
        return bool(self.deleted & other.deleted) or bool(mine & {position for position, _ in other.inserted})


@dataclass(frozen=True)
class TextDocument:
    """A text file: its path and its lines with their ends."""

    path: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: str, content: bytes) -> TextDocument:
        """Split the file's bytes into lines (at LF only)."""
        text = content.decode("utf-8", "surrogateescape")
        lines = text.split("\n")
        kept = [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
        return cls(path, tuple(kept))

    @cached_property
    def format(self) -> TextFormat:
        """The format, told by the file's name."""
        return text_format(self.path)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The lines with white space folded: what is compared."""
        return tuple(fold(line) for line in self.lines)

    @cached_property
    def outline(self) -> Outline:
        """The sections and entries."""
        return outline(self.path, self.lines)

    @cached_property
    def eol(self) -> str:
        """The line end of the file, told by its first line."""
        return "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"

    @cached_property
    def whole(self) -> TextSection:
        """The file as one section, whose entries are all entries and sections."""
        end = last_text_line(self.lines, 0, len(self.lines))
        return TextSection(self.path, 0, end, entries=self.outline.entries())

    def place(self, line: int) -> SourcePlace:
        """Return the place of a line for a message."""
        return SourcePlace(self.path, line + 1, self.lines[line].rstrip() if line < len(self.lines) else "")

    def blank_above(self, line: int) -> int | None:
        """Count the blank lines directly above `line`; None where only blank lines are above."""
        top = last_text_line(self.lines, 0, line)
        return line - top if top else None

    def blank_below(self, line: int) -> int | None:
        """Count the blank lines from `line` on; None where only blank lines follow."""
        text = next((index for index in range(line, len(self.lines)) if self.folded[index]), None)
        return None if text is None else text - line

    def with_surplus(self, deleted: Iterable[int], kept: Iterable[int] = ()) -> frozenset[int]:
        """Return `deleted` with the one blank line that each run of it leaves over.

        A run next to one of `kept` (places of insertion), or with a blank line at an end, leaves none.
        """
        chosen = set(deleted)
        places = set(kept)
        for start, end in _runs(chosen):
            edges_blank = not self.folded[start] or not self.folded[end - 1]
            if edges_blank or any(start <= place <= end for place in places):
                continue
            above_blank = start == 0 or not self.folded[start - 1]
            if end < len(self.lines) and above_blank and not self.folded[end]:
                chosen.add(end)
            elif end == len(self.lines) and start > 0 and above_blank:
                chosen.add(start - 1)
        return frozenset(chosen)

    def changed(self, changes: Iterable[LineChange]) -> bytes:
        """Return the file's bytes after `changes`, which must not overlap.

        Lines of a Makefile that they part or join lose or get their backslash, entries of lists in meson.build a comma.
        """
        deleted: set[int] = set()
        inserted: dict[int, list[str]] = {}
        for change in changes:
            deleted |= change.deleted
            for position, lines in change.inserted:
                inserted.setdefault(position, []).extend(lines)
        result: list[Line] = []
        for index in range(len(self.lines) + 1):
            result.extend(Line(line + self.eol, None) for line in inserted.get(index, ()))
            if index < len(self.lines) and index not in deleted:
                result.append(Line(self.lines[index], index))
        return self._with_final_end(self._joined(result)).encode("utf-8", "surrogateescape")

    def _joined(self, lines: list[Line]) -> list[str]:
        if self.format is TextFormat.MAKEFILE:
            return continued(lines, self.lines)
        if self.format is TextFormat.MESON:
            return separated(lines)
        return [line.text for line in lines]

    def _with_final_end(self, pieces: list[str]) -> str:
        """Join the lines; a file that ended without a newline still does, and only its last line."""
        if not self.lines or self.lines[-1].endswith("\n"):
            return "".join(pieces)
        ended = [piece if piece.endswith("\n") else piece + self.eol for piece in pieces]
        return "".join(ended).removesuffix(self.eol)


@dataclass(frozen=True)
class Span:
    """Lines [start, stop) of a file that an anchor stands for; `moved_from` is the path that was expected."""

    document: TextDocument
    start: int
    stop: int
    moved_from: str = ""

    @classmethod
    def whole(cls, path: str, content: bytes) -> Span:
        """Return all lines of a file."""
        document = TextDocument.read(path, content)
        return cls(document, 0, len(document.lines))


def _runs(lines: set[int]) -> list[tuple[int, int]]:
    """Return the half open ranges of consecutive numbers in `lines`."""
    starts = sorted(line for line in lines if line - 1 not in lines)
    ends = sorted(line + 1 for line in lines if line + 1 not in lines)
    return list(zip(starts, ends, strict=True))
