# SPDX-License-Identifier: GPL-2.0-or-later
"""What joins and parts the lines of a file after an edit: backslashes in a Makefile, commas of lists in meson.build.

Only what an edit has put beside each other is looked at; lines that stood together before stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.text.meson import code_part, outline_meson

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSIGNMENT_OR_RULE = re.compile(r"\s*[A-Za-z_$](?:[\w$(){}./-]*\s*[:+?]?=|[^=\\]*:\s)")
# A line of meson.build that goes on with the one above, or is gone on with.
_GOES_ON = re.compile(r"(?:[-+*/%?:.=<>]|(?:and|or|in|not)\b)")
_UNFINISHED = re.compile(r"(?:[-+*/%?:.=<>,(\[{\\]|\b(?:and|or|in|not))$")


@dataclass(frozen=True)
class Line:
    """A line after an edit, with its end; `old` is its index before the edit, None for one that was put in."""

    text: str
    old: int | None

    def follows(self, above: Line) -> bool:
        """Tell whether the line stood right below `above` before the edit."""
        return self.old is not None and above.old is not None and self.old == above.old + 1


def continued(lines: Sequence[Line], before: Sequence[str]) -> list[str]:
    """Return the lines of a Makefile, each with a backslash only if what it went on with, or now does, is below.

    `before` are the lines as they were before the edit.
    """
    texts = [line.text for line in lines]
    for index, (above, below) in enumerate(pairwise([*lines, Line("", len(before))])):
        if below.follows(above):
            continue
        if _is_continued(above.text) and not _goes_on(below, before, above):
            texts[index] = _without_backslash(above.text)
        elif not _is_continued(above.text) and _continues(below, above, before):
            texts[index] = _with_backslash(above.text)
    return texts


def separated(lines: Sequence[Line]) -> list[str]:
    """Return the lines of a meson.build, with the commas between entries of a list that an edit put together."""
    texts = [line.text for line in lines]
    plain = [text.rstrip("\r\n") for text in texts]
    for above, below in pairwise(outline_meson(plain).entries()):
        between = plain[above.end : below.start]
        were_together = all(low.follows(high) for high, low in pairwise(lines[above.start : below.end]))
        if were_together or any(code_part(line).strip() for line in between):
            continue
        code, following = code_part(plain[above.end - 1]), plain[below.start].strip()
        if not _UNFINISHED.search(code) and not _GOES_ON.match(following):
            text = texts[above.end - 1]
            texts[above.end - 1] = f"{code},{text[len(code) :]}"
    return texts


def _goes_on(below: Line, before: Sequence[str], above: Line) -> bool:
    """Tell whether `below` goes on with the line `above`, which ends in a backslash."""
    if below.old is not None:
        return _was_continuation(below, before)
    return above.old is None or not _ASSIGNMENT_OR_RULE.match(below.text)


def _continues(below: Line, above: Line, before: Sequence[str]) -> bool:
    """Tell whether `below` goes on with the line `above`, which lacks a backslash: it did with another, or looks so."""
    if above.old is None:
        return _was_continuation(below, before)
    code = below.text.strip()
    if below.old is not None or not code or not below.text[0].isspace() or code.startswith("#"):
        return False
    head = above.old
    while head and _is_continued(before[head - 1]):
        head -= 1
    return head < above.old and "=" in before[head] and not before[head][0].isspace()


def _was_continuation(line: Line, before: Sequence[str]) -> bool:
    return line.old is not None and 0 < line.old < len(before) and _is_continued(before[line.old - 1])


def _is_continued(text: str) -> bool:
    return text.rstrip("\r\n").endswith("\\")


def _without_backslash(text: str) -> str:
    bare = text.rstrip("\r\n")
    return bare.removesuffix("\\").rstrip(" \t") + text[len(bare) :]


def _with_backslash(text: str) -> str:
    bare = text.rstrip("\r\n")
    return f"{bare} \\{text[len(bare) :]}"
