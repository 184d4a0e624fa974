# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an expression needs parentheses: C's precedence, for code that is put into other code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpatch.csource.syntax.term import Term

# How tightly an expression holds together; what a place wants at least goes by the same numbers.
ANY, ASSIGNED, CHOSEN, UNARY, PRIMARY = 0, 1, 2, 13, 14
_BINARY = {
    operator: level
    for level, operators in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"), start=CHOSEN + 1
    )
    for operator in operators.split()
}
_LOGICAL_OR = _BINARY["||"]
_LEVELS = {
    "comma_expression": ANY,
    "assignment_expression": ASSIGNED,
    "conditional_expression": CHOSEN,
    **dict.fromkeys(("unary_expression", "pointer_expression", "cast_expression", "sizeof_expression"), UNARY),
    **dict.fromkeys(("update_expression", "offsetof_expression", "alignof_expression"), UNARY),
}
# The places that take what assigns, but no comma, and those that take any expression.
_LISTED = frozenset({"argument_list", "initializer_list", "initializer_pair", "init_declarator", "enumerator"})
_CLOSED = frozenset(
    {
        *("parenthesized_expression", "expression_statement", "return_statement", "case_label", "for_statement"),
        *("subscript_designator", "array_declarator", "bitfield_clause"),
    }
)
_PREFIXED = frozenset({"cast_expression", "pointer_expression", "unary_expression", "sizeof_expression"})


def tightness(expression: Term) -> int:
    """Return how tightly `expression` holds together, from ANY to PRIMARY."""
    if expression.kind == "binary_expression":
        return _BINARY.get(expression.children[1].text, ANY)
    return _LEVELS.get(expression.kind, PRIMARY)


def wanted_at(place: Term) -> int:
    """Return how tight an expression must be that stands in the place of `place` in its parent without parentheses.

    Where the parent is not known (the value of a macro, what did not parse), any operator needs them.
    """
    parent = place.parent
    if parent is None:
        return PRIMARY
    index = next(number for number, child in enumerate(parent.children) if child is place)
    if parent.kind in _CLOSED or (parent.kind == "subscript_expression" and index):
        return ANY
    if parent.kind in _LISTED:
        return ASSIGNED
    if parent.kind == "comma_expression":
        return ASSIGNED if index else ANY
    if parent.kind == "assignment_expression":
        return ASSIGNED if index else UNARY
    if parent.kind == "conditional_expression":
        return (_LOGICAL_OR, ANY, ANY, ANY, CHOSEN)[index]
    if parent.kind == "binary_expression":
        return tightness(parent) + (index > 0)
    return UNARY if parent.kind in _PREFIXED else PRIMARY


def joins_sign(expression: Term, place: Term) -> bool:
    """Tell whether a sign before `place` would make another token with the sign that `expression` begins with."""
    parent = place.parent
    if parent is None or parent.kind not in ("unary_expression", "pointer_expression", "binary_expression"):
        return False
    index = next(number for number, child in enumerate(parent.children) if child is place)
    sign = parent.children[index - 1].text if index else ""
    return bool(sign) and sign in "+-&" and expression.tokens[0].startswith(sign)
