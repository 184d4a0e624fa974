# SPDX-License-Identifier: GPL-2.0-or-later
"""The one tokeniser for text that is not (or not yet) parsed: hunks, patterns, lines of text files.

What tree-sitter has parsed has its own tokens: the leaves of a `Term`. The tokens here are the same ones, plus the
placeholders `$name` and `...`; comments are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMENT = r"/\*.*?\*/|//[^\n]*"
STRING = r'"(?:[^"\\\n]|\\.)*"'
CHARACTER = r"'(?:[^'\\\n]|\\.)*'"
OPAQUE = f"{COMMENT}|{STRING}|{CHARACTER}"
"""A comment, a string or a character constant: what hides the brackets, `...` and `$` inside it (with DOTALL)."""
COMMENT_PATTERN = re.compile(COMMENT, re.DOTALL)
ELLIPSIS = "..."
METAVARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")

_OPERATOR = r"->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^<>=!]=|&&|\|\|"
_OPAQUE = re.compile(OPAQUE, re.DOTALL)
_C_TOKEN = re.compile(
    rf"(?P<comment>{COMMENT})|{STRING}|{CHARACTER}|\$?[A-Za-z_]\w*|\.\.\.|[0-9]\w*|{_OPERATOR}|\S", re.DOTALL
)
# What C reads where two pieces of code meet: beside its tokens, what only begins one, or a comment.
_MEETING = re.compile(
    rf"/[*/]|(?:u8?|[LU])[\"']|{STRING}|{CHARACTER}|[A-Za-z_]\w*|\.\.\.|\.?[0-9](?:[eEpP][-+]|[\w.])*"
    rf"|##|<[:%]|%[:>]|:>|{_OPERATOR}|\S",
    re.DOTALL,
)
_TEXT_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")


@dataclass(frozen=True)
class TextToken:
    """One token of C text, at characters [start, end)."""

    text: str
    start: int
    end: int

    @property
    def is_placeholder(self) -> bool:
        """Whether this is `...` or `$name`."""
        return is_placeholder(self.text)


def c_tokens(text: str) -> list[TextToken]:
    """Return the tokens of C text in order, comments left out; the text need not be complete C."""
    return [
        TextToken(found[0], found.start(), found.end()) for found in _C_TOKEN.finditer(text) if not found["comment"]
    ]


def fuses(left: str, right: str) -> bool:
    """Tell whether C would read another token, or a comment, where `left` and `right` are put side by side."""
    tokens = c_tokens(left)
    if not tokens or tokens[-1].end < len(left) or not right[:1].strip():
        return False
    last = tokens[-1].text
    found = _MEETING.match(last + right)
    return found is not None and found.end() > len(last)


def put_together(pieces: Iterable[str]) -> str:
    """Return pieces of code as one, with a blank wherever two of them would fuse."""
    text = ""
    for piece in pieces:
        text += f" {piece}" if fuses(text, piece) else piece
    return text


def text_tokens(line: str) -> list[str]:
    """Return the words, signs and runs of white space of a line of any language; together they are the line."""
    return _TEXT_TOKEN.findall(line)


def is_placeholder(token: str) -> bool:
    """Tell whether a token is `...` or `$name`, which may stand for other tokens."""
    return token.startswith((ELLIPSIS, "$"))


def blank_opaque(code: str) -> str:
    """Return `code` with comments, strings and character constants replaced by blanks; line ends stay."""
    return _OPAQUE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), code)


def blank_comments(code: str) -> list[str]:
    """Return the lines of `code` with its comments replaced by blanks."""
    return _OPAQUE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if is_comment(found[0]) else found[0], code).split(
        "\n"
    )[: code.count("\n")]


def without_comments(code: str) -> str:
    """Return `code` without its comments and the white space around it."""
    return _OPAQUE.sub(lambda found: "" if is_comment(found.group()) else found.group(), code).strip()


def comments_of(code: str) -> list[str]:
    """Return the comments of C text in order."""
    return [found.group() for found in _OPAQUE.finditer(code) if is_comment(found.group())]


def is_comment(text: str) -> bool:
    """Tell whether an opaque stretch is a comment."""
    return text.startswith(("/*", "//"))
