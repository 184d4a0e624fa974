# SPDX-License-Identifier: GPL-2.0-or-later
"""What a query asks of a symbol beyond its name, and how much the code that fits is worth as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import Answer, CannotTell, every
from qpatch.capabilities.doubts import doubt_of_content, doubt_of_part
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.symbols import function_declarator
from qpatch.csource.syntax.term import build
from qpatch.csource.tokens import IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from qpatch.capabilities.sources import Definition, Scope, Sources
    from qpatch.csource.matching.fragment import Fragment
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile


@dataclass(frozen=True)
class Details:
    """Details of a symbol, each of which must fit.

    `contains`: somewhere in it; `parameters`: a function's whole parameter list; `declared`: a word of a
    variable's declaration, before its value; `member`: a whole member of a struct, or one's name; `entry`: a
    whole entry of an initialiser; `constant`: the name of an enumerator.
    """

    contains: Fragment | None = None
    parameters: Fragment | None = None
    member: Fragment | None = None
    entry: Fragment | None = None
    declared: str = ""
    constant: str = ""

    def __bool__(self) -> bool:
        return self != Details()

    def answer(self, of: Definition, sources: Sources, scope: Scope) -> Answer:
        """Tell whether every detail fits a definition."""
        if is_dead(of.parsed, of.symbol.node.start_byte):
            return CannotTell(f"{of.symbol.name} is only in code that is never compiled or does not parse", of.place)
        return every(self._answers(of, sources, scope))

    def _answers(self, of: Definition, sources: Sources, scope: Scope) -> Iterator[Answer]:
        parsed, symbol, table = of.parsed, of.symbol, sources.table
        if self.contains:
            found = evidence(parsed, of.path, self.contains.places_in(parsed, symbol.node, table), sources)
            yield found or doubt_of_content(self.contains, of, sources, scope)
        if self.parameters:
            yield _has_parameters(self.parameters, parsed, symbol.node, table)
        if self.declared:
            yield self.declared in _declaration(of)
        if self.entry:
            entries = _fitting(self.entry, parsed, _children(symbol.body), table)
            yield evidence(parsed, of.path, entries, sources) or doubt_of_part(self.entry.word, (), of, sources)
        if self.member:
            yield self._member(self.member, of, sources)
        if self.constant:
            constants = list(_constants(symbol.body))
            yield self._named(self.constant, constants, of, sources)

    def _member(self, pattern: Fragment, of: Definition, sources: Sources) -> Answer:
        members = list(_parts(of.symbol.body, "field_declaration"))
        if IDENTIFIER.fullmatch(pattern.text):
            return self._named(pattern.text, [name for member in members for name in _declared(member)], of, sources)
        found = evidence(of.parsed, of.path, _fitting(pattern, of.parsed, members, sources.table), sources)
        return found or doubt_of_part(pattern.word, (), of, sources)

    def _named(self, name: str, parts: list[Node], of: Definition, sources: Sources) -> Answer:
        """Tell whether one of the names of parts of a definition is `name`."""
        places = (part.start_byte for part in parts if of.parsed.text(part) == name)
        names = [of.parsed.text(part) for part in parts]
        return evidence(of.parsed, of.path, places, sources) or doubt_of_part(name, names, of, sources)


def evidence(parsed: ParsedFile, path: str, places: Iterable[int], sources: Sources) -> Answer:
    """Tell whether something was found that is compiled and run."""
    dead = None
    for place in places:
        if not is_dead(parsed, place):
            return True
        dead = place
    if dead is None:
        return False
    reason = "the evidence is only in code that is never compiled, never run, or does not parse"
    return CannotTell(reason, sources.place(path, dead))


def _fitting(pattern: Fragment, parsed: ParsedFile, parts: Iterable[Node], table: MacroTable | None) -> Iterator[int]:
    return (part.start_byte for part in parts if pattern.is_whole(build(parsed, part), table))


def _has_parameters(pattern: Fragment, parsed: ParsedFile, function: Node, table: MacroTable | None) -> bool:
    declarator = function_declarator(function.child_by_field_name("declarator"))
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    return parameters is not None and pattern.is_whole(build(parsed, parameters), table)


def _declaration(of: Definition) -> Iterator[str]:
    """Yield the words of a declaration, those of a variable's value left out."""
    node, body = of.symbol.node, of.symbol.body
    end = node.end_byte if body is None else body.start_byte
    return (leaf.text for leaf in build(of.parsed, node).leaves() if leaf.start < end)


def _constants(body: Node | None) -> Iterator[Node]:
    """Yield the names of an enum's constants."""
    for enumerator in _parts(body, "enumerator"):
        name = enumerator.child_by_field_name("name")
        if name is not None:
            yield name


def _parts(body: Node | None, kind: str) -> Iterator[Node]:
    """Yield the nodes of `kind` directly in a body or in an `#if` there."""
    pending = [*reversed(_children(body))]
    while pending:
        node = pending.pop()
        if node.type == kind:
            yield node
        elif node.type.startswith("preproc_"):
            pending += reversed(_children(node))


def _children(body: Node | None) -> list[Node]:
    return [] if body is None else [child for child in body.named_children if child.type != "comment"]


def _declared(member: Node) -> Iterator[Node]:
    """Yield the names that a member of a struct declares."""
    pending = [*reversed(member.children_by_field_name("declarator"))]
    while pending:
        node = pending.pop()
        if node.type == "field_identifier":
            yield node
        pending += (child for child in reversed(node.named_children) if child.type != "parameter_list")
