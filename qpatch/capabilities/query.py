# SPDX-License-Identifier: GPL-2.0-or-later
"""The query language of capabilities: questions about a tree's structure that are answered yes or no.

Each class is one form of question; docs/capabilities.md describes them with the keys that the data files use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qpatch.capabilities.pattern import TokenPattern, tokens_of
from qpatch.csource.source import mentions
from qpatch.csource.syntax.masked_source import HIDDEN
from qpatch.csource.syntax.symbols import function_declarator
from qpatch.csource.text.outline import outline as outline_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.capabilities.sources import Sources
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol, SymbolKind

_HIDDEN = re.compile(HIDDEN, re.DOTALL)
_COMMENT_FRAME = re.compile(r"^\s*/?\*+/?|\*+/$|^\s*//", re.MULTILINE)


class Query(Protocol):
    """A question about a tree."""

    def holds(self, sources: Sources) -> bool:
        """Answer it."""


@dataclass(frozen=True)
class AllOf:
    """Every one of the queries holds."""

    queries: tuple[Query, ...]

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        return all(query.holds(sources) for query in self.queries)


@dataclass(frozen=True)
class AnyOf:
    """At least one of the queries holds."""

    queries: tuple[Query, ...]

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        return any(query.holds(sources) for query in self.queries)


@dataclass(frozen=True)
class Not:
    """The query does not hold."""

    query: Query

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        return not self.query.holds(sources)


@dataclass(frozen=True)
class FileQuery:
    """There is a file at `path`."""

    path: str

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        return sources.read(self.path) is not None


@dataclass(frozen=True)
class SymbolQuery:
    """There is a symbol of this kind under one of `names`, and each detail that is given fits it.

    `contains`: somewhere in it; `parameters`: a function's whole parameter list; `declared`: somewhere in a
    variable's declaration, before its value; `member`: a whole member of a struct, or one's name; `entry`: a
    whole entry of an initialiser; `constant`: the name of an enumerator.
    """

    kind: SymbolKind
    names: tuple[str, ...]
    path: str = ""
    area: tuple[str, ...] = ()
    contains: TokenPattern | None = None
    parameters: TokenPattern | None = None
    declared: TokenPattern | None = None
    member: TokenPattern | None = None
    entry: TokenPattern | None = None
    constant: str = ""

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        return any(
            self._fits(parsed, symbol)
            for name in self.names
            for parsed, symbol in sources.symbols(self.kind, name, self.path, self.area)
        )

    def _fits(self, parsed: ParsedFile, symbol: Symbol) -> bool:
        body = symbol.body
        return (
            (not self.contains or self.contains.is_in(_tokens(parsed, symbol.node)))
            and (not self.parameters or self.parameters.matches(_parameters(parsed, symbol)))
            and (not self.declared or self.declared.is_in(_declaration(parsed, symbol)))
            and (not self.member or _has_member(self.member, parsed, body))
            and (not self.entry or _has_entry(self.entry, parsed, body))
            and (not self.constant or self.constant in _constants(parsed, body))
        )


@dataclass(frozen=True)
class CodeQuery:
    """The code of the file at `path`, or of a file in `area` that mentions `word`, contains `pattern`."""

    pattern: TokenPattern
    word: str
    path: str = ""
    area: tuple[str, ...] = ()

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        paths = [self.path] if self.path else sources.mentioning(self.word, self.area)
        return any(
            self.pattern.is_in(tokens_of(source))
            for path in paths
            if mentions(source := sources.read(path) or b"", self.word)
        )


@dataclass(frozen=True)
class CommentQuery:
    """A comment of the file at `path` has `text`, whatever its line breaks and the `*` before each line."""

    text: str
    path: str

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        source = sources.read(self.path) or b""
        comments = (match[0] for match in _HIDDEN.finditer(source) if match[0].startswith((b"/*", b"//")))
        return any(self.text in _comment_text(comment) for comment in comments)


@dataclass(frozen=True)
class TraceEventQuery:
    """The trace-events file at `path` declares the event `name`."""

    name: str
    path: str

    def holds(self, sources: Sources) -> bool:
        """See `Query.holds`."""
        lines = (sources.read(self.path) or b"").decode(errors="replace").splitlines()
        return any(entry.name == self.name for entry in outline_text(self.path, lines).entries())


def _comment_text(comment: bytes) -> str:
    return " ".join(_COMMENT_FRAME.sub(" ", comment.decode(errors="replace")).split())


def _tokens(parsed: ParsedFile, node: Node) -> tuple[str, ...]:
    return tokens_of(parsed.source[node.start_byte : node.end_byte])


def _parameters(parsed: ParsedFile, symbol: Symbol) -> tuple[str, ...]:
    declarator = function_declarator(symbol.node.child_by_field_name("declarator"))
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    return () if parameters is None else _tokens(parsed, parameters)[1:-1]


def _declaration(parsed: ParsedFile, symbol: Symbol) -> tuple[str, ...]:
    end = symbol.node.end_byte if symbol.body is None else symbol.body.start_byte
    return tokens_of(parsed.source[symbol.node.start_byte : end])


def _has_entry(pattern: TokenPattern, parsed: ParsedFile, body: Node | None) -> bool:
    return any(pattern.matches(_tokens(parsed, node)) for node in _children(body))


def _has_member(pattern: TokenPattern, parsed: ParsedFile, body: Node | None) -> bool:
    for member in _parts(body, "field_declaration"):
        if pattern.is_word():
            declarators = member.children_by_field_name("declarator")
            if any(pattern.text in _declared_names(parsed, declarator) for declarator in declarators):
                return True
        elif pattern.matches(_tokens(parsed, member)[:-1]):
            return True
    return False


def _constants(parsed: ParsedFile, body: Node | None) -> Iterator[str]:
    """Yield the names of an enum's constants."""
    for enumerator in _parts(body, "enumerator"):
        name = enumerator.child_by_field_name("name")
        if name is not None:
            yield parsed.text(name)


def _parts(body: Node | None, kind: str) -> Iterator[Node]:
    """Yield the nodes of `kind` directly in a body or in an `#if` there."""
    for child in _children(body):
        if child.type == kind:
            yield child
        elif child.type.startswith("preproc_"):
            yield from _parts(child, kind)


def _children(body: Node | None) -> list[Node]:
    return [] if body is None else [child for child in body.named_children if child.type != "comment"]


def _declared_names(parsed: ParsedFile, declarator: Node) -> Iterator[str]:
    """Yield the name that a member's declarator declares."""
    if declarator.type == "field_identifier":
        yield parsed.text(declarator)
    for child in declarator.named_children:
        if child.type != "parameter_list":
            yield from _declared_names(parsed, child)
