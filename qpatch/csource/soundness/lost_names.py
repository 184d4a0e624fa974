# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what still uses a function, a macro or a variable with a value that a patch has taken away or renamed.

Only what names it for certain counts: no member, label, local variable or parameter of the same name, no condition of
an `#if`, no code that is never compiled; and nothing is said where a new macro at file scope may define the name.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.matching.replace import words_of_code
from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.names import declared_names
from qpatch.csource.source import C_SUFFIXES, mentions
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.symbols import Symbol, SymbolKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace

_DEFINING = frozenset({SymbolKind.FUNCTION, SymbolKind.MACRO, SymbolKind.INITIALIZER})
_HEADERS = (".h", ".inc")
# A macro at file scope that is given a name: it may define it.
_IN_MACRO = rb"^[A-Z]\w*[ \t]*\([^;{}]*\b%b\b"
_INCLUDED_CODE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"\n]+\.(?:c|inc))"', re.MULTILINE)
_OTHER_NAMES = frozenset({"field_identifier", "statement_identifier"})
_TAGGED = frozenset({"enum_specifier", "struct_specifier", "union_specifier"})
_CONDITIONS = frozenset({"preproc_if", "preproc_ifdef", "preproc_elif", "preproc_elifdef"})
_HOLDING_CODE = frozenset({"function_definition", "init_declarator", "preproc_arg"})


@dataclass(frozen=True)
class LostName:
    """A name that `path` defined and that nothing defines there any more, and where it is still used.

    `now_in` is the file that the patch has put the definition into, if the users do not see it there.
    """

    name: str
    path: str
    uses: tuple[SourcePlace, ...]
    now_in: str = ""


def lost_names(path: str, before: Overlay, workspace: EditWorkspace) -> Iterator[LostName]:
    """Yield the names that a file defined in the tree `before` and that are used though nothing defines them now."""
    source = before.read(workspace.tree.former(path, before))
    if source is None or not path.endswith(C_SUFFIXES):
        return
    left = _left(path, workspace)
    outline = workspace.cache.outline(source)
    defined = Counter(symbol.name for symbol in outline)
    gone = {
        symbol.name: symbol
        for symbol in outline
        if symbol.kind in _DEFINING
        and symbol.name not in left
        and not (_may_be_fallback(symbol) and defined[symbol.name] == 1)
        and not _is_declared(symbol, path, workspace)
    }
    files = _files_with([name for name, symbol in gone.items() if not _is_local(symbol, path)], workspace)
    for name, symbol in gone.items():
        uses = _uses(name, [path] if _is_local(symbol, path) else files(name), before, workspace)
        if uses and not (_is_local(symbol, path) and _is_in_header(name, workspace)):
            yield LostName(name, path, uses, _moved_to(symbol, path, workspace))


def _left(path: str, workspace: EditWorkspace) -> set[str]:
    """Return what a file has still: by a definition or a declaration of its own, or by a header that was changed."""
    # What the patch moved to a header is there by an `#include`.
    places = (path, *(other for other in workspace.tree.changed if other.endswith(".h")))
    return {
        symbol.name
        for place in places
        for symbol in workspace.outline(place)
        if symbol.kind != SymbolKind.PROTOTYPE or (place == path and not is_static(symbol))
    }


def _is_declared(symbol: Symbol, path: str, workspace: EditWorkspace) -> bool:
    """Tell whether what was a variable with a value is one without a value now."""
    parsed = workspace.parse(path)
    if symbol.kind != SymbolKind.INITIALIZER or parsed is None:
        return False
    return symbol.name in declared_names(parsed, parsed.tree.root_node, inside_functions=False)


def _may_be_fallback(symbol: Symbol) -> bool:
    """Tell whether a symbol may stand for what compilers, or headers outside the tree, have: a macro under an `#if`."""
    return symbol.kind == SymbolKind.MACRO and bool(symbol.guards)


