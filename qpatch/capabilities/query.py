# SPDX-License-Identifier: GPL-2.0-or-later
"""The query language of capabilities: questions about a tree's structure that are answered yes or no.

Each class is one form of question; docs/capabilities.md describes them with the keys that the data files use.
Patterns are fragments of C (`qpatch.csource.matching.fragment`): they match as hunks do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from qpatch.csource.source import mentions
from qpatch.csource.syntax.symbols import function_declarator
from qpatch.csource.syntax.term import build
from qpatch.csource.text.outline import outline
from qpatch.csource.tokens import IDENTIFIER, comments_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.capabilities.sources import Sources
    from qpatch.csource.matching.fragment import Fragment
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol, SymbolKind

_COMMENT_FRAME = re.compile(r"^\s*/?\*+/?|\*+/$|^\s*//", re.MULTILINE)


class Query(Protocol):
    """A question about a tree."""

    def holds(self, sources: Sources) -> bool:
        """Tell whether the answer is yes."""


@dataclass(frozen=True)
class AllOf(Query):
    """Every one of the queries holds."""

    queries: tuple[Query, ...]

    @override
    def holds(self, sources: Sources) -> bool:
        return all(query.holds(sources) for query in self.queries)


@dataclass(frozen=True)
class AnyOf(Query):
    """At least one of the queries holds."""

    queries: tuple[Query, ...]

    @override
    def holds(self, sources: Sources) -> bool:
        return any(query.holds(sources) for query in self.queries)


@dataclass(frozen=True)
class Not(Query):
    """The query does not hold."""

    query: Query

    @override
    def holds(self, sources: Sources) -> bool:
        return not self.query.holds(sources)


@dataclass(frozen=True)
class FileQuery(Query):
    """There is a file at `path`."""

    path: str

    @override
    def holds(self, sources: Sources) -> bool:
        return sources.read(self.path) is not None


@dataclass(frozen=True)
class SymbolQuery(Query):
    """There is a symbol of this kind under one of `names`, and each detail that is given fits it.

    `contains`: somewhere in it; `parameters`: a function's whole parameter list; `declared`: a word of a
    variable's declaration, before its value; `member`: a whole member of a struct, or one's name; `entry`: a
    whole entry of an initialiser; `constant`: the name of an enumerator.
    """

    kind: SymbolKind
    names: tuple[str, ...]
    path: str = ""
    area: tuple[str, ...] = ()
    contains: Fragment | None = None
    parameters: Fragment | None = None
    member: Fragment | None = None
    entry: Fragment | None = None
    declared: str = ""
    constant: str = ""

    @override
    def holds(self, sources: Sources) -> bool:
        return any(
            self._fits(parsed, symbol, sources.table)
            for name in self.names
            for parsed, symbol in sources.symbols(self.kind, name, self.path, self.area)
        )

    def _fits(self, parsed: ParsedFile, symbol: Symbol, table: MacroTable | None) -> bool:
        body = symbol.body
        return (
            (not self.contains or self.contains.occurs_in(parsed, symbol.node, table))
            and (not self.parameters or _has_parameters(self.parameters, parsed, symbol, table))
            and (not self.declared or self.declared in _declaration(parsed, symbol))
            and (not self.member or _has_member(self.member, parsed, body, table))
            and (not self.entry or _has_entry(self.entry, parsed, body, table))
            and (not self.constant or self.constant in _constants(parsed, body))
        )


@dataclass(frozen=True)
class CodeQuery(Query):
    """The code of the file at `path`, or of a file in `area`, contains `pattern`, which has a word to look for."""

    pattern: Fragment
    path: str = ""
    area: tuple[str, ...] = ()

    @override
    def holds(self, sources: Sources) -> bool:
        word = self.pattern.word
        return any(
            self.pattern.occurs_in_file(parsed, sources.table)
            for path in ([self.path] if self.path else sources.mentioning(word, self.area))
            if mentions(sources.read(path) or b"", word) and (parsed := sources.parsed(path)) is not None
        )


@dataclass(frozen=True)
class CommentQuery(Query):
    """A comment of the file at `path` has `text`, whatever its line breaks and the `*` before each line."""

    text: str
    path: str

    @override
    def holds(self, sources: Sources) -> bool:
        source = (sources.read(self.path) or b"").decode(errors="replace")
        return any(self.text in _comment_text(comment) for comment in comments_of(source))


@dataclass(frozen=True)
class TraceEventQuery(Query):
    """The trace-events file at `path` declares the event `name`."""

    name: str
    path: str

    @override
    def holds(self, sources: Sources) -> bool:
        lines = (sources.read(self.path) or b"").decode(errors="replace").splitlines()
        return any(entry.name == self.name for entry in outline(self.path, lines).entries())


def _comment_text(comment: str) -> str:
    return " ".join(_COMMENT_FRAME.sub(" ", comment).split())


def _has_parameters(pattern: Fragment, parsed: ParsedFile, symbol: Symbol, table: MacroTable | None) -> bool:
    declarator = function_declarator(symbol.node.child_by_field_name("declarator"))
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    return parameters is not None and pattern.is_whole(build(parsed, parameters), table)


def _declaration(parsed: ParsedFile, symbol: Symbol) -> Iterator[str]:
    """Yield the words of a declaration, those of a variable's value left out."""
    end = symbol.node.end_byte if symbol.body is None else symbol.body.start_byte
    return (leaf.text for leaf in build(parsed, symbol.node).leaves() if leaf.start < end)


def _has_entry(pattern: Fragment, parsed: ParsedFile, body: Node | None, table: MacroTable | None) -> bool:
    return any(pattern.is_whole(build(parsed, entry), table) for entry in _children(body))


def _has_member(pattern: Fragment, parsed: ParsedFile, body: Node | None, table: MacroTable | None) -> bool:
    members = _parts(body, "field_declaration")
    if not IDENTIFIER.fullmatch(pattern.text):
        return any(pattern.is_whole(build(parsed, member), table) for member in members)
    return any(
        pattern.text in _declared_names(parsed, declarator)
        for member in members
        for declarator in member.children_by_field_name("declarator")
    )


def _constants(parsed: ParsedFile, body: Node | None) -> Iterator[str]:
    """Yield the names of an enum's constants."""
    for enumerator in _parts(body, "enumerator"):
        name = enumerator.child_by_field_name("name")
        if name is not None:
            yield parsed.text(name)


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


def _declared_names(parsed: ParsedFile, declarator: Node) -> Iterator[str]:
    """Yield the name that a member's declarator declares."""
    pending = [declarator]
    while pending:
        node = pending.pop()
        if node.type == "field_identifier":
            yield parsed.text(node)
        pending += (child for child in reversed(node.named_children) if child.type != "parameter_list")
