# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the returns of a function that do not go with the return type that an edit has given it."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.parse import leaves_called, nodes_of
from qpatch.csource.syntax.symbols import SymbolKind, symbols_named
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from qpatch.csource.edit import Anchor
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


class _Returned(enum.Enum):
    """What a function returns, as far as it matters for its returns; the value names it in messages."""

    NOTHING = "nothing"
    BOOL = "a bool"
    POINTER = "a pointer"
    VALUE = "a value"


_NO_NUMBER = re.compile(r"NULL|true|false|ERR_PTR\s*\(.*", re.DOTALL)
_NO_POINTER = re.compile(r"true|false|-\s*(\d\w*|[A-Z]\w*)|[1-9]\w*")
_NO_BOOL = re.compile(r"NULL|ERR_PTR\s*\(.*|-\s*(\d\w*|[A-Z]\w*)|\d\w*", re.DOTALL)
_UNFIT = {_Returned.BOOL: _NO_BOOL, _Returned.POINTER: _NO_POINTER, _Returned.VALUE: _NO_NUMBER}


def returns_left_behind(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return the returns that go with what the function returned before the edits, and not with what it returns now.

    None where it returns the same, and where all returns followed.
    """
    assert definition.symbol is not None
    now, before = _returned(definition.symbol.node), _before(anchor.name, definition.path, workspace)
    if before in (None, now):
        return None
    left = [node for node in returns_of(definition.symbol.node) if not _fits(node, now)]
    if not left:
        return None
    places = [SourcePlace(definition.path, node.start_point.row + 1, definition.parsed.text(node)) for node in left]
    return Drifted(
        f"{anchor} returns {now.value} now, but {counted(len(left), 'return')} in it did not follow",
        definition.path,
        tuple(Candidate(place, 1.0) for place in places),
        suggestion="add an edit to this patch for each place named above",
    )


def comparisons_left_behind(
    anchor: Anchor, definition: LocatedAnchor, paths: Iterable[str], workspace: EditWorkspace
) -> Iterator[Candidate]:
    """Yield where, in `paths`, a call is compared with what the function does not return any more.

    Nothing is less than a `bool` that is false: `f() < 0` no longer holds for any error.
    """
    assert definition.symbol is not None
    now, before = _returned(definition.symbol.node), _before(anchor.name, definition.path, workspace)
    if before in (None, now):
        return
    for path in paths:
        parsed = workspace.parse(path)
        for node in _comparisons(parsed, anchor.name, now) if parsed is not None else ():
            place = SourcePlace(path, node.start_point.row + 1, parsed.text(node) if parsed is not None else "")
            yield Candidate(place, 1.0, (f"compares {now.value}",))


def _comparisons(parsed: ParsedFile, name: str, returned: _Returned) -> Iterator[Node]:
    """Yield the comparisons of a call's result that make no sense where it is of a type."""
    for leaf in leaves_called(parsed, name):
        call = leaf.parent
        node = call.parent if call is not None and call.type == "call_expression" else None
        if node is None or node.type != "binary_expression" or node.child_by_field_name("left") != call:
            continue
        operator, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
        other = parsed.text(right) if right is not None else ""
        is_order = operator is not None and operator.type in ("<", "<=", ">", ">=")
        unfit_for_bool = returned is _Returned.BOOL and (is_order or other.startswith("-"))
        if unfit_for_bool or (returned is not _Returned.POINTER and other == "NULL"):
            yield node


def is_void(definition: Node) -> bool:
    """Tell whether a function definition returns nothing."""
    return _returned(definition) is _Returned.NOTHING


def returns_of(definition: Node) -> Iterator[Node]:
    """Yield the return statements of a function in source order."""
    return nodes_of(definition, "return_statement")


def _before(name: str, path: str, workspace: EditWorkspace) -> _Returned | None:
    """Return what the function returned before the edits; None where it was not there."""
    source = workspace.tree.base.read(path)
    if source is None:
        return None
    found = [
        symbol for symbol in symbols_named(workspace.cache.parse(source), name) if symbol.kind == SymbolKind.FUNCTION
    ]
    return _returned(found[0].node) if found else None


def _returned(definition: Node) -> _Returned:
    written = definition.child_by_field_name("type")
    declarator = definition.child_by_field_name("declarator")
    if declarator is not None and declarator.type == "pointer_declarator":
        return _Returned.POINTER
    names = {b"void": _Returned.NOTHING, b"bool": _Returned.BOOL, b"_Bool": _Returned.BOOL}
    return names.get((written.text if written is not None else None) or b"", _Returned.VALUE)


def _fits(statement: Node, returned: _Returned) -> bool:
    """Tell whether what a return returns can be meant in a function that returns `returned`."""
    values = [*_values(statement)]
    if returned is _Returned.NOTHING or not values:
        return returned is _Returned.NOTHING and not values
    return not any(_UNFIT[returned].fullmatch((value.text or b"").decode(errors="replace")) for value in values)


def _values(statement: Node) -> Iterator[Node]:
    """Yield the expressions that a return may return: those of each arm of a conditional one."""
    pending = [child for child in statement.named_children if child.type != "comment"]
    while pending:
        node = pending.pop()
        if node.type == "parenthesized_expression":
            pending += node.named_children
        elif node.type == "conditional_expression":
            pending += [*node.children_by_field_name("consequence"), *node.children_by_field_name("alternative")]
        else:
            yield node
