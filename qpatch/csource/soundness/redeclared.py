# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what one scope would have twice: a variable, a member, an enumerator, an entry's designator, a `case`, a label.

What stands in different arms of one `#if` is never there together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.touched import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile

_CONDITIONALS = frozenset({"preproc_if", "preproc_ifdef"})
_ALTERNATIVES = frozenset({"preproc_else", "preproc_elif", "preproc_elifdef"})
_SCOPES = {
    "compound_statement": "variable",
    "field_declaration_list": "member",
    "enumerator_list": "enumerator",
    "initializer_list": "entry",
    "switch_statement": "case",
    "function_definition": "label",
}
# The scopes whose members may stand in blocks within.
_DEEP = frozenset({"case", "label"})
_DIRECTIVE = re.compile(rb"#[ \t]*(if|el|endif)")
_LABELLED = frozenset({"case_statement", "labeled_statement"})

# The `#if`s around something, outermost first: the place of each, and that of its arm.
_Arms: TypeAlias = "tuple[tuple[int, int], ...]"


@dataclass(frozen=True)
class _Declared:
    """A name in a scope, what declares it, and the arms around."""

    kind: str
    name: str
    node: Node
    arms: _Arms

    def excludes(self, other: _Declared) -> bool:
        """Tell whether both stand in different arms of one `#if`."""
        mine = dict(self.arms)
        return any(mine.get(condition, arm) != arm for condition, arm in other.arms)


def redeclared(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a symbol that has a name twice in one scope, and had not before; None for others."""
    known: set[tuple[str, str]] = set()
    if touched.earlier is not None and touched.old is not None:
        known = {(first.kind, first.name) for first, _ in _Scopes(touched.old).twice(touched.earlier.node)}
    for first, second in _Scopes(touched.parsed).twice(touched.symbol.node):
        if (first.kind, first.name) not in known:
            lines = touched.parsed.source.split(b"\n")
            rows = [each.node.start_point.row for each in (first, second)]
            return Fault(
                f"the {first.kind} `{first.name}` would be there twice",
                tuple(SourcePlace(touched.path, row + 1, lines[row].decode(errors="replace").strip()) for row in rows),
                "use the one that is there, or give the added one another name",
            )
    return None


class _Scopes:
    """The scopes of a parsed file, with names as its source has them."""

    def __init__(self, parsed: ParsedFile) -> None:
        self._parsed = parsed

    def twice(self, root: Node) -> Iterator[tuple[_Declared, _Declared]]:
        """Yield the pairs of names that one scope at or below `root` has twice."""
        pending = [root]
        while pending:
            node = pending.pop()
            pending += reversed(node.children)
            if node.type not in _SCOPES:
                continue
            seen: dict[str, list[_Declared]] = {}
            for declared in self._names_in(node):
                known = seen.setdefault(declared.name, [])
                yield from ((other, declared) for other in known if not other.excludes(declared))
                known.append(declared)

    def _names_in(self, scope: Node) -> Iterator[_Declared]:
        kind = _SCOPES[scope.type]
        if kind == "variable" and scope.parent is not None and scope.parent.type == "function_definition":
            yield from (
                _Declared("parameter", self._text(name), node, ()) for name, node in parameters_of(scope.parent)
            )
        body = scope.child_by_field_name("body") if kind in _DEEP else scope
        if body is not None and kind in _DEEP and self._parsed.masked.count(b":", body.start_byte, body.end_byte) < 2:
            return  # to look at everything below takes long, and each label has a colon
        for node, arms in self._members(body, kind) if body is not None else ():
            for name in self._names_of(node, kind):
                yield _Declared(kind, name, node, arms)

    def _members(self, block: Node, kind: str) -> Iterator[tuple[Node, _Arms]]:
        """Yield what stands in a block, also behind labels and in `#if` arms, which are told along with it.

        Cases and labels may stand in inner blocks as well, but a case in none of another `switch`.
        """
        pending = [*reversed([*self._in_arms(block, ())])]
        while pending:
            node, arms = pending.pop()
            inside: list[tuple[Node, _Arms]] = []
            if node.type in _CONDITIONALS:
                inside += self._in_arms(node, (*arms, (node.start_byte, node.start_byte)))
            elif node.type in _ALTERNATIVES and arms:
                inside += self._in_arms(node, (*arms[:-1], (arms[-1][0], node.start_byte)))
            else:
                yield node, arms
                is_other_switch = kind == "case" and node.type == "switch_statement"
                if node.type in _LABELLED or (kind in _DEEP and not is_other_switch and node.child_count):
                    inside += self._in_arms(node, arms)
            pending += reversed(inside)

    def _in_arms(self, block: Node, around: _Arms) -> Iterator[tuple[Node, _Arms]]:
        """Yield the children of a node with their arms; directives may be children like others, as in initialisers."""
        arms = around
        for child in block.children:
            word = _DIRECTIVE.match(self._parsed.source, child.start_byte)
            if word is None or child.type in _CONDITIONALS | _ALTERNATIVES or child.type.startswith("#"):
                yield child, arms
            elif word[1] == b"if":
                arms = (*arms, (child.start_byte, child.start_byte))
            elif len(arms) > len(around):
                ends = word[1] == b"endif"
                arms = arms[:-1] if ends else (*arms[:-1], (arms[-1][0], child.start_byte))

    def _names_of(self, node: Node, kind: str) -> Iterator[str]:
        """Yield the names by which a member of a scope may be there only once."""
        if kind == "case":
            value = node.child_by_field_name("value")
            if node.type == "case_statement":
                yield self._text(value) if value is not None else "default"
        elif kind == "label":
            label = node.child_by_field_name("label") if node.type == "labeled_statement" else None
            if label is not None:
                yield self._text(label)
        elif kind == "enumerator":
            name = node.child_by_field_name("name") if node.type == "enumerator" else None
            if name is not None:
                yield self._text(name)
        elif kind == "entry":
            if node.type == "initializer_pair":
                yield "".join(self._text(part) for part in node.children_by_field_name("designator"))
        elif node.type in ("declaration", "field_declaration") and not _is_repeatable(node):
            names = map(declared_name, node.children_by_field_name("declarator"))
            yield from (self._text(name) for name in names if name is not None)

    def _text(self, node: Node) -> str:
        return " ".join(self._parsed.text(node).split())


def _is_repeatable(declaration: Node) -> bool:
    """Tell whether a declaration may be written a second time: `extern`, or in a form that is not understood."""
    words = [child.text for child in declaration.children if child.type == "storage_class_specifier"]
    return b"extern" in words or declaration.has_error


def declared_name(declarator: Node) -> Node | None:
    """Return the name that a declarator declares, None for a function's."""
    found: Node | None = declarator
    while found is not None and found.type not in ("identifier", "field_identifier"):
        inner = found.child_by_field_name("declarator")
        if inner is None and found.type in ("parenthesized_declarator", "pointer_declarator"):
            inner = next((child for child in found.named_children if child.type.endswith("declarator")), None)
        if found.type == "function_declarator" and inner is not None and inner.type == "identifier":
            return None
        found = inner
    return found


def parameters_of(function: Node) -> Iterator[tuple[Node, Node]]:
    """Yield the names of a function's parameters, each with the parameter."""
    declarator = function.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    listed = declarator.child_by_field_name("parameters") if declarator is not None else None
    for parameter in listed.named_children if listed is not None else ():
        declared = parameter.child_by_field_name("declarator")
        name = declared_name(declared) if declared is not None else None
        if name is not None:
            yield name, parameter
