# SPDX-License-Identifier: GPL-2.0-or-later
"""Second pass of parsing: rewrites, by their shape, what the macro table did not know.

It runs only where the first parse left ERROR or MISSING nodes. Every candidate is tried on a copy of the
masked, and kept only if fewer such nodes remain: an unknown loop macro, an attribute, a macro with a type as
argument, a declaration without `;`, and `#if` lines in places where C has no room for them (inside an
initialiser, between strings, across an `else`). The last resort for those is to blank all arms but one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from qpatch.csource.syntax.macro_forms import DIRECTIVE, apply_form
from qpatch.csource.syntax.macros import MacroForm
from qpatch.csource.syntax.masked_source import (
    HIDDEN,
    MaskedSource,
    OverlapError,
    closing_parenthesis,
    skip_trivia,
    without_hidden,
)
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node, Parser, Tree

    Rewrite = Callable[[MaskedSource], object]

_DIRECTIVE = re.compile(HIDDEN + rb"|(?P<directive>" + DIRECTIVE + rb")", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(HIDDEN, re.DOTALL)
# What the head of a definition has not, up to its opening brace, nor do words before one.
_NO_HEAD = re.compile(rb"[;}=#]|\{.")
_KEYWORD = re.compile(rb"[ \t]*#[ \t]*(\w+)")
_CALL_NAME = re.compile(rb"([A-Za-z_]\w*)\s*$")
_MACRO_WORD = re.compile(rb"\b(?:__\w+|[A-Z][A-Z0-9_]{3,}|\w+_fn)\b")
_CALL = re.compile(rb"\b([A-Za-z_]\w*)\s*\(")
_TWO_MACROS = re.compile(rb"\b[A-Z]\w+\s+[A-Z]\w+\b(?!\s*\()")
_OTHER_DIRECTIVE = re.compile(
    rb"^[ \t]*\#[ \t]*(?:define|undef|include|pragma)\b(?:\\\r?\n|/\*.*?\*/|[^\n])*", re.DOTALL | re.MULTILINE
)
_DEFINING_CALL = re.compile(rb"^(?:static\s+)?([A-Z][A-Z0-9_]*)\s*\(", re.MULTILINE)
# The result of a function in the style of K&R, `char *f(a, b) char *a; int b; {`: the grammar has no pointer there.
_KR_POINTER = re.compile(
    rb"""^(?:(?:static|extern|inline)\s+)*([A-Za-z_][\w \t]*\*[ \t*]*)\s*[A-Za-z_]\w*\s*\([\w\s,]*\)
        \s*(?:[A-Za-z_][^;{}=#]*;\s*)+\{""",
    re.MULTILINE | re.VERBOSE,
)
_FILE_SCOPE_CALL = re.compile(rb"^(?:(?:static|extern|const)\s+)*([A-Za-z_]\w*)\s*\(", re.MULTILINE)
# Only what is at file scope begins in the first column: what a definition holds is indented, labels aside.
FILE_SCOPE_CODE = re.compile(rb"^(?:[{}]|[A-Za-z_]\w*\b(?!\s*:))", re.MULTILINE)
"""What stands at file scope, by its first column."""
_NOT_CALLS = frozenset({b"if", b"for", b"while", b"switch", b"return", b"sizeof", b"do", b"else"})


@dataclass(frozen=True)
class DirectiveLine:
    """A directive: its bytes [start, end), without the white space before the `#`."""

    start: int
    end: int


@dataclass(frozen=True)
class ConditionalGroup:
    """An `#if` with its `#else`/`#elif` lines and its `#endif`, in source order."""

    lines: tuple[DirectiveLine, ...]

    @property
    def start(self) -> int:
        """Where the `#if` begins."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Where the `#endif` ends."""
        return self.lines[-1].end


def repair(masked: MaskedSource, tree: Tree, parser: Parser) -> tuple[MaskedSource, Tree]:
    """Return the masked source and tree with the rewrites that left fewer broken places than `tree` has."""
    broken = list(broken_nodes(tree.root_node))
    if not broken or len(broken) > thresholds().limits.repaired_places:
        return masked, tree
    session = _RepairSession(masked, tree, len(broken), parser)
    groups, code = directive_groups(masked.source), without_hidden(masked.source)
    for spot in broken:
        session.try_first(_candidates(masked.source, code, spot, groups))
    if session.masked is masked:
        return masked, tree
    # A tree that was repaired step by step may differ from a fresh one where errors remain.
    is_sound = not session.tree.root_node.has_error
    return session.masked, session.tree if is_sound else parser.parse(session.masked.text())


def broken_nodes(root: Node) -> Iterator[Node]:
    """Yield the outermost ERROR and MISSING nodes at or below `root`, in source order."""
    pending = [root]
    while pending:
        node = pending.pop()
        if is_unnamed_bit_field(node):
            continue
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            pending += reversed(node.children)


def is_unnamed_bit_field(node: Node) -> bool:
    """Tell whether what the parser misses is only the name of a bit-field, which need not have one: `int : 4;`."""
    after = node.next_sibling
    return node.is_missing and node.type == "field_identifier" and after is not None and after.type == "bitfield_clause"


def directive_groups(source: bytes) -> list[ConditionalGroup]:
    """Return the `#if` groups of `source`, inner ones before those around them."""
    groups: list[ConditionalGroup] = []
    open_groups: list[list[DirectiveLine]] = []
    for match in _DIRECTIVE.finditer(source):
        keyword = _KEYWORD.match(match["directive"] or b"")
        if keyword is None:
            continue
        line = DirectiveLine(source.index(b"#", match.start()), match.end())
        if keyword[1] in (b"if", b"ifdef", b"ifndef"):
            open_groups.append([line])
        elif keyword[1] in (b"else", b"elif") and open_groups:
            open_groups[-1].append(line)
        elif keyword[1] == b"endif" and open_groups:
            groups.append(ConditionalGroup((*open_groups.pop(), line)))
    return groups


class _RepairSession:
    """The best masked source so far, its `tree` and the number of its broken nodes."""

    def __init__(self, masked: MaskedSource, tree: Tree, broken: int, parser: Parser) -> None:
        self.masked = masked
        self.tree = tree
        self._broken = broken
        self._parser = parser
        self._trials = 0

    def try_first(self, rewrites: Iterator[Rewrite]) -> None:
        """Keep the first rewrite after which fewer nodes are broken."""
        if not self._broken:
            return
        for rewrite in rewrites:
            candidate = self.masked.copy()
            try:
                rewrite(candidate)
            except OverlapError:
                continue
            if candidate.changed is None or self._trials == thresholds().limits.repair_trials:
                continue
            self._trials += 1
            tree = self._reparse(candidate.text(), candidate.changed)
            broken = sum(1 for _ in broken_nodes(tree.root_node))
            if broken < self._broken:
                self.masked, self.tree, self._broken = candidate, tree, broken
                return

    def _reparse(self, text: bytes, extent: tuple[int, int]) -> Tree:
        """Parse `text`, taking over from the tree so far what lies outside the changed bytes `extent`."""
        start, end = extent
        tree = self.tree.copy()
        first, last = _point(text, start), _point(text, end)
        tree.edit(
            start_byte=start,
            old_end_byte=end,
            new_end_byte=end,
            start_point=first,
            old_end_point=last,
            new_end_point=last,
        )
        return self._parser.parse(text, tree)


def _point(text: bytes, position: int) -> tuple[int, int]:
    return text.count(b"\n", 0, position), position - (text.rfind(b"\n", 0, position) + 1)


def _candidates(source: bytes, code: bytes, spot: Node, groups: list[ConditionalGroup]) -> Iterator[Rewrite]:
    """Yield the rewrites that might repair `spot`: the likeliest first, those that hide code last.

    `code` is `source` with blanks for comments and strings, in which no macro stands.
    """
    start = source.rfind(b"\n", 0, max(0, spot.start_byte - 1)) + 1
    end = max(spot.end_byte, spot.start_byte + 1)
    yield partial(_without_cplusplus, groups=groups)
    inner = [group for group in groups if not FILE_SCOPE_CODE.search(source, group.lines[0].end, group.lines[-1].start)]
    around = [group for group in groups if group.start <= end and start <= group.end]
    yield from _definition_candidates(source, code, spot, [group for group in around if group not in inner])
    near = [group for group in around if group in inner]
    if spot.is_missing:
        yield from _call_candidates(source, spot)
    yield from chain.from_iterable(_lossless_candidates(source, group) for group in near)
    for match in _nearest(_FILE_SCOPE_CALL, code, spot):
        yield _form(MacroForm.DECLARATION, match.start(1), match.end(1))
    for match in _CALL.finditer(code, start, min(len(source), end + 1)):
        if match[1] not in _NOT_CALLS:
            yield _form(MacroForm.TYPED, match.start(1), match.end(1))
    above = source.rfind(b"\n", 0, max(0, start - 1)) + 1
    for match in _MACRO_WORD.finditer(code, above, min(len(source), end + thresholds().windows.macro_word)):
        yield _form(MacroForm.ATTRIBUTE, match.start(), match.end())
    for match in _TWO_MACROS.finditer(code, start, end):
        yield partial(_as_one_name, start=match.start(), end=match.end())
    for match in _nearest(_OTHER_DIRECTIVE, source, spot):
        yield partial(MaskedSource.put, start=match.start(), end=match.end())
    if len(near) > 1:
        yield partial(_all_as_entries, source=source, groups=near)
    yield partial(_blank_all, groups=[group for group in inner if _item_start(spot) <= group.start <= end])
    for group in near:
        yield from _lossy_candidates(group)


def _as_one_name(masked: MaskedSource, start: int, end: int) -> None:
    """Two macros side by side, that stand for strings or parts of one expression, become one name."""
    masked.put_name(start, end)


def _nearest(regex: re.Pattern[bytes], source: bytes, spot: Node) -> list[re.Match[bytes]]:
    """Return the last matches inside the file-scope item of `spot` and up to it, the last one first."""
    end = max(spot.end_byte, spot.start_byte + 1)
    return list(regex.finditer(source, _item_start(spot), end))[: -thresholds().limits.repair_before - 1 : -1]


def _item_start(spot: Node) -> int:
    """Return where the file-scope item begins that holds `spot`."""
    item = spot
    while item.parent is not None and item.parent.parent is not None:
        item = item.parent
    return item.start_byte


def _form(form: MacroForm, start: int, end: int) -> Rewrite:
    return lambda masked: apply_form(masked, form, start, end)


def _definition_candidates(source: bytes, code: bytes, spot: Node, around: list[ConditionalGroup]) -> Iterator[Rewrite]:
    """Yield what the head of a function may be: several in `#if` arms, a macro's, one of K&R that gives a pointer."""
    yield from chain.from_iterable(_head_candidates(source, group) for group in around)
    for match in _nearest(_DEFINING_CALL, code, spot):
        yield _form(MacroForm.FUNCTION, match.start(1), match.end(1))
    old_style = _KR_POINTER.search(source, _item_start(spot))
    if old_style is not None:
        yield partial(_as_result_type, start=old_style.start(1), end=old_style.end(1))


def _as_result_type(masked: MaskedSource, start: int, end: int) -> None:
    """Make one name of a type and its stars, with a blank before the name of the function."""
    masked.put(start, end, re.sub(rb"\W", b"_", masked.source[start : end - 1]))


def _head_candidates(source: bytes, group: ConditionalGroup) -> Iterator[Rewrite]:
    """Rewrites of an `#if` whose arms break off in a definition: several heads with one body, `static` in an arm."""
    arms = [source[arm.end : following.start] for arm, following in pairwise(group.lines)]
    code = [_COMMENT.sub(b"", arm).strip() for arm in arms]
    if any(_NO_HEAD.search(arm) for arm in code) or not any(code):
        return
    if len(arms) == 1:
        yield partial(_blanked, group=group)
    yield partial(_one_arm, group=group, kept=0)


def _call_candidates(source: bytes, missing: Node) -> Iterator[Rewrite]:
    """Yield what a call that lacks a `;` may be: a loop where a block follows."""
    closing = missing.start_byte - 1
    opening = _opening_parenthesis(source, closing)
    name = (
        None
        if opening is None
        else _CALL_NAME.search(source, max(0, opening - thresholds().windows.call_name), opening)
    )
    if name is None or name[1] in _NOT_CALLS:
        return
    following = skip_trivia(source, closing + 1)
    if source[following : following + 1] == b"{":
        yield _form(MacroForm.LOOP, name.start(1), name.end(1))


def _opening_parenthesis(source: bytes, closing: int) -> int | None:
    """Return the position of the `(` that the `)` at `closing` closes, looking back a few lines."""
    if source[closing : closing + 1] != b")":
        return None
    first = max(0, closing - thresholds().windows.call_parenthesis)
    opening = source.rfind(b"(", first, closing)
    while opening >= 0 and closing_parenthesis(source, opening) != closing:
        opening = source.rfind(b"(", first, opening)
    return opening if opening >= 0 else None


def _lossless_candidates(source: bytes, group: ConditionalGroup) -> Iterator[Rewrite]:
    """Rewrites of an `#if` that keep the code of every arm."""
    yield lambda masked: _as_entries(masked, source, group)
    yield lambda masked: _as_words(masked, group)
    yield lambda masked: _blanked(masked, group)


def _lossy_candidates(group: ConditionalGroup) -> Iterator[Rewrite]:
    """Rewrites of an `#if` that hide code."""
    for kept in range(len(group.lines) - 1):
        yield partial(_one_arm, group=group, kept=kept)
    yield partial(_one_arm, group=group, kept=None)


def _as_entries(masked: MaskedSource, source: bytes, group: ConditionalGroup) -> None:
    """Each directive becomes an entry of the list around it: a name with the commas it needs."""
    for line in group.lines:
        before = _last_character(source, line.start)
        name = re.sub(rb"\W", b"_", source[line.start : line.end].split(b"\n")[0].rstrip())
        text = b"," + name[:-2] + b"," if before not in (b",", b"{", b"(", b"") else name[:-1] + b","
        masked.put(line.start, line.end, text)


def _all_as_entries(masked: MaskedSource, source: bytes, groups: list[ConditionalGroup]) -> None:
    """Let the directives of several groups become entries: an `#if` among the entries of another one's arm."""
    for group in groups:
        _as_entries(masked, source, group)


def _last_character(source: bytes, position: int) -> bytes:
    """Return the last character before `position` that is no white space, comment or directive."""
    text = source[max(0, position - thresholds().windows.entry_before) : position]
    text = re.sub(rb"/\*.*?\*/|//[^\n]*|" + DIRECTIVE, b"", text, flags=re.DOTALL | re.MULTILINE)
    return text.rstrip()[-1:]


def _as_words(masked: MaskedSource, group: ConditionalGroup) -> None:
    """Each directive becomes a name, as it may stand between two strings."""
    for line in group.lines:
        masked.put_name(line.start, line.end)


def _blanked(masked: MaskedSource, group: ConditionalGroup) -> None:
    """Every arm stays, without the directives between them."""
    for line in group.lines:
        masked.put(line.start, line.end)


def _without_cplusplus(masked: MaskedSource, groups: list[ConditionalGroup]) -> None:
    """Blank what only C++ sees: `extern "C" {` in one `#if`, its closing brace in another."""
    for group in groups:
        if b"__cplusplus" in masked.source[group.start : group.lines[0].end]:
            _one_arm(masked, group, None)


def _blank_all(masked: MaskedSource, groups: list[ConditionalGroup]) -> None:
    """Blank the directives of several groups: an `if` and its `else` may stand in two of them."""
    for group in groups:
        _blanked(masked, group)


def _one_arm(masked: MaskedSource, group: ConditionalGroup, kept: int | None) -> None:
    """Blank the directives and all arms but number `kept` (None: all arms)."""
    if kept is None:
        masked.put(group.start, group.end)
        return
    if kept > 0:
        masked.put(group.start, group.lines[kept].end)
    else:
        masked.put(group.start, group.lines[0].end)
    masked.put(group.lines[kept + 1].start, group.end)
