# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands right above a symbol and belongs to it: attribute macros on lines of their own.

To the parser a macro that it does not know is a declaration of its own, or nothing. A line such as `MY_ATTR(1)`, that
nothing ends, may qualify the symbol below it, finish the one above it (as EXPORT_SYMBOL does), or stand for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.syntax.macro_forms import DIRECTIVE
from qpatch.csource.syntax.macros import MacroForm
from qpatch.csource.syntax.masked_source import closing_parenthesis, skip_trivia, without_hidden
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from qpatch.csource.syntax.layout import Layout
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.workspace import LocatedAnchor

_FILE_SCOPE = frozenset(SymbolKind) - {SymbolKind.MACRO, SymbolKind.INCLUDES}
_DIRECTIVE = re.compile(DIRECTIVE, re.DOTALL | re.MULTILINE)
_NO_LINE_END = re.compile(rb"[^\n]")
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_MACRO_LINE = re.compile(rb"[A-Z][A-Z0-9_]+[ \t\r]*\n")
_ENDS_ITEM = re.compile(rb".*[;{}]", re.DOTALL)


@dataclass(frozen=True)
class Leading:
    """Where a symbol begins with the macros above it that are its own; `doubtful` is where one stands that may be."""

    start: int
    doubtful: int | None = None


def leading_macros(located: LocatedAnchor, layout: Layout) -> Leading:
    """Return where the symbol of an anchor begins, and what above it may or may not be a part of it."""
    assert located.symbol is not None
    start = located.symbol.node.start_byte
    if located.symbol.kind not in _FILE_SCOPE:
        return Leading(start)
    if _MACRO_LINE.match(layout.source, start):  # The parser has taken an attribute for the type.
        return Leading(start, None if _stands_apart(layout, start) else start)
    low = layout.line_start(max(0, start - thresholds().windows.comments))
    code = without_hidden(layout.source[low:start])
    units = _unended(_without_directives(code), located.parsed.table)
    if not units:
        return Leading(start)
    first, last = units[0][0], units[-1][1]
    parted = _DIRECTIVE.search(code, first) or _BLANK_LINE.search(layout.source[low + last : start])
    if parted or not _stands_apart(layout, low + first):
        return Leading(start, low + first)
    return Leading(low + first)


def _stands_apart(layout: Layout, start: int) -> bool:
    """Tell whether a line begins the file, or has a blank line, a comment or a directive above it."""
    line = layout.line_start(start)
    above = layout.source[layout.line_start(line - 1) : line] if line else b""
    return not above.strip() or layout.before_leading_comments(line) != line or above.lstrip().startswith(b"#")


def _unended(code: bytes, table: MacroTable | None) -> list[tuple[int, int]]:
    """Return the [start, end) of the words and calls at the end of `code` that nothing ends.

    Those up to a declaration of the macro table are ended by that. None are returned where something else stands there.
    """
    found: list[tuple[int, int]] = []
    ended = _ENDS_ITEM.match(code)
    position = skip_trivia(code, ended.end() if ended else 0)
    while position < len(code):
        word = _WORD.match(code, position)
        if word is None:
            return []
        opening = skip_trivia(code, word.end())
        closing = closing_parenthesis(code, opening) if code[opening : opening + 1] == b"(" else None
        end = word.end() if closing is None else closing + 1
        is_declaration = table is not None and table.form_of(word[0]) is MacroForm.DECLARATION
        found = [] if is_declaration else [*found, (position, end)]
        position = skip_trivia(code, end)
    return found


def _without_directives(code: bytes) -> bytes:
    return _DIRECTIVE.sub(lambda found: _NO_LINE_END.sub(b" ", found[0]), code)
