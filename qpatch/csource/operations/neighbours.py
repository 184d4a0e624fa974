# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the result of a hunk at a symbol that is no list of anything: what it adds stands beside the symbol.

A hunk at a one-line macro, a prototype or a typedef shows the symbol, and may add code above or below it. There it has
to be looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.match import matches_in
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from qpatch.csource.matching.match import Match
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import LocatedAnchor


def matches_beside(after: Pattern, block: Term, located: LocatedAnchor) -> list[Match]:
    """Return where `after`, the result of a hunk, stands around the symbol that `block`, an anchor's own, consists of.

    None where the block is that of a body, or the result is no more than the symbol.
    """
    symbol = located.symbol
    if symbol is None or symbol.node.parent is None or len(after.items) <= len(block.items):
        return []
    if [item.start for item in block.items] != [symbol.node.start_byte]:
        return []
    around = build(located.parsed, symbol.node.parent)
    found = matches_in(after, around, around.items)
    return [match for match in found if match.extent[0] <= symbol.node.start_byte < match.extent[1]]
