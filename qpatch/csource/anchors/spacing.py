# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a blank line belongs between a symbol and what comes to stand beside it: as its neighbours have it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.syntax.symbols import ONE_LINERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.syntax.symbols import Symbol

_INCLUDE = re.compile(rb"[ \t]*#[ \t]*include\b")
_DIRECTIVE = re.compile(rb"[ \t]*#")


def needs_blank(target: Symbol, others: Sequence[Symbol], source: bytes, outline: Sequence[Symbol]) -> bool:
    """Tell whether a blank line belongs between `target`, a symbol of `source`, and `others` beside it.

    None does between macros, prototypes or typedefs, nor between things of one line each, unless those of its kind
    right above and below `target`, by the file's `outline`, stand apart from it.
    """
    symbols = [target, *others]
    kinds = {symbol.kind for symbol in symbols}
    one_line_each = len(kinds) == 1 and all(symbol.start_line == symbol.end_line for symbol in symbols)
    if not (kinds <= ONE_LINERS or one_line_each):
        return True
    return len(kinds) == 1 and _stands_apart(target, source, outline)


def are_includes(text: bytes) -> bool:
    """Tell whether added lines are `#include` lines, perhaps under an `#if`, which stand together with others."""
    lines = [line for line in text.splitlines() if line.strip()]
    return any(map(_INCLUDE.match, lines)) and all(map(_DIRECTIVE.match, lines))


def is_tight(target: Symbol, source: bytes, outline: Sequence[Symbol]) -> bool:
    """Tell whether something of its kind stands right above or below `target`, without a blank line between."""
    return any(not _are_apart(above, below, source) for above, below in _pairs(target, outline))


def _stands_apart(target: Symbol, source: bytes, outline: Sequence[Symbol]) -> bool:
    pairs = _pairs(target, outline)
    return bool(pairs) and all(_are_apart(above, below, source) for above, below in pairs)


def _pairs(target: Symbol, outline: Sequence[Symbol]) -> list[tuple[Symbol, Symbol]]:
    """Return `target` with what of its kind stands next to it, above and below."""
    ordered = sorted({each.start_line: each for each in outline}.values(), key=lambda each: each.start_line)
    at = next((index for index, each in enumerate(ordered) if each.start_line == target.start_line), None)
    if at is None:
        return []
    around = ordered[max(0, at - 1) : at + 2]
    return [(above, below) for above, below in pairwise(around) if above.kind == below.kind == target.kind]


def _are_apart(above: Symbol, below: Symbol, source: bytes) -> bool:
    between = source.split(b"\n", below.start_line - 1)[above.end_line : below.start_line - 1]
    return any(not line.strip() for line in between)
