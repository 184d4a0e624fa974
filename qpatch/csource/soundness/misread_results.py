# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds callers that keep the result of a function in a variable and compare it as the function's old type was.

`ret = f(); if (ret < 0)` sees no error any more once `f` returns a `bool`. This is a warning and no more: the variable
may come to hold something else on the way. What compares the call itself is refused (`returns.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.listing import told_places
from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.lost_names import files_using
from qpatch.csource.soundness.returns import Returned, calls_of, is_unfit_comparison, returned
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace

_BLOCKS = frozenset({"compound_statement", "case_statement", "labeled_statement"})


def misread_results(touched: TouchedSymbol, workspace: EditWorkspace) -> str:
    """Return the warning about results of a function that callers misread since its type changed, '' for none."""
    symbol, earlier = touched.symbol, touched.earlier
    if symbol.kind != SymbolKind.FUNCTION or earlier is None:
        return ""
    now = returned(symbol.node)
    if now in (returned(earlier.node), Returned.NOTHING, Returned.POINTER):
        return ""
    places: list[SourcePlace] = []
    for path in files_using(symbol, touched.path, workspace):
        parsed = workspace.parse(path)
        for call in calls_of(parsed, symbol.name) if parsed is not None else ():
            assert parsed is not None
            places += (SourcePlace(path, node.start_point.row + 1) for node in _misread(parsed, call, now))
    if not places:
        return ""
    return (
        f"{symbol.name} returns {now.value} now, but what it returned is compared as before in "
        f"{told_places(places, touched.path)}: change it there, too"
    )


def _misread(parsed: ParsedFile, call: Node, now: Returned) -> Iterator[Node]:
    """Yield the comparisons, behind a call whose result a variable gets, that do not go with what it returns now."""
    kept = call.parent
    side = {"assignment_expression": "left", "init_declarator": "declarator"}.get(kept.type) if kept else None
    variable = kept.child_by_field_name(side) if kept is not None and side is not None else None
    if kept is None or variable is None:
        return
    name = parsed.text(variable)
    for node in _behind(kept):
        if node.type == "assignment_expression" and _is_left(parsed, node, name):
            return
        left = node.child_by_field_name("left") if node.type == "binary_expression" else None
        if left is not None and parsed.text(left) == name and is_unfit_comparison(parsed, node, left, now):
            yield node


def _is_left(parsed: ParsedFile, assignment: Node, name: str) -> bool:
    left = assignment.child_by_field_name("left")
    return left is not None and parsed.text(left) == name


def _behind(node: Node) -> Iterator[Node]:
    """Yield what control may come to behind `node` in its function, in source order."""
    inner, outer = node, node.parent
    while outer is not None and outer.type != "function_definition":
        if outer.type in _BLOCKS or outer.type.startswith("preproc_"):
            following = inner.next_named_sibling
            while following is not None:
                pending = [following]
                while pending:
                    found = pending.pop()
                    yield found
                    pending += reversed(found.named_children)
                following = following.next_named_sibling
        inner, outer = outer, outer.parent
