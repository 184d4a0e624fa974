# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells of which struct or union a member is accessed, as far as one file says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.soundness.names import declarator_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile

_SPECIFIERS = frozenset({"struct_specifier", "union_specifier"})
_DECLARING = frozenset({"declaration", "parameter_declaration"})
_AROUND = frozenset({"parenthesized_expression", "pointer_expression", "subscript_expression"})


def members_of(parsed: ParsedFile, body: Node) -> Iterator[str]:
    """Yield the members that can be accessed directly in a struct, those of anonymous structs within it, too."""
    pending = [*reversed(body.named_children)]
    while pending:
        node = pending.pop()
        if node.type.startswith("preproc_"):
            pending += reversed(node.named_children)
        if node.type != "field_declaration":
            continue
        declarators = node.children_by_field_name("declarator")
        inner = node.child_by_field_name("type")
        inside = inner.child_by_field_name("body") if inner is not None and not declarators else None
        if inside is not None:
            pending += reversed(inside.named_children)
        yield from (parsed.text(name) for each in declarators if (name := _field(each)) is not None)


def _field(declarator: Node) -> Node | None:
    """Return the name of the member that a declarator declares."""
    node: Node | None = declarator
    while node is not None and node.type != "field_identifier":
        inner = [each for each in node.named_children if each.type.endswith(("declarator", "field_identifier"))]
        node = inner[0] if inner else None
    return node


def type_accessed(parsed: ParsedFile, member: Node) -> str | None:
    """Return the struct whose member the leaf `member` names, '' where that is not known; None where it names none."""
    parent = member.parent
    if parent is None:
        return None
    if parent.type == "field_expression" and member.type == "field_identifier":
        accessed = parent.child_by_field_name("argument")
        return _type_of(parsed, accessed) if accessed is not None else ""
    if parent.type == "field_designator":
        return _type_initialised(parsed, parent)
    if parent.type == "offsetof_expression":
        return _named(parsed, parent.child_by_field_name("type"))
    return None


def arguments_beside(parsed: ParsedFile, member: Node) -> frozenset[str]:
    """Return the words of the other arguments of the call, if `member` is one, or begins one (`member.x`)."""
    argument = member
    while argument.parent is not None and argument.parent.type in ("field_expression", "subscript_expression"):
        if argument.parent.start_byte != member.start_byte:
            return frozenset()
        argument = argument.parent
    call = argument.parent
    if call is None or call.type != "argument_list":
        return frozenset()
    others = (parsed.text(each) for each in call.named_children if each != argument)
    return frozenset(each.removeprefix("struct ").removeprefix("union ").strip() for each in others)


def _type_of(parsed: ParsedFile, expression: Node) -> str:
    """Return the name of the struct that an expression is, or points to; '' where that is not known."""
    node = expression
    while node.type in _AROUND and node.named_children:
        node = node.named_children[0]
    if node.type in ("cast_expression", "compound_literal_expression"):
        return _named(parsed, node.child_by_field_name("type"))
    return _declared_type(parsed, node) if node.type == "identifier" else ""


def _declared_type(parsed: ParsedFile, variable: Node) -> str:
    """Return the type that a variable is declared with in its function; '' where it is not there, or with several."""
    function: Node | None = variable
    while function is not None and function.type != "function_definition":
        function = function.parent
    name, types, pending = parsed.text(variable), set(), [function] if function is not None else []
    while pending:
        node = pending.pop()
        if node.type in _DECLARING and any(
            found is not None and parsed.text(found) == name
            for found in map(declarator_of, node.children_by_field_name("declarator"))
        ):
            types.add(_named(parsed, node))
        pending += node.named_children
    return types.pop() if len(types) == 1 else ""


def _type_initialised(parsed: ParsedFile, designator: Node) -> str:
    """Return the type of which a designator, at the outer level of an initialiser, sets a member."""
    pair = designator.parent
    values = pair.parent if pair is not None else None
    owner = values.parent if values is not None else None
    if pair is None or values is None or owner is None or values.type != "initializer_list":
        return ""
    if owner.type == "compound_literal_expression":
        return _named(parsed, owner.child_by_field_name("type"))
    return _named(parsed, owner.parent) if owner.type == "init_declarator" and owner.parent is not None else ""


def _named(parsed: ParsedFile, declaration: Node | None) -> str:
    """Return the name of the struct or type that a declaration or a type descriptor gives; '' for others."""
    written = declaration.child_by_field_name("type") if declaration is not None else None
    if written is None:
        return ""
    if written.type in _SPECIFIERS:
        name = written.child_by_field_name("name")
        return parsed.text(name) if name is not None else ""
    return parsed.text(written) if written.type == "type_identifier" else ""
