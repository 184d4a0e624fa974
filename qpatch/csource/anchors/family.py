# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that name a family of symbols and which of them is meant: `newest hw_compat_*`, `first`, `last`.

The order is that of the file. Which end of it is the newest the names tell by the numbers in them, compared at the two
ends only: QEMU lists its compatibility arrays from the newest down, others add at the end, and what a vendor has put in
between need not be in order.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.anchors.locate import missing_file
from qpatch.csource.results import Ambiguous, Drifted, SourcePlace
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.errors import Location, UserError
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace

_FAMILY = re.compile(r"(?P<which>newest|first|last)\s+(?P<pattern>\w*\*\w*)")
_KINDS = frozenset(kind.value for kind in SymbolKind if kind is not SymbolKind.INCLUDES)


def check_family(anchor: Anchor, where: Location) -> None:
    """Raise UserError for a name that is a pattern or several words and no family, or one without its file."""
    if anchor.kind.word not in _KINDS or ("*" not in anchor.name and " " not in anchor.name.strip()):
        return  # Patterns of other kinds mean something else.
    if not _FAMILY.fullmatch(anchor.name):
        raise UserError(
            "bad-anchor",
            f"`{anchor}` is neither one symbol nor one of a family",
            where=where,
            hint="One of a family is `KIND newest NAME_*`, or `first` or `last`, of what the outline of a file lists.",
        )
    if not anchor.path or anchor.path.endswith("/"):
        raise UserError("bad-anchor", f"`{anchor}` needs `path:`, the file that lists the family", where=where)


def member_of_family(anchor: Anchor, workspace: EditWorkspace) -> Anchor | Drifted | Ambiguous:
    """Return the anchor with the name of the symbol that is meant; one that names no family as it is."""
    found = _FAMILY.fullmatch(anchor.name)
    if found is None:
        return anchor
    parsed = workspace.parse(anchor.path)
    if parsed is None:
        return missing_file(anchor.path, workspace.tree)
    family = [
        symbol
        for symbol in workspace.outline(anchor.path)
        if symbol.kind == anchor.kind.word
        and fnmatchcase(symbol.name, found["pattern"])
        and not is_dead(parsed, symbol.node.start_byte)
    ]
    if not family:
        return Drifted(f"{anchor.path} has no {anchor.kind} {found['pattern']}", anchor.path)
    member = family[-1] if found["which"] == "last" else family[0]
    if found["which"] == "newest":
        newest = _newest(family)
        if newest is None:
            return _unordered(anchor, family)
        member = newest
    return replace(anchor, name=member.name)


def _newest(family: Sequence[Symbol]) -> Symbol | None:
    """Return the symbol at the end of the order that has the greater numbers, None where there is no such order."""
    first, last = _numbers(family[0]), _numbers(family[-1])
    steps = [(_numbers(one), _numbers(other)) for one, other in pairwise(family)]
    rising, falling = sum(one < other for one, other in steps), sum(one > other for one, other in steps)
    if len(family) == 1 or (first > last and falling > rising):
        return family[0]
    return family[-1] if first < last and rising > falling else None


def _numbers(symbol: Symbol) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", symbol.name))


def _unordered(anchor: Anchor, family: Sequence[Symbol]) -> Ambiguous:
    places = [SourcePlace(anchor.path, symbol.line, f"{symbol.kind} {symbol.name}") for symbol in family]
    pattern = anchor.name.split()[-1]
    return Ambiguous(
        f"{anchor}: the order of the file does not tell which of {len(family)} is the newest",
        anchor.path,
        tuple(places[: thresholds().limits.candidates]),
        advice=f"write `{anchor.kind} first {pattern}` or `{anchor.kind} last {pattern}`",
    )
