# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells how control leaves statements of all kinds: whether it gets past their end, and what it never reaches.

What the code does not say by itself counts as passed: a condition may be true or false, a function that is not known
to be `noreturn` returns, and a label may be jumped to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.csource.syntax.term import CASE_LABEL, LABEL, Term, build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qpatch.csource.syntax.parse import ParsedFile

_JUMPS = frozenset({"break_statement", "continue_statement", "goto_statement", "return_statement"})
LOOPS = frozenset({"do_statement", "for_statement", "while_statement"})
_ARMS = frozenset({"preproc_if", "preproc_ifdef", "preproc_elif", "preproc_else"})
_ALTERNATIVES = frozenset({"preproc_elif", "preproc_else"})
_LISTS = _ARMS | {"compound_statement"}
_LABELS = frozenset({CASE_LABEL, LABEL})
_TRUE, _FALSE = frozenset({"1", "true", "TRUE"}), frozenset({"0", "false", "FALSE"})


def is_jump(term: Term) -> bool:
    """Tell whether a statement is a `return`, `goto`, `break` or `continue`."""
    return term.kind in _JUMPS


def returns_not(name: str) -> bool:
    """Tell whether a function or a macro is known not to return."""
    return name in _words("noreturn")


def is_unreached(parsed: ParsedFile, place: int) -> bool:
    """Tell whether control never comes to what stands at a byte of a function: it is behind a `return`, for one."""
    function = None
    node = parsed.tree.root_node.descendant_for_byte_range(place, place + 1)
    while node is not None:
        function = node if node.type == "function_definition" else function
        node = node.parent
    if function is None or function.has_error:
        return False
    dead = Flow([*build(parsed, function).below()]).dead
    return any(item.start <= place < item.end for _, items in dead for item in items)


def cleanup_words() -> frozenset[str]:
    """Return the words that declare something which is cleaned up at the end of its block."""
    return _words("cleanup")


def leaves(items: Sequence[Term]) -> bool:
    """Tell whether control never gets past the last of `items`, a list of statements."""
    flow = Flow([below for item in items for below in item.below()])
    return not flow.through(items).passes


@dataclass(frozen=True)
class Ways:
    """How control leaves a statement: past its end, by a `break` or by a `continue` of what is around it."""

    passes: bool = True
    breaks: bool = False
    continues: bool = False


_PASSES = Ways()


