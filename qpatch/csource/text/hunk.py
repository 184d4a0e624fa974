# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches a hunk against the lines of a text section, and turns a match into a change of lines.

Lines are compared with white space folded; blank context lines are ignored, blank `-` and `+` lines exact; a
line `...` stands for any lines; `$name` stands for the shortest run of whole words and signs that fits, the
same text wherever the name occurs again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from qpatch.csource.matching.hunk import Hunk, HunkError, HunkLine, Sign, check_bound, read_lines
from qpatch.csource.text.document import LineChange, TextDocument
from qpatch.csource.text.parts import TextSection, fold, indentation
from qpatch.csource.tokens import ELLIPSIS, METAVARIABLE
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A metavariable neither begins nor ends inside a word.
_NOT_INSIDE_WORD = r"(?!(?<=\w)\w)"


@dataclass(frozen=True)
class LineMatch:
    """Where a side of a hunk was found: hunk line numbers to target lines; what metavariables stand for."""

    lines: Mapping[int, int]
    bindings: Mapping[str, str]


def parse_text_hunk(text: str) -> Hunk:
    """Read a text hunk. Raises HunkError for a wrong gutter or an added `$name` bound by nothing."""
    hunk = read_lines(text)
    check_bound(hunk, "`add:` takes its text literally, with the dollar signs in it")
    if not any(_is_text(line) for line in hunk.before()):
        raise HunkError("the hunk has no context line", 1, "show a line it stands next to, or use `add:`")
    return hunk


def match_side(side: Sequence[HunkLine], document: TextDocument, section: TextSection) -> list[LineMatch]:
    """Return every way in which `side` of a hunk fits lines of `section`, in order of the lines."""
    most = thresholds().limits.line_matches  # of more, none need be counted: the edit is ambiguous
    return list(islice(_SideMatcher(side, document, section).matches(), most))


def change_for(hunk: Hunk, match: LineMatch, document: TextDocument, section: TextSection) -> LineChange:
    """Return what `hunk` does to the lines that `match` found in `section`."""
    return _LinePlanner(hunk, match, document, section).change()


def is_ellipsis(line: HunkLine) -> bool:
    """Tell whether the hunk line stands for any lines."""
    return line.code.strip() == ELLIPSIS


def substituted(code: str, bindings: Mapping[str, str]) -> str:
    """Return `code` with each bound `$name` replaced by its text."""
    return METAVARIABLE.sub(lambda found: bindings.get(found[1], found[0]), code)


def _is_text(line: HunkLine) -> bool:
    return bool(line.code.strip()) and not is_ellipsis(line)


class _Trial(NamedTuple):
    """A side matched in part: its items from `number` on are to stand at `line` or, if `anywhere`, at any later one."""

    number: int
    line: int
    anywhere: bool
    lines: dict[int, int]
    bindings: dict[str, str]


class _SideMatcher:
    """Finds one side of a hunk by trying lines in order, with backtracking at `...`."""

    def __init__(self, side: Sequence[HunkLine], document: TextDocument, section: TextSection) -> None:
        self._items = [line for line in side if line.code.strip() or line.sign is not Sign.CONTEXT]
        self._folded = document.folded
        self._start = section.start
        self._stop = section.end

    def matches(self) -> Iterator[LineMatch]:
        """Yield each match once, the first one in the document first; an empty side matches nowhere."""
        untried = [_Trial(0, self._start, True, {}, {})] if any(_is_text(item) for item in self._items) else []
        while untried:
            trial = untried.pop()
            if trial.number == len(self._items):
                yield LineMatch(trial.lines, trial.bindings)
            else:
                untried += reversed(list(self._steps(trial, self._items[trial.number])))

    def _steps(self, trial: _Trial, item: HunkLine) -> Iterator[_Trial]:
        """Yield the ways to go on at `item`, the one to try first at the beginning."""
        number, line, anywhere, lines, bindings = trial
        if is_ellipsis(item):
            last = number == len(self._items) - 1
            yield _Trial(number + 1, line, not last, lines, bindings)
            return
        for place in range(line, self._stop) if anywhere else self._next_line(item, line):
            found = self._bind(item, place, bindings)
            if found is not None:
                yield _Trial(number + 1, place + 1, False, {**lines, item.number: place}, found)

    def _next_line(self, item: HunkLine, line: int) -> Iterator[int]:
        """Yield the line where an item without `...` above must be: blank target lines are passed over."""
        while item.code.strip() and line < self._stop and not self._folded[line]:
            line += 1
        if line < self._stop:
            yield line

    def _bind(self, item: HunkLine, place: int, bindings: dict[str, str]) -> dict[str, str] | None:
        """Return the bindings after matching `item` with the line at `place`, or None."""
        code = fold(item.code)
        if "$" not in code:
            return bindings if code == self._folded[place] else None
        found = re.fullmatch(_line_pattern(code, bindings), self._folded[place])
        return {**bindings, **found.groupdict()} if found else None


