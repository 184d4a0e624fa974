# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that the outline of a file lists: functions, types, variables with a value, macros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.anchors.locate import locate_symbol, similar_symbols
from qpatch.csource.kinds.base import BlockHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor
    from qpatch.csource.results import Ambiguous, Drifted
    from qpatch.csource.syntax.symbols import Symbol, SymbolKind
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


@dataclass(frozen=True)
class SymbolHandler(BlockHandler):
    """Symbols of one kind, found by their name."""

    symbol: SymbolKind

    @override
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Find the symbol in the expected file or, failing that, in the tree."""
        return locate_symbol(anchor, self.symbol, workspace)

    @override
    def similar(self, anchor: Anchor, workspace: EditWorkspace) -> Sequence[tuple[str, Symbol]]:
        """Return the symbols with similar names in the neighbourhood, then all of the expected file."""
        near = [(path, symbol) for path, symbol, _ in similar_symbols(anchor, self.symbol, workspace)]
        here = workspace.outline(anchor.path) if anchor.path else ()
        return list(dict.fromkeys([*near, *((anchor.path, symbol) for symbol in here if symbol.kind == self.symbol)]))
