# SPDX-License-Identifier: GPL-2.0-or-later
"""Where text is put beside an anchor: after or before a symbol, at the end of a file, below its `#include` lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, layout_of
from qpatch.csource.anchors.leading import leading_macros
from qpatch.csource.anchors.spacing import are_includes
from qpatch.csource.anchors.trailing import after_trailing_macros
from qpatch.csource.edit import Position
from qpatch.csource.results import Ambiguous, SourcePlace
from qpatch.csource.syntax.continuation import is_continued
from qpatch.csource.syntax.layout import Layout, Replacement
from qpatch.csource.syntax.macro_repair import FILE_SCOPE_CODE, directive_groups
from qpatch.csource.syntax.masked_source import without_hidden
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import LocatedAnchor

_OPENS_ARM = re.compile(rb"\s*#\s*(?:if|else|elif)")
_ENDS_ARM = re.compile(rb"\s*#\s*(?:else|elif|endif)\b")


def insertion_beside(
    located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
) -> Replacement | Ambiguous:
    """Return the insertion of `text` beside a symbol (`blank`: after a blank line), or why its place is unclear."""
    layout = layout_of(located)
    start, end = extent_of(located, layout)
    gap = b"\n" if blank else b""
    if position is Position.BEFORE:
        unclear = unclear_extent(located, layout)
    else:
        unclear = _unclear_body(located, layout) or _shared_end(located, layout)
    if unclear is not None:
        return unclear
    if position is Position.BEFORE:
        above = layout.source[layout.line_start(start - 1) : start].rstrip() if start else b""
        preceded = b"" if not above or _OPENS_ARM.match(above) or above.endswith((b"{", b"*/")) else gap
        return Replacement(start, start, preceded + text + b"\n" + gap)
    below = layout.source[end : layout.line_end(end)]
    followed = b"" if not below.strip() or _ENDS_ARM.match(below) else gap
    if end and is_continued(layout.source, end - 1):  # The backslash at the end of a file takes in what follows.
        gap = b"\n"
    return Replacement(end, end, _new_line(layout, end) + gap + text + b"\n" + followed)


def extent_of(located: LocatedAnchor, layout: Layout) -> tuple[int, int]:
    """Return the whole lines of a symbol, with the macros above and below it, and its comments above and behind it."""
    end = layout.next_line(layout.after_trailing_comments(_end_of(located, layout)))
    is_macro = located.symbol is not None and located.symbol.kind == SymbolKind.MACRO
    while is_macro and end < len(layout.source) and is_continued(layout.source, end - 1):
        end = layout.next_line(end)  # A backslash above a blank line: that ends the macro.
    start = leading_macros(located, layout).start
    return layout.before_leading_comments(layout.line_start(start)), end


def _end_of(located: LocatedAnchor, layout: Layout) -> int:
    """Return where the code of a symbol ends, its `;` and the macros below that name it included."""
    assert located.symbol is not None
    node = located.symbol.node
    end = node.start_byte + len(layout.source[node.start_byte : node.end_byte].rstrip())
    if layout.source[end : end + 1] == b";":
        end += 1
    return after_trailing_macros(located.symbol, layout, end)


def unclear_extent(located: LocatedAnchor, layout: Layout) -> Ambiguous | None:
    """Say why it is not certain which lines are the symbol, None where it is.

    A macro above it may be its attribute, an `#if` may cut through it (one body has a head in each arm), a macro may
    stand for one of its braces, or other code may stand on its first or last line.
    """
    assert located.symbol is not None
    name = f"{located.symbol.kind} {located.symbol.name}"
    doubtful = leading_macros(located, layout).doubtful
    if doubtful is not None:
        return _unclear(located, doubtful, f"{name}: what stands above it may be a part of it, or of something else")
    return (
        _unclear_body(located, layout)
        or _shared_start(located, layout)
        or _shared_end(located, layout)
        or _cut(located, layout, f"{name}: an #if cuts through it, so that its lines are not one piece")
    )


def _shared_start(located: LocatedAnchor, layout: Layout) -> Ambiguous | None:
    """Say that a symbol begins on a line with other code, or with the end of a comment."""
    assert located.symbol is not None
    start = leading_macros(located, layout).start
    line = layout.line_start(start)
    if layout.is_bare(line, start) and not layout.is_in_comment(line):
        return None
    name = f"{located.symbol.kind} {located.symbol.name}"
    return _unclear(located, line, f"{name}: something else stands on the line where it begins")


def _shared_end(located: LocatedAnchor, layout: Layout) -> Ambiguous | None:
    """Say that other code stands on the line where a symbol ends."""
    assert located.symbol is not None
    end = _end_of(located, layout)
    if not layout.code_behind(layout.after_trailing_comments(end)).strip(b"; \t\r"):
        return None
    name = f"{located.symbol.kind} {located.symbol.name}"
    return _unclear(located, layout.line_start(end), f"{name}: something else stands on the line where it ends")


def _unclear_body(located: LocatedAnchor, layout: Layout) -> Ambiguous | None:
    """Say that a function does not end where its braces do: a macro that the parser does not know stands for one."""
    assert located.symbol is not None
    body, source = located.symbol.body, layout.source
    if located.symbol.kind != SymbolKind.FUNCTION or body is None:
        return None
    name = f"function {located.symbol.name}"
    inside = FILE_SCOPE_CODE.search(without_hidden(source[body.start_byte + 1 : body.end_byte - 1]))
    if inside is not None and located.symbol.node.has_error:
        return _unclear(
            located, body.start_byte + 1 + inside.start(), f"{name}: its body holds what stands at file scope"
        )
    following, end = located.symbol.node.next_named_sibling, _end_of(located, layout)
    while following is not None and (following.type == "comment" or following.start_byte < end):
        following = following.next_named_sibling
    if following is not None and following.text != b";" and following.type.endswith(("_statement", "ERROR")):
        return _unclear(located, following.start_byte, f"{name}: statements follow its closing brace")
    return None


def divided_head(located: LocatedAnchor) -> Ambiguous | None:
    """Say that a function's head stands in the arms of an `#if`, whole or in part; None where it does not."""
    symbol, layout = located.symbol, layout_of(located)
    assert symbol is not None
    message = f"{symbol.kind} {symbol.name}: its head is not the same in all arms of an #if"
    head_end = symbol.node.end_byte if symbol.body is None else symbol.body.start_byte
    for group in directive_groups(layout.source):
        if symbol.node.start_byte <= group.start < head_end:
            return _unclear(located, group.start, message)
    return _cut(located, layout, message)


