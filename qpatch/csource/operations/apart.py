# SPDX-License-Identifier: GPL-2.0-or-later
"""Which matches of a hunk can be edited together: those that share nothing, and whose comments allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qpatch.csource.matching.matched import TriviaDiffersError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpatch.csource.matching.match import Match

Result = TypeVar("Result")


def tried(matches: list[Match], work: Callable[[Match], Result]) -> list[tuple[Match, Result]]:
    """Return `work` of each match that its comments and blank lines allow. Raises TriviaDiffersError if none."""
    done, refused = [], None
    for match in matches:
        try:
            done.append((match, work(match)))
        except TriviaDiffersError as differs:
            refused = refused or differs
    if refused and not done:
        raise refused
    return done


def _overlap(match: Match, other: Match) -> bool:
    (start, end), (low, high) = match.extent, other.extent
    return start < high and low < end


def apart(matches: list[Match]) -> list[Match]:
    """Keep matches that share no member with one kept before."""
    kept: list[Match] = []
    for match in matches:
        if not any(_overlap(match, other) for other in kept):
            kept.append(match)
    return kept
