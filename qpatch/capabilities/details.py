# SPDX-License-Identifier: GPL-2.0-or-later
"""What a query asks of a symbol beyond its name, and how much the code that fits is worth as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import Answer, CannotTell, every
from qpatch.capabilities.doubts import doubt_of_content, doubt_of_part
from qpatch.capabilities.hidden import embedded, undefined_again
from qpatch.csource.soundness.jumps import is_unreached
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.symbols import SymbolKind, function_declarator
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
        undefined = undefined_again(of, sources) if of.symbol.kind == SymbolKind.MACRO else False
        return undefined or every(self._answers(of, sources, scope))

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
            yield evidence(parsed, of.path, entries, sources) or doubt_of_part(self.entry.word, (), of, sources, scope)
        if self.member:
            yield self._member(self.member, of, sources, scope)
        if self.constant:
            constants = list(_constants(symbol.body))
            yield self._named(self.constant, constants, of, sources, scope)

    def _member(self, pattern: Fragment, of: Definition, sources: Sources, scope: Scope) -> Answer:
        members = list(_members(of.symbol.body))
        return self._among(members, pattern, of, sources, scope) or self._embedded(pattern, of, sources, scope)

    def _among(self, members: list[Node], pattern: Fragment, of: Definition, sources: Sources, scope: Scope) -> Answer:
        """Tell whether one of `members` is what is asked for."""
        if IDENTIFIER.fullmatch(pattern.text):
            names = [name for member in members for name in _declared(member)]
            return self._named(pattern.text, names, of, sources, scope)
        found = evidence(of.parsed, of.path, _fitting(pattern, of.parsed, members, sources.table), sources)
        return found or doubt_of_part(pattern.word, (), of, sources, scope)

    def _embedded(self, pattern: Fragment, of: Definition, sources: Sources, scope: Scope) -> Answer:
        """Tell whether a struct that is a part of another one has the member: in place, or by its type."""
        inner = [each for member in _members(of.symbol.body) for each in _members(_body(member), inside=True)]
        if evidence(of.parsed, of.path, self._places(inner, pattern, of, sources), sources) is True:
            return CannotTell(f"{of.symbol.name} has `{pattern.text}` only in a struct within it", of.place)
        for other in embedded(of, pattern.word, sources, scope):
            if self._member(pattern, other, sources, scope) is not False:
                reason = f"{of.symbol.name} has no `{pattern.text}`, but {other.symbol.name}, a part of it, has"
                return CannotTell(reason, other.place)
        return False

    def _places(self, members: list[Node], pattern: Fragment, of: Definition, sources: Sources) -> Iterator[int]:
        if not IDENTIFIER.fullmatch(pattern.text):
            return _fitting(pattern, of.parsed, members, sources.table)
        names = (name for member in members for name in _declared(member))
        return (name.start_byte for name in names if of.parsed.text(name) == pattern.text)

    def _named(self, name: str, parts: list[Node], of: Definition, sources: Sources, scope: Scope) -> Answer:
        """Tell whether one of the names of parts of a definition is `name`."""
        places = (part.start_byte for part in parts if of.parsed.text(part) == name)
        names = [of.parsed.text(part) for part in parts]
        return evidence(of.parsed, of.path, places, sources) or doubt_of_part(name, names, of, sources, scope)


def evidence(parsed: ParsedFile, path: str, places: Iterable[int], sources: Sources) -> Answer:
    """Tell whether something was found that is compiled and run."""
    dead = None
    for place in places:
        if not (is_dead(parsed, place) or is_unreached(parsed, place)):
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


def _members(body: Node | None, *, inside: bool = False) -> Iterator[Node]:
    """Yield the members of a struct, and those of the structs without a name in it; with `inside` of all structs."""
    for member in _parts(body, "field_declaration"):
        inner = _body(member)
        if inner is None or member.children_by_field_name("declarator"):
            yield member
        if inner is not None and (inside or not member.children_by_field_name("declarator")):
            yield from _members(inner, inside=inside)


def _body(member: Node) -> Node | None:
    """Return the list of members of a struct that is defined as the type of a member."""
    written = member.child_by_field_name("type")
    return written.child_by_field_name("body") if written is not None else None


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
