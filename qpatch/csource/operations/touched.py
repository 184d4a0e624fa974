# SPDX-License-Identifier: GPL-2.0-or-later
"""The symbols of a file that the edits of a patch have changed, beside what they were before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.results import SourcePlace
    from qpatch.csource.source import SourceTree
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


def touched_symbols(path: str, before: SourceTree, workspace: EditWorkspace) -> Iterator[TouchedSymbol]:
    """Yield the symbols of a file that differ from what they were in the tree `before`; those with errors are left out.

    A symbol with two names, such as a struct with a tag and a typedef name, is there once.
    """
    parsed, source = workspace.parse(path), before.read(path)
    if parsed is None:
        return
    old = workspace.cache.parse(source) if source is not None else None
    known: dict[tuple[str, str, tuple[str, ...]], Symbol] = {}
    for symbol in workspace.cache.outline(source) if source is not None else ():
        known.setdefault((symbol.kind, symbol.name, symbol.guards), symbol)
    seen: set[int] = set()
    for symbol in workspace.outline(path):
        earlier = known.get((symbol.kind, symbol.name, symbol.guards))
        is_same = old is not None and earlier is not None and _code(old, earlier) == _code(parsed, symbol)
        if not is_same and symbol.node.start_byte not in seen and not symbol.node.has_error:
            yield TouchedSymbol(path, parsed, symbol, old, earlier)
        seen.add(symbol.node.start_byte)


def _code(parsed: ParsedFile, symbol: Symbol) -> bytes:
    return parsed.source[symbol.node.start_byte : symbol.node.end_byte]
