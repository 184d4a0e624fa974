"""What an operation comes to before anything is written: replacements per file, or one of the other results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.results import AlreadyThere, Ambiguous, Drifted, Place

if TYPE_CHECKING:
    from qpatch.csource.anchors.workspace import Located
    from qpatch.csource.syntax.layout import Replacement


@dataclass(frozen=True)
class Changes:
    """Replacements per path, the places that they touch, and the path that the anchor has moved from, if it has."""

    replacements: dict[str, list[Replacement]]
    places: tuple[Place, ...]
    moved_from: str = ""


Outcome = Changes | AlreadyThere | Drifted | Ambiguous


def place_of(located: Located) -> Place:
    """Return the place of an anchor, for tables and explanations."""
    if located.symbol is None:
        return Place(located.path, 1)
    return Place(located.path, located.symbol.start_line, f"{located.symbol.kind} {located.symbol.name}")
