# SPDX-License-Identifier: GPL-2.0-or-later
"""Outlines a C file: its functions, prototypes, types, file-scope variables, macros and includes.

The outline looks into `#if` arms, `extern "C"` and what tree-sitter could not parse, and says for each symbol
under which `#if` conditions it stands. A header's include guard is no condition.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.syntax.macros import MacroForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile


class SymbolKind(enum.StrEnum):
    """What the outline finds at file scope. The value is the word that strategies and capabilities use."""

    FUNCTION = "function"
    PROTOTYPE = "prototype"
    STRUCT = "struct"
    UNION = "union"
    ENUM = "enum"
    TYPEDEF = "typedef"
    INITIALIZER = "initializer"
    MACRO = "macro"
    INCLUDES = "includes"


TAGGED = frozenset({SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM})
"""What can be declared together with a variable: `struct S {...} s;`."""
ONE_LINERS = frozenset({SymbolKind.MACRO, SymbolKind.PROTOTYPE, SymbolKind.TYPEDEF})
"""What stands together without blank lines between, one line each."""

_NAMES = frozenset({"identifier", "type_identifier", "primitive_type"})
_TAGGED = {
    "struct_specifier": SymbolKind.STRUCT,
    "union_specifier": SymbolKind.UNION,
    "enum_specifier": SymbolKind.ENUM,
}
_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define\b", re.MULTILINE)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*")
_MACROS = frozenset({"preproc_def", "preproc_function_def"})
_DECLARING = frozenset({"function_definition", "declaration", "type_definition", *_TAGGED})
_CONDITIONALS = frozenset({"preproc_if", "preproc_ifdef"})
_TRANSPARENT = frozenset({"translation_unit", "declaration_list", "linkage_specification", "ERROR"})


@dataclass(frozen=True)
class Symbol:
    """A symbol of a file.

    `kind` is a SymbolKind, or, for what an anchor finds inside another symbol (a `switch`), the word of the anchor's
    kind. `node` is the whole top-level item (a definition, a declaration with its `;`, a #define; for INCLUDES the
    first of the block, which ends on `end_line`). `body` is the block, member list, enumerator list or
    initialiser, if any. Lines count from 1; `line` is where the name stands. `guards` are the `#if`
    conditions around it, outermost first. A struct with a tag and a typedef name is there under both.
    """

    kind: str
    name: str
    node: Node
    start_line: int
    end_line: int
    line: int
    guards: tuple[str, ...] = ()
    body: Node | None = None


def outline(parsed: ParsedFile) -> tuple[Symbol, ...]:
    """Return the symbols of a parsed file in source order."""
    return tuple(_Outliner(parsed).symbols())


def symbols_named(parsed: ParsedFile, name: str) -> tuple[Symbol, ...]:
    """Return those symbols of `outline` that are called `name`; only the items that hold the name are looked at."""
    return tuple(symbol for symbol in symbols_holding(parsed, name) if symbol.name == name)


def symbols_holding(parsed: ParsedFile, text: str) -> tuple[Symbol, ...]:
    """Return the symbols of those file-scope items that hold `text`; the others are not looked at."""
    places = [found.start() for found in re.finditer(re.escape(text.encode()), parsed.source)]
    return tuple(_Outliner(parsed, places).symbols()) if places else ()


class _Found(NamedTuple):
    """A node that holds file-scope items or is one, and its conditions; `is_arm` marks a later arm of an `#if`."""

    node: Node
    guards: tuple[str, ...]
    is_arm: bool = False


class _Outliner:
    """Walks the file-scope items of one parsed file: all of them, or those that hold one of the sorted `places`."""

    def __init__(self, parsed: ParsedFile, places: list[int] | None = None) -> None:
        self._parsed = parsed
        self._places = places

    def symbols(self) -> Iterator[Symbol]:
        """Yield every symbol."""
        root = self._parsed.tree.root_node
        if self._places is None:
            yield from self._includes(root)
        for node, guards in self._items(root):
            yield from self._of_item(node, guards)

    def _children(self, node: Node) -> list[Node]:
        """Return the named children, of those only the ones that hold one of the places, if places were given."""
        if self._places is None:
            return node.named_children
        found: list[Node] = []
        last = node.named_child(node.named_child_count - 1) if node.named_child_count else None
        if last is None:
            return found
        # Behind its last named child (in `#endif`, say) tree-sitter gives a null node, which crashes the process.
        low, high = (bisect_left(self._places, border) for border in (node.start_byte, last.end_byte))
        for place in self._places[low:high]:
            if not found or place >= found[-1].end_byte:
                child = node.first_named_child_for_byte(place)
                if child is not None and child.start_byte <= place:
                    found.append(child)
        return found

    def _items(self, root: Node) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """Yield the file-scope items below `root` in source order, each with its conditions."""
        pending = [_Found(root, ())]
        while pending:
            node, guards, is_arm = pending.pop()
            if is_arm or node.type in _CONDITIONALS:
                pending += reversed(self._arm(node, guards))
            elif node.type in _TRANSPARENT:
                pending += [_Found(child, guards) for child in reversed(self._children(node))]
            else:
                yield node, guards

    def _arm(self, node: Node, guards: tuple[str, ...]) -> list[_Found]:
        """Return the members of an arm of an `#if`, the last of which may be the next arm, each with its conditions."""
        condition = self._condition(node)
        inner = (*guards, condition) if condition and not self._is_include_guard(node) else guards
        outer = (*guards, f"!({condition})") if condition else guards
        alternative = node.child_by_field_name("alternative")
        return [
            _Found(child, outer, is_arm=True) if alternative == child else _Found(child, inner)
            for child in self._children(node)
        ]

    def _condition(self, node: Node) -> str:
        """Return the condition of an arm as one line of C, '' for an `#else`."""
        name = node.child_by_field_name("name")
        if name is not None:
            negated = node.children[0].type in ("#ifndef", "#elifndef")
            return f"{'!' if negated else ''}defined({self._parsed.text(name)})"
        condition = node.child_by_field_name("condition")
        if condition is None:
            return ""
        return " ".join(self._parsed.text(condition).replace("\\\n", " ").split())

    def _is_include_guard(self, node: Node) -> bool:
        """Tell whether `node` is `#ifndef X` with `#define X` as its first content."""
        if node.children[0].type != "#ifndef":
            return False
        name = node.child_by_field_name("name")
        content = [
            child for child in node.named_children if child.type != "comment" and (name is None or child.id != name.id)
        ]
        if name is None or not content or content[0].type != "preproc_def":
            return False
        defined = content[0].child_by_field_name("name")
        return defined is not None and self._parsed.text(name) == self._parsed.text(defined)

    def _of_item(self, node: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        """Yield the symbols that one file-scope item defines or declares."""
        kind = node.type
        if kind in _MACROS:
            yield from self._macro(node, guards)
            return
        yield from self._inner_macros(node, guards)
        if kind == "function_definition":
            yield from self._function(node, guards)
        elif kind == "declaration":
            yield from self._tagged(node, guards)
            yield from self._declared(node, guards)
        elif kind == "type_definition":
            yield from self._typedef(node, guards)
        elif kind in _TAGGED:
            yield from self._tagged_item(node, node, guards)

    def _macro(self, node: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        name = node.child_by_field_name("name")
        if name is not None:
            yield self._symbol(SymbolKind.MACRO, name, node, guards, node.child_by_field_name("value"))

    def _inner_macros(self, item: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        """Yield the macros defined inside an item, as the kernel's headers define flags beside the member."""
        start, end = item.start_byte, item.end_byte
        if self._parsed.source.find(b"define", start, end) < 0:
            return  # True of nearly every item, and much cheaper to find out than by the regular expression.
        for define in _DEFINE.finditer(self._parsed.source, start, end):
            node = item.descendant_for_byte_range(define.end() - 1, define.end())
            while node is not None and node.type not in _MACROS and node != item:
                node = node.parent
            if node is not None and node.type in _MACROS:
                yield from self._macro(node, guards)

    def _function(self, node: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        declarator = node.child_by_field_name("declarator")
        name = _function_name(declarator) or self._name_in_macro(node, declarator)
        if name is not None:
            yield self._symbol(SymbolKind.FUNCTION, name, node, guards, node.child_by_field_name("body"))

    def _name_in_macro(self, node: Node, declarator: Node | None) -> Node | None:
        """Return the name of a function that a macro defines, `MACRO(name) { }`, None for other definitions."""
        macro = node.child_by_field_name("type")
        if macro is None or declarator is None or declarator.type != "parenthesized_declarator":
            return None
        inner, word, table = _unparenthesized(declarator), self._parsed.text(macro), self._parsed.table
        known = table is not None and table.form_of(word.encode()) is MacroForm.FUNCTION
        return (
            inner if (known or _CAPITALS.fullmatch(word)) and inner is not None and inner.type == "identifier" else None
        )

    def _declared(self, node: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        """Yield prototypes, and variables with an initialiser, one for each declarator."""
        for declarator in node.children_by_field_name("declarator"):
            if declarator.type == "init_declarator":
                name = _innermost(declarator.child_by_field_name("declarator"))
                value = declarator.child_by_field_name("value")
                if name is not None:
                    yield self._symbol(SymbolKind.INITIALIZER, name, node, guards, value)
            elif (name := _function_name(declarator)) is not None:
                yield self._symbol(SymbolKind.PROTOTYPE, name, node, guards)

    def _typedef(self, node: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        names = [
            name
            for declarator in node.children_by_field_name("declarator")
            if (name := _innermost(declarator)) is not None
        ]
        tags = list(self._tagged(node, guards))
        yield from tags
        specifier = node.child_by_field_name("type")
        kind = _TAGGED.get(specifier.type) if specifier is not None else None
        body = specifier.child_by_field_name("body") if specifier is not None else None
        for name in names:
            if kind and body is not None and self._parsed.text(name) not in [tag.name for tag in tags]:
                yield self._symbol(kind, name, node, guards, body)
            yield self._symbol(SymbolKind.TYPEDEF, name, node, guards, body)

    def _tagged(self, item: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        """Yield the struct, union or enum that is defined as the type of `item`."""
        specifier = item.child_by_field_name("type")
        if specifier is not None and specifier.type in _TAGGED:
            yield from self._tagged_item(specifier, item, guards)

    def _tagged_item(self, specifier: Node, item: Node, guards: tuple[str, ...]) -> Iterator[Symbol]:
        name = specifier.child_by_field_name("name")
        body = specifier.child_by_field_name("body")
        if name is not None and body is not None:
            yield self._symbol(_TAGGED[specifier.type], name, item, guards, body)

    def _includes(self, root: Node) -> Iterator[Symbol]:
        """Yield the include block: from the first to the last `#include` under no condition above all declarations.

        One below them is a template, or needs them; it counts where there is no other.
        """
        head: list[Node] = []
        for node, guards in self._items(root):
            if node.type == "preproc_include" and not guards:
                head.append(node)
            elif head and node.type in _DECLARING:
                break
        if head:
            first, last = head[0], head[-1]
            start = _first_line(first)
            yield Symbol(SymbolKind.INCLUDES, "", first, start, _last_line(last), start)

    def _symbol(
        self, kind: SymbolKind, name: Node, node: Node, guards: tuple[str, ...], body: Node | None = None
    ) -> Symbol:
        return Symbol(
            kind, self._parsed.text(name), node, _first_line(node), _last_line(node), _first_line(name), guards, body
        )


def function_declarator(declarator: Node | None) -> Node | None:
    """Return the part of a declarator that holds a function's name and parameters; None if there is none."""
    while declarator is not None:
        if declarator.type == "function_declarator":
            inner = _unparenthesized(declarator.child_by_field_name("declarator"))
            # `(*feed)(void)` declares a pointer to a function, `(*feed(int n))(void)` a function that returns one.
            if inner is not None and inner.type == "identifier":
                return declarator
            declarator = inner
        elif declarator.type in ("pointer_declarator", "attributed_declarator"):
            declarator = declarator.child_by_field_name("declarator") or _first_named(declarator)
        else:
            return None
    return None


def _function_name(declarator: Node | None) -> Node | None:
    """Return the name of the function that a declarator declares; None for any other declarator."""
    found = function_declarator(declarator)
    return None if found is None else _unparenthesized(found.child_by_field_name("declarator"))


def _unparenthesized(declarator: Node | None) -> Node | None:
    while declarator is not None and declarator.type == "parenthesized_declarator":
        declarator = _first_named(declarator)
    return declarator


def _innermost(declarator: Node | None) -> Node | None:
    """Return the name that a declarator, however nested, declares."""
    while declarator is not None and declarator.type not in _NAMES:
        declarator = declarator.child_by_field_name("declarator") or _first_named(declarator)
    return declarator


def _first_named(node: Node) -> Node | None:
    return next((child for child in node.named_children if child.type.endswith(("declarator", "identifier"))), None)


def _first_line(node: Node) -> int:
    return node.start_point[0] + 1


def _last_line(node: Node) -> int:
    """Return the line of the last character; a directive's node ends where the next line begins."""
    row, column = node.end_point
    return row + 1 if column else row
