# SPDX-License-Identifier: GPL-2.0-or-later
"""Says of an edit that fits nowhere when its anchor has a syntax error: a lost brace moves all that follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.syntax.problems import innermost_errors

if TYPE_CHECKING:
    from qpatch.csource.results import Ambiguous, Drifted
    from qpatch.csource.workspace import LocatedAnchor


def with_syntax_error(miss: Drifted | Ambiguous, located: LocatedAnchor) -> Drifted | Ambiguous:
    """Return `miss` with the place of the first syntax error of the anchor, where there is one."""
    symbol = located.symbol
    error = next(innermost_errors(symbol.node), None) if symbol is not None else None
    if error is None or symbol is None:
        return miss
    lacks = f": {error.type} is missing" if error.is_missing else ""
    told = f"{symbol.kind} {symbol.name} does not parse, by line {error.start_point.row + 1}{lacks}"
    advice = f"mend that first: what the file holds was read as well as could be\n{miss.advice}".rstrip()
    return replace(miss, message=f"{miss.message}; {told}", advice=advice)