def _files_with(names: list[str], workspace: EditWorkspace) -> Callable[[str], list[str]]:
    """Return what tells the files that mention one of `names`: one search of the tree for all of them."""
    tree = workspace.tree
    found = [(path, tree.read(path) or b"") for path in tree.containing(names)] if names[1:] else []
    if len(names) == 1:
        return lambda name: list(tree.mentioning(name))
    return lambda name: [path for path, content in found if mentions(content, name)]


def _is_in_header(name: str, workspace: EditWorkspace) -> bool:
    """Tell whether a header has what a file had as its own: an `#include` may bring it."""
    in_macro = re.compile(_IN_MACRO % re.escape(name.encode()), re.MULTILINE)
    return any(
        workspace.symbols(header, name) or in_macro.search(workspace.tree.read(header) or b"")
        for header in workspace.tree.mentioning(name, _HEADERS)
    )


def _moved_to(symbol: Symbol, path: str, workspace: EditWorkspace) -> str:
    """Return the source file that defines what was local to `path`, '' where none does."""
    if not _is_local(symbol, path):
        return ""
    sources = (other for other in workspace.tree.changed if other.endswith(".c") and other != path)
    kinds = ((other, {found.kind for found in workspace.symbols(other, symbol.name)}) for other in sources)
    return next((other for other, found in kinds if symbol.kind in found), "")


def files_using(symbol: Symbol, path: str, workspace: EditWorkspace) -> list[str]:
    """Return the files that can use a symbol of `path`: that one alone where it is local."""
    return [path] if _is_local(symbol, path) else list(workspace.tree.mentioning(symbol.name))


def _is_local(symbol: Symbol, path: str) -> bool:
    return path.endswith(".c") and (is_static(symbol) or symbol.kind == SymbolKind.MACRO)


def is_static(symbol: Symbol) -> bool:
    """Tell whether a function or a variable is declared `static`."""
    return any(child.type == "storage_class_specifier" and child.text == b"static" for child in symbol.node.children)


def _uses(name: str, paths: list[str], before: Overlay, workspace: EditWorkspace) -> tuple[SourcePlace, ...]:
    """Return where `name` is used; nothing where a file defines it, or a new macro at file scope may do so."""
    uses: list[SourcePlace] = []
    for path in paths:
        parsed = workspace.parse(path)
        if parsed is None:
            continue
        if any(symbol.kind != SymbolKind.PROTOTYPE for symbol in workspace.symbols(path, name)):
            return ()
        if _includes_generated_code(path, parsed, workspace):
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


def _includes_generated_code(path: str, parsed: ParsedFile, workspace: EditWorkspace) -> bool:
    """Tell whether a file includes code that is not in the tree: the build makes it, and it may define anything."""
    tree, folder = workspace.tree, posixpath.dirname(path)
    names = (found.decode(errors="replace") for found in _INCLUDED_CODE.findall(parsed.source))
    return any(tree.read(posixpath.join(folder, name)) is None and tree.read(name) is None for name in names)


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
    """Tell whether `node` is the name that a declarator declares; `MACRO(x, name)`, read as a declaration, does not."""
    if parsed.source[: node.start_byte].rstrip().endswith(b"(") or _is_in_parentheses_of_macro(parsed, node):
        return False
    inner: Node | None = declarator
    while inner is not None and inner.start_byte <= node.start_byte < inner.end_byte:
        if inner == node:
            return True
        inner = inner.child_by_field_name("declarator")
    return False


def _is_in_parentheses_of_macro(parsed: ParsedFile, node: Node) -> bool:
    """Tell whether a name stands in parentheses that are masked, as those of a macro at file scope are."""
    outer = node
    while outer.parent is not None and outer.type != "declaration":
        outer = outer.parent
    before = slice(outer.start_byte, node.start_byte)
    return parsed.source[before].count(b"(") != parsed.masked[before].count(b"(")


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
