# SPDX-License-Identifier: GPL-2.0-or-later
"""Replaces the placeholders of a hunk's lines by C that parses, and finds them again in the terms that come of it.

`$name` becomes an identifier and `...` whatever is a complete thing where it stands: a statement, a member, an entry,
an argument. What that is depends on the bracket around it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.source import is_word
from qpatch.csource.syntax.term import MACRO_LINE, MACRO_VALUE
from qpatch.csource.tokens import ELLIPSIS, IDENTIFIER, METAVARIABLE, TextToken, blank_opaque, c_tokens

if TYPE_CHECKING:
    from collections.abc import Collection

    from qpatch.csource.syntax.term import Term

METAVARIABLE_KIND = "$"
ELLIPSIS_KIND = "ellipsis"
_METAVARIABLE_PREFIX = "qpatch_metavariable_"
_ELLIPSIS_NAME = "qpatch_ellipsis"


class Context(enum.Enum):
    """What a list of code lines is a list of: how it has to be wrapped to be parsed. (opening, closing)."""

    STATEMENTS = ("void qpatch_wrap(void) {", "}")
    MEMBERS = ("struct qpatch_wrap {", "};")
    ENUMERATORS = ("enum qpatch_wrap {", "};")
    ENTRIES = ("int qpatch_wrap[] = {", "};")
    TOP_LEVEL = ("", "")
    SIGNATURE = ("", ";")
    PARAMETERS = ("void qpatch_wrap(", ");")


_ELLIPSIS_AS = {
    Context.STATEMENTS: f"{_ELLIPSIS_NAME};",
    Context.MEMBERS: f"int {_ELLIPSIS_NAME};",
    Context.ENUMERATORS: f"{_ELLIPSIS_NAME},",
    Context.ENTRIES: f"{_ELLIPSIS_NAME},",
    Context.TOP_LEVEL: f"{_ELLIPSIS_NAME};",
    Context.SIGNATURE: _ELLIPSIS_NAME,
    Context.PARAMETERS: _ELLIPSIS_NAME,
}
_SPECIFIERS = {"enum": Context.ENUMERATORS, "struct": Context.MEMBERS, "union": Context.MEMBERS}
# Words that a parenthesis follows without being called: behind it, a brace opens a compound literal.
_NOT_CALLED = frozenset({"return", "sizeof", "case"})
_BRACKETS = frozenset("()[]{}")


@dataclass(frozen=True)
class _Open:
    """An open bracket: what it holds (None for parentheses and indices), and the token before it ('' for none)."""

    bracket: str
    holds: Context | None
    before: str


def replace_placeholders(codes: list[str], context: Context, written: Collection[int] = ()) -> list[str]:
    """Return the lines with `...` and `$name` turned into C; `context` is what they are a list of.

    `written` are the indexes of the lines that are written as they stand: there `...` is C's own.
    """
    return _Replacer(context, written).lines(codes)


class _Replacer:
    """Walks the tokens of the lines; knows which brackets are open, and what came before."""

    def __init__(self, context: Context, written: Collection[int]) -> None:
        self._written = written
        self._open = [_Open("", context, "")]
        self._closed = self._open[0]
        self._words: list[str] = []

    def lines(self, codes: list[str]) -> list[str]:
        plain = blank_opaque("".join(code + "\n" for code in codes)).splitlines()
        return [
            self._line(code, visible, is_written=index in self._written)
            for index, (code, visible) in enumerate(zip(codes, plain, strict=True))
        ]

    def _line(self, code: str, visible: str, *, is_written: bool) -> str:
        parts, last = [], 0
        directive = visible.lstrip().startswith("#")
        for token in c_tokens(visible):
            end = token.end
            if token.text == ELLIPSIS and not is_written and not is_named(visible, token):
                end += visible.startswith(",", token.end)
                parts += [code[last : token.start], self._ellipsis(token, visible[token.start : end], visible)]
            elif METAVARIABLE.fullmatch(token.text):
                parts += [code[last : token.start], _METAVARIABLE_PREFIX + token.text[1:]]
            else:
                self._track(token.text)
                end = last
            last = end
            if not directive:
                self._words.append("," if token.text == ELLIPSIS and end > token.end else token.text)
        return "".join(parts) + code[last:]

    def _ellipsis(self, token: TextToken, word: str, line: str) -> str:
        where = self._open[-1]
        in_range = where.bracket == "[" and self._words[-1:] not in ([], ["["])
        if in_range or re.match(r"\s*case\b", line):
            return word
        comma = "," if word.endswith(",") else ""
        alone = line.strip() in (ELLIPSIS, ELLIPSIS + ",", ELLIPSIS + ";")
        begins = alone or line[: token.start].rstrip().endswith(("{", ";", ":"))
        if where.holds is None or not begins:
            return _ELLIPSIS_NAME + comma
        if line[token.start + len(word) :].lstrip().startswith(";"):
            return _ELLIPSIS_NAME
        return _ELLIPSIS_AS[where.holds]

    def _track(self, word: str) -> None:
        """Keep the stack of open brackets."""
        if word not in _BRACKETS:
            return
        if word in ")]}":
            if len(self._open) > 1:
                self._closed = self._open.pop()
            return
        holds = self._holds() if word == "{" else None
        self._open.append(_Open(word, holds, self._words[-1] if self._words else ""))

    def _holds(self) -> Context:
        """Return what a brace holds that opens here, by what stands before it."""
        for word in reversed(self._words):
            if word in _SPECIFIERS:
                return _SPECIFIERS[word]
            if not IDENTIFIER.fullmatch(word.lstrip("$")):
                break
        before = self._words[-1] if self._words else ""
        if before in ("=", ","):
            return Context.ENTRIES
        if before == ")":
            called = self._closed.before
            is_literal = not IDENTIFIER.fullmatch(called) or called in _NOT_CALLED
            return Context.ENTRIES if is_literal or self._open[-1].holds is Context.ENTRIES else Context.STATEMENTS
        inside_list = self._open[-1].holds is Context.ENTRIES
        return Context.ENTRIES if inside_list and before != "(" else Context.STATEMENTS


def is_named(line: str, ellipsis: TextToken) -> bool:
    """Tell whether `...` belongs to the name before it: GNU C's variadic parameter of a macro, `args...`."""
    return is_word(line[: ellipsis.start][-1:].encode(errors="replace"))


