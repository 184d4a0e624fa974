# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds an expression in a file and writes another one in its place; names are found as words, whatever they name.

An expression is looked for in all code, in the values of macros and in every `#if` arm too. Places where it may stand
but that could not be read as C are told apart, so that nobody takes them for done.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qpatch.csource.matching.casts import cast_types, cast_value, misread_casts, read_casts
from qpatch.csource.matching.match import fits_whole, matches_in
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND
from qpatch.csource.matching.precedence import ANY, PRIMARY, fitted, wanted_at
from qpatch.csource.matching.rewriting import expression
from qpatch.csource.matching.side_effects import repeated_effects
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.parse import parse_macro_value
from qpatch.csource.syntax.term import build
from qpatch.csource.tokens import ELLIPSIS, METAVARIABLE, OPAQUE, blank_opaque, is_comment, put_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from qpatch.csource.matching.match import Match
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.matching.rewriting import Rewriting
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.term import Term

Span = tuple[int, int]

_OPAQUE = re.compile(rf"^[ \t]*#[ \t]*include\b[^\n]*|{OPAQUE}", re.DOTALL | re.MULTILINE)
_MACRO_VALUE = "preproc_arg"
_DEFINITIONS = frozenset({"preproc_def", "preproc_function_def"})
# The parents of a name that declares something, or of a label: no expression stands there.
_DECLARING = re.compile(r"\w*declarat(or|ion)|function_definition|preproc_\w+|enumerator|label|goto_statement")
_VALUED = frozenset({"init_declarator", "array_declarator", "enumerator"})
_NO_EXPRESSIONS = frozenset({"field_identifier", "type_identifier", "statement_identifier"})
_STATEMENTS = ("_statement", "declaration")
# A placeholder on the `+` line; with `...` the commas beside it, which go where it stands for nothing.
_PLACEHOLDER = re.compile(rf"{METAVARIABLE.pattern}|(?P<before>,\s*)?\.\.\.(?P<after>\s*,\s*)?")


@dataclass(frozen=True)
class Found:
    """What a search finds, all in bytes from the start of a file.

    `changes` are what to write, the inner places within the outer ones; `starts` are all places, `done` is how many
    have the result; `unread` are places that could not be read as C, `lossy` those where something would be lost.
    `warnings` are what may be wrong with what is written; `staying` are `#include` lines that have a name and keep it.
    """

    changes: tuple[Replacement, ...] = ()
    starts: tuple[int, ...] = ()
    done: int = 0
    unread: tuple[int, ...] = ()
    lossy: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    staying: tuple[int, ...] = ()


def words_of_code(
    source: bytes, word: str, spans: Sequence[Span], *, comments: bool = False, strings: bool = False
) -> list[Span]:
    """Return where `word` stands as a whole word, within `spans`: in code, and where asked for in comments, strings."""
    text = source.decode("latin-1")
    opaque = list(_OPAQUE.finditer(text))
    hidden_starts = [found.start() for found in opaque]
    hidden = [(found.end(), is_comment(found.group())) for found in opaque]
    places = []
    for found in re.finditer(rb"(?<![\w$])" + re.escape(word.encode()) + rb"(?!\w)", source):
        before = bisect_right(hidden_starts, found.start()) - 1
        inside = hidden[before][1] if before >= 0 and found.start() < hidden[before][0] else None
        wanted = inside is None or (comments if inside else strings)
        if wanted and any(start <= found.start() < end for start, end in spans):
            places.append(found.span())
    return places


def includes_of(source: bytes, header: str, span: Span) -> list[Span]:
    """Return where `#include` lines name `header`, which is given with its quotes or angles, within `span`."""
    line = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*(?P<header>" + re.escape(header.encode()) + rb")", re.MULTILINE)
    places = [found.span("header") for found in line.finditer(source)]
    return [place for place in places if span[0] <= place[0] < span[1]]


def including_lines(source: bytes, word: str, span: Span) -> list[int]:
    """Return where `#include` lines begin that have `word` in the name of their header, within `span`."""
    line = re.compile(
        rb"^[ \t]*#[ \t]*include\b[^\n]*?(?<![\w$])" + re.escape(word.encode()) + rb"(?!\w)", re.MULTILINE
    )
    return [found.start() for found in line.finditer(source) if span[0] <= found.start() < span[1]]


