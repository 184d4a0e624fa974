# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites a hunk so that it fits the code that it resembles most: token by token, placeholders kept.

The result is only a suggestion: the caller checks that it matches before showing it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkLine, Sign
from qpatch.csource.tokens import ELLIPSIS, IDENTIFIER, TextToken, c_tokens
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from qpatch.thresholds import AlignmentCosts


@dataclass(frozen=True)
class _TokenChange:
    """Pattern tokens [low, high) that have to become target tokens [first, last)."""

    low: int
    high: int
    first: int
    last: int


def suggested_hunk(hunk: Hunk, numbers: range, target: str) -> Hunk | None:
    """Return `hunk` with what it expects on the lines `numbers` rewritten after the code `target`.

    A word that is replaced by another one is replaced on the added lines too, unless `target` still has it. None
    where whole lines would have to be added: such a hunk is better rewritten by hand.
    """
    lines = [line for line in hunk.lines if line.number in numbers and line.sign is not Sign.ADDED]
    text = "\n".join(line.code for line in lines)
    pattern, found = c_tokens(text), c_tokens(target)
    if not pattern or not found or len(pattern) * len(found) > thresholds().limits.aligned_pairs:
        return None
    changes = _Alignment(pattern, found, thresholds().costs).changes()
    if not changes or any(
        "\n" in target[found[change.first].start : found[change.last - 1].end]
        for change in changes
        if change.first < change.last
    ):
        return None
    rewritten = dict(
        zip((line.number for line in lines), _rewrite(text, pattern, target, found, changes).split("\n"), strict=True)
    )
    words = {
        old: new
        for old, new in _replaced_words(pattern, found, changes).items()
        if old not in {token.text for token in found}
    }
    return Hunk(
        tuple(
            _line(line, rewritten, words)
            for line in hunk.lines
            if line.number not in rewritten or rewritten[line.number].strip() or not line.code.strip()
        )
    )


def _line(line: HunkLine, rewritten: dict[int, str], words: dict[str, str]) -> HunkLine:
    if line.sign is Sign.ADDED:
        return replace(line, code=IDENTIFIER.sub(lambda word: words.get(word[0], word[0]), line.code))
    return replace(line, code=rewritten.get(line.number, line.code))


@dataclass(frozen=True)
class _Alignment:
    """The cheapest way to turn the tokens of a hunk into those of the code; an ellipsis stands for anything."""

    pattern: list[TextToken]
    found: list[TextToken]
    prices: AlignmentCosts

    def changes(self) -> list[_TokenChange]:
        """Return where the two differ."""
        changes: list[_TokenChange] = []
        for low, high, first, last in self._steps():
            if changes and (changes[-1].high, changes[-1].last) == (low, first):
                changes[-1] = replace(changes[-1], high=high, last=last)
            else:
                changes.append(_TokenChange(low, high, first, last))
        return changes

    def _steps(self) -> list[tuple[int, int, int, int]]:
        """Return the single differences on the cheapest path through the table of prefixes."""
        costs = self._costs()
        steps = []
        row, column = len(self.pattern), len(self.found)
        while row or column:
            for back, over in ((1, 1), (1, 0), (0, 1)):
                if back > row or over > column:
                    continue
                cost, differs = self._cost(row, column, (back, over))
                if costs[row][column] == costs[row - back][column - over] + cost:
                    if differs:
                        steps.append((row - back, row, column - over, column))
                    row, column = row - back, column - over
                    break
        return steps[::-1]

    def _costs(self) -> list[list[float]]:
        """Return what it costs to turn each prefix of the pattern into each prefix of the code."""
        costs = [[0.0] * (len(self.found) + 1) for _ in range(len(self.pattern) + 1)]
        for row in range(len(self.pattern) + 1):
            for column in range(len(self.found) + 1):
                if row or column:
                    costs[row][column] = min(
                        costs[row - back][column - over] + self._cost(row, column, (back, over))[0]
                        for back, over in ((1, 1), (1, 0), (0, 1))
                        if back <= row and over <= column
                    )
        return costs

    def _cost(self, row: int, column: int, step: tuple[int, int]) -> tuple[float, bool]:
        """Return what the last step to (row, column) costs, and whether it is a difference."""
        here = self.pattern[row - 1].text if row else ""
        if step == (0, 1):
            if here == ELLIPSIS:
                return 0.0, False
            return (self.prices.metavariable, False) if here.startswith("$") else (self.prices.put_in, True)
        if step == (1, 0):
            return (0.0, False) if here == ELLIPSIS else (self.prices.leave_out, True)
        there = self.found[column - 1].text
        if here in (there, ELLIPSIS):
            return 0.0, False
        if here.startswith("$"):
            return self.prices.metavariable, False
        both_words = IDENTIFIER.fullmatch(here) and IDENTIFIER.fullmatch(there)
        return (self.prices.other_word if both_words else self.prices.other_token), True


def _rewrite(
    text: str, pattern: list[TextToken], target: str, found: list[TextToken], changes: list[_TokenChange]
) -> str:
    for change in reversed(changes):
        new = target[found[change.first].start : found[change.last - 1].end] if change.first < change.last else ""
        if change.low < change.high:
            start, end = pattern[change.low].start, pattern[change.high - 1].end
            gone = text[start:end].count("\n")  # the lines stay, so that each keeps its sign
            between_blanks = text[:start].endswith(" ") and text[end:].startswith(" ")
            end += not new and between_blanks and text[:start].split("\n")[-1].strip() != ""
            text = text[:start] + new + "\n" * gone + text[end:]
        else:
            start = pattern[change.low - 1].end if change.low else 0
            gap = target[found[change.first - 1].end : found[change.first].start] if change.first else ""
            text = text[:start] + (" " if gap.strip(" ") else gap) + new + text[start:]
    return text


def _replaced_words(pattern: list[TextToken], found: list[TextToken], changes: list[_TokenChange]) -> dict[str, str]:
    """Return the words that are replaced by one other word each."""
    return {
        pattern[change.low].text: found[change.first].text
        for change in changes
        if change.high - change.low == change.last - change.first == 1
        and IDENTIFIER.fullmatch(pattern[change.low].text)
        and IDENTIFIER.fullmatch(found[change.first].text)
    }
