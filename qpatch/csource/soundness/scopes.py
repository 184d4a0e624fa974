# SPDX-License-Identifier: GPL-2.0-or-later
"""Which declaration of a function each use of a name refers to, by C's scopes of blocks and `for` heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.soundness.redeclared import declared_name, parameters_of
from qpatch.csource.syntax.parse import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile

_SCOPES = frozenset({"compound_statement", "for_statement", "function_definition"})


class Use(NamedTuple):
    """A use of a name in a function, and the name in the declaration that it refers to, None for one outside."""

    node: Node
    declared: Node | None


class _Declared(NamedTuple):
    """A name that a function declares, and the node in which it is known, behind the name."""

    name: Node
    scope: Node


def uses_in(parsed: ParsedFile, function: Node) -> list[Use]:
    """Return the uses of names in a function definition, in source order; what macros declare counts as outside."""
    declared: dict[bytes, list[_Declared]] = {}
    for each in _declared_in(function):
        declared.setdefault(_text(parsed, each.name), []).append(each)
    identifiers = [node for node in nodes_of(function, "identifier") if not _is_declared(node)]
    return [Use(node, _innermost(node, declared.get(_text(parsed, node), []))) for node in identifiers]


def _is_declared(name: Node) -> bool:
    """Tell whether a name is declared where it stands, as a variable, a parameter or a function."""
    return name.parent is not None and name in name.parent.children_by_field_name("declarator")


def _declared_in(function: Node) -> Iterator[_Declared]:
    yield from (_Declared(name, function) for name, _ in parameters_of(function))
    for declaration in nodes_of(function, "declaration"):
        scope = declaration.parent
        while scope is not None and scope.type not in _SCOPES:
            scope = scope.parent
        for declarator in declaration.children_by_field_name("declarator"):
            name = declared_name(declarator)
            if name is not None and scope is not None:
                yield _Declared(name, scope)


def _innermost(use: Node, declared: list[_Declared]) -> Node | None:
    known = [
        each
        for each in declared
        if each.name.start_byte < use.start_byte and each.scope.start_byte <= use.start_byte < each.scope.end_byte
    ]
    if not known:
        return None
    return max(known, key=lambda each: (each.scope.start_byte, each.name.start_byte)).name


def _text(parsed: ParsedFile, node: Node) -> bytes:
    return parsed.source[node.start_byte : node.end_byte]
