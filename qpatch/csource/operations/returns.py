# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the returns of a function that do not go with the return type that an edit has given it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.symbols import SymbolKind, symbols_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.edit import Anchor
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


def returns_left_behind(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return the returns with a value in a function made void, and those without one in a function that was void.

    None where the function was void before and is now, or neither, and where all returns followed.
    """
    assert definition.symbol is not None
    is_void = _is_void(definition.symbol.node)
    if _was_void(anchor.name, definition.path, workspace) in (None, is_void):
        return None
    left = [node for node in _returns(definition.symbol.node) if bool(node.named_child_count) == is_void]
    if not left:
        return None
    what = "nothing" if is_void else "a value"
    places = [SourcePlace(definition.path, node.start_point.row + 1, definition.parsed.text(node)) for node in left]
    return Drifted(
        f"{anchor} returns {what} now, but {len(left)} return{'s' * (len(left) > 1)} in it did not follow",
        definition.path,
        tuple(Candidate(place, 1.0) for place in places),
        suggestion="add an edit to this patch for each place named above",
    )


def _was_void(name: str, path: str, workspace: EditWorkspace) -> bool | None:
    """Tell whether the function returned nothing before the edits; None where it was not there."""
    source = workspace.tree.base.read(path)
    if source is None:
        return None
    found = [
        symbol for symbol in symbols_named(workspace.cache.parse(source), name) if symbol.kind == SymbolKind.FUNCTION
    ]
    return _is_void(found[0].node) if found else None


def _is_void(definition: Node) -> bool:
    written = definition.child_by_field_name("type")
    declarator = definition.child_by_field_name("declarator")
    is_pointer = declarator is not None and declarator.type == "pointer_declarator"
    return written is not None and written.text == b"void" and not is_pointer


def _returns(definition: Node) -> Iterator[Node]:
    """Yield the return statements of a function in source order."""
    pending = [definition]
    while pending:
        node = pending.pop()
        if node.type == "return_statement":
            yield node
        pending += reversed(node.children)
