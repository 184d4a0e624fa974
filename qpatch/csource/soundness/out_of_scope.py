# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds uses of a name that an edit left outside the scope that declares it, and uses that another scope took over.

A declaration that comes into an inner block or the head of a `for` leaves the uses behind it without one, or hands them
to a namesake at file scope.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.lost_locals import is_given_to_macro
from qpatch.csource.soundness.redeclared import declared_name
from qpatch.csource.soundness.scopes import uses_in
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.parse import nodes_of
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.soundness.scopes import Use
    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile


def out_of_scope(touched: TouchedSymbol) -> Fault | None:
    """Return what is wrong with a function that uses a name outside the scope that declares it; None for others.

    Only names count whose every use was in scope before: what a macro declares, nobody can tell.
    """
    if touched.symbol.kind != SymbolKind.FUNCTION or touched.earlier is None or touched.old is None:
        return None
    before, parsed = uses_in(touched.old, touched.earlier.node), touched.parsed
    outside = {touched.old.text(use.node) for use in before if use.declared is None}
    inside = {touched.old.text(use.node) for use in before if use.declared is not None} - outside
    after = uses_in(parsed, touched.symbol.node)
    declared = {parsed.text(use.declared) for use in after if use.declared is not None}
    for use in after:
        name = parsed.text(use.node)
        if use.declared is None and name in inside and name in declared and not _is_doubtful(use.node, touched):
            line = parsed.source.split(b"\n")[use.node.start_point.row]
            return Fault(
                f"function {touched.symbol.name} uses `{name}` where its declaration does not reach",
                (SourcePlace(touched.path, use.node.start_point.row + 1, line.decode(errors="replace").strip()),),
                "declare it around all of its uses, or add an edit of that place to this patch",
            )
    return None


def _is_doubtful(node: Node, touched: TouchedSymbol) -> bool:
    return is_given_to_macro(node, touched) or is_dead(touched.parsed, node.start_byte)


def captured(old: ParsedFile, new: ParsedFile, former: str, name: str) -> Iterator[int]:
    """Yield where uses in `new` refer to another declaration than they did in `old`, before `former` became `name`.

    The files are the same but for names: the functions and what they use stand in the same order. Bytes are of `old`.
    """
    if name.encode() not in old.source:
        return
    yield from _shared_variables(old, former, name)
    pairs = zip(*(nodes_of(each.tree.root_node, "function_definition") for each in (old, new)), strict=False)
    changed = [(first, second) for first, second in pairs if _has(old, first, name)]
    yield from chain.from_iterable(
        _taken_over(uses_in(old, first), uses_in(new, second), _names(first), _names(second))
        for first, second in changed
    )


def _shared_variables(old: ParsedFile, *names: str) -> Iterator[int]:
    """Yield where the variables of these names are declared at file scope, if all of them are."""
    found: dict[str, int] = {}
    for item in old.tree.root_node.children if all(name.encode() in old.source for name in names) else ():
        declared = item.children_by_field_name("declarator") if item.type == "declaration" else []
        for each in filter(None, map(declared_name, declared)):
            found.setdefault(old.text(each), each.start_byte)
    if all(name in found for name in names):
        yield from (found[name] for name in names)


def _has(parsed: ParsedFile, node: Node, name: str) -> bool:
    return name.encode() in parsed.source[node.start_byte : node.end_byte]


def _names(function: Node) -> dict[int, int]:
    """Return for the place of each name in a function how many stand before it."""
    return {node.start_byte: index for index, node in enumerate(nodes_of(function, "identifier"))}


def _taken_over(
    before: list[Use], after: list[Use], old_places: dict[int, int], new_places: dict[int, int]
) -> Iterator[int]:
    if len(old_places) != len(new_places):
        return
    meant = {old_places[use.node.start_byte]: use for use in before}
    for use in after:
        first = meant.get(new_places[use.node.start_byte])
        if first is not None and _place(first, old_places) != _place(use, new_places):
            yield first.node.start_byte


def _place(use: Use, places: dict[int, int]) -> int | None:
    return None if use.declared is None else places[use.declared.start_byte]
