# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a semantic hunk: a diff without line numbers, in lines with a two-column gutter.

Column 0 of a line is ' ' (context), '-' (removed) or '+' (added), column 1 is a space, the code follows. The
context and removed lines are the *before* side, the context and added lines the *after* side. A hunk is a list of
complete statements, members, entries or cases of one block, on both sides: what is not complete is an error here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk_line import HunkError, HunkLine, Sign
from qpatch.csource.matching.line_splices import check_splices
from qpatch.csource.matching.macro_lines import is_macro_body, macro_lines
from qpatch.csource.tokens import (
    ELLIPSIS,
    IDENTIFIER,
    METAVARIABLE,
    TextToken,
    blank_comments,
    blank_opaque,
    c_tokens,
    without_comments,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

__all__ = ["Hunk", "HunkError", "HunkGroup", "HunkLine", "Sign", "check_bound", "parse_hunk", "read_lines"]

_DIRECTIVE = re.compile(r"\s*#\s*(\w+)")
# In the middle of a comment, a star with a blank behind it; the end of a comment may only be at that of the line.
_COMMENT_LINE = re.compile(r"\s*(?://.*|(?:/\*|\*(?=[\s/]|$))(?:(?!\*/).)*(?:\*/)?\s*)?|\s*\*/")
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class HunkGroup:
    """A run of neighbouring removed and added lines: what is taken away and what comes in its place."""

    removed: tuple[HunkLine, ...]
    added: tuple[HunkLine, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Hunk:
    """A hunk's lines in order; `macro_lines` are the numbers of those that continue a `#define` above them.

    `is_comment`: all lines are those of comments, which may begin above them or end below. `is_body`: all are those of
    a macro whose `#define` is not shown; `under` shows it.
    """

    lines: tuple[HunkLine, ...]
    macro_lines: frozenset[int] = frozenset()
    is_comment: bool = False
    is_body: bool = False

    def before(self) -> tuple[HunkLine, ...]:
        """Return the lines that the target must have."""
        return self._side(Sign.ADDED)

    def after(self) -> tuple[HunkLine, ...]:
        """Return the lines that the target has once the hunk is applied."""
        return self._side(Sign.REMOVED)

    def _side(self, left_out: Sign) -> tuple[HunkLine, ...]:
        """Return one side of the hunk; of its macros all lines but the last end with a backslash."""
        side = [line for line in self.lines if line.sign is not left_out]
        if not side or not self.macro_lines:
            return tuple(side)
        followers = [line.number for line in side[1:]]
        return tuple(
            replace(line, code=_continued(line.code, is_followed=follower in self.macro_lines))
            for line, follower in zip(side, [*followers, 0], strict=True)
        )

    def groups(self, present: Container[int] = ()) -> tuple[HunkGroup, ...]:
        """Return the runs of changed lines with no context between them, in order.

        Comments and blank lines of the context count where the target has them: where `present` has their numbers.
        """
        runs: list[list[HunkLine]] = []
        previous: HunkLine | None = None
        for line in self.lines:
            if line.sign is Sign.CONTEXT and self.is_trivia(line) and line.number not in present:
                continue
            if line.sign is not Sign.CONTEXT:
                if previous is None or previous.sign is Sign.CONTEXT:
                    runs.append([])
                runs[-1].append(line)
            previous = line
        return tuple(_group(run) for run in runs)

    def blank_run(self, group: HunkGroup) -> tuple[HunkLine, ...]:
        """Return the blank lines in a row that those of `group`, which has no others, are a part of."""
        first, last = group.first - 1, group.last
        while first > 0 and not self.lines[first - 1].code:
            first -= 1
        while last < len(self.lines) and not self.lines[last].code:
            last += 1
        return self.lines[first:last]

    def keeps_blank_lines(self, group: HunkGroup, present: Container[int]) -> bool:
        """Tell whether the hunk shows the blank lines around a removal: those on both sides, or one between changes.

        Those count that the target has: whose numbers are in `present`.
        """
        beside = self.lines[max(0, group.first - 2) : group.first - 1] + self.lines[group.last : group.last + 1]
        blank = [line for line in beside if not line.code and line.number in present]
        between = [line for line in blank if self._is_changed(line.number - 1) and self._is_changed(line.number + 1)]
        return len(blank) == 2 or bool(between)

    def takes_surplus_blank(self, group: HunkGroup, present: Container[int]) -> bool:
        """Tell whether a removal takes a surplus blank line with it: where the hunk does not say itself which stay."""
        is_counted = any(not line.code for line in group.removed) or self.keeps_blank_lines(group, present)
        return not (group.added or is_counted)

    def _is_changed(self, number: int) -> bool:
        return 0 < number <= len(self.lines) and self.lines[number - 1].sign is not Sign.CONTEXT

    def is_trivia(self, line: HunkLine) -> bool:
        """Tell whether a line holds nothing but (a part of) a comment, or is blank."""
        return not self._bare[line.number].strip()

    def tokens(self, lines: Iterable[HunkLine]) -> list[str]:
        """Return the tokens of some lines, comments left out."""
        return [token.text for line in lines for token in c_tokens(self._bare[line.number])]

    @cached_property
    def _bare(self) -> dict[int, str]:
        """The lines without comments, by number."""
        return {
            line.number: code.rstrip("\\") if line.code.endswith("\\") else code
            for side in (self.before(), self.after())
            for line, code in zip(side, blank_comments("".join(f"{line.code}\n" for line in side)), strict=True)
        }

    def under(self, head: str) -> Hunk:
        """Return the hunk, one of a macro's body, below the macro's `#define` and up to its end: `head` is the line."""
        shown = [line for line in self.lines if line.sign is not Sign.ADDED]
        at_end = self.lines[-1].sign is Sign.ADDED and is_ellipsis(shown[-1])
        codes = [(Sign.CONTEXT, head), (Sign.CONTEXT, ELLIPSIS), *((line.sign, line.code) for line in self.lines)]
        codes += [] if at_end else [(Sign.CONTEXT, ELLIPSIS)]
        lines = tuple(HunkLine(sign, code, number) for number, (sign, code) in enumerate(codes, start=1))
        return replace(self, lines=lines, macro_lines=frozenset(range(2, len(lines) + 1)), is_body=False)

    def reversed(self) -> Hunk:
        """Return the hunk that undoes this one."""
        swapped = {Sign.ADDED: Sign.REMOVED, Sign.REMOVED: Sign.ADDED, Sign.CONTEXT: Sign.CONTEXT}
        return replace(self, lines=tuple(replace(line, sign=swapped[line.sign]) for line in self.lines))

    def __str__(self) -> str:
        return "\n".join(f"{line.sign} {line.code}".rstrip() for line in self.lines)


def parse_hunk(text: str, *, in_macro: bool = False) -> Hunk:
    """Read the lines of a hunk on C; `in_macro`: one that shows a macro, and lines below belong to it.

    Raises HunkError for a wrong gutter or an incomplete side.
    """
    hunk = read_lines(text)
    _check_attached(hunk)
    if all(_is_comment_line(line.code) for line in hunk.lines):
        return replace(hunk, is_comment=True)
    _check_shows_code(hunk)
    hunk = replace(
        hunk,
        macro_lines=macro_lines(hunk.lines, in_macro=in_macro),
        is_body=in_macro and is_macro_body(hunk.lines),
    )
    if hunk.macro_lines and any(line.code.endswith("\\") for line in hunk.lines):
        written = {line.number: line for line in hunk.after() if line.sign is Sign.ADDED}
        hunk = replace(hunk, lines=tuple(written.get(line.number, line) for line in hunk.lines))
    for side in (hunk.before(), hunk.after()):
        _check_complete(side, hunk.macro_lines)
    check_splices(hunk.after())
    _check_added_ellipses(hunk)
    check_bound(hunk, "use ${name} on such a line, or write the code itself", blank_opaque)
    return hunk


def read_lines(text: str) -> Hunk:
    """Read the lines of a hunk whatever their language. Raises HunkError for a wrong gutter or no line at all."""
    hunk = Hunk(tuple(_parse_line(line, number) for number, line in enumerate(text.splitlines(), 1)))
    if not any(line.code.strip() for line in hunk.lines):
        raise HunkError("the hunk is empty", 1)
    return hunk


def _group(run: list[HunkLine]) -> HunkGroup:
    removed = tuple(line for line in run if line.sign is Sign.REMOVED)
    added = tuple(line for line in run if line.sign is Sign.ADDED)
    return HunkGroup(removed, added, run[0].number, run[-1].number)


def _parse_line(line: str, number: int) -> HunkLine:
    if not line.strip():
        return HunkLine(Sign.CONTEXT, "", number)
    sign, gap, code = line[0], line[1:2], line[2:]
    if sign not in tuple(Sign) or gap not in ("", " "):
        raise HunkError(
            f"line {number} of the hunk has no gutter: {line.strip()!r}",
            number,
            "column 0 of every line is ' ', '-' or '+' and column 1 a space; in YAML write `hunk: |2`, so that the "
            "first line's indentation is not taken for the whole block's",
        )
    return HunkLine(Sign(sign), code.rstrip(), number)


def _check_shows_code(hunk: Hunk) -> None:
    """Refuse code that is added beside comments alone: a comment of context need not be there."""
    shown = [without_comments(line.code) for line in hunk.before()]
    if not any(shown):
        raise HunkError(
            "an added line needs a line of code to attach to; a comment is none",
            hunk.lines[0].number,
            "show the statement above or below it, or write a verbatim hunk",
        )


def _check_attached(hunk: Hunk) -> None:
    """Refuse additions that no line of context or removal says the place of."""
    shown = [line for line in hunk.before() if without_comments(line.code)]
    if not any(line.code.strip() for line in hunk.before()):
        raise HunkError(
            "an added line needs a line of context to attach to",
            hunk.lines[0].number,
            "show the statement above or below it, or use `add:`",
        )
    for group in hunk.groups():
        above = [line for line in shown if line.number < group.first][-1:]
        below = [line for line in shown if line.number > group.last][:1]
        if not group.removed and above and below and all(is_ellipsis(line) for line in above + below):
            where = "`...` stands above and below it" if above else "`...` stands below it, and nothing above"
            raise HunkError(
                f"what line {group.first} adds has no place: {where}",
                group.first,
                "show the statement, member or entry that it stands beside; after a last `...` it ends the block",
            )


def _check_added_ellipses(hunk: Hunk) -> None:
    """Refuse `...` on an added line, where it would stand for code that nobody has written."""
    side = hunk.after()
    text = blank_opaque("".join(line.code + "\n" for line in side))
    tokens = c_tokens(text)
    for index, token in enumerate(tokens):
        line = side[text.count("\n", 0, token.start)]
        if token.text == ELLIPSIS and line.sign is Sign.ADDED and not _is_written_in_c(tokens, index, line):
            raise HunkError(
                f"`...` in line {line.number} stands on an added line, which has to say what is written",
                line.number,
                "write the code, or `$name` for an expression that a removed line or the context binds; `...` is for "
                "lines of context and removed ones",
            )


def _is_written_in_c(tokens: list[TextToken], index: int, line: HunkLine) -> bool:
    """Tell whether the `...` at `index` is C's own: of a range, of a macro's or a function's last parameter."""
    words = [token.text for token in tokens]
    if re.match(r"\s*(#|case\b)", line.code):
        return True
    opening = _opening(words, index)
    if words[opening] == "[":
        return index - 1 > opening
    last = words[index - 1] == "," and words[index + 1 : index + 2] == [")"]
    first = words[opening + 1 : index][: words[opening + 1 : index].index(",")] if last else []
    return sum(IDENTIFIER.fullmatch(word) is not None for word in first) > 1


def _opening(words: list[str], index: int) -> int:
    """Return where the bracket around the token at `index` opens, -1 where none is open."""
    depth = 0
    for place in range(index - 1, -1, -1):
        depth += (words[place] in _CLOSING) - (words[place] in _CLOSING.values())
        if depth < 0:
            return place
    return -1


def is_ellipsis(line: HunkLine) -> bool:
    """Tell whether a line holds nothing but `...`, with what may separate it from the next line."""
    return without_comments(line.code) in ("...", "...,", "...;")


def check_bound(hunk: Hunk, hint: str, visible: Callable[[str], str] = str) -> None:
    """Refuse a metavariable on an added line that no context or removed line binds: HunkError with `hint`.

    `{name}` in the hint becomes the metavariable's name. `visible` blanks the parts of a line in which `$name` is
    no metavariable (strings and comments of C).
    """
    known = {name for line in hunk.before() for name in METAVARIABLE.findall(visible(line.code))}
    for line in hunk.lines:
        unbound = [name for name in METAVARIABLE.findall(visible(line.code)) if name not in known]
        if unbound:
            raise HunkError(
                f"${unbound[0]} in line {line.number} is bound by no context or removed line",
                line.number,
                hint.format(name=unbound[0]),
            )


def _is_comment_line(code: str) -> bool:
    """Tell whether a line is blank or one of a comment, by how it begins and by having nothing behind its end."""
    return _COMMENT_LINE.fullmatch(code) is not None


def _continued(code: str, *, is_followed: bool) -> str:
    """Return a line with a backslash at its end, or without, as one that follows it in a macro demands."""
    if is_followed:
        return code if code.endswith("\\") else f"{code} \\"
    return code.rstrip("\\").rstrip() if code.endswith("\\") else code


def _check_complete(side: tuple[HunkLine, ...], macro_lines: frozenset[int]) -> None:
    """Refuse a side with an open bracket, a lone `} else` or an open `#if`, naming the line."""
    plain = blank_opaque("".join(line.code + "\n" for line in side)).splitlines()
    brackets: list[tuple[str, int]] = []
    conditions: list[int] = []
    for line, code in zip(side, plain, strict=True):
        directive = None if line.number in macro_lines else _DIRECTIVE.match(code)
        if directive:
            _check_directive(directive[1], line.number, conditions)
        elif line.number not in macro_lines:
            _check_brackets(code, line.number, brackets)
    if brackets:
        raise HunkError(
            f"{brackets[-1][0]!r} in line {brackets[-1][1]} is not closed on this side of the hunk",
            brackets[-1][1],
            "write the block whole, with `...` for the rest of it",
        )
    if conditions:
        raise HunkError(
            f"the #if in line {conditions[-1]} has no #endif on this side of the hunk",
            conditions[-1],
            "write the conditional whole, with `...` for the rest of it",
        )


def _check_brackets(code: str, number: int, brackets: list[tuple[str, int]]) -> None:
    for character in code:
        if character in "([{":
            brackets.append((character, number))
        elif character in _CLOSING:
            if not brackets or brackets[-1][0] != _CLOSING[character]:
                lone = "a lone `} else`" if re.match(r"\s*}\s*else\b", code) else f"{character!r}"
                raise HunkError(
                    f"{lone} in line {number} closes nothing that this side of the hunk opens",
                    number,
                    "a hunk is a list of complete statements: write the `if` it belongs to as well, with "
                    "`...` for what stays between",
                )
            brackets.pop()


def _check_directive(word: str, number: int, conditions: list[int]) -> None:
    if word in ("if", "ifdef", "ifndef"):
        conditions.append(number)
    elif word in ("else", "elif", "endif") and not conditions:
        raise HunkError(
            f"#{word} in line {number} belongs to no #if on this side of the hunk",
            number,
            "write the conditional whole, with `...` for the rest of it",
        )
    elif word == "endif":
        conditions.pop()
