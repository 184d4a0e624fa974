# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of C given as data (`f(...)`, `Error **$errp`), matched on the syntax tree exactly as hunks are.

A fragment is one side of a hunk without a gutter, and may leave out the `;` of its last statement or member. It is
compiled by `compile_pattern` and compared by `match`, so `$name` and `...` mean what they mean in a hunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, HunkLine, Sign
from qpatch.csource.matching.match import fits_in, fits_whole
from qpatch.csource.matching.pattern import Context, Pattern, compile_pattern
from qpatch.csource.source import whole_words
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import BLOCKS, MACRO_VALUE, Term, build
from qpatch.csource.tokens import IDENTIFIER, c_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile

# In these a fragment may end without the `;` that C wants there.
_ENDED_BY_SEMICOLON = frozenset({Context.STATEMENTS, Context.MEMBERS})
# What has file-scope items as its children.
_FILE_SCOPE = ("translation_unit", "declaration_list", "linkage_specification", "ERROR", "preproc_")


@dataclass(frozen=True)
class Fragment:
    """A piece of C: `text` as given, `context` what it is a list of. Raises ValueError where the text is blank.

    What might be a product or a declaration (`a * b`) is a product where `is_value`.
    """

    text: str
    context: Context = Context.STATEMENTS
    is_value: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("an empty pattern matches everything")

    @property
    def word(self) -> str:
        """The longest name in the text, which every match has; '' where the text has none."""
        names = (token.text for token in c_tokens(self.text) if IDENTIFIER.fullmatch(token.text))
        return max(names, key=len, default="")

    def compiled(self, table: MacroTable | None) -> Pattern:
        """Return the pattern, of one item or more. Raises ValueError where the text is not C."""
        return _compiled(self, table)

    def is_whole(self, term: Term, table: MacroTable | None) -> bool:
        """Tell whether the fragment matches all of `term`: a member, an entry, or a list of parameters.

        Raises ValueError where the text is not C.
        """
        members = term.children if self.context is Context.PARAMETERS else [term]
        return fits_in(self.compiled(table), members, whole=True)

    def occurs_in(self, parsed: ParsedFile, node: Node, table: MacroTable | None) -> bool:
        """Tell whether the fragment matches somewhere at or below `node`. Raises ValueError where it is not C."""
        return any(True for _ in self.places_in(parsed, node, table))

    def places_in(self, parsed: ParsedFile, node: Node, table: MacroTable | None) -> Iterator[int]:
        """Yield the bytes at which what the fragment matches at or below `node` begins; raises as `occurs_in`."""
        pattern = self.compiled(table)
        if self.word.encode() not in parsed.source[node.start_byte : node.end_byte]:
            return
        for term, start in _code_below(build(parsed, node), table):
            if _matches_at(pattern, term):
                yield start

    def places_in_file(self, parsed: ParsedFile, table: MacroTable | None) -> Iterator[int]:
        """Yield the bytes at which what the fragment, which must have a word, matches in a file begins."""
        for node in _items_with(parsed, self.word):
            yield from self.places_in(parsed, node, table)


@lru_cache(maxsize=1024)
def _compiled(fragment: Fragment, table: MacroTable | None) -> Pattern:
    """Compile a fragment, in its own context or else as statements. Raises ValueError where it is C in neither."""
    if (word := _single_token(fragment.text)) is not None:
        return Pattern((word,), (), (), fragment.context, table)
    problems = []
    for context in dict.fromkeys((fragment.context, Context.STATEMENTS)):
        try:
            return _compiled_as(fragment.text, context, table, is_value=fragment.is_value)
        except HunkError as error:
            problems.append(error.message)
    raise ValueError(f"the pattern {fragment.text!r} is not C: {problems[0]}")


def _compiled_as(text: str, context: Context, table: MacroTable | None, *, is_value: bool) -> Pattern:
    ended = context not in _ENDED_BY_SEMICOLON or text.rstrip().endswith((";", "}"))
    code = text if ended else f"{text.rstrip()};"
    lines = tuple(HunkLine(Sign.CONTEXT, line, number) for number, line in enumerate(code.splitlines(), 1))
    pattern = compile_pattern(lines, context, table)
    statement = pattern.items[0] if len(pattern.items) == 1 else None
    if not ended and statement is not None and statement.kind == "expression_statement":
        return pattern.part((statement.children[0],))
    if not ended and is_value and statement is not None and statement.kind == "declaration":
        pattern = _compiled_as(f"({text})", context, table, is_value=False)
        return pattern.part((pattern.items[0].children[1],))
    return pattern


def _single_token(text: str) -> Term | None:
    """Return a lone name, number or string as a leaf, which matches that token whatever part it plays."""
    tokens = c_tokens(text)
    if len(tokens) != 1 or tokens[0].is_placeholder:
        return None
    word = tokens[0].text
    return Term("token", 0, len(word), word, tokens=(word,))


def _matches_at(pattern: Pattern, term: Term) -> bool:
    if len(pattern.items) == 1:
        return fits_whole(pattern.items[0], term)
    return term.kind in BLOCKS and fits_in(pattern, term.items)


def _code_below(term: Term, table: MacroTable | None) -> Iterator[tuple[Term, int]]:
    """Yield `term` and all terms below it, each with the byte where it begins.

    The value of a macro, which the parser leaves as text, is parsed; what is in it begins where the value does.
    """
    for below in term.below():
        yield below, below.start
        if below.kind == MACRO_VALUE:
            for inner in _macro_value(" ".join(below.tokens), table).below():
                yield inner, below.start


def _macro_value(text: str, table: MacroTable | None) -> Term:
    code = f"void qpatch_wrap(void) {{\n{text}\n;}}".encode(errors="surrogateescape")
    parsed = parse(code, table)
    return build(parsed, parsed.tree.root_node)


def _items_with(parsed: ParsedFile, word: str) -> Iterator[Node]:
    """Yield the file-scope items of a file whose code has `word` as a whole word."""
    root = parsed.tree.root_node
    done = 0
    for start, end in whole_words(parsed.source, word):
        leaf = root.descendant_for_byte_range(start, end)
        if start < done or leaf is None or leaf.type == "comment":
            continue
        item = leaf
        while item.parent is not None and not item.parent.type.startswith(_FILE_SCOPE):
            item = item.parent
        done = item.end_byte
        yield item
