# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out a hunk that shows lines of comments and nothing else, such as one line in the middle of a long comment.

There is no code to match: the lines themselves, one after the other, say the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.extents import extent_of
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.operations.fit import HunkFit, Outcome
from qpatch.csource.results import AlreadyThere, Ambiguous, Drifted, SourcePlace
from qpatch.csource.syntax.layout import Layout, Replacement, column, fold_line, indented

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.matching.hunk import Hunk, HunkGroup, HunkLine
    from qpatch.csource.workspace import LocatedAnchor


@dataclass(frozen=True)
class CommentAttempt:
    """One hunk of comment lines at one anchor, its leading comment included."""

    edit: Edit
    hunk: Hunk
    located: LocatedAnchor

    def outcome(self) -> Outcome:
        """Return what becomes of the hunk."""
        layout = layout_of(self.located)
        lines = self._lines(layout)
        pending, done = self._split(lines, layout)
        if len(pending) != self.edit.expect:
            return self._miscount(self._shown(pending, lines, layout), len(done))
        size = len(self.hunk.before())
        changes = [change for place in pending for change in self._changes(lines[place : place + size], layout)]
        return HunkFit(changes, self._shown(pending, lines, layout), {})

    def _split(self, lines: Sequence[int], layout: Layout) -> tuple[list[int], list[int]]:
        """Tell the places to edit from those that have the result: lines that a hunk only adds to are in both."""
        before, after = self.hunk.before(), self.hunk.after()
        pending, done = _places(before, lines, layout), _places(after, lines, layout)
        if any(line.sign is Sign.REMOVED for line in self.hunk.lines):
            return pending, [place for place in done if not _meet(place, len(after), pending, len(before))]
        return [place for place in pending if not _meet(place, len(before), done, len(after))], done

    def adds_code(self) -> bool:
        """Tell whether the hunk brings something that tells that it was applied."""
        return any(line.sign is Sign.ADDED and line.code for line in self.hunk.lines)

    def explanation(self) -> Drifted:
        """Say that the hunk fits nowhere."""
        return Drifted(
            f"{self.edit.anchor}: the comment lines of the hunk stand nowhere one after the other",
            self.located.path,
            suggestion="write them as they are, or show the code below them too",
        )

    def _lines(self, layout: Layout) -> list[int]:
        """Return where the lines of the anchor begin, with those of its leading comment."""
        start, end = (0, len(layout.source)) if self.located.symbol is None else extent_of(self.located, layout)
        starts = []
        while start < end:
            starts.append(start)
            start = layout.next_line(start)
        return starts

    def _changes(self, lines: Sequence[int], layout: Layout) -> Iterator[Replacement]:
        """Yield a replacement for each run of changed lines; `lines` are those that the before side was found at."""
        targets = dict(zip((line.number for line in self.hunk.before()), lines, strict=True))
        model = next(line for line in self.hunk.before() if line.code)
        space = layout.indentation(targets[model.number])
        shift = column(space) - column(model.code[: len(model.code) - len(model.code.lstrip())])
        for group in self.hunk.groups(targets):
            written = [_shifted(line.code, shift, tabs="\t" in space) for line in group.added]
            start, end = self._extent(group, targets, layout)
            ended = b"" if layout.starts_line(start) else b"\n"
            text = "".join(f"{line}\n" for line in written).encode(errors="surrogateescape")
            yield Replacement(start, end, ended + text)

    def _extent(self, group: HunkGroup, targets: Mapping[int, int], layout: Layout) -> tuple[int, int]:
        """Return the lines (start, end) that a run of changed lines takes the place of."""
        if not group.removed:
            above = [start for number, start in targets.items() if number < group.first]
            place = layout.next_line(above[-1]) if above else min(targets.values())
            return place, place
        start, end = targets[group.removed[0].number], layout.next_line(targets[group.removed[-1].number])
        if self.hunk.takes_surplus_blank(group, targets):
            return layout.without_surplus_blank(start, end)
        return start, end

    def _shown(self, places: Sequence[int], lines: Sequence[int], layout: Layout) -> tuple[SourcePlace, ...]:
        return tuple(
            SourcePlace(
                self.located.path, layout.source.count(b"\n", 0, lines[place]) + 1, layout.folded_line(lines[place])
            )
            for place in places
        )

    def _miscount(self, pending: tuple[SourcePlace, ...], done: int) -> Outcome:
        expect, path = self.edit.expect, self.located.path
        if not pending and done >= expect:
            return AlreadyThere(path)
        if len(pending) > expect:
            return Ambiguous(
                f"{self.edit.anchor}: the comment lines of the hunk stand at {len(pending)} places, {expect} expected",
                path,
                pending,
                "show more lines of the comment, or the code below it",
            )
        return self.explanation()


def _shifted(code: str, shift: int, *, tabs: bool) -> str:
    """Return a line in the column it is written in and `shift` columns more."""
    bare = code.lstrip()
    return indented(bare, column(code[: len(code) - len(bare)]) + shift, tabs=tabs)


def _meet(place: int, size: int, others: Sequence[int], length: int) -> bool:
    """Tell whether `size` lines at a place overlap with `length` lines at one of others."""
    return any(place < other + length and other < place + size for other in others)


def _places(side: Sequence[HunkLine], lines: Sequence[int], layout: Layout) -> list[int]:
    """Return the indexes of the lines where those of a side stand one after the other, all of them comments."""
    wanted = [fold_line(line.code) for line in side]
    present = [layout.folded_line(start) if layout.is_bare(start, layout.line_end(start)) else None for start in lines]
    starts = range(len(present) - len(wanted) + 1) if any(wanted) else ()
    return [start for start in starts if present[start : start + len(wanted)] == wanted]
