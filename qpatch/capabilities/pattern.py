# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches short pieces of C, given as data, against the tokens of a place in a source.

A pattern is C with `$name` for one expression, type or name (the same code wherever it is repeated) and `...`
for anything up to the end of the brackets around it. White space and comments do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from qpatch.csource.syntax.masked_source import pieces

ELLIPSIS = "..."
_PLACEHOLDER = re.compile(r"(\.\.\.|\$\w+)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SEPARATORS = frozenset({",", ";"})

Bindings: TypeAlias = Mapping[str, tuple[str, ...]]


class TokenPattern:
    """A compiled pattern; `text` is what was given. Raises ValueError where that is blank."""

    def __init__(self, text: str) -> None:
        if not text.strip():
            raise ValueError("an empty pattern matches everything")
        self.text = text
        self._elements: list[str] = []
        for part in _PLACEHOLDER.split(text):
            self._elements += [part] if _PLACEHOLDER.fullmatch(part) else tokens_of(part.encode())

    def is_word(self) -> bool:
        """Tell whether the pattern is a single name."""
        return re.fullmatch(r"\w+", self.text) is not None

    def matches(self, tokens: Sequence[str]) -> bool:
        """Tell whether the pattern matches all of `tokens`."""
        skips = _skips(tokens)
        return any(end == len(tokens) for end in self._ends(tokens, skips, 0, 0, {}))

    def is_in(self, tokens: Sequence[str]) -> bool:
        """Tell whether the pattern matches somewhere inside `tokens`."""
        starts = self._starts(tokens)
        if not starts:
            return False
        skips = _skips(tokens)
        return any(True for start in starts for _ in self._ends(tokens, skips, 0, start, {}))

    def _starts(self, tokens: Sequence[str]) -> Sequence[int]:
        """Return the positions where a match can begin."""
        first = self._elements[0]
        if _PLACEHOLDER.fullmatch(first):
            return range(len(tokens))
        return [position for position, token in enumerate(tokens) if token == first]

    def _ends(
        self, tokens: Sequence[str], skips: Sequence[int], index: int, position: int, bindings: Bindings
    ) -> Iterator[int]:
        """Yield each position where a match of the elements from `index` on, begun at `position`, can end."""
        if index == len(self._elements):
            yield position
            return
        element = self._elements[index]
        if not _PLACEHOLDER.fullmatch(element):
            if position < len(tokens) and tokens[position] == element:
                yield from self._ends(tokens, skips, index + 1, position + 1, bindings)
            return
        for end in _runs(tokens, skips, position, may_separate=element == ELLIPSIS):
            found = tuple(tokens[position:end])
            if element == ELLIPSIS:
                yield from self._ends(tokens, skips, index + 1, end, bindings)
            elif found and bindings.get(element, found) == found:
                yield from self._ends(tokens, skips, index + 1, end, {**bindings, element: found})


def _runs(tokens: Sequence[str], skips: Sequence[int], position: int, *, may_separate: bool) -> Iterator[int]:
    """Yield the ends of the runs that begin at `position` and leave no bracket open, the empty one first."""
    yield position
    while position < len(tokens) and skips[position] > position:
        if not may_separate and tokens[position] in _SEPARATORS:
            return
        position = skips[position]
        yield position


def _skips(tokens: Sequence[str]) -> list[int]:
    """Return for each token where its next sibling is: past the bracket it opens, itself if it closes one."""
    skips = list(range(1, len(tokens) + 1))
    opened: list[int] = []
    for position, token in enumerate(tokens):
        if token in _CLOSING:
            opened.append(position)
        elif token in _CLOSING.values():
            skips[position] = position
            if opened:
                skips[opened.pop()] = position + 1
    return skips


@lru_cache(maxsize=4096)
def tokens_of(text: bytes) -> tuple[str, ...]:
    """Return the tokens of C text, comments left out; every punctuation character is one of its own."""
    return tuple(piece.decode(errors="surrogateescape") for piece in pieces(text))
