# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the added lines of a hunk as they stand where they land: bound, indented, no longer than lines may be."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.matching.binding import with_bindings
from qpatch.csource.matching.hunk import is_ellipsis
from qpatch.csource.matching.matched import MatchedHunk
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Context
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.directives import with_gaps
from qpatch.csource.syntax.indentation import relevelled, unit_of, without_label_levels
from qpatch.csource.syntax.layout import DIRECTIVE_LINE, LABEL_LINE, TAB, column
from qpatch.csource.syntax.term import BLOCKS, DIRECTIVE_CONDITION, LABEL, Term
from qpatch.csource.syntax.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.matching.hunk import HunkGroup, HunkLine
    from qpatch.csource.syntax.indentation import Indentation


class LinePlacer(MatchedHunk):
    """Writes the added lines of the groups of a matched hunk."""

    def added_lines(self, group: HunkGroup, attached: Term | None, before: str = "", behind: int = 0) -> list[str]:
        """Return the added lines with metavariables bound, indented for where they land and no longer than others.

        `before` is what stays on the line that the first one ends, `behind` the columns that stay behind the last one.
        """
        if attached is None or not group.added:
            return self._bound(group)
        reference = self._reference(group, attached)
        start = self.match.extents[reference][0]
        target = self.layout.indentation(start)
        placed = self._placed(group, self.before.line_of(reference).code, target, before, behind)
        return placed if before else with_gaps(placed, self.layout.source, self.match.extents[attached][0])

    def lines_of_block(self, group: HunkGroup) -> list[str]:
        """Return the added lines, indented as the members of the block are, where the hunk shows none of these."""
        block = self.match.block
        members = [item for item in block.items if not _is_outdented(next(item.leaves()))]
        target = self.layout.indentation(members[-1].start if members else block.end - 1)
        if not members and block.children[-1].text == "}":
            target += "\t" if self._style.tabs else " " * self._style.unit
        return self._placed(group, next(line.code for line in self.before.lines if is_ellipsis(line)), target)

    def _bound(self, group: HunkGroup) -> list[str]:
        """Return the added lines with their metavariables replaced."""
        bindings = self.written_bindings()
        return [with_bindings(line, self.after, bindings, self.match.bindings) for line in group.added]

    def _placed(self, group: HunkGroup, beside: str, target: str, before: str = "", behind: int = 0) -> list[str]:
        """Return the added lines as they stand beside code indented by `target`, which the hunk shows as `beside`."""
        origin = column(beside[: len(beside) - len(beside.lstrip())])
        written = [line.code for line in group.added]
        if self.before.context is Context.STATEMENTS and self.hunk.macro_lines.isdisjoint(_numbers(group)):
            lines = [*self._line_above(group), *group.added]
            labels = [line.number in self._labels for line in lines]
            written = without_label_levels([line.code for line in lines], labels, origin)[-len(group.added) :]
        unit = unit_of([line.code for line in self.hunk.lines], self._style.unit)
        placed = relevelled(self._bound(group), origin, target, self._style, written=written, unit=unit)
        placed = [self._in_own_column(line, text) for line, text in zip(group.added, placed, strict=True)]
        placed[0] = before + placed[0].lstrip() if before else placed[0]
        limit = coding_style(self.before.table).line_limit
        fitting = [
            piece
            for index, (line, text) in enumerate(zip(group.added, placed, strict=True))
            for piece in self._wrapped(line, text, limit, behind * (index == len(placed) - 1))
        ]
        fitting[0] = fitting[0].removeprefix(before)
        return fitting

    def _line_above(self, group: HunkGroup) -> list[HunkLine]:
        """Return the line of the hunk with code that stands above the added lines of a group, where one does."""
        lines = [line for line in self.hunk.after() if line.number < group.first and not self.hunk.is_trivia(line)]
        return lines[-1:]

    @cached_property
    def _labels(self) -> frozenset[int]:
        """The numbers of the lines that are labels, and do not only look like one, as `VALUE :` in a `?:` does."""
        named = (leaf for leaf in self.after.leaves() if owner_of(leaf).kind == LABEL)
        lines = (self.after.line_of(leaf) for leaf in named)
        return frozenset(line.number for line in lines if LABEL_LINE.match(line.code.encode(errors="surrogateescape")))

    @cached_property
    def _style(self) -> Indentation:
        return coding_style(self.before.table).indentation_in(self.layout.source)

    def _in_own_column(self, line: HunkLine, placed: str) -> str:
        """Return an added line, a label or a directive in the column that others of its kind have in the target."""
        code = line.code.encode(errors="surrogateescape")
        is_label = self.before.context is Context.STATEMENTS and line.number in self._labels
        if line.number in self.hunk.macro_lines or not (is_label or DIRECTIVE_LINE.match(code)):
            return placed
        kind = LABEL_LINE if is_label else DIRECTIVE_LINE
        return self.layout.usual_indentation(kind, self.match.block.start, self.match.block.end) + placed.lstrip()

    def _wrapped(self, line: HunkLine, placed: str, limit: int, behind: int) -> list[str]:
        """Return a line that has become longer than the limit in several; one that was written so stays."""
        is_code = not self.hunk.is_trivia(line) and not line.code.lstrip().startswith("#") and "\n" not in placed
        if not limit or not is_code or len(line.code.expandtabs(TAB)) > limit or line.number in self.hunk.macro_lines:
            return [placed]
        tabs = self._style.tabs or placed.startswith("\t")
        return wrapped(placed, limit, self._style.unit, tabs=tabs, behind=behind)

    def _reference(self, group: HunkGroup, attached: Term) -> Term:
        """Return the matched leaf whose indentation says how deep the code beside `attached` is."""
        if not self.hunk.macro_lines.isdisjoint(_numbers(group)):
            shown = [leaf for leaf in self.leaves if leaf.kind != ELLIPSIS_KIND]
            inside = [leaf for leaf in shown if self.before.line_of(leaf).number in self.hunk.macro_lines]
            if group.added and DIRECTIVE_LINE.match(group.added[0].code.encode(errors="surrogateescape")):
                heads = [leaf for leaf in self.leaves if self.before.line_of(leaf).code.lstrip().startswith("#")]
                inside = heads or inside
            return min(inside, key=lambda leaf: abs(self.before.line_of(leaf).number - group.first), default=attached)
        first = next(owner_of(attached).leaves())
        if not _is_outdented(attached):
            return first if first in self.match.extents else attached
        line = self.before.line_of(attached).number
        others = [
            leaf
            for leaf in self.leaves
            if not _is_outdented(leaf) and leaf.text != "}" and next(owner_of(leaf).leaves()) is leaf
        ]
        return min(others, key=lambda leaf: abs(self.before.line_of(leaf).number - line), default=attached)


def _numbers(group: HunkGroup) -> Iterator[int]:
    return (line.number for line in (*group.removed, *group.added))


def _is_outdented(leaf: Term) -> bool:
    """Tell whether `leaf` belongs to a label or a directive, which are not indented as the code around them is."""
    owner = owner_of(leaf)
    return owner.kind in (LABEL, DIRECTIVE_CONDITION) or owner.is_directive or leaf.text.startswith("#")


def owner_of(leaf: Term) -> Term:
    """Return the statement, member or entry that `leaf` ends or begins; a brace belongs to its block's owner."""
    term = leaf
    if term.text in ("{", "}") and term.parent is not None:
        term = term.parent
    while term.parent is not None and term.parent.kind not in BLOCKS:
        term = term.parent
    return term
