# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds jumps, by `goto` or to a `case`, that get into the scope of a variable past its declaration.

C forbids that for what has a variable length (C11, 6.8.6.1 and 6.8.4.2). What is cleaned up at the end of its scope
(`g_autofree`, `__free()`) would be so with whatever stood in memory before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.flow_change import opening_words
from qpatch.csource.soundness.jumps import cleanup_words
from qpatch.csource.soundness.names import declared_names
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.parse import nodes_of
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import CASE_LABEL, LABEL, Term, build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol

_BLOCK, _SWITCH, _GOTO = "compound_statement", "switch_statement", "goto_statement"
_DECLARING = frozenset({"declaration", "type_definition"})
_MAY_CLEAN_UP = frozenset({"declaration", "expression_statement"})
# What may hold a name and is no part of the length for certain: macros, which may be constant, and `sizeof`.
_OPAQUE = frozenset({"call_expression", "parameter_list", "sizeof_expression"})


@dataclass(frozen=True)
class _Scope:
    """The bytes [start, end) in which a declaration holds, and why nothing may jump there."""

    declaration: Term
    start: int
    end: int
    why: str

    def holds(self, place: Term) -> bool:
        return self.start <= place.start < self.end


@dataclass(frozen=True)
class _Jump:
    """A `goto` or a `switch`, by the place that control comes from, and the label that it leads to."""

    start: Term
    label: Term


def jump_into_scope(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a function in which a jump passes a declaration and did not before; None for others."""
    if touched.symbol.kind != SymbolKind.FUNCTION:
        return None
    known: set[tuple[tuple[str, ...], ...]] = set()
    if touched.earlier is not None and touched.old is not None:
        passed = _passed(touched.old, touched.earlier)
        known = {(scope.declaration.tokens, jump.label.tokens) for jump, scope in passed}
    for jump, scope in _passed(touched.parsed, touched.symbol):
        if (scope.declaration.tokens, jump.label.tokens) not in known:
            word = jump.start.tokens[0]
            return Fault(
                f"the `{word}` to {opening_words(jump.label)} would jump past {opening_words(scope.declaration)}, "
                f"{scope.why}",
                tuple(_place(touched, term) for term in (jump.start, scope.declaration)),
                f"declare it before the `{word}`, or in a block of its own that ends before the label",
            )
    return None


def _place(touched: TouchedSymbol, term: Term) -> SourcePlace:
    source = touched.parsed.source
    line = source.count(b"\n", 0, term.start)
    return SourcePlace(touched.path, line + 1, source.split(b"\n")[line].decode(errors="replace").strip())


def _passed(parsed: ParsedFile, symbol: Symbol) -> Iterator[tuple[_Jump, _Scope]]:
    """Yield the jumps of a function that get into a scope past its declaration."""
    terms = [*build(parsed, symbol.node).below()]
    jumps = [*_jumps(terms)]
    scopes = [*_scopes(terms, parsed, symbol)] if jumps else []
    for jump in jumps:
        for scope in scopes:
            if scope.holds(jump.label) and not scope.holds(jump.start):
                yield jump, scope


def _jumps(terms: Sequence[Term]) -> Iterator[_Jump]:
    labels = {term.tokens[0]: term for term in terms if term.kind == LABEL}
    for term in terms:
        if term.kind == _GOTO and term.tokens[1] in labels:
            yield _Jump(term, labels[term.tokens[1]])
        elif term.kind == CASE_LABEL:
            around = term.parent
            while around is not None and around.kind != _SWITCH:
                around = around.parent
            if around is not None:
                yield _Jump(around, term)


def _scopes(terms: Sequence[Term], parsed: ParsedFile, symbol: Symbol) -> Iterator[_Scope]:
    """Yield the scopes that nothing may jump into; what an `#if` declares may not be there, and is left out."""
    constants = {
        parsed.text(name)
        for enumerator in nodes_of(symbol.node, "enumerator")
        if (name := enumerator.child_by_field_name("name")) is not None
    }
    variables = set(declared_names(parsed, symbol.node)) - constants
    for block in terms:
        for item in block.items if block.kind == _BLOCK else ():
            if _is_cleaned_up(parsed, item):
                yield _Scope(item, item.end, block.end, "which is cleaned up at the end of its block")
            elif item.kind in _DECLARING and _has_variable_length(item, variables):
                yield _Scope(item, item.end, block.end, "whose length is not constant: no compiler takes that")


def _is_cleaned_up(parsed: ParsedFile, item: Term) -> bool:
    """Tell whether a statement declares what is cleaned up; the words for that may be no part of the parse."""
    if item.kind not in _MAY_CLEAN_UP:
        return False
    line = parsed.source.rfind(b"\n", 0, item.start) + 1
    return _cleanup().match(parsed.source, line) is not None


@cache
def _cleanup() -> re.Pattern[bytes]:
    """Return what a line begins with that declares what is cleaned up: the word for that, or a type and it."""
    words = "|".join(sorted(cleanup_words()))
    return re.compile(rf"[ \t]*(?:\w[\w \t*]*)?\b(?:{words})\b".encode())


def _has_variable_length(declaration: Term, variables: set[str]) -> bool:
    """Tell whether a declaration has an array whose length is made of variables."""
    pending = [declaration]
    while pending:
        term = pending.pop()
        if term.kind == "array_declarator" and any(_names(term.children[1:], variables)):
            return True
        pending += (child for child in term.children if child.kind not in _OPAQUE)
    return False


def _names(parts: Sequence[Term], variables: set[str]) -> Iterator[str]:
    """Yield the variables in the length of an array."""
    pending = [*parts]
    while pending:
        term = pending.pop()
        if term.kind == "identifier" and term.text in variables:
            yield term.text
        elif term.kind not in _OPAQUE:
            pending += term.children
