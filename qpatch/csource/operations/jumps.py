# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells whether control can reach the end of a list of statements, as far as the code itself says.

Where that is not plain, as in a `switch`, the end counts as reached: a question too many rather than a silent change.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.syntax.term import Term

_JUMPS = frozenset({"break_statement", "continue_statement", "goto_statement", "return_statement"})
_LOOPS = frozenset({"do_statement", "for_statement", "switch_statement", "while_statement"})
_ENDLESS = (("for", "(", ";", ";", ")"), ("while", "(", "1", ")"), ("while", "(", "true", ")"))


def is_jump(term: Term) -> bool:
    """Tell whether a statement is a `return`, `goto`, `break` or `continue`."""
    return term.kind in _JUMPS


def leaves(items: Sequence[Term]) -> bool:
    """Tell whether control never gets past the last of `items`."""
    last = items[-1] if items else None
    while last is not None and last.kind == "compound_statement" and last.items:
        last = last.items[-1]
    if last is None:
        return False
    if last.kind == "if_statement":
        return _both_leave(last)
    if last.kind == "expression_statement":
        return last.tokens[0] in _noreturn() and last.tokens[1:2] == ("(",)
    return is_jump(last) or _is_endless(last)


def _both_leave(statement: Term) -> bool:
    """Tell whether the body of an `if` and all that its `else` leads to leave."""
    pending: Term | None = statement
    while pending is not None and pending.kind == "if_statement":
        alternative = pending.children[-1]
        if alternative.kind != "else_clause" or not _leaves_body(pending.children[2:-1]):
            return False
        pending = alternative.children[-1]
    return pending is not None and _leaves_body([pending])


def _leaves_body(body: Sequence[Term]) -> bool:
    """Tell the same of a body; an `if` inside that one is not looked into."""
    last = body[-1] if body else None
    while last is not None and last.kind == "compound_statement" and last.items:
        last = last.items[-1]
    return last is not None and is_jump(last)


def _is_endless(loop: Term) -> bool:
    """Tell whether a loop has neither a condition nor a `break`."""
    if not any(loop.tokens[: len(head)] == head for head in _ENDLESS):
        return False
    pending = list(loop.children)
    while pending:
        term = pending.pop()
        if term.kind == "break_statement":
            return False
        if term.kind not in _LOOPS:
            pending += term.children
    return True


@cache
def _noreturn() -> frozenset[str]:
    import yaml

    text = resources.files(__package__).joinpath("noreturn.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.load(text, Loader=yaml.CSafeLoader))