@dataclass(frozen=True)
class CodeSearch:
    """A search for an expression in one parsed file, within `spans` of it."""

    rewriting: Rewriting
    parsed: ParsedFile
    spans: tuple[Span, ...]
    table: MacroTable | None

    def found(self) -> Found:
        """Return every place, the outer ones with the inner ones replaced in them."""
        pending = self._pending
        changes = tuple(
            Replacement(*_span(match), self._apart(match).encode(errors="surrogateescape"))
            for match in _outermost(pending)
        )
        starts = tuple(_span(match)[0] for match in pending)
        lossy = tuple(_span(match)[0] for match in pending if self._loses(match))
        seen = [*map(_span, pending), *(done for done, _ in self._done)]
        words = words_of_code(self.parsed.source, self.rewriting.word, self.spans)
        missed = [word for word in words if not any(low <= word[0] < high for low, high in seen)]
        unread = (
            *(start for start, end in missed if self._may_stand_at(end) and not self._is_read(start, end)),
            *(start for start, end in map(_span, pending) if self._is_broken(start, end)),
            *(start for start, end in misread_casts(self._read, self._types) if self._is_wanted(start, end)),
        )
        return Found(changes, starts, len(self._done), unread, lossy, self._warnings())

    def _warnings(self) -> tuple[str, ...]:
        old = expression(self.rewriting.old).compiled(self.table).items
        warnings = (each for match in self._pending for each in repeated_effects(old, (self._new,), match.bindings))
        return tuple(dict.fromkeys(warnings))

    @cached_property
    def _terms(self) -> list[Term]:
        """The code of the file that holds the word, and the values of macros as code, parents first."""
        wanted = [word.encode() for word in (self.rewriting.word, self.rewriting.new_word) if word]
        items = [item for item in self._read.tree.root_node.children if self._mentions(item, wanted)]
        terms = [term for item in items for term in self._code_of(build(self._read, item))]
        return [term for term in terms if self._is_wanted(term.start, term.end)]

    @cached_property
    def _read(self) -> ParsedFile:
        """The file, with the casts to types that only the edit knows."""
        return read_casts(self.parsed, self._types)

    @cached_property
    def _types(self) -> frozenset[str]:
        old, new = (expression(side).compiled(self.table).items for side in (self.rewriting.old, self.rewriting.new))
        return cast_types((*old, *new))

    def _is_wanted(self, start: int, end: int) -> bool:
        return any(low <= start and end <= high for low, high in self.spans)

    def _mentions(self, item: Node, words: Sequence[bytes]) -> bool:
        source = self.parsed.source[item.start_byte : item.end_byte]
        return any(word in source for word in words)

    def _code_of(self, item: Term) -> Iterator[Term]:
        """Yield the terms of an item, the value of a macro parsed: in the file's own parse it is only tokens."""
        value_end = 0
        for term in item.below():
            if term.kind == _MACRO_VALUE:
                value_end = term.end
                yield from self._macro_value(term)
            elif term.start >= value_end:
                yield term

    def _macro_value(self, term: Term) -> list[Term]:
        """Return the terms of a macro's value at their places in the file; none where it is no C by itself."""
        if term.parent is None or term.parent.kind not in _DEFINITIONS:
            return []
        parsed = parse_macro_value(self.parsed.source, term.start, term.end, self.table)
        if parsed is None:
            return []
        parsed = read_casts(parsed, self._types)
        root = build(parsed, parsed.tree.root_node)
        root.parent = term.parent  # So that its code knows the parameters of the macro.
        return [each for each in root.below() if term.start <= each.start and each.end <= term.end]

    @cached_property
    def _done(self) -> list[tuple[Span, list[Span]]]:
        """Where the result stands, and in it the places that only look as if they were to be replaced."""
        if not self.rewriting.new_word:
            return []
        old = expression(self.rewriting.old).compiled(self.table).items[0]
        again = [term for term in self._new.below() if fits_whole(old, term)]
        return [
            (_span(match), [_extent(term, match) for term in again])
            for match in self._matches(expression(self.rewriting.new).compiled(self.table))
        ]

    @cached_property
    def _pending(self) -> list[Match]:
        again = {place for _, places in self._done for place in places}
        old = expression(self.rewriting.old).compiled(self.table)
        return sorted((match for match in self._matches(old) if _span(match) not in again), key=_span)

    @property
    def _new(self) -> Term:
        return expression(self.rewriting.new).compiled(self.table).items[0]

    def _matches(self, pattern: Pattern) -> list[Match]:
        item = pattern.items[0]
        found: dict[Span, Match] = {}
        for term in self._terms:
            if term.kind != item.kind and (item.children or term.children):
                continue
            if not item.children and (term.text != item.text or not _is_expression(term)):
                continue
            match = next(iter(matches_in(pattern, term, [term], whole=True)), None)
            if match is not None:
                found.setdefault(_span(match), match)
        return list(found.values())

    def _apart(self, match: Match) -> str:
        """Return what takes the place of `match`, with a blank where it would fuse with the code beside it."""
        start, end = _span(match)
        high = self.parsed.source.find(b"\n", end)
        before = self._line_before(start)
        after = self._text(end, high if high >= 0 else len(self.parsed.source))
        return put_together([before, self._written(match), after]).removeprefix(before).removesuffix(after)

    def _line_before(self, start: int) -> str:
        return self._text(self.parsed.source.rfind(b"\n", 0, start) + 1, start)

    def _written(self, match: Match) -> str:
        """Return what takes the place of `match`, with parentheses where precedence asks for them."""
        target = match.items[0]
        wanted = PRIMARY if self._is_macro_value(target) else wanted_at(target)
        return self._parenthesized(self._filled(match), self._new, match, wanted, self._line_before(target.start))

    def _parenthesized(self, code: str, item: Term, match: Match, wanted: int, before: str) -> str:
        if item.kind.endswith("_statement"):
            return code
        if item.kind == METAVARIABLE_KIND:
            item = match.bindings[item.text[1:]]
        return fitted(code, item, wanted, before)

    def _filled(self, match: Match) -> str:
        """Return the new code with what its placeholders stand for."""
        code, parts, last = self.rewriting.new, [], 0
        leaves = (leaf for leaf in self._new.leaves() if leaf.kind == METAVARIABLE_KIND)
        for found in _PLACEHOLDER.finditer(blank_opaque(code)):
            parts.append(code[last : found.start()])
            parts.append(
                self._binding(next(leaves), match, "".join(parts)) if found[1] else self._skipped(match, found)
            )
            last = found.end()
        return put_together([*parts, code[last:]])

    def _binding(self, place: Term, match: Match, before: str) -> str:
        """Return what the metavariable `place` of the new code stands for, behind the text `before`."""
        term = cast_value(match.bindings[place.text[1:]])
        same = next(
            (each for each in self._inside(term.start, term.end) if _span(each) == (term.start, term.end)), None
        )
        wanted = ANY if place is self._new else wanted_at(place)
        if same is not None:
            return self._parenthesized(self._filled(same), self._new, same, wanted, before)
        return self._parenthesized(self._inner(term.start, term.end), term, match, wanted, before)

    def _skipped(self, match: Match, found: re.Match[str]) -> str:
        before, after = found["before"] or "", found["after"] or ""
        ellipsis = next((leaf for leaf in match.extents if leaf.kind == ELLIPSIS_KIND), None)
        if ellipsis is None:  # it stands for nothing
            return before if after else ""
        return before + self._inner(*match.extents[ellipsis]) + after

    def _inner(self, start: int, end: int) -> str:
        """Return the source from `start` to `end` with the places in it replaced."""
        parts, last = [], start
        for match in _outermost(self._inside(start, end)):
            low, high = _span(match)
            parts += [self._text(last, low), self._written(match)]
            last = high
        return put_together([*parts, self._text(last, end)])

    def _inside(self, start: int, end: int) -> list[Match]:
        """Return the places within [start, end), sorted by where they begin."""
        first = bisect_left(self._pending, start, key=lambda match: _span(match)[0])
        last = bisect_left(self._pending, end, key=lambda match: _span(match)[0])
        return [match for match in self._pending[first:last] if _span(match)[1] <= end]

    def _text(self, start: int, end: int) -> str:
        return self.parsed.source[start:end].decode(errors="surrogateescape")

    def _loses(self, match: Match) -> bool:
        """Tell whether replacing `match` would lose a comment, or another place that nothing in the result holds."""
        kept = [match.extents[leaf] for leaf in match.extents if self._is_kept(leaf)]
        start, end = _span(match)
        comments = [
            (start + found.start(), start + found.end())
            for found in _OPAQUE.finditer(self.parsed.source[start:end].decode("latin-1"))
            if is_comment(found.group())
        ]
        inner = [_span(other) for other in self._inside(start, end) if other is not match]
        return any(not any(low <= first and last <= high for low, high in kept) for first, last in (*comments, *inner))

    def _is_kept(self, leaf: Term) -> bool:
        if leaf.kind == METAVARIABLE_KIND:
            return leaf.text[1:] in METAVARIABLE.findall(blank_opaque(self.rewriting.new))
        return leaf.kind == ELLIPSIS_KIND and ELLIPSIS in blank_opaque(self.rewriting.new)

    def _is_macro_value(self, target: Term) -> bool:
        node = self.parsed.tree.root_node.descendant_for_byte_range(target.start, target.end)
        return (
            node is not None
            and node.type == _MACRO_VALUE
            and (self._text(node.start_byte, node.end_byte).strip() == self._text(target.start, target.end))
        )

    def _may_stand_at(self, end: int) -> bool:
        """Tell whether the expression may have the word that ends there: what is called needs a parenthesis."""
        called = re.search(rf"\b{re.escape(self.rewriting.word)}\s*\(", blank_opaque(self.rewriting.old))
        return called is None or re.match(rb"\s*\(", self.parsed.source[end:]) is not None

    def _is_read(self, start: int, end: int) -> bool:
        """Tell whether the code around a word was read as C: all but what counts as one token, and what is broken."""
        if any(region.start <= start < region.end for region in self.parsed.regions):
            return False
        node = self.parsed.tree.root_node.descendant_for_byte_range(start, end)
        if node is None:
            return True
        if node.type != _MACRO_VALUE:
            return not self._is_broken(start, end) and not _statement_of(node).has_error
        if node.parent is None or node.parent.type not in _DEFINITIONS:  # words, as in `#error`
            return True
        return any(node.start_byte <= term.start <= start and end <= term.end <= node.end_byte for term in self._terms)

    def _is_broken(self, start: int, end: int) -> bool:
        node = self.parsed.tree.root_node.descendant_for_byte_range(start, end)
        while node is not None and not node.is_error:
            node = node.parent
        return node is not None


