# SPDX-License-Identifier: GPL-2.0-or-later
"""Lays out the lines around code that has become longer or shorter, as somebody who renames by hand would.

A line that goes on at a bracket follows the bracket; a line that has become too long is broken; what stands in a column
with the lines above or below stays in it (see `columns`), as do the backslashes of a macro.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.csource.syntax.columns import ColumnKeeper, LineChange
from qpatch.csource.syntax.continuation import macro_around, with_continuations, without_continuation
from qpatch.csource.syntax.layout import TAB, Replacement, apply_replacements, column, indented
from qpatch.csource.syntax.wrapping import wrapped
from qpatch.csource.tokens import blank_opaque, comments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.syntax.coding_style import CodingStyle

_OPENING, _CLOSING = "([{", ")]}"


def realigned(source: bytes, changes: Sequence[Replacement], style: CodingStyle) -> list[Replacement]:
    """Return `changes` of C code, which must not overlap, with what follows from them for the layout: whole lines.

    Changes within comments and strings are made as they are.
    """
    return _Relayout(source, style).replacements(changes)


def followed(source: bytes, changes: Sequence[Replacement], style: CodingStyle) -> list[Replacement]:
    """Return the indentation to write below `changes` of C code, for lines that go on at a bracket that they move.

    The changes themselves are laid out already; lines of macros are left to those who write them.
    """
    if not any(_leaves_open(source, change) for change in changes):
        return []
    return _Relayout(source, style).followers(changes)


def _leaves_open(source: bytes, change: Replacement) -> bool:
    """Tell whether the lines of a change leave a bracket open, as far as they show it by themselves."""
    end = source.find(b"\n", max(change.start, change.end - 1))
    lines = source[source.rfind(b"\n", 0, change.start) + 1 : end if end >= 0 else len(source)]
    opened: list[int | None] = []
    for line in _shown(lines.decode(errors="surrogateescape")).split("\n"):
        _read(line, opened)
    return any(opened)


@dataclass
class _Run:
    """Lines [first, last) that changes touch, or those of the macro in which they stand."""

    first: int
    last: int
    changes: list[Replacement]
    is_macro: bool


class _Relayout:
    """A source by lines, as it is and with comments and strings blanked."""

    def __init__(self, source: bytes, style: CodingStyle) -> None:
        self._source = source
        self._limit = style.line_limit
        self._style = style.indentation_in(source)
        text = source.decode(errors="surrogateescape")
        self._lines = text.split("\n")
        self._visible = blank_opaque(text).split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(_encoded(line)) + 1)

    def replacements(self, changes: Sequence[Replacement]) -> list[Replacement]:
        """Return what to write in the place of the lines that change."""
        runs = self._runs(sorted(changes, key=lambda change: (change.start, change.end)))
        keeper = ColumnKeeper(self._lines, self._visible, self._changed_lines(runs))
        written = []
        while runs:
            first = runs[0].first
            last, lines = self._laid_out(runs, keeper)
            written.append(Replacement(self._starts[first], self._starts[last] - 1, _encoded("\n".join(lines))))
        return written

    def followers(self, changes: Sequence[Replacement]) -> list[Replacement]:
        """Return the new indentation of lines behind `changes` that go on at their brackets."""
        runs = [run for run in self._runs(sorted(changes, key=lambda change: change.start)) if not run.is_macro]
        found: list[Replacement] = []
        while runs:
            writer = _Writer(0, self._style.unit, tabs=self._style.tabs)
            number = self._put(runs.pop(0), writer)
            while writer.is_open and number < len(self._lines) and not self._is_directive(number):
                if runs and runs[0].first == number:
                    number = self._put(runs.pop(0), writer)
                    continue
                old = self._lines[number]
                writer.put([old], [self._visible[number]], [old])
                if writer.lines[-1] != old:
                    start, space = self._starts[number], _encoded(_space(old))
                    found.append(Replacement(start, start + len(space), _encoded(_space(writer.lines[-1]))))
                number += 1
        return found

    def _put(self, run: _Run, writer: _Writer) -> int:
        """Let `writer` read the lines of a run before and after its changes; return the line behind them."""
        old, visible = self._lines[run.first : run.last], self._visible[run.first : run.last]
        writer.put(old, visible, self._changed(run))
        return run.last

    def _changed(self, run: _Run) -> list[str]:
        """Return the lines of a run with its changes made."""
        start = self._starts[run.first]
        moved = [Replacement(each.start - start, each.end - start, each.text) for each in run.changes]
        source = self._source[start : self._starts[run.last] - 1]
        return apply_replacements(source, moved).decode(errors="surrogateescape").split("\n")

    def _is_directive(self, number: int) -> bool:
        return self._visible[number].lstrip().startswith("#")

    def _runs(self, changes: Sequence[Replacement]) -> list[_Run]:
        runs: list[_Run] = []
        for change in changes:
            macro = macro_around(self._source, change.start)
            low, high = macro or (change.start, change.end)
            first, last = self._number(low), self._number(max(low, high - 1)) + 1
            if runs and first < runs[-1].last:
                runs[-1].last = max(last, runs[-1].last)
                runs[-1].changes.append(change)
            else:
                runs.append(_Run(first, last, [change], macro is not None))
        return runs

    def _number(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1

    def _changed_lines(self, runs: Sequence[_Run]) -> dict[int, list[LineChange]]:
        """Return the changes within one line, by the number of the line."""
        found: dict[int, list[LineChange]] = {}
        for change in (change for run in runs for change in run.changes):
            number = self._number(change.start)
            if change.end < self._starts[number + 1] and b"\n" not in change.text:
                start, end = (self._offset(number, position) for position in (change.start, change.end))
                found.setdefault(number, []).append(
                    LineChange(start, end, change.text.decode(errors="surrogateescape"))
                )
        return found

    def _offset(self, number: int, position: int) -> int:
        return len(self._source[self._starts[number] : position].decode(errors="surrogateescape"))

    def _laid_out(self, runs: list[_Run], keeper: ColumnKeeper) -> tuple[int, list[str]]:
        """Return the new lines for the first of `runs` and for what goes on from it, and the line that they end before.

        The runs that they hold are taken from the list.
        """
        writer = _Writer(self._limit, self._style.unit, tabs=self._style.tabs)
        run = runs.pop(0)
        self._write(run, keeper, writer)
        number = run.last
        while writer.is_open and not run.is_macro and number < len(self._lines) and not self._is_directive(number):
            if runs and runs[0].first == number:
                self._write(run := runs.pop(0), keeper, writer)
                number = run.last
            else:
                writer.put([self._lines[number]], [self._visible[number]], [self._lines[number]])
                number += 1
        if run.is_macro:
            old = self._lines[run.first : run.last]
            continued = {without_continuation(line): line for line in old if line.rstrip("\r").endswith("\\")}
            return run.last, with_continuations(old, [continued.get(line, line) for line in writer.lines])
        return number, writer.lines

    def _write(self, run: _Run, keeper: ColumnKeeper, writer: _Writer) -> None:
        """Write the lines of a run: one by one where each remains one line, else all together."""
        old, visible = self._lines[run.first : run.last], self._visible[run.first : run.last]
        new = self._changed(run)
        if run.is_macro:
            old, visible, new = ([without_continuation(line) for line in lines] for lines in (old, visible, new))
        if len(new) != len(old):
            writer.put(old, visible, new)
            return
        for index, (line, seen, text) in enumerate(zip(old, visible, new, strict=True)):
            kept = keeper.line(run.first + index)
            writer.put([line], [seen], [text if kept is None else without_continuation(kept) if run.is_macro else kept])


@dataclass
class _Writer:
    """Writes lines one after the other, each at the bracket at which it went on before."""

    limit: int
    unit: int
    tabs: bool
    lines: list[str] = field(default_factory=list)
    _before: list[int | None] = field(default_factory=list)
    _after: list[int | None] = field(default_factory=list)
    _is_rest: bool = False

    @property
    def is_open(self) -> bool:
        """Whether brackets are open, the columns of which have changed."""
        return self._before != self._after and len(self._before) == len(self._after)

    def put(self, old: Sequence[str], visible: Sequence[str], new: Sequence[str]) -> None:
        """Write `new` in the place of the lines `old`, of which comments and strings are blank in `visible`."""
        placed = [self._at_bracket(old[0], new[0]), *new[1:]]
        broken = [piece for line in placed for piece in self._broken(old, visible, line)]
        for line in visible:
            _read(line, self._before)
        if self._joins(visible, broken):
            self._join(broken[0].strip())
            return
        self.lines += broken
        self._is_rest = len(broken) > len(placed)
        if list(new) == list(old):
            shown = visible[0].lstrip(" \t") if visible[0].strip() else ""
            seen = [_space(placed[0]) + shown] if broken == placed else [_shown(line) for line in broken]
        else:
            seen = [_shown(line) for line in broken]
        self._follow(seen)

    def _follow(self, seen: Sequence[str]) -> None:
        """Read the brackets of lines that were written; where they are not those of before, nothing follows them."""
        for line in seen:
            _read(line, self._after)
        if len(self._before) != len(self._after):
            self._before, self._after = [], []

    def _joins(self, visible: Sequence[str], lines: Sequence[str]) -> bool:
        """Tell whether a line has room behind the rest of one that was broken, in the column of which it stands."""
        if not self._is_rest or len(lines) != 1 or _space(lines[0]) != _space(self.lines[-1]):
            return False
        together = f"{self.lines[-1]} {lines[0].strip()}"
        has_comment = any(comments_of(f"{line} */") for line in (self.lines[-1], lines[0])) or not visible[0].strip()
        return len(together.expandtabs(TAB)) <= self.limit and not has_comment

    def _join(self, code: str) -> None:
        """Put code behind the last line."""
        before = len(self.lines[-1].expandtabs(TAB)) + 1
        self.lines[-1] += f" {code}"
        self._is_rest = False
        self._follow([" " * before + _shown(code)])

    def _at_bracket(self, old: str, new: str) -> str:
        """Return a line, indented as `old` is, in the column that the bracket at which that one stands has now."""
        start = column(_space(old))
        for before, after in zip(reversed(self._before), reversed(self._after), strict=True):
            if before is None:
                break
            if before == start and after is not None:
                code = new.lstrip(" \t")
                return indented(code, after, tabs="\t" in _space(old) or (self.tabs and after >= TAB)) if code else new
        return new

    def _broken(self, old: Sequence[str], visible: Sequence[str], line: str) -> list[str]:
        """Return a line that has become too long in several; one that was so before, or is no code, stays."""
        width = max(len(each.expandtabs(TAB)) for each in visible)
        seen = any(each.strip() for each in visible)
        if not self.limit or line in old or not seen or width > self.limit or line.lstrip().startswith("#"):
            return [line]
        unit = 0 if self._after else self.unit
        return wrapped(line, self.limit, unit, tabs=self.tabs or line.startswith("\t"))


def _read(line: str, opened: list[int | None]) -> None:
    """Add to `opened` the columns behind the brackets that a line opens, and take off those that it closes.

    None stands for a brace and for a bracket that ends its line: what goes on at one is indented, not aligned.
    """
    code = line.expandtabs(TAB).rstrip()
    for position, character in enumerate(code):
        if character in _OPENING:
            opened.append(None if character == "{" or position + 1 == len(code) else position + 1)
        elif character in _CLOSING and opened:
            opened.pop()


def _shown(line: str) -> str:
    """Return a line with its comments and strings blanked, also a comment that ends further down."""
    return blank_opaque(f"{line} */")[: len(line)]


def _space(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
