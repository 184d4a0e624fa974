# SPDX-License-Identifier: GPL-2.0-or-later
"""The masked form of a source: what tree-sitter gets to see, byte for byte as long as the source.

A macro that the grammar does not understand is overwritten with something it does (`QLIST_FOREACH` with
`while`, padded with blanks). Line ends never move, so every position of the masked source is one of the source. Each
overwritten stretch is a `MaskedRegion`: as a term it counts as one token, with the true text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from qpatch.csource.tokens import OPAQUE
from qpatch.thresholds import thresholds

HIDDEN = OPAQUE.encode()
"""What hides the characters inside it: a comment, a string, a character constant."""

_HIDDEN = re.compile(HIDDEN, re.DOTALL)
_BRACKET = re.compile(HIDDEN + rb"|[()\[\]{},;]", re.DOTALL)
_GAP = re.compile(rb"(?:\s|\\\r?\n|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_NO_LINE_END = re.compile(rb"[^\r\n]")
_BLANK_BEFORE_LINE_END = re.compile(rb" (?=\r?\n)")
_NOT_IN_NAME = re.compile(rb"\W")


@dataclass(frozen=True)
class MaskedRegion:
    """Bytes [start, end) of the source that a macro rewrite changed in the masked source: one token."""

    start: int
    end: int


class OverlapError(ValueError):
    """A rewrite would cut through a macro that is rewritten already."""


class MaskedSource:
    """A source with some stretches overwritten.

    `changed` is the extent [start, end) of what was overwritten since this copy was made, None for nothing.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.changed: tuple[int, int] | None = None
        self._bytes = bytearray(source)
        self._covered = bytearray(len(source))
        self._regions: list[MaskedRegion] = []

    def copy(self) -> MaskedSource:
        """Return an independent copy, to try a rewrite on."""
        copied = MaskedSource(self.source)
        copied._bytes = bytearray(self._bytes)
        copied._covered = bytearray(self._covered)
        copied._regions = list(self._regions)
        return copied

    @property
    def regions(self) -> tuple[MaskedRegion, ...]:
        """The overwritten stretches in source order; they do not overlap."""
        return tuple(sorted(self._regions, key=lambda region: region.start))

    def text(self) -> bytes:
        """Return what tree-sitter is to parse."""
        return bytes(self._bytes)

    def covers(self, position: int) -> bool:
        """Tell whether the byte at `position` belongs to a region."""
        return bool(self._covered[position])

    def last_character(self, position: int) -> bytes:
        """Return the last character of the masked source before `position` that is no white space."""
        far = thresholds().windows.last_character
        return bytes(self._bytes[max(0, position - far) : position]).rstrip()[-1:]

    def blank_comment(self, start: int, end: int) -> None:
        """Overwrite a comment inside a directive with blanks; it is no token, so this makes no region.

        Where the comment spans lines, each of them gets the backslash that continues the directive.
        """
        blank = _NO_LINE_END.sub(b" ", self.source[start:end])
        self._bytes[start:end] = _BLANK_BEFORE_LINE_END.sub(b"\\\\", blank)

    def put_padded(self, start: int, end: int, text: bytes) -> None:
        """Overwrite [start, end) with `text`, or with blanks where its first line is too short for it."""
        first_line = self.source[start:end].split(b"\n", 1)[0].rstrip(b"\r")
        self.put(start, end, text if len(text) <= len(first_line) else b"")

    def put(self, start: int, end: int, text: bytes = b"") -> None:
        """Overwrite [start, end) with `text`, blanks, and the line ends that were there.

        `text` is cut off where the first line of the stretch ends. The new region replaces those
        inside the stretch; for one that reaches over its border an OverlapError is raised.
        """
        if any(self._covered[start:end]):
            self._drop_regions(start, end)
        self._regions.append(MaskedRegion(start, end))
        self._covered[start:end] = b"\1" * (end - start)
        true = self.source[start:end]
        first_line = len(true.split(b"\n", 1)[0].rstrip(b"\r"))
        filled = text[:first_line].ljust(first_line)
        rest = bytes(byte if byte in b"\r\n" else ord(" ") for byte in true[first_line:])
        self._bytes[start:end] = filled + rest
        before = self.changed or (start, end)
        self.changed = min(start, before[0]), max(end, before[1])

    def _drop_regions(self, start: int, end: int) -> None:
        """Drop the regions inside [start, end)."""
        inside = [region for region in self._regions if region.start < end and start < region.end]
        if any(region.start < start or end < region.end for region in inside):
            raise OverlapError(f"bytes {start}..{end} cut through a rewritten macro")
        self._regions = [region for region in self._regions if region not in inside]

    def put_name(self, start: int, end: int) -> None:
        """Overwrite [start, end) with one identifier that is made of its own letters and is no keyword."""
        first_line = self.source[start:end].split(b"\n", 1)[0].rstrip()
        name = _NOT_IN_NAME.sub(b"_", first_line)
        if name[:1].isdigit():
            name = b"_" + name[1:]
        self.put(start, end, name[:-1] + b"_" if len(name) > 1 else b"_")


def without_hidden(source: bytes) -> bytes:
    """Return `source` with comments, strings and character constants replaced by blanks; line ends stay."""
    return _HIDDEN.sub(lambda found: _NO_LINE_END.sub(b" ", found[0]), source)


def skip_trivia(source: bytes, position: int) -> int:
    """Return where white space, comments and continued line ends that begin at `position` are over."""
    match = _GAP.match(source, position)
    return match.end() if match else position


def closing_parenthesis(source: bytes, opening: int) -> int | None:
    """Return the position of the `)` that closes the `(` at `opening`, or None where there is none."""
    closing = closing_bracket(source, opening)
    return closing if closing is not None and source.startswith(b")", closing) else None


def closing_bracket(source: bytes, opening: int) -> int | None:
    """Return the position of the bracket that closes the one at `opening`, or None where there is none."""
    depth = 0
    for match in _BRACKET.finditer(source, opening):
        if match[0] in b"([{":
            depth += 1
        elif match[0] in b")]}":
            depth -= 1
            if depth == 0:
                return match.start()
    return None


def arguments(source: bytes, opening: int, closing: int) -> list[tuple[int, int]]:
    """Return the [start, end) of each argument between two parentheses, without the white space around it.

    An empty argument has start == end; no argument at all gives an empty list.
    """
    borders = [opening]
    depth = 0
    for match in _BRACKET.finditer(source, opening + 1, closing):
        if match[0] in b"([{":
            depth += 1
        elif match[0] in b")]}":
            depth -= 1
        elif match[0] == b"," and depth == 0:
            borders.append(match.start())
    borders.append(closing)
    found = [_trimmed(source, left + 1, right) for left, right in pairwise(borders)]
    return [] if len(found) == 1 and found[0][0] == found[0][1] else found


def _trimmed(source: bytes, start: int, end: int) -> tuple[int, int]:
    start = min(skip_trivia(source, start), end)
    return start, max(start, start + len(source[start:end].rstrip()))
