# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds code that is no evidence of what a tree does.

No compiler ever sees the arms of `#if 0`, what `if (0)` guards never runs, and what does not parse may be anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qpatch.csource.tokens import blank_opaque

if TYPE_CHECKING:
    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile

# Files whose dead arms are kept: more than the queries of one tree look into.
_KEPT = 256
_CONSTANT_IF = re.compile(rb"^[ \t]*#[ \t]*(?:el)?if[ \t]+\(?[ \t]*[01]\b", re.MULTILINE)
_DIRECTIVE = re.compile(
    rb"^[ \t]*#[ \t]*(?P<word>if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b(?P<rest>[^\n]*)", re.MULTILINE
)
_CONSTANT = re.compile(rb"[ \t]*(?:\([ \t]*)?(?P<value>[01])[ \t]*\)?[ \t]*(?:/[/*].*)?$")
_NEVER = re.compile(r"\(\s*(?:0|false)\s*\)")


def is_dead(parsed: ParsedFile, position: int) -> bool:
    """Tell whether the code at byte `position` is never compiled, never run by its own words, or does not parse."""
    if any(start <= position < end for start, end in dead_arms(parsed.source)):
        return True
    node = parsed.tree.root_node.descendant_for_byte_range(position, position + 1)
    while node is not None and node.parent is not None:
        if node.is_error or _is_never_run(parsed, node.parent, node):
            return True
        node = node.parent
    return False


@lru_cache(maxsize=_KEPT)
def dead_arms(source: bytes) -> tuple[tuple[int, int], ...]:
    """Return the bytes of the arms that a constant condition (`#if 0`, the `#else` of `#if 1`) leaves out."""
    if not _CONSTANT_IF.search(source):
        return ()
    arms: list[tuple[int, int]] = []
    opened: list[_Arm] = []
    for found in _DIRECTIVE.finditer(source):
        word = found["word"]
        constant = _constant(word, found["rest"])
        if word.startswith(b"if"):
            opened.append(_Arm(constant, found.end()))
        elif opened:
            ended = opened.pop()
            if ended.compiled is False:
                arms.append((ended.start, found.start()))
            if word != b"endif":
                opened.append(ended.next(constant, found.end()))
    return tuple(sorted(arms))


def position_in_code(source: bytes, word: str) -> int | None:
    """Return the first byte at which code that is compiled has `word`; comments and strings are no code."""
    code = blank_opaque(source.decode("latin-1"))  # A character for each byte: positions stay.
    dead = dead_arms(source)
    for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", code, re.ASCII):
        if not any(start <= found.start() < end for start, end in dead):
            return found.start()
    return None


@dataclass(frozen=True)
class _Arm:
    """An open arm of an `#if`: whether it is compiled (None: it depends), and where it begins.

    `decided` tells whether an arm before it is always compiled, so that no later one is.
    """

    compiled: bool | None
    start: int
    decided: bool = False

    def next(self, constant: bool | None, start: int) -> _Arm:
        """Return the arm that follows this one; `constant` is what its own condition says."""
        decided = self.decided or self.compiled is True
        return _Arm(False if decided else constant, start, decided)


def _constant(word: bytes, rest: bytes) -> bool | None:
    """Return the truth of a condition that is a mere 0 or 1; None for any other, and for `#else`."""
    found = _CONSTANT.match(rest) if word in (b"if", b"elif") else None
    return None if found is None else found["value"] == b"1"


def _is_never_run(parsed: ParsedFile, owner: Node, part: Node) -> bool:
    if owner.type not in ("if_statement", "while_statement"):
        return False
    condition = owner.child_by_field_name("condition")
    body = owner.child_by_field_name("consequence") or owner.child_by_field_name("body")
    return (
        condition is not None
        and body is not None
        and part.id == body.id
        and _NEVER.fullmatch(parsed.text(condition)) is not None
    )
