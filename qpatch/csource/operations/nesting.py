# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a hunk whole: within everything that encloses the place where its lines stand, with `...` for the rest."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkLine, Sign
from qpatch.csource.syntax.term import BLOCKS, CASE_LABEL
from qpatch.csource.tokens import ELLIPSIS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.match import Match
    from qpatch.csource.syntax.term import Term

_BRACED = frozenset({"compound_statement", "initializer_list", "field_declaration_list", "enumerator_list"})
_COMMA_LISTS = frozenset({"initializer_list", "enumerator_list"})
_ARMS = frozenset({"preproc_else", "preproc_elif"})
_DIRECTIVE = re.compile(r"\s*#\s*(if|el|endif)")
_STEP = "    "
_MARK = "\0"


def enclosed(hunk: Hunk, match: Match, block: Term, source: bytes) -> Hunk | None:
    """Return `hunk` within each statement and `#if` between `block` and the block of its `match`, outermost first.

    None where the lines stand in something without braces.
    """
    lines = [(line.sign, line.code) for line in hunk.lines]
    inner, position, shown = match.block, match.items[0].start, (match.items[0], match.items[-1])
    while inner is not block:
        owner = owner_of(inner)
        shell = _shell(owner, position, source)
        if shell is None or owner.parent is None:
            return None
        head, tail = shell
        lines = [*_context(head), *_with_rest(lines, inner, shown), *_context(tail)]
        inner, position, shown = owner.parent, owner.start, (owner, owner)
    return Hunk(tuple(HunkLine(sign, code, number) for number, (sign, code) in enumerate(lines, 1)))


def within(hunk: Hunk) -> Hunk | None:
    """Return what a hunk that is one block of context shows in it, None for any other hunk."""
    lines = [line for line in hunk.lines if line.code.strip()]
    first, last = lines[0], lines[-1]
    if len(lines) < 3 or not first.code.endswith("{") or last.code.strip() != "}":
        return None
    inner = [line for line in lines[1:-1] if line.code.strip() != ELLIPSIS or line not in (lines[1], lines[-2])]
    if {first.sign, last.sign} != {Sign.CONTEXT} or not inner:
        return None
    margin = min(len(line.code) - len(line.code.lstrip()) for line in inner)
    return Hunk(tuple(replace(line, code=line.code[margin:], number=at) for at, line in enumerate(inner, 1)))


def owner_of(block: Term) -> Term:
    """Return the statement, declaration or `#if` that `block` belongs to: a member of the block around it."""
    owner = block
    while owner.parent is not None and (owner.parent.kind not in BLOCKS or owner.kind in _ARMS):
        owner = owner.parent
    return owner


def folded(statement: Term, source: bytes) -> list[str]:
    """Return the lines of a statement with `...` for what its blocks hold, at the margin."""
    shell = _shell(statement, -1, source)
    assert shell is not None
    return shell[0]


def _context(lines: Sequence[str]) -> Iterator[tuple[Sign, str]]:
    return ((Sign.CONTEXT, line) for line in lines)


def _with_rest(lines: list[tuple[Sign, str]], block: Term, shown: tuple[Term, Term]) -> list[tuple[Sign, str]]:
    """Return the lines for the members of `block` from the first to the last `shown`, with `...` for the others."""
    rest = (Sign.CONTEXT, _STEP + ELLIPSIS)
    inner = [(sign, _STEP + code if code else "") for sign, code in lines]
    members = [item for item in block.items if item.kind not in _ARMS]
    above, below = members[: members.index(shown[0])], members[members.index(shown[1]) + 1 :]
    first = [] if inner[0][1].strip() == ELLIPSIS or not above or above[-1].kind == CASE_LABEL else [rest]
    last = [] if inner[-1][1].strip() == ELLIPSIS or not below else [rest]
    if last and block.kind in _COMMA_LISTS and not inner[-1][1].endswith(","):
        inner[-1] = (inner[-1][0], f"{inner[-1][1]},")
    return [*first, *inner, *last]


def _shell(owner: Term, position: int, source: bytes) -> tuple[list[str], list[str]] | None:
    """Return the lines of `owner` before and after the content of its block that holds `position`, the rest folded.

    With no such position (-1), all lines are returned as the first of the two; None where no block holds it.
    """
    pieces = _of_directive(owner, position, source) if owner.is_directive else _of_braces(owner, position, source)
    margin = source[source.rfind(b"\n", 0, owner.start) + 1 : owner.start].decode(errors="replace")
    lines = [line.removeprefix(margin) for line in "".join(pieces).split("\n")]
    marks = [index for index, line in enumerate(lines) if line.strip() == _MARK]
    if position < 0:
        return lines, []
    return (lines[: marks[0]], lines[marks[0] + 1 :]) if marks else None


def _of_braces(owner: Term, position: int, source: bytes) -> Iterator[str]:
    """Yield the text of a statement, each of its outermost blocks folded, the mark for the one with `position`."""
    margin = source[source.rfind(b"\n", 0, owner.start) + 1 : owner.start].decode(errors="replace")
    at = owner.start
    for block in _outermost(owner):
        yield source[at : block.start + 1].decode(errors="replace")
        if block.start <= position < block.end:
            yield "".join(f"\n{margin}{line}" for line in (*_label(block, position, source), _MARK))
        elif block.items:
            yield f"\n{margin}{_STEP}{ELLIPSIS}"
        yield f"\n{margin}"
        at = block.end - 1
    yield source[at : owner.end].decode(errors="replace")


def _label(block: Term, position: int, source: bytes) -> Iterator[str]:
    """Yield the `case` that `position` belongs to, where the block has any, below an ellipsis."""
    labels = [item for item in block.items if item.kind == CASE_LABEL and item.start < position]
    if labels:
        yield ELLIPSIS
        yield source[labels[-1].start : labels[-1].end].decode(errors="replace")


def _outermost(owner: Term) -> list[Term]:
    """Return the blocks in braces of a statement that are in no other of them."""
    found: list[Term] = []
    for term in owner.below():
        if term.kind in _BRACED and not (found and term.start < found[-1].end):
            found.append(term)
    return found


def _of_directive(owner: Term, position: int, source: bytes) -> Iterator[str]:
    """Yield the lines of an `#if`, each of its arms folded, the mark for the one with `position`."""
    depth, at, filled = 0, owner.start, False
    for line in source[owner.start : owner.end].decode(errors="replace").rstrip("\n").split("\n"):
        found = _DIRECTIVE.match(line)
        opens = bool(found and found[1] == "if")
        depth += opens
        if found and depth == 1:
            yield f"{line}\n" if found[1] != "endif" else line
            filled = False
        elif not filled and line.strip():
            yield f"{_MARK if at <= position < _arm_end(at, owner) else _STEP + ELLIPSIS}\n"
            filled = True
        depth -= bool(found and found[1] == "endif")
        at += len(line.encode()) + 1


def _arm_end(start: int, owner: Term) -> int:
    """Return where the arm of `owner` that holds `start` ends."""
    ends = [arm.start for arm in owner.below() if arm.kind in _ARMS and arm.parent is not None and arm.start > start]
    return min(ends, default=owner.end)
