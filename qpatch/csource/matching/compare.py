# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares lists of tokens: how similar they are, and what differs, as phrases for messages."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

from qpatch.csource.tokens import ELLIPSIS, is_placeholder
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence


def differences(pattern: Sequence[str], target: Sequence[str]) -> tuple[str, ...]:
    """Return as phrases what differs between two lists of tokens; placeholders match anything."""
    phrases = []
    matcher = difflib.SequenceMatcher(None, list(pattern), list(target), autojunk=False)
    for operation, low, high, first, last in matcher.get_opcodes():
        expected, found = words(pattern[low:high]), words(target[first:last])
        if operation == "equal" or _may_stand_for(pattern[low:high], last - first):
            continue
        if operation == "insert" and _beside_ellipsis(pattern, low):
            continue
        if operation == "replace":
            phrases.append(f"expected '{expected}', found '{found}'")
        elif operation == "delete":
            phrases.append(f"'{expected}' is missing")
        else:
            after = f" after '{pattern[low - 1]}'" if low else ""
            phrases.append(f"found '{found}'{after}, which the hunk does not have")
    return tuple(phrases[: thresholds().limits.differences])


def likeness(pattern: Sequence[str], target: Sequence[str]) -> float:
    """Return how similar two lists of tokens are, 0 to 1; tokens that an ellipsis can match cost nothing."""
    return Likeness(pattern).of(tuple(target))


class Likeness:
    """Compares one list of tokens with many; the same tokens are compared once."""

    def __init__(self, pattern: Sequence[str]) -> None:
        self._pattern = list(pattern)
        self._counts = Counter(self._pattern)
        self._wanted = sum(not is_placeholder(token) for token in self._pattern)
        self._known: dict[tuple[str, ...], float] = {}

    def of(self, target: tuple[str, ...]) -> float:
        """Return how similar `target` is, 0 to 1."""
        if target not in self._known:
            matcher = difflib.SequenceMatcher(None, self._pattern, target, autojunk=False)
            common = sum(size for _, _, size in matcher.get_matching_blocks())
            self._known[target] = self._share(common, len(target))
        return self._known[target]

    def at_most(self, target: tuple[str, ...]) -> float:
        """Return a bound that `of` does not exceed, in a fraction of its time: the order of tokens is left aside."""
        common = sum((self._counts & Counter(target)).values())
        return self._share(common, len(target))

    def _share(self, common: int, size: int) -> float:
        if ELLIPSIS in self._counts:
            return common / max(1, self._wanted)
        return 2 * common / max(1, self._wanted + size - (len(self._pattern) - self._wanted))


def _may_stand_for(tokens: Sequence[str], count: int) -> bool:
    """Tell whether `tokens` are placeholders for `count` tokens; a metavariable mostly is a single one."""
    return bool(tokens) and all(map(is_placeholder, tokens)) and (ELLIPSIS in tokens or 0 < count <= len(tokens))


def _beside_ellipsis(pattern: Sequence[str], index: int) -> bool:
    return ELLIPSIS in pattern[max(0, index - 1) : index + 1]


def words(tokens: Sequence[str]) -> str:
    """Return tokens as one line, cut off where it is long."""
    return cut_to_line(" ".join(tokens))


def cut_to_line(line: str) -> str:
    """Return `line` cut off where it is longer than what is shown in one line."""
    longest = thresholds().limits.shown_line
    return line if len(line) <= longest else line[: longest - 3] + "..."
