# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks a line of code that has become too long, where people break it: behind a comma or an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import TAB, column, indented
from qpatch.csource.tokens import blank_comments, c_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = frozenset({",", "&&", "||"})
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "|", "&", "^", "<<", ">>", "==", "!=", "<", ">", "<=", ">=", "?"})
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "|=", "&="})


@dataclass(frozen=True)
class _Break:
    """A place to break a line at: where its first part ends, how deep in brackets, and the column to go on at."""

    end: int
    depth: int
    rank: int
    column: int


def wrapped(line: str, limit: int, unit: int, *, tabs: bool, behind: int = 0) -> list[str]:
    """Return a line of code in lines of at most `limit` columns, as far as it has places to break it.

    `unit` is how far a line is indented that goes on outside brackets; `behind` are the columns of what follows on
    the last line. Comments behind the code do not count: nobody breaks a line for them.
    """
    code = line.expandtabs(TAB)
    if len(_without_comment(code)) + behind <= limit:
        return [line]
    places = [each for each in _breaks(code, unit) if each.column < each.end < len(code)]
    fitting = [each for each in places if each.end <= limit]
    if fitting:
        best: _Break | None = min(fitting, key=lambda each: (each.depth, each.rank, -each.end))
    else:
        best = min(places, key=lambda each: each.end, default=None)
    if best is None:
        return [line]
    start = column(line[: len(line) - len(line.lstrip(" \t"))])
    first = indented(code[: best.end].strip(), start, tabs=tabs)
    rest = indented(code[best.end :].strip(), best.column, tabs=tabs)
    return [first, *wrapped(rest, limit, 0, tabs=tabs, behind=behind)]


def _breaks(code: str, unit: int) -> Iterator[_Break]:
    """Yield the places behind a comma or a binary operator, and behind `=`."""
    outside = len(code) - len(code.lstrip()) + unit
    opened: list[int] = []
    previous = ""
    for token in c_tokens(code):
        word, end = token.text, token.end
        if word in ("(", "[", "{"):
            opened.append(end)
        elif word in (")", "]", "}"):
            opened[-1:] = []
        elif code[end : end + 1] == " " and _may_end_line(word, previous):
            depth = len(code) if word in _ASSIGNMENTS else len(opened)
            yield _Break(end, depth, int(word not in _FIRST), opened[-1] if opened else outside)
        previous = word


def _may_end_line(word: str, previous: str) -> bool:
    """Tell whether a line may end behind a token: a comma, or an operator between two operands."""
    is_operand = previous.isidentifier() or previous[:1].isalnum() or previous[-1:] in (")", "]", '"', "'")
    return word in _FIRST or (word in _OPERATORS | _ASSIGNMENTS and is_operand)


def _without_comment(code: str) -> str:
    return blank_comments(code + "\n")[0].rstrip()
