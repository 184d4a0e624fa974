# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what a file would define twice: a function, a type or a macro, as where one is renamed to another's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.macro_functions import is_written_out
from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace

_DEFINED_ONCE = frozenset(
    {
        SymbolKind.FUNCTION,
        SymbolKind.STRUCT,
        SymbolKind.UNION,
        SymbolKind.ENUM,
        SymbolKind.MACRO,
        SymbolKind.INITIALIZER,
    }
)


def defined_twice(path: str, before: SourceTree, workspace: EditWorkspace) -> Iterator[tuple[str, Fault]]:
    """Yield the names that a file defines more often than it did in the tree `before`, under the same `#if`s."""
    source, old = workspace.tree.read(path) or b"", before.read(path)
    known = _definitions(workspace.cache.outline(old), old) if old is not None else {}
    for key, found in _definitions(workspace.outline(path), source).items():
        if len(found) < 2 or len(found) <= len(known.get(key, ())):
            continue
        kind, name, _ = key
        if kind == SymbolKind.MACRO and re.search(rb"#[ \t]*undef[ \t]+%b\b" % re.escape(name.encode()), source):
            continue
        places = tuple(SourcePlace(path, symbol.line, f"{kind} {name}") for symbol in found)
        yield name, Fault(f"{kind} {name} would be there twice", places, "give one of them another name, or remove it")


def _definitions(symbols: Sequence[Symbol], source: bytes) -> dict[tuple[str, str, tuple[str, ...]], list[Symbol]]:
    """Return the definitions by kind, name and `#if` conditions; those that a macro names are left out."""
    found: dict[tuple[str, str, tuple[str, ...]], dict[int, Symbol]] = {}
    for symbol in symbols:
        is_named = symbol.kind != SymbolKind.FUNCTION or is_written_out(symbol, source)
        if symbol.kind in _DEFINED_ONCE and is_named and not symbol.node.has_error:
            found.setdefault((symbol.kind, symbol.name, symbol.guards), {})[symbol.node.start_byte] = symbol
    return {key: [*each.values()] for key, each in found.items()}