def _cut(located: LocatedAnchor, layout: Layout, message: str) -> Ambiguous | None:
    """Return the refusal where an `#if` begins or ends inside the symbol's lines and not with them."""
    start, end = extent_of(located, layout)
    for group in directive_groups(layout.source):
        inside = sum(start <= line.start < end for line in group.lines)
        if 0 < inside < len(group.lines):
            return _unclear(located, group.start, message)
    return None


def _unclear(located: LocatedAnchor, position: int, message: str) -> Ambiguous:
    source = located.parsed.source
    line_end = source.find(b"\n", position)
    snippet = source[position : line_end if line_end >= 0 else len(source)].decode(errors="replace").strip()
    place = SourcePlace(located.path, source.count(b"\n", 0, position) + 1, snippet)
    return Ambiguous(
        message, located.path, (place,), "write a verbatim hunk at `file`, which shows the lines that are meant"
    )


def insertion_at_end(located: LocatedAnchor, text: bytes) -> Replacement:
    """Return the insertion of `text` at the end of a file; in a header, before the `#endif` of its include guard."""
    layout, block = layout_of(located), block_of(located)
    guarded = block.kind == "preproc_ifdef"
    end = layout.line_start(block.children[-1].start) if guarded else len(layout.source)
    above = layout.source[:end]
    gap = b"" if not above or above.endswith(b"\n\n") else b"\n" if above.endswith(b"\n") else b"\n\n"
    return Replacement(end, end, gap + text + (b"\n\n" if guarded else b"\n"))


def insertion_below(located: LocatedAnchor, includes: Symbol, text: bytes) -> Replacement:
    """Return the insertion of `text` below the `#include` lines of a file; a blank line sets apart what is none."""
    layout = layout_of(located)
    end = 0
    for _ in range(includes.end_line):
        end = layout.next_line(end)
    gap = b"" if are_includes(text) else b"\n"
    followed = gap if layout.source[end : layout.line_end(end)].strip() else b""
    return Replacement(end, end, _new_line(layout, end) + gap + text + b"\n" + followed)


def _new_line(layout: Layout, position: int) -> bytes:
    """Return the newline that is missing where `position` is the end of a file without a final one."""
    return b"" if layout.starts_line(position) else b"\n"
