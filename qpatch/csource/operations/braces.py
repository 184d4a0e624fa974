# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites a hunk so that the `if` or loop it changes the body of gets braces: what it governs is then shown.

The result is only a suggestion: the caller checks that it applies before showing it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkLine, Sign
from qpatch.csource.soundness.control_flow import body_of

if TYPE_CHECKING:
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term


def with_braces(hunk: Hunk, before: Pattern) -> Hunk | None:
    """Return `hunk` with braces for its first `if` or loop without them; None where it has none that it shows whole.

    `before` is what the hunk expects.
    """
    for item in before.items:
        for term in item.below():
            body = body_of(term)
            if body is not None and body.kind != "compound_statement" and term is item:
                return _braced(hunk, before, term, body)
    return None


def _braced(hunk: Hunk, before: Pattern, statement: Term, body: Term) -> Hunk | None:
    first, start, end = (_line(before, leaf) for leaf in (_first(statement), _first(body), _last(body)))
    if start.number == first.number or _last(statement) is not _last(body):
        return None
    head = [line for line in hunk.lines if first.number <= line.number < start.number and line.sign is not Sign.ADDED]
    stop = end.number
    for line in hunk.lines:
        if line.number == stop + 1 and line.sign is Sign.ADDED and _depth(line) > _depth(first):
            stop += 1
    inner = [line for line in hunk.lines if first.number <= line.number <= stop and line not in head]
    margin = first.code[: _depth(first)]
    opened = [*head[:-1], replace(head[-1], code=f"{head[-1].code} {{")]
    written = [
        *(replace(line, sign=Sign.REMOVED) for line in (*head, *inner) if line.sign is not Sign.ADDED),
        *(replace(line, sign=Sign.ADDED) for line in opened),
        *(replace(line, sign=Sign.ADDED) for line in inner if line.sign is not Sign.REMOVED),
        HunkLine(Sign.ADDED, f"{margin}}}", stop),
    ]
    above = [line for line in hunk.lines if line.number < first.number]
    return Hunk((*above, *written, *(line for line in hunk.lines if line.number > stop)))


def _line(before: Pattern, leaf: Term) -> HunkLine:
    return before.line_of(leaf)


def _first(term: Term) -> Term:
    return next(iter(term.leaves()))


def _last(term: Term) -> Term:
    return list(term.leaves())[-1]


def _depth(line: HunkLine) -> int:
    return len(line.code) - len(line.code.lstrip())
