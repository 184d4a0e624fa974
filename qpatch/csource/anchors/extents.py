# SPDX-License-Identifier: GPL-2.0-or-later
"""Where text is put beside an anchor: after or before a symbol, at the end of a file, below its `#include` lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, layout_of
from qpatch.csource.edit import Position
from qpatch.csource.syntax.layout import Layout, Replacement

if TYPE_CHECKING:
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import LocatedAnchor

_ENDS_ARM = re.compile(rb"\s*#\s*(?:else|elif|endif)\b")


def insertion_beside(located: LocatedAnchor, position: Position, text: bytes, *, blank: bool) -> Replacement:
    """Return the insertion of `text` beside a symbol, with one blank line between if `blank`."""
    layout = layout_of(located)
    start, end = extent_of(located, layout)
    gap = b"\n" if blank else b""
    if position is Position.BEFORE:
        return Replacement(start, start, text + b"\n" + gap)
    below = layout.source[end : layout.line_end(end)]
    followed = b"" if not below.strip() or _ENDS_ARM.match(below) else gap
    return Replacement(end, end, _new_line(layout, end) + gap + text + b"\n" + followed)


def extent_of(located: LocatedAnchor, layout: Layout) -> tuple[int, int]:
    """Return the whole lines of a symbol, with its leading comment and its trailing ones."""
    assert located.symbol is not None
    node = located.symbol.node
    end = node.start_byte + len(layout.source[node.start_byte : node.end_byte].rstrip())
    if layout.source[end : end + 1] == b";":
        end += 1
    end = layout.next_line(layout.after_trailing_comments(end))
    return layout.before_leading_comments(layout.line_start(node.start_byte)), end


def insertion_at_end(located: LocatedAnchor, text: bytes) -> Replacement:
    """Return the insertion of `text` at the end of a file; in a header, before the `#endif` of its include guard."""
    layout, block = layout_of(located), block_of(located)
    guarded = block.kind == "preproc_ifdef"
    end = layout.line_start(block.children[-1].start) if guarded else len(layout.source)
    above = layout.source[:end]
    gap = b"" if not above or above.endswith(b"\n\n") else b"\n" if above.endswith(b"\n") else b"\n\n"
    return Replacement(end, end, gap + text + (b"\n\n" if guarded else b"\n"))


def insertion_below(located: LocatedAnchor, includes: Symbol, text: bytes) -> Replacement:
    """Return the insertion of `text` right below the `#include` lines of a file."""
    layout = layout_of(located)
    end = 0
    for _ in range(includes.end_line):
        end = layout.next_line(end)
    return Replacement(end, end, _new_line(layout, end) + text + b"\n")


def _new_line(layout: Layout, position: int) -> bytes:
    """Return the newline that is missing where `position` is the end of a file without a final one."""
    return b"" if layout.starts_line(position) else b"\n"
