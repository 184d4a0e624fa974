# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what to replace by what: a hunk of one expression (or statement, or name) on `-`, and one on `+`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.matching.fragment import Fragment
from qpatch.csource.matching.hunk import HunkError, Sign, check_bound, read_lines
from qpatch.csource.matching.match import fits_whole
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND, Context
from qpatch.csource.syntax.term import Term
from qpatch.csource.tokens import ELLIPSIS, IDENTIFIER, blank_opaque

if TYPE_CHECKING:
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.syntax.macros import MacroTable


_INCLUDE_HINT = "write one whole `#include` line on `-` and one on `+`"
_INCLUDE = re.compile(r"#\s*include\s*(?P<header>\"[^\"\s]+\"|<[^>\s]+>)")
# Statements that go on with what follows them, or are torn from what governs them.
_UNCLOSED = frozenset(
    {"if_statement", "for_statement", "while_statement", "switch_statement", "labeled_statement", "case_statement"}
)


@dataclass(frozen=True)
class Rewriting:
    """What to replace by what: `old` and `new` are the two sides of a hunk, code without a gutter."""

    old: str
    new: str

    @property
    def renames(self) -> bool:
        """Whether one name takes the place of another, wherever it stands."""
        return all(IDENTIFIER.fullmatch(side) is not None for side in (self.old, self.new))

    @property
    def includes(self) -> bool:
        """Whether the header of an `#include` line gets another name."""
        return included(self.old) is not None and included(self.new) is not None

    @property
    def word(self) -> str:
        """The longest name that stands in every place to replace."""
        return _word_of(self.old)

    @property
    def new_word(self) -> str:
        """The longest name of what takes its place; where it has none ('') nobody can tell it from other code."""
        return _word_of(self.new)


def included(line: str) -> str | None:
    """Return the header that an `#include` line names, with its quotes or angles; None for any other line."""
    found = _INCLUDE.fullmatch(line)
    return found["header"] if found else None


def _word_of(side: str) -> str:
    header = included(side)
    return Fragment(side).word if header is None else max(IDENTIFIER.findall(header), key=len, default="")


def read_rewriting(text: str) -> Rewriting:
    """Read a hunk of one expression to replace. Raises HunkError for any other hunk."""
    hunk = read_lines(text)
    stray = next((line for line in hunk.lines if line.sign is Sign.CONTEXT and line.code.strip()), None)
    if stray is not None:
        raise HunkError("a line of context says nothing here", stray.number, "show one expression on `-`, one on `+`")
    old, new = _side(hunk, Sign.REMOVED), _side(hunk, Sign.ADDED)
    check_bound(hunk, "write the code itself", blank_opaque)
    rewriting = Rewriting(old, new)
    if not rewriting.word:
        raise HunkError(
            "the expression to replace has no name to look for",
            1,
            "write it out: `...` and `$x` are none; of a header, the whole `#include` line",
        )
    if blank_opaque(new).count(ELLIPSIS) > min(1, blank_opaque(old).count(ELLIPSIS)):
        raise HunkError(
            "`...` on the `+` line stands for what one `...` on the `-` line stood for", _first(hunk, Sign.ADDED)
        )
    return rewriting


def check_rewriting(text: str, table: MacroTable | None) -> None:
    """Raise HunkError where a side of the hunk is not one expression or statement of C, or both say the same.

    Code that both sides match, such as a call whose arguments only change places, would be changed again and again.
    """
    hunk, sides = read_lines(text), list[Term]()
    headers = [included(_side(hunk, sign)) for sign in (Sign.REMOVED, Sign.ADDED)]
    if all(headers) and headers[0] != headers[1]:
        return
    if any(headers):
        raise HunkError(
            "both sides have to be `#include` lines, of different headers", _first(hunk, Sign.ADDED), _INCLUDE_HINT
        )
    for sign in (Sign.REMOVED, Sign.ADDED):
        try:
            pattern = expression(_side(hunk, sign)).compiled(table)
        except ValueError as error:
            raise HunkError(str(error), _first(hunk, sign)) from error
        if len(pattern.items) != 1 or pattern.items[0].kind in (METAVARIABLE_KIND, ELLIPSIS_KIND, "declaration"):
            raise HunkError("this is not one expression", _first(hunk, sign), "write an edit for each of several")
        sides.append(pattern.items[0])
    old, new = sides
    if old.kind.endswith("_statement") != new.kind.endswith("_statement"):
        raise HunkError("one side ends with `;` and the other does not", _first(hunk, Sign.ADDED))
    if new.kind in _UNCLOSED:
        raise HunkError(
            "an `else` or a statement that follows might be taken into this one",
            _first(hunk, Sign.ADDED),
            "write braces around it: `{ if (...) ...; }`",
        )
    if fits_whole(old, new) and fits_whole(new, old):
        raise HunkError(
            "nobody can tell what it makes from what it replaces",
            _first(hunk, Sign.ADDED),
            "write a hunk at each place, or change the name, too",
        )


def _side(hunk: Hunk, sign: Sign) -> str:
    lines = [line.code.strip() for line in hunk.lines if line.sign is sign]
    code = " ".join(line for line in lines if line)
    if not code:
        raise HunkError(f"there is no `{sign}` line", 1, "show what to replace on `-`, and what takes its place on `+`")
    return code


def _first(hunk: Hunk, sign: Sign) -> int:
    return next(line.number for line in hunk.lines if line.sign is sign)


def expression(code: str) -> Fragment:
    """Return a side of the hunk as a fragment, which is matched as it stands in code."""
    return Fragment(code, Context.STATEMENTS, is_value=True)
