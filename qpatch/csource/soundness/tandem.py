# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what stands twice in a row after a change and stood once before: lines, or the tokens of lines.

Where an edit is made a second time, what it adds stands beside what it added, whatever the edit was: so nothing is
asked of the edit here, and nothing of how the two texts are aligned.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"[^\W\d]\w*")
# What C, the preprocessor and list macros say anywhere; two lines with nothing else may well stand side by side.
_COMMON = frozenset(
    {
        "auto", "bool", "break", "case", "char", "const", "continue", "default", "define", "defined", "do", "double",
        "elif", "else", "endif", "enum", "extern", "false", "float", "for", "goto", "if", "ifdef", "ifndef", "inline",
        "int", "long", "NULL", "register", "return", "short", "signed", "sizeof", "static", "struct", "switch", "true",
        "typedef", "undef", "union", "unsigned", "void", "volatile", "while"
    }
)  # fmt: skip


@dataclass(frozen=True)
class Doubled:
    """`size` items from `start` on, which the same items follow; places are those after the change."""

    start: int
    size: int


def words_of(text: str) -> list[str]:
    """Return the words and signs of a line, whatever language it is in."""
    return _TOKEN.findall(text)


def tells(text: str) -> bool:
    """Tell whether a line has a word that says what it is about."""
    return any(word not in _COMMON for word in _WORD.findall(text))


def doubled(before: Sequence[str], after: Sequence[str]) -> Iterator[Doubled]:
    """Yield what stands twice in a row in `after` and once in `before`; some item in it tells, and is new there."""
    known = set(before)
    gained = {item for item in Counter(after) - Counter(before) if item in known and tells(item)}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(after if gained else ()):
        if item not in gained:
            continue
        for earlier in places[item]:
            found = _around(earlier, place, after)
            if found is None:
                continue
            run = list(after[found.start : found.start + found.size])
            if holds(before, run) and not holds(before, [*run, *run]):
                yield found
        places[item].append(place)


def holds(items: Sequence[str], run: Sequence[str]) -> bool:
    """Tell whether the items of `run` stand in `items` one after the other."""
    return place_of_run(items, run) is not None


def place_of_run(items: Sequence[str], run: Sequence[str], start: int = 0) -> int | None:
    """Return the first place from `start` on where the items of `run` stand one after the other."""
    return next(
        (
            place
            for place in range(start, len(items) - len(run) + 1)
            if items[place] == run[0] and list(items[place : place + len(run)]) == list(run)
        ),
        None,
    )


def without_runs(items: Sequence[str], runs: Collection[Sequence[str]]) -> list[int]:
    """Return the places of the items that are in none of `runs`."""
    left = set(range(len(items)))
    for run in runs:
        place = place_of_run(items, run)
        while place is not None:
            left -= set(range(place, place + len(run)))
            place = place_of_run(items, run, place + len(run))
    return sorted(left)


def _around(earlier: int, place: int, after: Sequence[str]) -> Doubled | None:
    """Return what is doubled around two places of one item; as far as they are apart is how much it must be."""
    size, start, end = place - earlier, earlier, earlier + 1
    while start > 0 and end - start < size and after[start - 1] == after[start - 1 + size]:
        start -= 1
    while end - start < size and end + size < len(after) and after[end] == after[end + size]:
        end += 1
    return Doubled(start, size) if end - start == size else None
