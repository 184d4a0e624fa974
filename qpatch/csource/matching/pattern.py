# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles one side of a hunk into terms: placeholders are replaced by C that parses, then marked as what they are.

After parsing, `$name` and `...` turn into terms of their own kinds, METAVARIABLE and ELLIPSIS.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Hunk, HunkError, HunkGroup, HunkLine, Sign
from qpatch.csource.matching.placeholders import (
    ELLIPSIS_KIND,
    METAVARIABLE_KIND,
    Context,
    mark_placeholders,
    replace_placeholders,
)
from qpatch.csource.syntax.macro_repair import broken_nodes
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import Term, TooDeepError, build
from qpatch.csource.tokens import METAVARIABLE, blank_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile

__all__ = [
    "ELLIPSIS_KIND",
    "METAVARIABLE_KIND",
    "Context",
    "Pattern",
    "compile_pattern",
    "compile_sides",
]

_PASTED = re.compile(rf"\w+{METAVARIABLE.pattern}")


@dataclass(frozen=True)
class Pattern:
    """One side of a hunk as terms: `items` are matched against the members of a block.

    `line_of` gives the hunk line of a leaf. `groups` are the changes of the hunk, None for what is no hunk's side;
    `written` are the metavariables on its added lines.
    """

    items: tuple[Term, ...]
    lines: tuple[HunkLine, ...]
    _line_starts: tuple[int, ...]
    context: Context
    table: MacroTable | None
    groups: tuple[HunkGroup, ...] | None = None
    written: frozenset[str] = frozenset()

    def line_of(self, leaf: Term) -> HunkLine:
        """Return the hunk line on which `leaf` starts."""
        return self.lines[bisect_right(self._line_starts, leaf.start) - 1]

    def part(self, items: tuple[Term, ...]) -> Pattern:
        """Return the pattern of some of the items, as code that is no hunk's side."""
        return replace(self, items=items, groups=None, written=frozenset())

    def of_lines(self, lines: tuple[HunkLine, ...]) -> Pattern:
        """Compile other lines as these were. Raises HunkError where they are not C."""
        return compile_pattern(lines, self.context, self.table)

    def leaves(self) -> Iterator[Term]:
        """Yield the leaves of all items in order."""
        for item in self.items:
            yield from item.leaves()

    def decisive_leaves(self) -> frozenset[Term]:
        """Return the leaves whose places in the target tell one edit from another.

        They are the first and the last one of each group of changed lines and those right above and below it, which
        additions attach to; what is no hunk's side is told apart by where it begins and ends.
        """
        leaves = list(self.leaves())
        if self.groups is None:
            shown = [leaf for leaf in leaves if leaf.kind != ELLIPSIS_KIND]
            return frozenset(shown[:1] + shown[-1:])
        numbers = [self.line_of(leaf).number for leaf in leaves]
        decisive: set[Term] = set()
        for group in self.groups:
            low, high = bisect_left(numbers, group.first), bisect_right(numbers, group.last)
            decisive.update(leaves[low:high][:1] + leaves[low:high][-1:])
            beside = leaves[max(0, low - 1) : low] + leaves[high : high + 1]
            decisive.update(leaf for leaf in beside if leaf.kind != ELLIPSIS_KIND)
        return frozenset(decisive)


def compile_sides(hunk: Hunk, context: Context, table: MacroTable | None) -> tuple[Pattern, Pattern]:
    """Compile what a hunk expects and what it leaves. Raises HunkError, naming the line, where they are not C."""
    groups = hunk.groups()
    added = "\n".join(line.code for line in hunk.lines if line.sign is Sign.ADDED)
    written = frozenset(METAVARIABLE.findall(blank_opaque(added)))
    before, after = (compile_pattern(lines, context, table) for lines in (hunk.before(), hunk.after()))
    return replace(before, groups=groups, written=written), replace(after, groups=groups, written=written)


@lru_cache(maxsize=1024)
def compile_pattern(
    lines: tuple[HunkLine, ...], context: Context, table: MacroTable | None, what: str = "the hunk"
) -> Pattern:
    """Compile hunk lines of one side, or other lines that messages call `what`.

    The same lines are compiled once: a strategy is checked before a tree is looked at. Raises HunkError, naming the
    line, where they are not C.
    """
    _check_apart(lines)
    opening, closing = context.value
    written = frozenset(index for index, line in enumerate(lines) if line.sign is Sign.ADDED)
    codes = replace_placeholders([line.code for line in lines], context, written)
    prefix = (opening + "\n").encode() if opening else b""
    starts, position = [], len(prefix)
    encoded = [code.encode(errors="surrogateescape") + b"\n" for code in codes]
    for code in encoded:
        starts.append(position)
        position += len(code)
    parsed = parse(prefix + b"".join(encoded) + closing.encode(), table)
    root = parsed.tree.root_node
    block = root if context is Context.TOP_LEVEL else _wrapped_block(root, context)
    if block is None or next(broken_nodes(root), None) is not None:
        raise _not_c(root, lines, starts, what)
    term = _built(parsed, block, lines)
    items = term.children if term.kind == "translation_unit" else term.items
    if context is Context.SIGNATURE:
        items = [child for child in term.children if child.text != ";"]
    for item in items:
        mark_placeholders(item)
    return Pattern(tuple(items), lines, tuple(starts), context, table)


def _check_apart(lines: tuple[HunkLine, ...]) -> None:
    """Refuse a metavariable that is written as a part of a word: nothing is pasted to what it stands for."""
    for line in lines:
        pasted = _PASTED.search(blank_opaque(line.code))
        if pasted is not None:
            raise HunkError(
                f"{pasted[0]} in line {line.number} is a part of a word, and a metavariable stands for whole ones",
                line.number,
                "write a blank before the `$`, or the names themselves",
            )


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
