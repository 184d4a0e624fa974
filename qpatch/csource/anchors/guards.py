# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the `#if` conditions that a symbol stands under with the `guard:` of an anchor, by what they mean.

`#ifdef X`, `defined X` and `(defined(X))` are one condition, so are `#ifndef X`, `!defined(X)` and `!(defined (X))`;
conditions around each other and operands of `&&` are one list, in whatever order. No further logic is applied.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from qpatch.csource.syntax.parse import c_parser
from qpatch.csource.tokens import c_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

_DIRECTIVE = re.compile(r"#?\s*(ifdef|ifndef|if)\b(.*)", re.DOTALL)
_NEGATION = "!"


def written(guards: Sequence[str]) -> str:
    """Return conditions around each other as a strategy writes them."""
    return " && ".join(guards)


def suggested(guards: Sequence[str]) -> str:
    """Return the key of a strategy that names these conditions."""
    text = written(guards)
    plain = text[:1].isalpha() and not re.search(r": | #", text)
    return f"guard: {text}" if plain else f"guard: '{text.replace(chr(39), chr(39) * 2)}'"


def same_guard(guard: str, guards: Sequence[str]) -> bool:
    """Tell whether `guard` of an anchor ('' for none) means the conditions `guards`, outermost first."""
    wanted = _conditions(guard) if guard else frozenset()
    return wanted == frozenset[str]().union(*(_conditions(condition) for condition in guards))


@lru_cache(maxsize=1024)
def _conditions(guard: str) -> frozenset[str]:
    """Return the conditions that are joined by `&&` in `guard`, each in its one spelling."""
    directive = _DIRECTIVE.fullmatch(guard.strip())
    word, rest = (directive[1], directive[2].strip()) if directive else ("if", guard)
    if word != "if":
        rest = f"{_NEGATION * (word == 'ifndef')}defined({rest})"
    text = " ".join(rest.split())
    root = c_parser().parse(f"#if {text}\n#endif\n".encode()).root_node
    condition = root.children[0].child_by_field_name("condition") if root.children else None
    if condition is None or root.has_error:
        return frozenset({"".join(token.text for token in c_tokens(text))})
    # `!!X` is `X` only where its truth alone counts.
    return frozenset(part.removeprefix(_NEGATION * (2 * (_negations(part) // 2))) for part in _meaning(condition))


def _negations(condition: str) -> int:
    return len(condition) - len(condition.lstrip(_NEGATION))


def _meaning(condition: Node) -> frozenset[str]:
    """Return the operands of the outermost `&&`, inner parts spelled first: children stand before their parents."""
    nodes = [condition]
    for node in nodes:
        nodes += node.named_children
    meanings: dict[int, frozenset[str]] = {}
    for node in reversed(nodes):
        meanings[node.id] = _of_node(node, [meanings[child.id] for child in node.named_children])
    return meanings[condition.id]


def _of_node(node: Node, parts: list[frozenset[str]]) -> frozenset[str]:
    if node.type == "parenthesized_expression" and len(parts) == 1:
        return parts[0]
    if node.type == "preproc_defined" and len(parts) == 1:
        return frozenset({f"defined({_spelled(parts[0])})"})
    if node.type == "unary_expression" and node.children[0].type == _NEGATION and len(parts) == 1:
        return frozenset({_NEGATION + _spelled(parts[0])})
    if node.type == "binary_expression" and len(parts) == 2:
        operator = node.children[1].type
        if operator == "&&":
            return parts[0] | parts[1]
        return frozenset({f"({_spelled(parts[0])} {operator} {_spelled(parts[1])})"})
    return frozenset({"".join(token.text for token in c_tokens((node.text or b"").decode(errors="replace")))})


def _spelled(conditions: frozenset[str]) -> str:
    return next(iter(conditions)) if len(conditions) == 1 else f"({' && '.join(sorted(conditions))})"
