# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what does not go with the return type that an edit has given to a function.

That are returns in it, and, wherever it is called, uses of its result: comparisons with what it does not return any
more, and any use at all where it returns nothing.
"""

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


class Returned(enum.Enum):
    """What a function returns, as far as it matters for its returns; the value names it in messages."""

    NOTHING = "nothing"
    BOOL = "a bool"
    POINTER = "a pointer"
    VALUE = "a value"


_NO_NUMBER = re.compile(r"NULL|true|false|ERR_PTR\s*\(.*", re.DOTALL)
_NO_POINTER = re.compile(r"true|false|-\s*(\d\w*|[A-Z]\w*)|[1-9]\w*")
_NO_BOOL = re.compile(r"NULL|ERR_PTR\s*\(.*|-\s*(\d\w*|[A-Z]\w*)|\d\w*", re.DOTALL)
_ORDERS = frozenset({"<", "<=", ">", ">="})
# What takes a value; arguments are left out, since a macro may take none.
_USES = frozenset(
    {
        "assignment_expression",
        "binary_expression",
        "if_statement",
        "init_declarator",
        "return_statement",
        "switch_statement",
        "unary_expression",
        "while_statement",
    }
)
_UNFIT = {Returned.BOOL: _NO_BOOL, Returned.POINTER: _NO_POINTER, Returned.VALUE: _NO_NUMBER}


def returns_left_behind(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return the returns that go with what the function returned before the edits, and not with what it returns now.

    None where it returns the same, and where all returns followed.
    """
    assert definition.symbol is not None
    now, before = returned(definition.symbol.node), _before(anchor.name, definition.path, workspace)
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


def results_left_behind(
    anchor: Anchor, definition: LocatedAnchor, paths: Iterable[str], workspace: EditWorkspace
) -> Iterator[Candidate]:
    """Yield where, in `paths`, a call is used for what the function does not return any more.

    Nothing is less than a `bool` that is false: `f() < 0` no longer holds for any error.
    """
    assert definition.symbol is not None
    now, before = returned(definition.symbol.node), _before(anchor.name, definition.path, workspace)
    if before in (None, now):
        return
    for path in paths:
        parsed = workspace.parse(path)
        for node in _misuses(parsed, anchor.name, now) if parsed is not None else ():
            place = SourcePlace(path, node.start_point.row + 1, parsed.text(node) if parsed is not None else "")
            yield Candidate(place, 1.0, (f"uses it as if it did not return {now.value}",))


def _misuses(parsed: ParsedFile, name: str, now: Returned) -> Iterator[Node]:
    """Yield what is done with the results of calls and makes no sense where a function returns `now`."""
    for call in calls_of(parsed, name):
        if now is Returned.NOTHING:
            if _is_needed(call):
                yield call if call.parent is None else call.parent
            continue
        value = _parenthesized(call)
        if value.parent is not None and value.parent.type == "assignment_expression":
            value = _parenthesized(value.parent)
        if value.parent is not None and is_unfit_comparison(parsed, value.parent, value, now):
            yield value.parent


def calls_of(parsed: ParsedFile, name: str) -> Iterator[Node]:
    """Yield the calls of a function in source order."""
    for leaf in leaves_called(parsed, name):
        call = leaf.parent
        if call is not None and call.type == "call_expression" and call.child_by_field_name("function") == leaf:
            yield call


def is_unfit_comparison(parsed: ParsedFile, node: Node, value: Node, now: Returned) -> bool:
    """Tell whether `node` compares `value`, its left side, in a way that makes no sense where that is `now`."""
    if node.type != "binary_expression" or node.child_by_field_name("left") != value:
        return False
    operator, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
    other = parsed.text(right) if right is not None else ""
    is_order = operator is not None and operator.type in _ORDERS
    is_equality = operator is not None and operator.type in ("==", "!=")
    unfit_for_bool = now is Returned.BOOL and (is_order or (is_equality and other.startswith("-")))
    return unfit_for_bool or (now is not Returned.POINTER and is_equality and other == "NULL")


def _parenthesized(node: Node) -> Node:
    """Return the outermost pair of parentheses around an expression; itself where it has none."""
    while node.parent is not None and node.parent.type == "parenthesized_expression":
        node = node.parent
    return node


def _is_needed(call: Node) -> bool:
    """Tell whether the result of a call is used for certain; what a macro does with it is not known."""
    value = _parenthesized(call)
    user = value.parent
    if user is None or user.type not in _USES:
        return False
    if user.type == "return_statement":
        function: Node | None = user
        while function is not None and function.type != "function_definition":
            function = function.parent
        return function is not None and not is_void(function)
    if user.type in ("if_statement", "while_statement", "switch_statement"):
        return user.child_by_field_name("condition") == value
    return True


def is_void(definition: Node) -> bool:
    """Tell whether a function definition returns nothing."""
    return returned(definition) is Returned.NOTHING


def returns_of(definition: Node) -> Iterator[Node]:
    """Yield the return statements of a function in source order."""
    return nodes_of(definition, "return_statement")


def _before(name: str, path: str, workspace: EditWorkspace) -> Returned | None:
    """Return what the function returned before the edits; None where it was not there."""
    source = workspace.tree.base.read(path)
    if source is None:
        return None
    found = [
        symbol for symbol in symbols_named(workspace.cache.parse(source), name) if symbol.kind == SymbolKind.FUNCTION
    ]
    return returned(found[0].node) if found else None


def returned(definition: Node) -> Returned:
    """Return what a function definition returns."""
    written = definition.child_by_field_name("type")
    declarator = definition.child_by_field_name("declarator")
    if declarator is not None and declarator.type == "pointer_declarator":
        return Returned.POINTER
    names = {b"void": Returned.NOTHING, b"bool": Returned.BOOL, b"_Bool": Returned.BOOL}
    return names.get((written.text if written is not None else None) or b"", Returned.VALUE)


def _fits(statement: Node, now: Returned) -> bool:
    """Tell whether what a return returns can be meant in a function that returns `now`."""
    values = [*_values(statement)]
    if now is Returned.NOTHING or not values:
        return now is Returned.NOTHING and not values
    return not any(_UNFIT[now].fullmatch((value.text or b"").decode(errors="replace")) for value in values)


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
