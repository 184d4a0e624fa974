# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks for variables on added lines that nothing declares: they were renamed or are gone, or the compiler will tell.

This is a warning and no more: what a macro declares, or a header outside the tree, is not known here. So a name counts
as declared by whatever could declare it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from qpatch.csource.edit import HunkOperation
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.matching.pattern import compile_sides
from qpatch.csource.workspace import LocatedAnchor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.edit import Edit
    from qpatch.csource.matching.pattern import Pattern
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace

_HEADERS = (".h", ".h.inc", ".inc")
# A line of a header that declares a name, defines it as a macro, or lists it in an enum.
_COULD_DECLARE = rb"^(?:[^\s#/*][^;{}()]*\b%b\s*[;=\[(,]|[ \t]*#[ \t]*define[ \t]+%b\b|[ \t]+%b\s*(?:=[^;\n]*)?[,}])"
TAKES_MEMBER = re.compile(r"container_of|offsetof|(?:scoped_)?guard|\w*(?:for_?each|_entry)\w*", re.IGNORECASE)
"""Macros that are given the name of a member, or of a class of locks."""
_DECLARING = frozenset({"declaration", "parameter_declaration", "enumerator"})


def warnings_about_names(edit: Edit, workspace: EditWorkspace) -> tuple[str, ...]:
    """Return a warning for each variable on the added lines of an edit that was made and that nothing declares."""
    if not isinstance(edit.operation, HunkOperation) or not edit.anchor.kind.is_function_body:
        return ()
    located = edit.anchor.locate(workspace)
    function = _function(located) if isinstance(located, LocatedAnchor) else None
    if function is None or not isinstance(located, LocatedAnchor) or function.has_error:
        return ()
    added = Counter[str]()
    for hunk in (each for each in edit.operation.hunks if not each.is_comment):
        before, after = compile_sides(hunk, edit.anchor.kind.context, workspace.table)
        known = {leaf.text for leaf in before.leaves()}  # The tree has it, so that something must declare it.
        added |= Counter({name: count for name, count in _added_variables(after).items() if name not in known})
    used = Counter(word for word in _words(located.parsed, function) if word in added)
    declared = set(declared_names(located.parsed, function))
    unknown = [
        name
        for name, count in added.items()
        if 0 < used[name] <= count * edit.expect
        and name not in declared
        and not is_global(name, located.path, located.parsed, workspace)
    ]
    return tuple(
        f"`{name}` on an added line is declared neither in {edit.anchor} nor, as far as can be seen, outside it: "
        "it may have another name here"
        for name in unknown
    )


def _function(located: LocatedAnchor) -> Node | None:
    node = located.symbol.node if located.symbol is not None else None
    while node is not None and node.type != "function_definition":
        node = node.parent
    return node


def _added_variables(after: Pattern) -> Counter[str]:
    """Count the variables on added lines: names with small letters that are not called."""
    return Counter(
        leaf.text
        for leaf in after.leaves()
        if leaf.kind == "identifier"
        and after.line_of(leaf).sign is Sign.ADDED
        and leaf.text.isidentifier()
        and not leaf.text.isupper()
        and not _is_something_else(leaf)
    )


def _is_something_else(leaf: Term) -> bool:
    """Tell whether a name is called, may be a type (in a `sizeof`), or a member that a macro is given."""
    parent = leaf.parent
    if parent is None:
        return False
    if parent.parent is not None and TAKES_MEMBER.fullmatch(parent.parent.tokens[0]):
        return True
    if parent.kind == "parenthesized_expression" and parent.parent is not None:
        return parent.parent.kind == "sizeof_expression"
    return parent.kind == "call_expression" and parent.children[0] is leaf


def _words(parsed: ParsedFile, node: Node) -> Iterator[str]:
    found = re.findall(rb"\w+", parsed.source[node.start_byte : node.end_byte])
    return (word.decode(errors="replace") for word in found)


def declared_names(parsed: ParsedFile, root: Node, *, inside_functions: bool = True) -> Iterator[str]:
    """Yield the names that the declarations, parameters and enumerators at or below `root` declare."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in _DECLARING:
            names = node.children_by_field_name("declarator") + node.children_by_field_name("name")
            yield from (parsed.text(name) for name in map(declarator_of, names) if name is not None)
        if inside_functions or node.type != "compound_statement":
            pending += node.children


def declarator_of(node: Node) -> Node | None:
    """Return the name that a declarator declares."""
    found: Node | None = node
    while found is not None and found.type != "identifier":
        inner = [child for child in found.named_children if child.type.endswith(("declarator", "identifier"))]
        found = inner[0] if inner else None
    return found


def is_global(name: str, path: str, parsed: ParsedFile, workspace: EditWorkspace) -> bool:
    """Tell whether the file at `path` declares a name outside functions, or any header that mentions it could."""
    if workspace.symbols(path, name):
        return True
    if name in declared_names(parsed, parsed.tree.root_node, inside_functions=False):
        return True
    could_declare = re.compile(_COULD_DECLARE % ((re.escape(name.encode()),) * 3), re.MULTILINE)
    headers = workspace.tree.mentioning(name, _HEADERS)
    return any(could_declare.search(workspace.tree.read(header) or b"") for header in headers)
