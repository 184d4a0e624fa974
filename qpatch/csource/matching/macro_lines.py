# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells which lines of a hunk belong to a `#define` above them: by their backslashes, and at a `macro` without them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk_line import HunkError, HunkLine, Sign
from qpatch.csource.tokens import comments_of, without_comments

if TYPE_CHECKING:
    from collections.abc import Sequence

# A line of a macro may begin with the operator `#`; these words make a directive of it.
_DIRECTIVE = re.compile(
    r"(?P<indent>\s*)#\s*(?P<word>if|ifdef|ifndef|elif|else|endif|define|undef|include|pragma|error|warning|line)\b"
)
_EMPTY_DEFINE = re.compile(r"\s*#\s*define\s+\w+(?:\([^()]*\))?\s*")


def macro_lines(lines: Sequence[HunkLine], *, in_macro: bool) -> frozenset[int]:
    """Return the numbers of the lines that continue a `#define` above them, or, in its body alone, of all lines.

    `in_macro`: the hunk shows one macro and nothing else, so code below its `#define` belongs to it, with backslashes
    or without. An added line belongs to the macro of the line below it in any case. HunkError for one that would come
    below an end, of which nothing tells whether it belongs to the macro, or whose comment would take in the next line.
    """
    found = _found(lines, in_macro=in_macro)
    for line in lines:
        if line.sign is Sign.ADDED and line.number in found and _ends_in_comment(line):
            raise HunkError(
                f"the `//` comment in line {line.number} of the hunk, one of a macro, would take in the lines below it",
                line.number,
                "write it as `/* ... */`",
            )
    return frozenset(found)


def _found(lines: Sequence[HunkLine], *, in_macro: bool) -> set[int]:
    if in_macro and is_macro_body(lines):
        return {line.number for line in lines}
    if not in_macro and not any(line.code.endswith("\\") for line in lines):
        return set()
    found: set[int] = set()
    for previous, line in pairwise(line for line in lines if line.sign is not Sign.ADDED):
        goes_on = in_macro and (previous.number in found or _is_define(previous)) and _is_macro_line(line)
        if previous.code.endswith("\\") or goes_on:
            found.add(line.number)
    for index, line in enumerate(lines):
        if line.sign is Sign.ADDED and _belongs_to_macro(index, lines, found, in_macro=in_macro):
            found.add(line.number)
    return found


def is_macro_body(lines: Sequence[HunkLine]) -> bool:
    """Tell whether what the lines of a hunk at a macro show is no directive: it is the body of the macro, or of it."""
    shown = [line for line in lines if line.sign is not Sign.ADDED and without_comments(line.code)]
    return bool(shown) and not any(_DIRECTIVE.match(line.code) for line in shown)


def _belongs_to_macro(index: int, lines: Sequence[HunkLine], found: set[int], *, in_macro: bool) -> bool:
    """Tell whether the added line at `index` is one of a macro, by its neighbours on the after and the before side."""
    line, before = lines[index], lines[max(0, index - 1)]
    above = next((other for other in reversed(lines[:index]) if other.sign is not Sign.REMOVED), None)
    below = next((other for other in lines[index:] if other.sign is not Sign.ADDED), None)
    if _DIRECTIVE.match(line.code):
        return False
    if (below and below.number in found) or (line.code and above and above.code.endswith("\\")):
        return True
    if not _is_macro_line(line) or above is None:
        return False
    if in_macro and before.number in found:
        return True
    if in_macro and _is_define(above):
        return _is_indented_below(line, above)
    if above.number not in found:
        return False
    if not in_macro:
        raise HunkError(
            f"line {line.number} of the hunk follows the last line of a macro, which no backslash continues",
            line.number,
            "end the line above with a backslash if it is a line of the macro; else put a blank line between",
        )
    return True


def _is_indented_below(line: HunkLine, define: HunkLine) -> bool:
    """Tell whether an added line right below a `#define` goes on with it, as its indentation says.

    Raises HunkError for a line in the same column below an added `#define` without a value.
    """
    head = _DIRECTIVE.match(define.code)
    assert head is not None
    indent = len(line.code) - len(line.code.lstrip())
    if indent > len(head["indent"]):
        return True
    if define.sign is Sign.ADDED and _EMPTY_DEFINE.fullmatch(define.code):
        raise HunkError(
            f"nothing tells whether line {line.number} of the hunk belongs to the macro above it",
            line.number,
            "end the line above with a backslash, or indent this one, if it does; else put a blank line between",
        )
    return False


def _is_define(line: HunkLine) -> bool:
    directive = _DIRECTIVE.match(line.code)
    return directive is not None and directive["word"] == "define"


def _is_macro_line(line: HunkLine) -> bool:
    return line.code.strip() != "" and not _DIRECTIVE.match(line.code)


def _ends_in_comment(line: HunkLine) -> bool:
    return any(comment.startswith("//") for comment in comments_of(line.code))