def _statement_of(node: Node) -> Node:
    """Return the statement or declaration around `node`, or what is at file scope."""
    while node.parent is not None and node.parent.parent is not None and not node.type.endswith(_STATEMENTS):
        node = node.parent
    return node


def _span(match: Match) -> Span:
    return match.items[0].start, match.items[0].end


def _extent(term: Term, match: Match) -> Span:
    """Return the bytes that a part of a pattern stands for; an ellipsis that stands for nothing has none."""
    extents = [match.extents[leaf] for leaf in term.leaves() if leaf in match.extents]
    return min(start for start, _ in extents), max(end for _, end in extents)


def _outermost(matches: Sequence[Match]) -> list[Match]:
    """Return the matches that stand in no other, in the order of the file."""
    outer: list[Match] = []
    for match in sorted(matches, key=lambda each: (_span(each)[0], -_span(each)[1])):
        if not outer or _span(match)[0] >= _span(outer[-1])[1]:
            outer.append(match)
    return outer


def _is_expression(term: Term) -> bool:
    """Tell whether a leaf is an expression, and not a name that is declared, a member's, a type's or a label's."""
    parent = term.parent
    if term.kind in _NO_EXPRESSIONS or parent is None:
        return term.kind not in _NO_EXPRESSIONS
    declares = _DECLARING.fullmatch(parent.kind) is not None
    return not declares or (parent.kind in _VALUED and parent.children[0] is not term)
