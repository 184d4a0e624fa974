# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds variables and parameters that a function no longer declares though it uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.names import TAKES_MEMBER, declared_names, is_global
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.parse import nodes_of
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from tree_sitter import Node

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.workspace import EditWorkspace


def lost_local(touched: TouchedSymbol, workspace: EditWorkspace) -> Fault | None:
    """Return what is wrong with a function that uses what it declared before and does not now, None for others.

    What else may declare the name, such as the file or a macro, has to be known for that: in doubt nothing is wrong.
    """
    earlier = touched.earlier
    if touched.symbol.kind != SymbolKind.FUNCTION or earlier is None or touched.old is None:
        return None
    before = set(declared_names(touched.old, earlier.node))
    lost = before - set(declared_names(touched.parsed, touched.symbol.node))
    uses = [node for node in nodes_of(touched.symbol.node, "identifier") if touched.parsed.text(node) in lost]
    doubtful = {touched.parsed.text(node) for node in uses if is_given_to_macro(node, touched)}
    for node in uses:
        name = touched.parsed.text(node)
        if name not in doubtful and not is_dead(touched.parsed, node.start_byte):
            if is_global(name, touched.path, touched.parsed, workspace):
                continue
            return Fault(
                f"function {touched.symbol.name} no longer declares `{name}`, and still uses it",
                (SourcePlace(touched.path, node.start_point.row + 1, _line(touched, node)),),
                "add an edit of that place to this patch, or keep the declaration",
            )
    return None


def is_given_to_macro(node: Node, touched: TouchedSymbol) -> bool:
    """Tell whether a name is an argument of a macro, which may declare it, or take it for a member's."""
    outer = node.parent
    while outer is not None and outer.start_byte >= touched.symbol.node.start_byte:
        called = outer.child_by_field_name("function") if outer.type == "call_expression" else None
        word = "" if called is None else touched.parsed.text(called)
        if word[:1].isupper() or TAKES_MEMBER.fullmatch(word):
            return True
        outer = outer.parent
    return any(region.start < node.end_byte and node.start_byte < region.end for region in touched.parsed.regions)


def _line(touched: TouchedSymbol, node: Node) -> str:
    return touched.parsed.source.split(b"\n")[node.start_point.row].decode(errors="replace").strip()
