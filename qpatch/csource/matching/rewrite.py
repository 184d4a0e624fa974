# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns a match of a hunk into byte replacements that leave everything else as it was.

Each group of removed and added lines becomes one replacement, or none where it changes comments, blank lines or the
layout of code alone and the target has the result: all that matching does not look at is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, Sign
from qpatch.csource.matching.matched import TriviaDiffersError
from qpatch.csource.matching.trivia import lines_between
from qpatch.csource.matching.variadics import check_added_variadics
from qpatch.csource.matching.writing import GroupWriter
from qpatch.csource.syntax.continuation import macro_around, with_continuations
from qpatch.csource.syntax.layout import Replacement, apply_replacements, fold_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.hunk import HunkGroup
    from qpatch.csource.syntax.term import Term


class Rewriter(GroupWriter):
    """Turns the groups of removed and added lines of one match into byte replacements."""

    def replacements(self) -> list[Replacement]:
        """Return a replacement for each group that the target does not have the result of.

        Raises TriviaDiffersError where it has neither the result nor the comments and blank lines that are removed;
        HunkError for a lone addition, and for a `...` that would be written in the place of code.
        """
        check_added_variadics(self.before, self.after, self.match, self.layout.source)
        changes = [(group, self.written(group)) for group in self.groups if not self._is_done(group)]
        return [change for change in self._with_continuations(changes) if self._changes_text(change)]

    def _with_continuations(self, changes: Sequence[tuple[HunkGroup, Replacement]]) -> Iterator[Replacement]:
        """Yield the changes; those inside one macro as one, with the backslashes that its lines need."""
        inside: dict[tuple[int, int], list[tuple[HunkGroup, Replacement]]] = {}
        for group, change in changes:
            macro = self._macro_of(group, change)
            if macro is None:
                yield change
            else:
                inside.setdefault(macro, []).append((group, change))
        for (start, end), those in inside.items():
            moved = [Replacement(each.start - start, each.end - start, each.text) for _, each in those]
            old = self.layout.source[start:end]
            before, after = (_lines_of(text) for text in (old, apply_replacements(old, moved)))
            behind = sum(self._lines_behind(group) for group, _ in those if group.added)
            after, others = after[: len(after) - behind], after[len(after) - behind :]
            keep = any(self._keeps_code(group) for group, _ in those)
            text = "\n".join([*with_continuations(before, after, keep=keep), *others])
            yield Replacement(start, end, text.encode(errors="surrogateescape") + b"\n" * old.endswith(b"\n"))

    def _macro_of(self, group: HunkGroup, change: Replacement) -> tuple[int, int] | None:
        """Return the lines (start, end) of the macro that a change is inside of, None for one that is not.

        Raises HunkError for one that reaches over the end of a macro.
        """
        macro = macro_around(self.layout.source, change.start) if self.hunk.macro_lines else None
        if macro is None or change.end == macro[0]:
            return None
        start, end = macro
        if change.start >= end - 1 and change.start == change.end:
            return macro if group.added[0].number in self.hunk.macro_lines else None
        if change.start <= start and change.end >= start + len(self.layout.source[start:end].rstrip()):
            return macro if self._leaves_backslashes(group) else None
        if change.end > end:
            raise HunkError(
                f"the change in line {group.first} of the hunk reaches over the end of a macro",
                group.first,
                "write one hunk for the macro and one for what follows it",
            )
        return macro

    def _leaves_backslashes(self, group: HunkGroup) -> bool:
        """Tell whether a group adds lines that continue a macro, and shows no backslash: the tree's column counts."""
        return any(line.number in self.hunk.macro_lines for line in group.added) and not any(
            line.code.endswith("\\") for line in group.added
        )

    def _lines_behind(self, group: HunkGroup) -> int:
        """Count the last added lines of a group that belong to no macro: they follow it."""
        count = 0
        for line in reversed(group.added):
            if line.number in self.hunk.macro_lines:
                break
            count += 1
        return count if count < len(group.added) else 0

    def check_comments(self) -> None:
        """Raise TriviaDiffersError where the target has not all the comments on removed lines."""
        for group in self.groups:
            if removed := self.removed_leaves(group):
                self.removed_extent(group, removed)
            else:
                self.check_comment_lines(group)

    def _changes_text(self, change: Replacement) -> bool:
        present = self.layout.source[change.start : change.end].replace(b"\r\n", b"\n")
        return present.removesuffix(b"\r") != change.text

    def _is_done(self, group: HunkGroup) -> bool:
        """Tell whether the target has the result of a group that changes no code.

        Raises TriviaDiffersError where it has neither the result nor what the group removes.
        """
        if [line.code for line in group.removed] == [line.code for line in group.added]:
            return True
        if not self._keeps_code(group):
            return False
        if removed := self.removed_leaves(group):
            return not self._changes_text(self._laid_out(group, removed))
        if (side := self._exact_side(group)) is not None:
            return side is Sign.ADDED
        if any(line.code for line in (*group.removed, *group.added)):
            return self._has_comments(group)
        return self._has_blank_lines(group)

    def _keeps_code(self, group: HunkGroup) -> bool:
        """Tell whether both sides of a group are the same code; the comma behind the last entry of a list is layout."""
        removed, added = self.hunk.tokens(group.removed), self.hunk.tokens(group.added)
        return _without_comma(removed) == _without_comma(added)

    def _exact_side(self, group: HunkGroup) -> Sign | None:
        """Return the signs of the side, REMOVED or ADDED, whose lines without code stand around a group exactly."""
        first, last = self._lines_around(group)
        lines = self.hunk.lines[first:last]
        places = lines_between(self.code.get(first), self.code.get(last + 1), self.layout)
        present = [self.layout.folded_line(start) for start, _ in places]
        for side, other in ((Sign.ADDED, Sign.REMOVED), (Sign.REMOVED, Sign.ADDED)):
            if [fold_line(line.code) for line in lines if line.sign is not other] == present:
                return side
        return None

    def _lines_around(self, group: HunkGroup) -> tuple[int, int]:
        """Return the range, as indexes, of the hunk's lines between the context with code above and below a group."""
        context = [line.number for line in self.hunk.lines if line.sign is Sign.CONTEXT and line.number in self.code]
        above = max((number for number in context if number < group.first), default=0)
        return above, min((number for number in context if number > group.last), default=len(self.hunk.lines) + 1) - 1

    def _laid_out(self, group: HunkGroup, removed: list[Term]) -> Replacement:
        """Return the replacement of a group's code, with as many lines around as it adds, by the added lines."""
        start, end = self.extent_of(group, removed)
        end = self.layout.after_trailing_comments(self.past_comma(end))
        with_code = [index for index, line in enumerate(group.added) if not self.hunk.is_trivia(line)]
        for _ in range(with_code[0]):
            start = self.layout.line_start(max(0, self.layout.line_start(start) - 1))
        for _ in range(len(group.added) - 1 - with_code[-1]):
            end = self.layout.line_end(self.layout.next_line(end))
        return self.replaced(group, removed[0], start, end)

    def _has_comments(self, group: HunkGroup) -> bool:
        """Tell whether the target has the comments that a group adds, and not those that it removes."""
        removed = [line for line in group.removed if line.code]
        added = [line for line in group.added if line.code]
        is_there = all(line.number in self.trivia_after for line in added)
        if not removed:
            return is_there and self._misfit(group, Sign.REMOVED) <= self._misfit(group, Sign.ADDED)
        if all(line.number in self.trivia for line in removed):
            return is_there and self._misfit(group, Sign.REMOVED) < self._misfit(group, Sign.ADDED)
        if not is_there or (not added and self._has_other_comments(group)):
            self.check_comment_lines(group)
        return True

    def _misfit(self, group: HunkGroup, left_out: Sign) -> int:
        """Return how badly the comments and blank lines of one side, around a group, fit those of the target."""
        places = self.trivia if left_out is Sign.ADDED else self.trivia_after
        first, last = self._lines_around(group)
        shown = [line for line in self.hunk.lines[first:last] if line.sign is not left_out]
        return sum(-1 if line.number in places else 1 for line in shown if self.hunk.is_trivia(line))

    def _has_other_comments(self, group: HunkGroup) -> bool:
        """Tell whether comments stand where the group removes one, beside those that the hunk shows."""
        shown = list(self.trivia.values())
        return any(
            self.layout.starts_line(low) and not any(start <= low < end for start, end in shown)
            for low, _, _ in self.layout.comments_between(*self.gap(group))
        )

    def _has_blank_lines(self, group: HunkGroup) -> bool:
        """Tell whether the target has the blank lines that a group leaves.

        Raises TriviaDiffersError where it does not have those that the hunk shows before either.
        """
        run = self.hunk.blank_run(group)
        before = sum(line.sign is not Sign.ADDED for line in run)
        after = sum(line.sign is not Sign.REMOVED for line in run)
        places = [self.trivia[line.number][0] for line in run if line.number in self.trivia]
        there = self.layout.blank_lines_around(places[0] if places else self.insertion_line(group))
        if there not in (before, after):
            raise TriviaDiffersError(
                f"{there} blank lines are there where the hunk, in line {group.first}, makes {after} of {before}"
            )
        return there == after


def _without_comma(tokens: list[str]) -> list[str]:
    return tokens[:-1] if tokens[-1:] == [","] else tokens


def _lines_of(text: bytes) -> list[str]:
    """Return the lines of a macro without their ends."""
    return text.decode(errors="surrogateescape").replace("\r\n", "\n").removesuffix("\n").split("\n")
