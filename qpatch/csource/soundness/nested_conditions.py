# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds an `if` that an edit puts where the `if` around has decided its condition already, as where it is made twice.

The condition is known if nothing that stands in between can change it; loops, labels and other conditions in between
are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.soundness.jumps import LOOPS
from qpatch.csource.soundness.names import declared_names
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import CASE_LABEL, LABEL, Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol

_IF, _ELSE, _BLOCK, _PARENTHESES = "if_statement", "else_clause", "compound_statement", "parenthesized_expression"
_CONDITION = 1
# What changes what it stands at, and what reads memory that other code may change.
_CHANGING = frozenset({"=", "++", "--", "+=", "-=", "|=", "&=", "^=", "*=", "/=", "<<=", ">>=", "%="})
_INDIRECT = frozenset({"->", ".", "[", "(", "*"})


@dataclass(frozen=True)
class _Decided:
    """An `if` whose condition is decided by another `if` around it: it `holds`, or never does."""

    inner: Term
    outer: Term
    holds: bool

    @property
    def key(self) -> tuple[tuple[str, ...], bool]:
        return self.inner.children[_CONDITION].tokens, self.holds


class _Shown(NamedTuple):
    """An `if` for a message: its line, and its condition."""

    line: int
    text: str

    @classmethod
    def of(cls, touched: TouchedSymbol, statement: Term) -> _Shown:
        source, end = touched.parsed.source, statement.children[_CONDITION].end
        head = source[statement.start : end].decode(errors="replace")
        return cls(source.count(b"\n", 0, statement.start) + 1, " ".join(head.split()))


def decided_condition(touched: TouchedSymbol) -> str:
    """Return the warning about a condition of a function that is decided and was not before; '' where there is none."""
    if touched.symbol.kind != SymbolKind.FUNCTION:
        return ""
    known = set()
    if touched.earlier is not None and touched.old is not None:
        known = {each.key for each in _decided(build(touched.old, touched.earlier.node), frozenset())}
    local = frozenset(declared_names(touched.parsed, touched.symbol.node))
    for each in _decided(build(touched.parsed, touched.symbol.node), local):
        if each.key not in known:
            inner, outer = (_Shown.of(touched, term) for term in (each.inner, each.outer))
            where = "always holds: it stands under" if each.holds else "never holds: it stands in the `else` of"
            return (
                f"`{inner.text}` ({touched.path}:{inner.line}) {where} `{outer.text}` of line {outer.line}; if that is "
                "the tree's own, it may have what the edit adds"
            )
    return ""


def _decided(function: Term, local: frozenset[str]) -> Iterator[_Decided]:
    for inner in function.below():
        if inner.kind == _IF and inner.children[_CONDITION].kind == _PARENTHESES:
            found = _deciding(inner, local)
            if found is not None:
                yield found


def _deciding(inner: Term, local: frozenset[str]) -> _Decided | None:
    """Return the `if` right around another one that decides its condition, None where it does not for certain."""
    condition = inner.children[_CONDITION]
    if _CHANGING & set(condition.tokens):
        return None
    between: set[str] = set()
    part, around = inner, inner.parent
    while around is not None and around.kind != _IF:
        above = [item for item in around.items if item.end <= part.start] if around.kind == _BLOCK else []
        if around.kind in LOOPS or any(item.kind in (LABEL, CASE_LABEL) for item in above):
            return None
        between.update(token for item in above for token in item.tokens)
        part, around = around, around.parent
    if around is None or not _is_unchanged(condition, between, local):
        return None
    decided, holds = around.children[_CONDITION], part.kind != _ELSE
    is_decided = _conjuncts(condition) <= _conjuncts(decided) if holds else condition.tokens == decided.tokens
    return _Decided(inner, around, holds) if is_decided else None


def _is_unchanged(condition: Term, between: set[str], local: frozenset[str]) -> bool:
    """Tell whether code with the tokens `between` leaves the truth of a condition alone."""
    if not between:
        return True
    inside = set(condition.tokens[1:-1])
    names = {token for token in inside if token.isidentifier()}
    return not (inside & _INDIRECT or names & between) and names <= local


def _conjuncts(condition: Term) -> set[tuple[str, ...]]:
    """Return what all has to hold for a condition to hold, each as its tokens."""
    found, pending = set(), [condition]
    while pending:
        term = pending.pop()
        if term.kind == _PARENTHESES:
            pending += term.children[1:-1]
        elif term.kind == "binary_expression" and term.children[1].text == "&&":
            pending += (term.children[0], term.children[2])
        else:
            found.add(term.tokens)
    return found
