# SPDX-License-Identifier: GPL-2.0-or-later
"""Explains gutters that YAML's indentation rules have shifted.

Without an indentation indicator YAML takes the first line's indentation for the whole block's, so a hunk that
begins with a context line loses its gutter. `hunk: |2` says that the content is indented by two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError

if TYPE_CHECKING:
    from qpatch.strategy.document import BlockStyle, Path, YamlDocument


@dataclass(frozen=True)
class Gutter:
    """How the lines of a hunk begin, how they do where they are shifted to the right, and the rule in words."""

    begin: re.Pattern[str]
    shifted: re.Pattern[str]
    rule: str


SEMANTIC = Gutter(
    re.compile(r"[ +-]( |$)"),
    re.compile(r"(?P<shift> +)[+-]( |$)"),
    "Column 0 of a hunk is ' ', '-' or '+', column 1 is a space, the code follows.",
)
VERBATIM = Gutter(
    re.compile(r"[ +\\-]"),
    re.compile(r"(?P<shift> +)[+-]"),
    "Column 0 of a verbatim hunk is ' ', '-' or '+'; the line follows as it stands in the file, as in a diff.",
)
# The line of a key, or of a list's entry, whose value is a block.
BLOCK_LINE = re.compile(r"\s*(- +)*([\w-]+: +)?\|[1-9]?\s*$")
_HUNKS = frozenset({"hunk", "one-of", "verbatim", "everywhere"})
# A line that only holds a template's statement or comment leaves nothing behind.
STATEMENT = re.compile(r"\s*@\{[%#].*[%#]\}\s*$")


def gutter_error(document: YamlDocument, path: Path, text: str, gutter: Gutter = SEMANTIC) -> UserError | None:
    """Return what is wrong with the gutter of the hunk `text` at `path`, None if nothing is.

    A verbatim hunk may also be written in quotes, with its line ends and its control characters as escapes.
    """
    style = document.blocks.get(path)
    where = document.key_place(path)
    if style is None:
        quoted = "\n" not in text or gutter is VERBATIM
        return None if quoted else _error("a hunk is written as a block: `hunk: |2`", where, gutter)
    if style.style == ">":
        return _error("a hunk is written with `|2`: `>` joins its lines", where, gutter)
    lines = [
        (number, line) for number, line in enumerate(text.split("\n")) if line.strip() and not STATEMENT.match(line)
    ]
    first = document.value_place(path)
    for number, line in lines:
        if not gutter.begin.match(line):
            return _no_gutter(style, line, replace(first, line=first.line + number, column=0), where, gutter)
    if lines and not any(line[0] in "+-" for _, line in lines):
        return _shifted(style, [line for _, line in lines], where, gutter)
    return None


def explain_syntax_error(error: UserError, text: str) -> UserError:
    """Return `error`, YAML's error about `text`, in terms of the block scalar that it comes from, if any.

    A hunk without an indicator ends, for YAML, at its first line that stands left of its first one.
    """
    lines = text.split("\n")
    if error.where is None or not 1 < error.where.line <= len(lines):
        return error
    number = error.where.line - 1
    header = next((index for index in range(number - 1, -1, -1) if BLOCK_LINE.match(lines[index])), None)
    if header is None or not _indentation(lines[header]) < _indentation(lines[number]):
        return error
    inside = [line for line in lines[header + 1 : number] if line.strip()]
    if not inside or any(_indentation(line) <= _indentation(lines[header]) for line in inside):
        return error
    place = Location(error.where.file, header + 1, lines[header].index("|") + 1)
    if not lines[header].rstrip().endswith("|"):
        return _error(f"line {number + 1} is indented less than the indicator in this line says", place)
    key = (BLOCK_LINE.match(lines[header]) or [""] * 3)[2] or ""
    return _missing_indicator(place) if key.rstrip(": ") in _HUNKS | {""} else _cut_short(place)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _missing_indicator(place: Location) -> UserError:
    return _error(
        "the block needs an indentation indicator: write `|2` instead of `|`, or YAML takes the "
        "first line's indentation for the whole block's and the gutter is lost",
        place,
    )


def _cut_short(place: Location) -> UserError:
    return UserError(
        "strategy-syntax",
        "the block needs an indentation indicator: write `|2` instead of `|`, or YAML takes the first line's "
        "indentation for the whole block's, and ends the block at the first line that is indented less",
        where=place,
        hint="the digit says by how much the whole text is indented",
    )


def _no_gutter(style: BlockStyle, line: str, place: Location, header: Location, gutter: Gutter) -> UserError:
    if not style.indicator:
        return _missing_indicator(header)
    return _error(f"this line of the hunk has no gutter: {line.strip()!r}", place, gutter)


def _shifted(style: BlockStyle, lines: list[str], header: Location, gutter: Gutter) -> UserError | None:
    """Explain a hunk without any change whose signs stand too far to the right."""
    shifts = [len(found["shift"]) for line in lines if (found := gutter.shifted.match(line))]
    if not shifts:
        return _error("the hunk has no `-` and no `+` line, so it changes nothing", header, gutter)
    right = style.indicator + min(shifts)
    return _error(
        f"the gutter of this hunk is {min(shifts)} columns too far to the right for "
        f"`|{style.indicator}`: write `|{right}`, or indent the hunk less",
        header,
        gutter,
    )


def _error(message: str, where: Location, gutter: Gutter = SEMANTIC) -> UserError:
    return UserError("hunk-gutter", message, where=where, hint=gutter.rule)
