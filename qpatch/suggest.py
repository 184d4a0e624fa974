# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposes the name that was meant, for messages about an unknown one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `word` was probably meant to be, or '' where none is alike."""
    # difflib takes 5 ms to import: only a mistake pays for it.
    import difflib

    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=thresholds().similarity.known_word)
    return matches[0] if matches else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown `word`: the likely name, else the known ones if they are few."""
    names = sorted(str(name) for name in known)
    if likely := nearest(word, names):
        return f"Did you mean {likely!r}?"
    return f"Known: {', '.join(names)}." if 0 < len(names) <= thresholds().limits.shown_words else ""
