# SPDX-License-Identifier: GPL-2.0-or-later
"""The symbols of a file that the edits of a patch have changed, beside what they were before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.results import SourcePlace
    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace


@dataclass(frozen=True)
class TouchedSymbol:
    """A symbol as the edits have left it, in its parsed file; `earlier` is what it was, in `old`, if it was there."""

    path: str
    parsed: ParsedFile
    symbol: Symbol
    old: ParsedFile | None = None
    earlier: Symbol | None = None


@dataclass(frozen=True)
class Fault:
    """What is wrong with a touched symbol, where, and what to do."""

    what: str
    places: tuple[SourcePlace, ...]
    remedy: str


def touched_symbols(path: str, before: Overlay, workspace: EditWorkspace) -> Iterator[TouchedSymbol]:
    """Yield the symbols of a file that differ from what they were in the tree `before`; those with errors are left out.

    A symbol with two names, such as a struct with a tag and a typedef name, is there once; several that share a name,
    such as functions that one macro names, cannot be told apart and are left out, too.
    """
    parsed, source = workspace.parse(path), before.read(workspace.tree.former(path, before))
    if parsed is None:
        return
    old = workspace.cache.parse(source) if source is not None else None
    known = _by_name(workspace.cache.outline(source) if source is not None else ())
    seen: set[int] = set()
    for key, (symbol, *others) in _by_name(workspace.outline(path)).items():
        earlier = known.get(key, [])
        if others or len(earlier) > 1 or symbol.node.has_error or symbol.node.start_byte in seen:
            continue
        seen.add(symbol.node.start_byte)
        if old is None or not earlier or _code(old, earlier[0]) != _code(parsed, symbol):
            yield TouchedSymbol(path, parsed, symbol, old, earlier[0] if earlier else None)


def _by_name(symbols: Sequence[Symbol]) -> dict[tuple[str, str, tuple[str, ...]], list[Symbol]]:
    """Return the symbols by kind, name and the `#if` conditions around them."""
    found: dict[tuple[str, str, tuple[str, ...]], list[Symbol]] = {}
    for symbol in symbols:
        found.setdefault((symbol.kind, symbol.name, symbol.guards), []).append(symbol)
    return found


def _code(parsed: ParsedFile, symbol: Symbol) -> bytes:
    return parsed.source[symbol.node.start_byte : symbol.node.end_byte]