def _line_pattern(code: str, bindings: Mapping[str, str]) -> str:
    """Return the regular expression for a folded hunk line with metavariables."""
    pieces: list[str] = []
    seen: set[str] = set()
    for index, piece in enumerate(METAVARIABLE.split(code)):
        if index % 2 == 0:
            pieces.append(re.escape(piece))
            continue
        if piece in bindings:
            run = re.escape(bindings[piece])
        else:
            run = f"(?P={piece})" if piece in seen else rf"(?P<{piece}>\S(?:.*?\S)?)"
        seen.add(piece)
        pieces.append(f"{_NOT_INSIDE_WORD}{run}{_NOT_INSIDE_WORD}")
    return "".join(pieces)


class _LinePlanner:
    """Places the added lines of a hunk beside the lines that were matched."""

    def __init__(self, hunk: Hunk, match: LineMatch, document: TextDocument, section: TextSection) -> None:
        self._hunk = hunk
        self._match = match
        self._document = document
        self._section = section

    def change(self) -> LineChange:
        removed = [self._match.lines[line.number] for line in self._hunk.lines if line.sign is Sign.REMOVED]
        inserted: dict[int, list[str]] = {}
        for index, line in enumerate(self._hunk.lines):
            if line.sign is Sign.ADDED:
                place, sibling = self._destination(index)
                inserted.setdefault(place, []).append(self._indented(line, sibling))
        everything = range(len(self._hunk.lines) + 1)
        exact = [
            self._match.lines[group.removed[0].number]
            for group in self._hunk.groups(everything)
            if group.removed and self._hunk.keeps_blank_lines(group, everything)
        ]
        deleted = self._document.with_surplus(removed, [*inserted, *exact])
        touched = [*removed, *inserted] or list(self._match.lines.values())
        return LineChange(
            deleted,
            tuple((place, tuple(lines)) for place, lines in sorted(inserted.items())),
            min(touched),
            dict(self._match.bindings),
            min(self._match.lines.values()),
        )

    def _destination(self, index: int) -> tuple[int, HunkLine | None]:
        """Return where the added line goes and the sibling whose indentation it takes."""
        above, blank_above = self._sibling(reversed(self._hunk.lines[:index]))
        if above is not None and not is_ellipsis(above):
            line = self._match.lines[above.number] + 1
            return line + min(blank_above, self._document.blank_below(line) or 0), above
        below, blank_below = self._sibling(iter(self._hunk.lines[index + 1 :]))
        if below is not None and not is_ellipsis(below):
            line = self._match.lines[below.number]
            return line - min(blank_below, self._document.blank_above(line) or 0), below
        if above is None:
            return self._section.start, None
        return self._section.own_end, None

    def _sibling(self, lines: Iterator[HunkLine]) -> tuple[HunkLine | None, int]:
        """Return the first of `lines` that is in the target (or `...`), and the blank ones before it."""
        blank = 0
        for line in lines:
            if line.sign is Sign.ADDED:
                continue
            if line.code.strip() or line.sign is Sign.REMOVED:
                return line, blank
            blank += 1
        return None, blank

    def _indented(self, line: HunkLine, sibling: HunkLine | None) -> str:
        """Return the added line with its metavariables filled in, shifted as its sibling is shifted."""
        code = substituted(line.code, self._match.bindings)
        if sibling is None or not code.strip():
            return code
        target = self._document.lines[self._match.lines[sibling.number]]
        shift = indentation(target) - indentation(sibling.code)
        if shift == 0:
            return code
        return indent_to(max(0, indentation(code) + shift), target) + code.lstrip()


def indent_to(column: int, model: str) -> str:
    """Return white space up to `column`, in tabs of 8 where the line `model` begins with one."""
    return "\t" * (column // 8) + " " * (column % 8) if model.startswith("\t") else " " * column
