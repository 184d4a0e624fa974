# SPDX-License-Identifier: GPL-2.0-or-later
"""Where what was asked for may be hidden: behind a macro, another name, or in a struct that is embedded.

It is looked for in the folders that belong together and in the headers that a file includes, and only where these
mention it: searching all of the tree for each no would take long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import Answer, CannotTell
from qpatch.csource.source import mentions
from qpatch.csource.syntax.parse import leaves_called
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.capabilities.sources import Definition, Scope, Sources
    from qpatch.csource.matching.fragment import Fragment
    from qpatch.csource.syntax.parse import ParsedFile

AGGREGATES = (SymbolKind.STRUCT, SymbolKind.UNION)
# What a file may define, of which the names are compared before the file is parsed: a macro, or a function.
_DEFINED = re.compile(rb"^(?:[ \t]*#[ \t]*define[ \t]+(\w+)|[A-Za-z_][^\n;{}()]*?(\w+)[ \t]*\()", re.MULTILINE)
_UNDEFINED = rb"^[ \t]*#[ \t]*undef[ \t]+%b\b"


def near(word: str, words: frozenset[str], path: str, sources: Sources, scope: Scope) -> Iterator[Definition]:
    """Yield what holds `word` in the folders of `scope`, and what is called one of `words` in a header of `path`."""
    yield from sources.holding(word, scope)
    for header in sources.headers_mentioning(word, path, scope):
        names = {name.decode() for found in _DEFINED.findall(sources.read(header) or b"") for name in found}
        if names & words:
            yield from (found for found in sources.holding_in(header, word) if found.symbol.name in words)


def behind_macro(word: str, words: frozenset[str], of: Definition, sources: Sources, scope: Scope) -> Answer:
    """Tell whether a definition of which `words` is the code has `word` by a macro that it uses."""
    for other in near(word, words, of.path, sources, scope) if word else ():
        if other.symbol.kind == SymbolKind.MACRO and other.symbol.name in words and other.symbol.name != word:
            return CannotTell(
                f"{of.symbol.name} has no {word}, but uses {other.symbol.name}, a macro that has it", other.place
            )
    return False


def stands_for(definition: Definition, word: str) -> bool:
    """Tell whether a macro is only another name of `word`."""
    value = definition.symbol.body
    return (
        definition.symbol.kind == SymbolKind.MACRO
        and value is not None
        and definition.parsed.text(value).strip(" \t\n()") == word
    )


def named_otherwise(pattern: Fragment, of: Definition, sources: Sources) -> Answer:
    """Tell whether a definition names what `pattern` calls, but does not call it: something else may."""
    word, node = pattern.word, of.symbol.node
    if not word or not re.search(rf"\b{re.escape(word)}\s*\(", pattern.text):
        return False
    for leaf in leaves_called(of.parsed, word):
        if node.start_byte <= leaf.start_byte < node.end_byte and _is_value(leaf):
            place = sources.place(of.path, leaf.start_byte)
            return CannotTell(f"{of.symbol.name} has no `{pattern.text}`, but names {word}", place)
    return False


def _is_value(leaf: Node) -> bool:
    """Tell whether a name stands for a function that is given to something, and is not called there."""
    parent = leaf.parent
    if leaf.type != "identifier" or parent is None:
        return False
    if parent.type == "assignment_expression":
        return parent.child_by_field_name("right") == leaf
    if parent.type == "init_declarator":
        return parent.child_by_field_name("value") == leaf
    return parent.type in ("argument_list", "conditional_expression", "initializer_pair", "pointer_expression")


def embedded(of: Definition, word: str, sources: Sources, scope: Scope) -> Iterator[Definition]:
    """Yield the structs and unions that one has as members, and not only points to, and that mention `word`."""
    types = dict.fromkeys(_types_within(of.parsed, of.symbol.body)) if of.symbol.body is not None else {}
    paths = (
        [*sources.mentioning(word, scope.folders), *sources.headers_mentioning(word, of.path, scope)] if types else []
    )
    for path in dict.fromkeys((of.path, *paths)):
        content = sources.read(path) or b""
        for name in types:
            if mentions(content, name):
                yield from (
                    found
                    for found in sources.named_in(path, name)
                    if found.symbol.kind in AGGREGATES and found.symbol.name != of.symbol.name
                )


def _types_within(parsed: ParsedFile, body: Node) -> Iterator[str]:
    """Yield the names of the types of members that are no pointers."""
    pending = [*reversed(body.named_children)]
    while pending:
        node = pending.pop()
        if node.type.startswith("preproc_") or node.type == "field_declaration_list":
            pending += reversed(node.named_children)
        if node.type != "field_declaration":
            continue
        written = node.child_by_field_name("type")
        inside = written.child_by_field_name("body") if written is not None else None
        if inside is not None:
            pending.append(inside)
        declarators = node.children_by_field_name("declarator")
        name = (written.child_by_field_name("name") or written) if written is not None else None
        if name is not None and any(each.type in ("field_identifier", "array_declarator") for each in declarators):
            yield parsed.text(name)


def undefined_again(of: Definition, sources: Sources) -> Answer:
    """Tell whether a macro is taken away again in its file, and not defined anew behind that."""
    name, source = of.symbol.name, of.parsed.source
    gone = [found.start() for found in re.finditer(_UNDEFINED % re.escape(name.encode()), source, re.MULTILINE)]
    defined = [found.symbol.node.start_byte for found in sources.named_in(of.path, name)]
    if not gone or max(gone) < max(defined):
        return False
    return CannotTell(f"{name} is defined, and then undefined again", sources.place(of.path, max(gone)))
