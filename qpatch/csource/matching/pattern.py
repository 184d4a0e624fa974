# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles one side of a hunk into terms: placeholders are replaced by C that parses, then marked as what they are.

`$name` becomes an identifier and `...` whatever is a complete thing where it stands (a statement, a member, an
argument); after parsing both turn into terms of their own kinds, METAVARIABLE and ELLIPSIS.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import HunkError, HunkLine
from qpatch.csource.syntax.macro_repair import broken_nodes
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import MACRO_LINE, MACRO_VALUE, Term, TooDeepError, build
from qpatch.csource.tokens import ELLIPSIS, METAVARIABLE, blank_opaque, c_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile

METAVARIABLE_KIND = "$"
ELLIPSIS_KIND = "..."
_METAVARIABLE_PREFIX = "qpatch_metavariable_"
_ELLIPSIS_NAME = "qpatch_ellipsis"
_BRACKETS = frozenset("()[]{}")


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


@dataclass(frozen=True)
class Pattern:
    """One side of a hunk as terms: `items` are matched against the members of a block.

    `line_of` gives the hunk line of a leaf.
    """

    items: tuple[Term, ...]
    lines: tuple[HunkLine, ...]
    _line_starts: tuple[int, ...]
    context: Context
    table: MacroTable | None

    def line_of(self, leaf: Term) -> HunkLine:
        """Return the hunk line on which `leaf` starts."""
        return self.lines[bisect_right(self._line_starts, leaf.start) - 1]

    def part(self, items: tuple[Term, ...]) -> Pattern:
        """Return the pattern of some of the items."""
        return replace(self, items=items)

    def of_lines(self, lines: tuple[HunkLine, ...]) -> Pattern:
        """Compile other lines as these were. Raises HunkError where they are not C."""
        return compile_pattern(lines, self.context, self.table)

    def leaves(self) -> Iterator[Term]:
        """Yield the leaves of all items in order."""
        for item in self.items:
            yield from item.leaves()


@lru_cache(maxsize=1024)
def compile_pattern(
    lines: tuple[HunkLine, ...], context: Context, table: MacroTable | None, what: str = "the hunk"
) -> Pattern:
    """Compile hunk lines of one side, or other lines that messages call `what`.

    The same lines are compiled once: a strategy is checked before a tree is looked at. Raises HunkError, naming the
    line, where they are not C.
    """
    opening, closing = context.value
    codes = _replace_placeholders([line.code for line in lines], context)
    prefix = (opening + "\n").encode() if opening else b""
    starts, position = [], len(prefix)
    encoded = [code.encode(errors="surrogateescape") + b"\n" for code in codes]
    for code in encoded:
        starts.append(position)
        position += len(code)
    parsed = parse(prefix + b"".join(encoded) + closing.encode(), table)
    root = parsed.tree.root_node
    block = root if context is Context.TOP_LEVEL else _wrapped_block(root, context)
    if block is None or root.has_error:
        raise _not_c(root, lines, starts, what)
    term = _built(parsed, block, lines)
    items = term.children if term.kind == "translation_unit" else term.items
    if context is Context.SIGNATURE:
        items = [child for child in term.children if child.text != ";"]
    for item in items:
        _mark_placeholders(item)
    return Pattern(tuple(items), lines, tuple(starts), context, table)


def _built(parsed: ParsedFile, block: Node, lines: tuple[HunkLine, ...]) -> Term:
    """Reduce the wrapped lines to a term. Raises HunkError where they nest too deep."""
    try:
        return build(parsed, block)
    except TooDeepError as error:
        first = parsed.source.count(b"\n") - len(lines)
        line = lines[min(max(0, error.line - 1 - first), len(lines) - 1)]
        raise HunkError(
            f"{error.message_at(line.number)} of the hunk",
            line.number,
            "write a shorter piece of the code, with `...` for the rest",
        ) from error


def bound(code: str, bindings: dict[str, str]) -> str:
    """Return `code` with its metavariables replaced by what they are bound to; unbound ones stay."""
    plain = blank_opaque(code)
    parts, last = [], 0
    for found in METAVARIABLE.finditer(plain):
        if found[1] in bindings:
            parts += [code[last : found.start()], bindings[found[1]]]
            last = found.end()
    return "".join(parts) + code[last:]


def _wrapped_block(root: Node, context: Context) -> Node | None:
    """Find the node that holds the wrapped lines."""
    if context is Context.SIGNATURE:
        return root.children[0] if root.children else None
    kinds = {
        Context.STATEMENTS: "compound_statement",
        Context.MEMBERS: "field_declaration_list",
        Context.ENUMERATORS: "enumerator_list",
        Context.ENTRIES: "initializer_list",
        Context.PARAMETERS: "parameter_list",
    }
    pending = [root]
    while pending:
        node = pending.pop(0)
        if node.type == kinds[context]:
            return node
        pending += node.children
    return None


