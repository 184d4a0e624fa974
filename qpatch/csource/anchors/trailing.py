# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands right below a symbol and belongs to it: macro calls that name it, such as `EXPORT_SYMBOL(f);`.

They go where the symbol goes, and what is added after the symbol goes behind them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.syntax.masked_source import closing_parenthesis, without_hidden
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from qpatch.csource.syntax.layout import Layout
    from qpatch.csource.syntax.symbols import Symbol

_NAMED_BELOW = frozenset({SymbolKind.FUNCTION, SymbolKind.INITIALIZER})
_CALL = re.compile(rb"[A-Za-z_]\w*[ \t]*\(")


def after_trailing_macros(symbol: Symbol, layout: Layout, end: int) -> int:
    """Return the end of the macro calls that name `symbol` on the lines right below `end`, where its code ends.

    It is `end` where there is none. A blank line, a comment or anything else that comes between parts a call from it.
    """
    if symbol.kind not in _NAMED_BELOW:
        return end
    name = re.compile(rb"\b%b\b" % re.escape(symbol.name.encode(errors="surrogateescape")))
    while (behind := _call_below(layout, end, name)) is not None:
        end = behind
    return end


def _call_below(layout: Layout, end: int, name: re.Pattern[bytes]) -> int | None:
    """Return the end of the call in the first column on the line below `end`, if it has `name` among its arguments."""
    source = layout.source
    start = layout.next_line(layout.after_trailing_comments(end))
    call = _CALL.match(source, start)
    closing = closing_parenthesis(source, call.end() - 1) if call is not None else None
    if call is None or closing is None or not name.search(without_hidden(source[call.end() : closing])):
        return None
    behind = closing + 1 + source.startswith(b";", closing + 1)
    rest = layout.after_trailing_comments(behind)
    return behind if layout.is_blank(rest, layout.line_end(rest)) else None
