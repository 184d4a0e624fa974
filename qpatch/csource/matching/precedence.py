# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an expression needs parentheses: C's precedence, for code that is put into other code."""

from __future__ import annotations

from functools import lru_cache

from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import MACRO_LINE, MACRO_VALUE, Term, build
from qpatch.csource.tokens import fuses

# How tightly an expression holds together; what a place wants at least goes by the same numbers.
ANY, ASSIGNED, CHOSEN, CAST, UNARY, PRIMARY = 0, 1, 2, 13, 14, 15
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
    "cast_expression": CAST,
    **dict.fromkeys(("unary_expression", "pointer_expression", "sizeof_expression", "update_expression"), UNARY),
    **dict.fromkeys(("offsetof_expression", "alignof_expression"), UNARY),
}
# The places that take what assigns, but no comma, and those that take any expression.
_LISTED = frozenset({"argument_list", "initializer_list", "initializer_pair", "init_declarator", "enumerator"})
_CLOSED = frozenset(
    {
        *("parenthesized_expression", "expression_statement", "return_statement", "case_label", "for_statement"),
        *("subscript_designator", "array_declarator", "bitfield_clause", "preproc_def", "preproc_function_def"),
    }
)
_PREFIXED = {
    **dict.fromkeys(("cast_expression", "pointer_expression", "unary_expression"), CAST),
    "sizeof_expression": UNARY,  # `sizeof (t)x` would be the size of a type.
}
# What the parser knows only the tokens of, and what an expression among these may stand between as it is.
_MACRO = "preproc_function_def"
_OF_TOKENS = frozenset({MACRO_VALUE, MACRO_LINE, "group"})
_OPENING = frozenset({"", "(", "[", "{", ";", ",", "=", "return"})
_CLOSING = frozenset({"", ")", "]", "}", ";", ","})


def fitted(code: str, expression: Term, wanted: int, before: str) -> str:
    """Return `code`, which is `expression`, with parentheses if its place asks for them.

    `wanted` is how tight the place wants it, `before` the text before it, whose sign may not become one with its own.
    """
    holds = ASSIGNED if _is_macro_parameter(expression) else tightness(expression)
    joins = holds < PRIMARY and fuses(before.rstrip(), code)
    return f"({code})" if joins or holds < wanted else code


def _is_macro_parameter(expression: Term) -> bool:
    """Tell whether a name is a parameter of the macro that it stands in: it may be any argument, such as `x + 1`."""
    term = expression.parent if not expression.children else None
    while term is not None and term.kind != _MACRO:
        term = term.parent
    parameters = (child for child in term.children if child.kind == "preproc_params") if term is not None else ()
    return any(expression.text in each.tokens for each in parameters)


def tightness(expression: Term) -> int:
    """Return how tightly `expression` holds together, from ANY to PRIMARY; that is what is no expression, too."""
    if expression.kind in _OF_TOKENS:
        return _tightness_of_tokens(expression.tokens)
    if expression.kind == "binary_expression":
        return _BINARY.get(expression.children[1].text, ANY)
    if expression.kind == "number_literal" and expression.text[0] in "+-":  # The sign is a part of it for the parser.
        return UNARY
    return _LEVELS.get(expression.kind, PRIMARY)


def is_expression(tokens: tuple[str, ...]) -> bool:
    """Tell whether tokens that no parser has put together are an expression."""
    return _expression(tokens) is not None


def _tightness_of_tokens(tokens: tuple[str, ...]) -> int:
    """Return how tightly tokens that no parser has put together hold together."""
    expression = _expression(tokens)
    return PRIMARY if expression is None else tightness(expression)


@lru_cache(maxsize=1024)
def _expression(tokens: tuple[str, ...]) -> Term | None:
    """Return the expression that tokens are, None where they are no expression."""
    parsed = parse(f"int value = ({' '.join(tokens)});".encode(errors="surrogateescape"))
    if parsed.tree.root_node.has_error:
        return None
    terms = build(parsed, parsed.tree.root_node).below()
    closed = next((term for term in terms if term.kind == "parenthesized_expression"), None)
    return closed.children[1] if closed is not None and len(closed.children) == 3 else None


def wanted_between(before: str, after: str) -> int:
    """Return how tight an expression must be that stands between two tokens ('' for none) without parentheses."""
    return ASSIGNED if before in _OPENING and after in _CLOSING else PRIMARY


def wanted_at(place: Term) -> int:
    """Return how tight an expression must be that stands in the place of `place` in its parent without parentheses.

    Where the parent is not known, any operator needs them; in the value of a macro the tokens around it tell.
    """
    parent = place.parent
    if parent is None:
        return PRIMARY
    if parent.kind in _OF_TOKENS:
        return _wanted_among_tokens(place)
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
    return _PREFIXED.get(parent.kind, PRIMARY)


def _wanted_among_tokens(place: Term) -> int:
    value = place
    while value.parent is not None and value.parent.kind in _OF_TOKENS:
        value = value.parent
    leaves = list(value.leaves())
    index = next(number for number, leaf in enumerate(leaves) if leaf is place)
    texts = ["", *(leaf.text for leaf in leaves), ""]
    return wanted_between(texts[index], texts[index + 2])
