# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operation comes to before anything is written: replacements per file, or one of the other results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.csource.results import AlreadyThere, Ambiguous, Drifted, SourcePlace

if TYPE_CHECKING:
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import LocatedAnchor


@dataclass(frozen=True)
class PlannedChanges:
    """Replacements per path, the places that they touch, and the path that the anchor has moved from, if it has.

    `bindings` are what the metavariables of a hunk stand for, `shown` the places of the code that the edit names,
    `warnings` what may be wrong with the result.
    """

    replacements: dict[str, list[Replacement]]
    places: tuple[SourcePlace, ...]
    moved_from: str = ""
    bindings: dict[str, str] = field(default_factory=dict)
    shown: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()


Outcome = PlannedChanges | AlreadyThere | Drifted | Ambiguous


def place_of(located: LocatedAnchor) -> SourcePlace:
    """Return the place of an anchor, for tables and explanations."""
    if located.symbol is None:
        return SourcePlace(located.path, 1)
    return SourcePlace(located.path, located.symbol.start_line, f"{located.symbol.kind} {located.symbol.name}")
