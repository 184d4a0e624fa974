# SPDX-License-Identifier: GPL-2.0-or-later
"""Added text with directives of its own: what `#if` arms it opens and closes, and whether its place allows that.

Text may begin with `#else` or `#elif` and so go on with the `#if` around its anchor, if nothing follows the anchor in
that arm: what follows would change its arm in silence. Apart from that, text opens and closes its own `#if`s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.extents import extent_of
from qpatch.csource.anchors.guards import same_guard
from qpatch.csource.changes import place_of
from qpatch.csource.edit import Position
from qpatch.csource.results import Ambiguous, SourcePlace
from qpatch.csource.syntax.macro_repair import directive_groups
from qpatch.csource.syntax.symbols import SymbolKind, outline
from qpatch.csource.tokens import without_comments
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.edit import Edit
    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.csource.syntax.commas import UnclearCommaError
    from qpatch.csource.syntax.macro_repair import ConditionalGroup, DirectiveLine
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import LocatedAnchor

_DEPTH = {b"if": 1, b"ifdef": 1, b"ifndef": 1, b"else": 0, b"elif": 0, b"endif": -1}
_LATER_ARM = (b"else", b"elif")
_WORD = re.compile(rb"[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b", re.MULTILINE)
_GOES_ON = re.compile(rb"\s*#[ \t]*(else|elif)\b")


@dataclass(frozen=True)
class AddedSymbol:
    """A symbol of added text: `symbol` as parsed in `parsed`, under `guards` once the text is in its place."""

    symbol: Symbol
    parsed: ParsedFile
    guards: tuple[str, ...]

    def excludes(self, known: Symbol) -> bool:
        """Tell whether a symbol of the same name may stand beside this one: each is in an `#if` arm of its own."""
        return bool(self.guards and known.guards) and not self.is_under_guards_of(known)

    def is_under_guards_of(self, known: Symbol) -> bool:
        """Tell whether both stand under the same conditions."""
        return same_guard(" && ".join(f"({guard})" for guard in self.guards), known.guards)


def arm_around(parsed: ParsedFile, position: int) -> str:
    """Return, in words, the innermost `#if` around a byte that is in one, with all its directives."""
    group = next(each for each in directive_groups(parsed.source) if each.start <= position < each.end)
    told = []
    for line in group.lines[:-1]:
        text = " ".join(parsed.source[line.start : line.end].decode(errors="replace").split())
        number = parsed.source.count(b"\n", 0, line.start) + 1
        told.append(f"`{text}` (line {number})")
    return f"{', '.join(told)} and the `#endif`"


def in_unseen_arm(start: int, end: int, located: LocatedAnchor) -> bool:
    """Tell whether bytes [start, end) are in an `#if` arm inside the anchor whose directives the parser does not see.

    These are directives that split an expression or a statement: they were blanked, so that the rest could be read.
    """
    parsed, symbol = located.parsed, located.symbol
    if symbol is None:
        return False
    unseen = {
        region.start
        for region in parsed.regions
        if symbol.node.start_byte < region.start < start and not parsed.masked[region.start : region.end].strip()
    }
    return bool(unseen) and any(
        group.start in unseen and group.lines[0].end <= start and end <= group.lines[-1].start
        for group in directive_groups(parsed.source)
    )


def unclear_comma(edit: Edit, located: LocatedAnchor, unclear: UnclearCommaError) -> Ambiguous:
    """Refuse to add to a list behind an `#if` that decides whether a comma is there."""
    source = located.parsed.source
    line = source.count(b"\n", 0, unclear.position) + 1
    snippet = source[source.rfind(b"\n", 0, unclear.position) + 1 : unclear.position].decode(errors="replace").strip()
    return Ambiguous(
        f"{edit.anchor}: what is added would follow an #if arm without a comma",
        located.path,
        (SourcePlace(located.path, line, snippet),),
        "write a comma behind each arm first, or a `verbatim:` hunk that shows the arm",
    )


def added_symbols(text: bytes, around: tuple[str, ...], cache: ParseCache) -> tuple[AddedSymbol, ...]:
    """Return the symbols of `text`, which is put among what stands under the conditions `around`."""
    goes_on = bool(around) and goes_on_with_arm(text)
    parsed = cache.parse(f"#if {around[-1]}\n".encode() + text + b"\n#endif\n" if goes_on else text + b"\n")
    outer = around[:-1] if goes_on else around
    return tuple(
        AddedSymbol(symbol, parsed, (*outer, *symbol.guards))
        for symbol in outline(parsed)
        if symbol.kind != SymbolKind.INCLUDES
    )


def goes_on_with_arm(text: bytes) -> bool:
    """Tell whether added text begins with the `#else` or `#elif` of the `#if` around its anchor."""
    return _GOES_ON.match(text) is not None


def check_directives(text: bytes, edit: Edit) -> None:
    """Raise UserError for text that closes an `#if` which it does not open, or leaves one open."""
    if not _is_balanced(text):
        raise UserError(
            "hunk-syntax",
            f"what is added at {edit.anchor} does not open and close its own #if",
            where=edit.where,
            hint="write each #if with its #endif; only an #else or #elif at the beginning goes on with the #if around",
        )


def _is_balanced(text: bytes) -> bool:
    least = depth = int(goes_on_with_arm(text))
    for word in _WORD.findall(text):
        depth += _DEPTH[word]
        if depth < least or (depth == 0 and word in _LATER_ARM):
            return False
    return depth == least


def arm_refusal(text: bytes, edit: Edit, located: LocatedAnchor) -> Ambiguous | None:
    """Say why text that begins with `#else` or `#elif` cannot follow the anchor, None where it can."""
    if not goes_on_with_arm(text):
        return None
    if edit.anchor.position is not Position.AFTER or located.symbol is None:
        return _refused(edit, located, "can only follow the last symbol of an #if arm")
    layout = layout_of(located)
    start, end = extent_of(located, layout)
    arm = _arm_around(directive_groups(layout.source), start, end)
    if arm is None:
        return _refused(edit, located, "has no #if to go on with")
    opening, closing = (_WORD.findall(layout.source[line.start : line.end])[0] for line in arm)
    if opening == b"else" or (closing in _LATER_ARM and b"else" in _outer_words(text)):
        return _refused(edit, located, "would be a second one, or stand before another arm")
    if without_comments(layout.source[end : arm[1].start].decode(errors="replace")):
        return _refused(edit, located, "would change the arm of what follows there")
    return None


def _outer_words(text: bytes) -> Iterator[bytes]:
    """Yield the words of the directives in `text` that belong to the `#if` around it."""
    depth = 0
    for word in _WORD.findall(text):
        if depth == 0 and word in _LATER_ARM:
            yield word
        depth += _DEPTH[word]


def _arm_around(groups: list[ConditionalGroup], start: int, end: int) -> tuple[DirectiveLine, DirectiveLine] | None:
    """Return the directives that begin and end the innermost arm around bytes [start, end)."""
    arms = (arm for group in groups for arm in pairwise(group.lines))
    return next((arm for arm in arms if arm[0].end <= start and end <= arm[1].start), None)


def _refused(edit: Edit, located: LocatedAnchor, why: str) -> Ambiguous:
    return Ambiguous(
        f"{edit.anchor}: the #else or #elif that the added text begins with {why}",
        located.path,
        (place_of(located),),
        "put it after the last symbol of the last arm before the #endif, or add the code beside a symbol of that arm",
    )
