# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of many places are named in a message: those nearest to the file that it is about."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.csource.results import SourcePlace


def nearest_first(places: Iterable[SourcePlace], path: str) -> list[SourcePlace]:
    """Return places, each once: those in the file `path` first, then by how many of its folders they share."""
    folders = path.split("/")

    def apart(place: SourcePlace) -> tuple[int, str, int]:
        pairs = zip(folders, place.path.split("/"), strict=False)
        return -sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)), place.path, place.line

    return sorted({(place.path, place.line): place for place in places}.values(), key=apart)


def told_places(places: Iterable[SourcePlace], path: str) -> str:
    """Return the places nearest to the file `path` in words, as many as are named in a message, and how many more."""
    nearest, shown = nearest_first(places, path), thresholds().limits.told_places
    more = f" and {len(nearest) - shown} more" if nearest[shown:] else ""
    return ", ".join(map(str, nearest[:shown])) + more
