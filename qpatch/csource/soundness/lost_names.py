# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what still uses a function, a macro or a variable with a value that a patch has taken away or renamed.

Only what names it for certain counts: no member, label, local variable or parameter of the same name, no condition of
an `#if`, no code that is never compiled; and nothing is said where a new macro at file scope may define the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.matching.replace import words_of_code
from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.names import declared_names
from qpatch.csource.source import C_SUFFIXES
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.symbols import Symbol, SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace

_DEFINING = frozenset({SymbolKind.FUNCTION, SymbolKind.MACRO, SymbolKind.INITIALIZER})
_OTHER_NAMES = frozenset({"field_identifier", "statement_identifier"})
_TAGGED = frozenset({"enum_specifier", "struct_specifier", "union_specifier"})
_CONDITIONS = frozenset({"preproc_if", "preproc_ifdef", "preproc_elif", "preproc_elifdef"})
_HOLDING_CODE = frozenset({"function_definition", "init_declarator", "preproc_arg"})


@dataclass(frozen=True)
class LostName:
    """A name that `path` defined and that nothing defines any more, and where it is still used."""

    name: str
    path: str
    uses: tuple[SourcePlace, ...]


def lost_names(path: str, before: Overlay, workspace: EditWorkspace) -> Iterator[LostName]:
    """Yield the names that a file defined in the tree `before` and that are used though nothing defines them now."""
    source = before.read(path)
    if source is None or not path.endswith(C_SUFFIXES):
        return
    # What the patch moved to a header is there by an `#include`.
    places = (path, *(other for other in workspace.tree.changed if other.endswith(".h")))
    left = {
        symbol.name
        for place in places
        for symbol in workspace.outline(place)
        if place == path or symbol.kind != SymbolKind.PROTOTYPE
    }
    gone = {
        symbol.name: symbol
        for symbol in workspace.cache.outline(source)
        if symbol.kind in _DEFINING and symbol.name not in left
    }
    for name, symbol in gone.items():
        uses = _uses(name, _files_of(symbol, path, workspace), before, workspace)
        if uses:
            yield LostName(name, path, uses)


def _files_of(symbol: Symbol, path: str, workspace: EditWorkspace) -> list[str]:
    """Return the files that can use a symbol of `path`: that one alone where it is local."""
    is_static = any(
        child.type == "storage_class_specifier" and child.text == b"static" for child in symbol.node.children
    )
    if path.endswith(".c") and (is_static or symbol.kind == SymbolKind.MACRO):
        return [path]
    return list(workspace.tree.mentioning(symbol.name))


def _uses(name: str, paths: list[str], before: Overlay, workspace: EditWorkspace) -> tuple[SourcePlace, ...]:
    """Return where `name` is used; nothing where a file defines it, or a new macro at file scope may do so."""
    uses: list[SourcePlace] = []
    for path in paths:
        parsed = workspace.parse(path)
        if parsed is None:
            continue
        if any(symbol.kind != SymbolKind.PROTOTYPE for symbol in workspace.symbols(path, name)):
            return ()
        for start, end in words_of_code(parsed.source, name, [(0, len(parsed.source))]):
            node = parsed.tree.root_node.descendant_for_byte_range(start, end)
            if node is None or not _is_use(parsed, node, name) or is_dead(parsed, start):
                continue
            place = SourcePlace(path, node.start_point.row + 1, _line(parsed, start))
            if _is_at_file_scope(node) and place.snippet.encode() not in (before.read(path) or b""):
                return ()
            uses.append(place)
    return tuple(uses)


def _is_use(parsed: ParsedFile, node: Node, name: str) -> bool:
    """Tell whether the word at `node` names what is outside functions, and not only declares it."""
    if node.type in _OTHER_NAMES or (node.parent is not None and node.parent.type in _TAGGED):
        return False
    inner, outer = node, node.parent
    while outer is not None:
        if _names_something_else(parsed, node, name, inner, outer):
            return False
        inner, outer = outer, outer.parent
    return True


def _names_something_else(parsed: ParsedFile, node: Node, name: str, inner: Node, outer: Node) -> bool:
    """Tell whether the word at `node` is no use, as it stands in `inner`, a part of `outer`."""
    if outer.type in _CONDITIONS:
        return inner in outer.children_by_field_name("condition") + outer.children_by_field_name("name")
    if outer.type == "preproc_function_def":
        return _is_parameter(outer, name)
    if outer.type in ("declaration", "parameter_declaration"):
        return inner in outer.children_by_field_name("declarator") and _is_declared_by(parsed, inner, node)
    return outer.type == "function_definition" and name in declared_names(parsed, outer)


def _is_parameter(macro: Node, name: str) -> bool:
    parameters = macro.child_by_field_name("parameters")
    return parameters is not None and any(child.text == name.encode() for child in parameters.named_children)


def _is_declared_by(parsed: ParsedFile, declarator: Node, node: Node) -> bool:
    """Tell whether `node` is the name that a declarator declares; `MACRO(name)`, read as a declaration, does not."""
    if parsed.source[: node.start_byte].rstrip().endswith(b"("):
        return False
    inner: Node | None = declarator
    while inner is not None and inner.start_byte <= node.start_byte < inner.end_byte:
        if inner == node:
            return True
        inner = inner.child_by_field_name("declarator")
    return False


def _is_at_file_scope(node: Node) -> bool:
    """Tell whether a word stands in neither a function, a value nor a macro: what is there may define what it names."""
    outer: Node | None = node
    while outer is not None and outer.type not in _HOLDING_CODE:
        outer = outer.parent
    return outer is None


def _line(parsed: ParsedFile, position: int) -> str:
    start = parsed.source.rfind(b"\n", 0, position) + 1
    end = parsed.source.find(b"\n", position)
    return parsed.source[start : end if end >= 0 else None].decode(errors="replace").strip()