def _not_c(root: Node, lines: tuple[HunkLine, ...], starts: list[int], what: str) -> HunkError:
    """Describe the first place where the pattern itself does not parse."""
    if not lines:
        return HunkError(f"{what} leaves nothing of what it shows", 1, "write what takes its place on `+` lines")
    node = next(broken_nodes(root), None)
    position = node.start_byte if node is not None else 0
    index = max((i for i, start in enumerate(starts) if start <= position), default=0)
    line = lines[index]
    missing = f" (is a {node.type!r} missing?)" if node is not None and node.is_missing else ""
    return HunkError(
        f"{what} does not parse as C near line {line.number}: {line.code.strip()!r}{missing}",
        line.number,
        "a hunk lists complete statements, members, entries or cases of one block; `...` stands for any "
        "number of them, `$name` for one expression, type or name",
    )


def _replace_placeholders(codes: list[str], context: Context) -> list[str]:
    """Turn `...` and `$name` into C; what `...` becomes depends on the bracket around it."""
    plain = blank_opaque("".join(code + "\n" for code in codes)).splitlines()
    open_brackets: list[Context | None] = [context]
    replaced = []
    for code, visible in zip(codes, plain, strict=True):
        parts, last = [], 0
        for token in c_tokens(visible):
            if token.text == ELLIPSIS:
                end = token.end + visible.startswith(",", token.end)
                word = visible[token.start : end]
                parts += [code[last : token.start], _ellipsis(word, visible, token.start, open_brackets[-1])]
                last = end
            elif METAVARIABLE.fullmatch(token.text):
                parts += [code[last : token.start], _METAVARIABLE_PREFIX + token.text[1:]]
                last = token.end
            elif token.text in _BRACKETS:
                _track_bracket(token.text, visible[: token.start], open_brackets)
        replaced.append("".join(parts) + code[last:])
    return replaced


def _ellipsis(word: str, line: str, start: int, where: Context | None) -> str:
    comma = "," if word.endswith(",") else ""
    alone = line.strip() in (ELLIPSIS, ELLIPSIS + ",", ELLIPSIS + ";")
    before = line[:start].rstrip()
    if re.match(r"\s*case\b", line):
        return word
    if where is None or (not alone and not before.endswith(("{", ";", ":"))):
        return _ELLIPSIS_NAME + comma
    if line[start + len(word) :].lstrip().startswith(";"):
        return _ELLIPSIS_NAME
    return _ELLIPSIS_AS[where]


def _track_bracket(bracket: str, before: str, open_brackets: list[Context | None]) -> None:
    """Keep the stack of what each open bracket holds; None stands for parentheses and indices."""
    if bracket in ")]}":
        if len(open_brackets) > 1:
            open_brackets.pop()
        return
    if bracket != "{":
        open_brackets.append(None)
    elif re.search(r"\benum\s*\w*\s*$", before):
        open_brackets.append(Context.ENUMERATORS)
    elif re.search(r"\b(struct|union)\s*\w*\s*$", before):
        open_brackets.append(Context.MEMBERS)
    elif before.rstrip().endswith(("=", ",")) or (not before.strip() and open_brackets[-1] is Context.ENTRIES):
        open_brackets.append(Context.ENTRIES)
    else:
        open_brackets.append(Context.STATEMENTS)


def _mark_placeholders(root: Term) -> None:
    """Give placeholder terms their own kinds, in place, children before parents."""
    for term in reversed(list(root.below())):
        _mark_placeholder(term)


def _mark_placeholder(term: Term) -> None:
    """Make a placeholder of a term that is one; a statement that is just `...` is an ELLIPSIS."""
    words = [token for token in term.tokens if token not in (";", "int", ",")]
    if words == [_ELLIPSIS_NAME] and term.kind not in ("{", "}") and "argument_list" not in term.kind:
        if term.kind in (
            "expression_statement",
            "field_declaration",
            "enumerator",
            "parameter_declaration",
            "identifier",
            "type_identifier",
            "field_identifier",
            "declaration",
            MACRO_LINE,
        ):
            term.kind, term.children, term.text = ELLIPSIS_KIND, [], ELLIPSIS
            term.tokens = (ELLIPSIS,)
        return
    if term.kind in (MACRO_LINE, MACRO_VALUE) and [child.kind for child in term.children] == [METAVARIABLE_KIND]:
        term.kind, term.text, term.children = METAVARIABLE_KIND, term.children[0].text, []  # It stands for all of it.
    if not term.children and term.text.startswith(_METAVARIABLE_PREFIX):
        term.kind, term.text = METAVARIABLE_KIND, "$" + term.text.removeprefix(_METAVARIABLE_PREFIX)
    if term.children:
        term.tokens = tuple(token for child in term.children for token in child.tokens)
    elif term.kind == METAVARIABLE_KIND:
        term.tokens = (term.text,)
