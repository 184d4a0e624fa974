# SPDX-License-Identifier: GPL-2.0-or-later
"""Indents added lines as the file that they come into is indented, whatever they were written with.

A line that begins a statement is as many levels deep as it was written; one that continues a statement keeps its
distance from that one's beginning, or stays aligned to the open bracket.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import TAB, column, indented
from qpatch.csource.tokens import blank_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The first line of a block; the pattern begins with the brace, which is found fast.
_FIRST_IN_BLOCK = re.compile(rb"\{[ \t]*\r?\n([ \t]+)[^\s*]")
_OPENING, _CLOSING = "([", ")]"
_UNFINISHED = re.compile(r"(?:[-+*/%&|^=?<>]|\|\||&&)$")
_ENDS_ALONE = re.compile(r"(?:\+\+|--)$")


@dataclass(frozen=True)
class Indentation:
    """The columns of one level, and whether eight columns are a tab."""

    unit: int
    tabs: bool


def indentation_of(source: bytes, default: Indentation) -> Indentation:
    """Return how a file is indented, by the first lines of its blocks; `default` where it does not show."""
    found = Counter(match[1] for match in _FIRST_IN_BLOCK.finditer(source) if _is_at_file_scope(source, match.start()))
    if not found:
        in_tabs = source.count(b"\n\t") > source.count(b"\n    ")
        return Indentation(TAB, tabs=True) if in_tabs else default
    first = found.most_common(1)[0][0]
    return Indentation(column(first.decode()), b"\t" in first or source.count(b"\n\t") > source.count(b"\n        "))


def _is_at_file_scope(source: bytes, brace: int) -> bool:
    """Tell whether the line of an opening brace begins in the first column."""
    start = source.rfind(b"\n", 0, brace) + 1
    return source[start : start + 1] not in (b" ", b"\t")


def unit_of(lines: Sequence[str], default: int) -> int:
    """Return the columns of one level in lines as they are written; `default` where they have one level."""
    if any(line.startswith("\t") for line in lines):
        return column("\t")
    columns = [start for start, _, continues in _parts(lines) if not continues]
    steps = [deeper - start for start, deeper in pairwise(columns) if deeper > start]
    return min(steps, default=default)


def relevelled(
    lines: Sequence[str],
    origin: int,
    target: str,
    style: Indentation,
    *,
    written: Sequence[str] | None = None,
    unit: int | None = None,
) -> list[str]:
    """Return `lines`, written beside code at column `origin`, as they are beside code with the indentation `target`.

    `written` are the lines before metavariables were bound, where they differ; `unit` are the columns of a level in
    them, told by themselves if not given. Levels are of another width only where one of both is in tabs.
    """
    written = lines if written is None else written
    in_tabs = style.tabs or any(line.startswith("\t") for line in written)
    unit = (unit or unit_of(written, style.unit)) if in_tabs else style.unit
    placed: list[str] = []
    base, tabs = column(target), style.tabs or "\t" in target
    start_old = start_new = 0
    opened: list[int] = []
    for (old, aligned, continues), line in zip(_parts(written), lines, strict=True):
        code = line.lstrip(" \t")
        if continues:
            new = opened[-1] if aligned and opened else start_new + old - start_old
        else:
            levels, rest = divmod(old - origin, unit)
            new = base + levels * style.unit + rest
            start_old, start_new = old, new
        placed.append(indented(code, new, tabs=tabs))
        opened = _open_brackets(placed[-1].expandtabs(TAB), [] if not continues else opened)
    return placed


def without_label_levels(lines: Sequence[str], labels: Sequence[bool], origin: int) -> list[str]:
    """Return `lines` with the statements behind a label in the column of the others, `origin`.

    Where a label is written in that column, as if it were indented like a statement, those behind it may stand deeper.
    `labels` says of each line whether it is one.
    """
    placed: list[str] = []
    shift: int | None = 0
    for line, is_label in zip(lines, labels, strict=True):
        code = line.lstrip(" \t")
        start = column(line[: len(line) - len(code)])
        if is_label:
            shift = None if start == origin else 0
        elif code and not code.startswith("#"):
            if shift is None or start < origin + shift:
                shift = max(0, start - origin) if shift is None else 0
            line = indented(code, start - shift, tabs="\t" in line[: len(line) - len(code)]) if shift else line
        placed.append(line)
    return placed


def _parts(lines: Sequence[str]) -> Iterator[tuple[int, bool, bool]]:
    """Yield for each line its column, whether it is aligned to an open bracket, and whether it continues a line."""
    opened: list[int] = []
    unfinished = False
    visible = blank_opaque("".join(f"{line}\n" for line in lines)).split("\n")[: len(lines)]
    for line, code in zip(lines, visible, strict=True):
        start = column(line[: len(line) - len(line.lstrip(" \t"))])
        in_comment = bool(line.strip()) and not code.strip() and line.lstrip().startswith("*")
        yield start, bool(opened) and opened[-1] == start, bool(opened) or unfinished or in_comment
        opened = _open_brackets(code.expandtabs(TAB), opened)
        bare = code.rstrip()
        unfinished = bool(_UNFINISHED.search(bare)) and not _ENDS_ALONE.search(bare) if bare else unfinished


def _open_brackets(code: str, opened: list[int]) -> list[int]:
    """Return the columns behind the brackets that are open at the end of a line, given those at its beginning."""
    still = list(opened)
    for position, character in enumerate(blank_opaque(code)):
        if character in _OPENING:
            still.append(position + 1)
        elif character in _CLOSING and still:
            still.pop()
    return still