class Flow:
    """How control goes through statements.

    `terms` are the statements with all that is below them, parents first. `is_noreturn` tells of a function's name
    that no call of it comes back, as `returns_not` does. `dead` are the lists of statements that are never reached, in
    the order of the code, each led by the statement that control does not get past.
    """

    def __init__(self, terms: Sequence[Term], is_noreturn: Callable[[str], bool] | None = None) -> None:
        self._is_noreturn = is_noreturn or returns_not
        self._ways: dict[Term, Ways] = {}
        self._compiled: dict[Term, Ways] = {}  # Of `#if`s: how control leaves the arms, if one of them is there.
        self.dead: list[tuple[Term, list[Term]]] = []
        for term in reversed(terms):  # What is below a statement comes before it.
            ways = self._ways_of(term)
            if ways is not _PASSES:
                self._ways[term] = ways
        self.dead.reverse()

    def passes(self, term: Term) -> bool:
        """Tell whether control gets past the end of one of the statements."""
        return self._ways.get(term, _PASSES).passes

    def passes_between(self, term: Term) -> bool:
        """Tell whether control gets past a statement, or the `#if` arms that it is; in no arm, past the one before."""
        siblings = term.parent.items if term.parent is not None else [term]
        while term in self._compiled and self.passes(term) and not self._compiled[term].passes:
            at = siblings.index(term)
            if at == 0:
                break
            term = siblings[at - 1]
        return self.passes(term)

    def through(self, items: Sequence[Term], *, reached: bool = True) -> Ways:
        """Return how control leaves a list of statements; `reached`: it gets to the first of them."""
        breaks = continues = False
        last: Term | None = None
        for item in items:
            falls, reached = reached, reached or _holds_label(item)
            if not reached:
                self._note_dead(last, item)
                continue
            ways = self._ways.get(item, _PASSES)
            if not falls:  # Control comes only to the labels in it, which are there if an arm is compiled.
                ways = self._compiled.get(item, ways)
            reached, last = ways.passes, item
            breaks, continues = breaks or ways.breaks, continues or ways.continues
        return Ways(reached, breaks, continues)

    def _note_dead(self, last: Term | None, item: Term) -> None:
        if last is None:
            return  # What stands before the first case of a switch declares things.
        if self.dead and self.dead[-1][0] is last:
            self.dead[-1][1].append(item)
        else:
            self.dead.append((last, [item]))

    def _ways_of(self, term: Term) -> Ways:
        kind = term.kind
        if kind in _JUMPS:
            return Ways(False, kind == "break_statement", kind == "continue_statement")
        if kind == "expression_statement":
            return Ways(False) if self._never_returns(term) else _PASSES
        if kind in _LISTS:
            return self._through_list(term)
        if kind in LOOPS:
            return self._through_loop(term)
        if kind == "if_statement":
            return self._through_if(term)
        if kind == "switch_statement":
            return self._through_switch(term)
        return self._ways.get(term.children[-1], _PASSES) if kind == "else_clause" else _PASSES

    def _never_returns(self, statement: Term) -> bool:
        """Tell whether a statement is a call that does not come back."""
        name, bracket, argument = (*statement.tokens, "", "")[:3]
        if bracket != "(":
            return False
        asserted = argument if statement.tokens[3:4] == (")",) else ""
        if name in _words("asserts_true") or name in _words("asserts_false"):
            return asserted in (_FALSE if name in _words("asserts_true") else _TRUE)
        return self._is_noreturn(name)

    def _through_list(self, block: Term) -> Ways:
        """Return how control leaves a block, or the arms of an `#if`, of which any may be the one that is compiled."""
        in_switch = block.parent is not None and block.parent.kind == "switch_statement"
        others = [item for item in block.items if item.kind in _ALTERNATIVES]
        ways = self.through([item for item in block.items if item not in others], reached=not in_switch)
        if block.kind == "compound_statement" or block.kind == "preproc_else":
            return ways
        other = self._ways.get(others[0], _PASSES) if others else _PASSES
        compiled = self._compiled.get(others[0], other) if others else Ways(False)
        self._compiled[block] = _either(ways, compiled)
        return _either(ways, other)

    def _through_if(self, statement: Term) -> Ways:
        alternative = statement.children[-1]
        body = self._ways.get(statement.children[2], _PASSES) if len(statement.children) > 2 else _PASSES
        return _either(body, self._ways.get(alternative, _PASSES) if alternative.kind == "else_clause" else _PASSES)

    def _through_switch(self, statement: Term) -> Ways:
        body = statement.children[-1]
        ways = self._ways.get(body, _PASSES)
        is_complete = any(term.kind == CASE_LABEL and term.tokens[0] == "default" for term in body.children)
        return Ways(ways.passes or ways.breaks or not is_complete, continues=ways.continues)

    def _through_loop(self, loop: Term) -> Ways:
        body = self._ways.get(loop.children[1 if loop.kind == "do_statement" else -1], _PASSES)
        if loop.kind != "do_statement" and loop.tokens[0] in _words("run_once"):
            return Ways(body.passes or body.breaks or body.continues)
        if loop.kind == "do_statement":
            comes_to_condition = body.passes or body.continues
            return Ways(body.breaks or (comes_to_condition and not _is_endless(loop)))
        return Ways(body.breaks or not _is_endless(loop))


def _either(one: Ways, other: Ways) -> Ways:
    return Ways(one.passes or other.passes, one.breaks or other.breaks, one.continues or other.continues)


def _is_endless(loop: Term) -> bool:
    """Tell whether a loop has no condition, or one that is always true."""
    if loop.kind == "for_statement":
        begin = next((index for index, child in enumerate(loop.children) if child.tokens[-1:] == (";",)), -1)
        return loop.tokens[0] == "for" and begin >= 0 and loop.children[begin + 1].text == ";"
    condition = next((child for child in loop.children if child.kind == "parenthesized_expression"), None)
    if loop.tokens[0] not in ("while", "do") or condition is None:
        return False
    return len(condition.tokens) == 3 and condition.tokens[1] in _TRUE


def _holds_label(statement: Term) -> bool:
    """Tell whether control can come into a statement by a label in it."""
    pending = [statement]
    while pending:
        term = pending.pop()
        if term.kind in _LABELS:
            return True
        if term.kind == "switch_statement":
            pending += (below for below in term.below() if below.kind == LABEL)
        else:
            pending += term.children
    return False


@cache
def _file() -> Mapping[str, frozenset[str]]:
    import yaml

    text = resources.files(__package__).joinpath("jumps.yaml").read_text(encoding="utf-8")
    return {key: frozenset(names) for key, names in yaml.load(text, Loader=yaml.CSafeLoader).items()}


def _words(key: str) -> frozenset[str]:
    return _file()[key]
