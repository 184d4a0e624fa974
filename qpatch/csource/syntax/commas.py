# SPDX-License-Identifier: GPL-2.0-or-later
"""The commas of lists in braces, as a source has them: where one is missing before or behind what is put in."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.tokens import blank_comments

if TYPE_CHECKING:
    from qpatch.csource.syntax.layout import Layout
    from qpatch.csource.syntax.term import Term

BRACE_LISTS = frozenset({"initializer_list", "enumerator_list"})
_NEEDS_NONE = (b",", b"{")
_DIRECTIVE = re.compile(r"\s*#\s*(?:(?P<opens>if|ifdef|ifndef)|(?P<divides>else|elif)|(?P<ends>endif)|\w+)\b")


class UnclearCommaError(Exception):
    """An entry has to follow code that ends in a comma under some conditions of `#if` only; `position` is behind it."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def with_comma(line: str) -> str:
    """Return a line of code with a comma at its end, before the comments there; one that has it stays."""
    code = blank_comments(line + "\n")[0].rstrip()
    return line if not code.strip() or code.endswith(",") else f"{code},{line[len(code) :]}"


def brace_list_at(block: Term, position: int) -> Term | None:
    """Return the innermost list in braces, `block` or below it, whose elements bytes at `position` would join."""
    found, pending = None, [block]
    while pending:
        term = pending.pop()
        if term.start < position < term.end or term is block:
            if term.kind in BRACE_LISTS and term.start < position < term.end:
                found = term
            pending += term.children
    return found


def is_separated(block: Term, source: bytes) -> bool:
    """Tell whether the elements of a list have commas between them; those of macros that bring theirs have none."""
    elements = [item for item in block.items if not item.is_directive]
    gaps = (source[above.end : below.start] for above, below in pairwise(elements))
    return all(b"," in gap or b"#" in gap for gap in gaps)


def separated(change: Replacement, block: Term, layout: Layout) -> Replacement:
    """Return an insertion between elements of the list `block` with the comma that is missing behind what is above.

    In a list of macros that bring their commas it has none at its end either. Raises UnclearCommaError where an `#if`
    decides whether one is missing.
    """
    position, source = change.start, layout.source
    if not is_separated(block, source):
        text = change.text.rstrip()
        return replace(change, text=text.removesuffix(b",") + change.text[len(text) :])
    above = source[: layout.with_adjacent_comments(position, position)[0]].rstrip()
    is_directive = source.startswith(b"#", len(above) - len(above[layout.line_start(len(above)) :].lstrip()))
    if above.endswith(_NEEDS_NONE) and not is_directive:
        return change
    ends = {block.start + end for end in _ends_of_code(source[block.start : position].decode("latin-1"))}
    bare = [end for end in ends if not source[:end].endswith(_NEEDS_NONE)]
    if not bare:
        return change
    if len(ends) > 1:
        raise UnclearCommaError(min(bare))
    (end,) = bare
    return Replacement(end, change.end, b"," + source[end:position] + change.text)


def _ends_of_code(text: str) -> set[int]:
    """Return where the last code of `text` ends, under each of the conditions of `#if` that it may be read under."""
    ends, start = {0}, 0
    opened: list[tuple[set[int], set[int]]] = []  # where the code above each `#if` ends, and that of its earlier arms
    for line in blank_comments(f"{text}\n"):
        directive = _DIRECTIVE.match(line)
        if directive is None:
            ends = {start + len(line.rstrip())} if line.strip() else ends
        elif directive["opens"]:
            opened.append((ends, set()))
        elif opened and directive["divides"]:
            above, arms = opened.pop()
            opened.append((set() if directive["divides"] == "else" else above, arms | ends))
            ends = above
        elif opened and directive["ends"]:
            above, arms = opened.pop()
            ends = ends | arms | above
        start += len(line) + 1
    return ends