# The terms that an ellipsis becomes where it stands for one thing of a list.
_ELLIPSES = frozenset(
    {
        "expression_statement",
        "field_declaration",
        "enumerator",
        "parameter_declaration",
        "identifier",
        "type_identifier",
        "field_identifier",
        "declaration",
        MACRO_LINE,
    }
)
# The terms that a metavariable stands for as a whole.
_WHOLE = frozenset({"type_descriptor", MACRO_LINE, MACRO_VALUE})


def mark_placeholders(root: Term) -> None:
    """Give placeholder terms their own kinds, in place, children before parents."""
    for term in reversed(list(root.below())):
        _mark(term)


def _mark(term: Term) -> None:
    """Make a placeholder of a term that is one; a statement that is just `...` is an ELLIPSIS."""
    words = [token for token in term.tokens if token not in (";", "int", ",")]
    if words == [_ELLIPSIS_NAME] and term.kind in _ELLIPSES:
        _become(term, ELLIPSIS_KIND, ELLIPSIS)
        return
    if not term.children and term.text.startswith(_METAVARIABLE_PREFIX):
        _become(term, METAVARIABLE_KIND, "$" + term.text.removeprefix(_METAVARIABLE_PREFIX))
    elif term.kind in _WHOLE and [child.kind for child in term.children] == [METAVARIABLE_KIND]:
        _become(term, METAVARIABLE_KIND, term.children[0].text)
    elif term.children:
        term.tokens = tuple(token for child in term.children for token in child.tokens)


def _become(term: Term, kind: str, text: str) -> None:
    term.kind, term.children, term.text, term.tokens = kind, [], text, (text,)
