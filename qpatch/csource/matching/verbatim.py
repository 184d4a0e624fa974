# SPDX-License-Identifier: GPL-2.0-or-later
r"""Reads a verbatim hunk, an exact diff, and finds the lines that it shows, byte for byte.

Column 0 of a line is ' ' (context), '-' (removed) or '+' (added); the line follows as it stands in the file. As in a
diff, `\ No newline at end of file` says of the line above that it ends the file without a newline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, Sign

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_NEWLINE = "\\"


@dataclass(frozen=True)
class VerbatimLine:
    """One line: its sign, its text with its line end ('' where it ends the file without one), its number (from 1)."""

    sign: Sign
    text: str
    number: int

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing but white space on it."""
        return not self.text.strip()


@dataclass(frozen=True)
class VerbatimHunk:
    """The lines of an exact diff."""

    lines: tuple[VerbatimLine, ...]

    def before(self) -> tuple[VerbatimLine, ...]:
        """Return the lines that the file must have, one after the other."""
        return tuple(line for line in self.lines if line.sign is not Sign.ADDED)

    def after(self) -> tuple[VerbatimLine, ...]:
        """Return the lines that the file has in their place once the hunk is applied."""
        return tuple(line for line in self.lines if line.sign is not Sign.REMOVED)

    @property
    def removes(self) -> bool:
        """Whether it takes lines away."""
        return any(line.sign is Sign.REMOVED for line in self.lines)

    @property
    def adds_text(self) -> bool:
        """Whether it brings lines that are not blank: they tell that it was applied."""
        return any(line.sign is Sign.ADDED and not line.is_blank for line in self.lines)

    @property
    def ends_file(self) -> bool:
        """Whether it says how the file's last line ends."""
        return any(not line.text.endswith("\n") for line in self.lines)

    def in_file_of(self, lines: Sequence[str]) -> VerbatimHunk:
        """Return the hunk as it is meant in a file of `lines`: where all of these end in CR LF, so do the hunk's.

        A hunk that writes a CR itself is taken as it is.
        """
        ended = [line for line in lines if line.endswith("\n")]
        if (
            not ended
            or not all(line.endswith("\r\n") for line in ended)
            or any("\r" in line.text for line in self.lines)
        ):
            return self
        return VerbatimHunk(tuple(replace(line, text=_with_carriage_return(line.text)) for line in self.lines))

    def __str__(self) -> str:
        return "".join(
            line.sign + (line.text if line.text.endswith("\n") else f"{line.text}\n\\ No newline at end of file\n")
            for line in self.lines
        )


def parse_verbatim(text: str) -> VerbatimHunk:
    """Read a verbatim hunk.

    Raises HunkError for a line without its sign, for lines after the one that ends the file, and where nothing changes.
    """
    # A byte may be said by itself (`bytes` in a template) or as a part of a character: both are the same here.
    plain = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    rows = plain.split("\n")
    if rows[-1] == "":
        rows.pop()
    lines: list[VerbatimLine] = []
    for number, row in enumerate(rows, 1):
        if row.startswith(_NO_NEWLINE):
            lines[-1:] = [_without_newline(lines, number)]
        else:
            lines.append(_parse_line(row, number))
    hunk = VerbatimHunk(tuple(lines))
    for side in (hunk.before(), hunk.after()):
        _check_last(side)
    if [line.text for line in hunk.before()] == [line.text for line in hunk.after()]:
        raise HunkError("the hunk changes nothing", 1, "`-` and `+` at the begin of a line take it away and add it")
    return hunk


def places(side: Sequence[VerbatimLine], lines: Sequence[str], start: int, stop: int) -> list[int]:
    """Return where in lines [start, stop) of a file the lines of `side` stand one after the other."""
    if not side:
        return []
    wanted = [line.text for line in side]
    return [
        place
        for place in range(start, stop - len(wanted) + 1)
        if lines[place] == wanted[0] and list(lines[place : place + len(wanted)]) == wanted
    ]


def _with_carriage_return(text: str) -> str:
    return f"{text[:-1]}\r\n" if text.endswith("\n") else text


def _parse_line(row: str, number: int) -> VerbatimLine:
    if not row:  # A blank line of the context; editors strip white space at the end of a line.
        return VerbatimLine(Sign.CONTEXT, "\n", number)
    if row[0] not in tuple(Sign):
        raise HunkError(
            f"line {number} of the verbatim hunk begins with none of ' ', '-' and '+': {row.strip()!r}",
            number,
            "the line follows its sign without a gap; leave out the lines of a diff that begin with `@@`, `---`, `+++`",
        )
    return VerbatimLine(Sign(row[0]), f"{row[1:]}\n", number)


def _without_newline(lines: Sequence[VerbatimLine], number: int) -> VerbatimLine:
    if not lines:
        raise HunkError("`\\ No newline at end of file` stands below the line that it tells about", number)
    return replace(lines[-1], text=lines[-1].text.removesuffix("\n"))


def _check_last(side: Sequence[VerbatimLine]) -> None:
    for line in side[:-1]:
        if not line.text.endswith("\n"):
            raise HunkError(
                f"line {line.number} ends the file without a newline, and another line follows it",
                line.number,
                "on each side of the hunk `\\ No newline at end of file` stands below the last line",
            )
