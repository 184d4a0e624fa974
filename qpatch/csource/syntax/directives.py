# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes added preprocessor directives with as many blanks behind the `#` as those around them have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import DIRECTIVE_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIRECTIVE = re.compile(rb"^[ \t]*#(?P<gap>[ \t]*)(?P<word>[a-z]+)\b", re.MULTILINE)
_ADDED = re.compile(r"(?P<space>[ \t]*)#(?P<gap>[ \t]*)(?P<word>[a-z]+)\b")


def is_directive(line: str) -> bool:
    """Tell whether a line is a directive."""
    return DIRECTIVE_LINE.match(line.encode(errors="surrogateescape")) is not None


def with_gaps(lines: Sequence[str], source: bytes, position: int) -> list[str]:
    """Return lines to be added at `position`, the directives with the blanks behind their `#` that others there have.

    A directive that is written with blanks keeps them. In an `#if` of the added lines it has one more than that.
    """
    if not any(map(is_directive, lines)):
        return list(lines)
    gap, depth = gap_at(source, position), 0
    written: list[str] = []
    for line in lines:
        found = _ADDED.match(line)
        if found is None or (lines and written and written[-1].endswith("\\")):
            written.append(line)
            continue
        word = found["word"]
        depth -= word == "endif"
        level = max(0, depth - word.startswith(("else", "elif")))
        blanks = found["gap"] or (gap + " " * level if gap else "")
        written.append(f"{found['space']}#{blanks}{line[found.start('word') :]}")
        depth += word.startswith("if")
    return written


def gap_at(source: bytes, position: int) -> str:
    """Return the blanks behind the `#` of the nearest directive in the `#if` arm of `position`.

    In an arm without directives it is one more than the `#if` has, if that has any.
    """
    arms: list[list[tuple[int, str]]] = [[]]
    heads = [""]
    around: list[tuple[int, str]] | None = None
    head = ""
    for found in _DIRECTIVE.finditer(source):
        word, gap = found["word"], found["gap"].decode()
        if around is None and found.start() >= position:
            around, head = arms[-1], heads[-1]
        if word == b"endif" and len(arms) > 1:
            arms.pop()
            heads.pop()
        elif word.startswith(b"el") and len(arms) > 1:
            arms[-1] = []
        else:
            arms[-1].append((abs(found.start() - position), gap))
        if word.startswith(b"if"):
            arms.append([])
            heads.append(gap)
    if around is None:
        around, head = arms[-1], heads[-1]
    return min(around)[1] if around else head + " " if head else ""
