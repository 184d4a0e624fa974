# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes added lines with their metavariables replaced by what these stand for, in the meaning that the hunk shows.

`!$x` with `n == 1` for `$x` is `!(n == 1)`: what binds weaker than the operators around it gets parentheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.placeholders import METAVARIABLE_KIND
from qpatch.csource.tokens import METAVARIABLE, blank_opaque

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.csource.matching.hunk import HunkLine
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term

# How strongly the operators of C bind, the weakest first; what is not here binds strongest.
_BINARY = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_COMMA, _ASSIGNMENT, _CONDITIONAL, _FIRST_BINARY = range(4)
_LEVEL = {operator: _FIRST_BINARY + level for level, operators in enumerate(_BINARY) for operator in operators}
_UNARY = _FIRST_BINARY + len(_BINARY)
_POSTFIX = _UNARY + 1
_OWN = {
    "comma_expression": _COMMA,
    "assignment_expression": _ASSIGNMENT,
    "conditional_expression": _CONDITIONAL,
    "cast_expression": _UNARY,
    "pointer_expression": _UNARY,
    "sizeof_expression": _UNARY,
    "unary_expression": _UNARY,
}
_OPERAND = frozenset({"cast_expression", "pointer_expression", "sizeof_expression", "unary_expression"})
_APPLIED = frozenset({"call_expression", "field_expression", "subscript_expression", "update_expression"})


def with_bindings(line: HunkLine, after: Pattern, texts: Mapping[str, str], terms: Mapping[str, Term]) -> str:
    """Return an added line with its metavariables replaced; one that is bound to nothing stays.

    `after` is the side of the hunk that the line is of; `texts` and `terms` are what the metavariables stand for.
    """
    code, parts, last = line.code, [], 0
    names = list(METAVARIABLE.finditer(blank_opaque(code)))
    leaves = [
        leaf for leaf in after.leaves() if leaf.kind == METAVARIABLE_KIND and after.line_of(leaf).number == line.number
    ]
    for index, name in enumerate(names):
        if name[1] not in texts:
            continue
        text = texts[name[1]]
        if len(leaves) == len(names) and needs_parentheses(leaves[index], terms[name[1]]):
            text = f"({text})"
        parts += [code[last : name.start()], text]
        last = name.end()
        if text.endswith("*") and code.startswith(" ", last):  # The star of a type stands at what is declared.
            last += 1
    return "".join(parts) + code[last:]


def needs_parentheses(leaf: Term, bound: Term) -> bool:
    """Tell whether `bound` would mean something else in the place of the metavariable `leaf`."""
    parent = leaf.parent
    if parent is None:
        return False
    wanted = _wanted(leaf, parent)
    joined = parent.kind in _OPERAND and parent.children[0].text[:1] == bound.tokens[0][:1] in ("-", "+", "&")
    return joined or _binding(bound) < wanted


def _binding(term: Term) -> int:
    """Return how strongly the outermost operator of an expression binds."""
    if term.kind == "binary_expression":
        return _LEVEL.get(term.children[1].text, _FIRST_BINARY)
    if term.kind == "number_literal" and term.text.startswith(("-", "+")):
        return _UNARY
    return _OWN.get(term.kind, _POSTFIX)


def _wanted(leaf: Term, parent: Term) -> int:
    """Return how strongly an expression has to bind in the place of `leaf`."""
    place = parent.children.index(leaf)
    if parent.kind == "binary_expression":
        level = _LEVEL.get(parent.children[1].text, _UNARY)
        return level + (place > 0)
    if parent.kind == "conditional_expression":
        return _CONDITIONAL + 1 if place == 0 else _CONDITIONAL
    if parent.kind == "assignment_expression":
        return _UNARY if place == 0 else _ASSIGNMENT
    if parent.kind in _OPERAND:
        return _UNARY
    return _POSTFIX if parent.kind in _APPLIED and _is_applied(parent, place) else _COMMA


def _is_applied(parent: Term, place: int) -> bool:
    """Tell whether the child at `place` is what is called, indexed, or whose member is taken."""
    return place == 0 or parent.kind == "update_expression"
