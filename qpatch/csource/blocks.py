"""What a hunk is matched against: the block inside an anchor, as terms, and the comments around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.edit import AnchorKind
from qpatch.csource.layout import Layout
from qpatch.csource.pattern import Context
from qpatch.csource.term import Term, build

if TYPE_CHECKING:
    from tree_sitter import Node

    from qpatch.csource.locate import Located
    from qpatch.csource.parse import ParsedFile

_CONTEXTS = {AnchorKind.FUNCTION: Context.STATEMENTS, AnchorKind.STRUCT: Context.MEMBERS,
             AnchorKind.UNION: Context.MEMBERS, AnchorKind.ENUM: Context.ENUMERATORS,
             AnchorKind.INITIALIZER: Context.ENTRIES, AnchorKind.SIGNATURE: Context.SIGNATURE}


def context_of(kind: AnchorKind) -> Context:
    """Return what the lines of a hunk at an anchor of this kind are a list of."""
    return _CONTEXTS.get(kind, Context.TOP_LEVEL)


def block_of(located: Located) -> Term:
    """Return the block that a hunk at this anchor is matched in; its `items` are the members.

    For a symbol without a body (a macro, a prototype, a typedef) the block holds just the symbol.
    """
    root = located.parsed.tree.root_node
    if located.symbol is None:
        return _inside_guard(build(located.parsed, root))
    if located.symbol.body is not None and located.symbol.kind is not AnchorKind.MACRO:
        return build(located.parsed, located.symbol.body)
    term = build(located.parsed, located.symbol.node)
    block = Term("translation_unit", term.start, term.end, children=[term], tokens=term.tokens)
    term.parent = block
    return block


def layout_of(parsed: ParsedFile) -> Layout:
    """Return the layout of a file: its text and where its comments are."""
    return Layout(parsed.source, sorted(_comments(parsed.tree.root_node)))


def syntax_errors(node: Node) -> int:
    """Count the ERROR and MISSING nodes below `node`."""
    if not node.has_error and not node.is_missing:
        return 0
    return int(node.is_error or node.is_missing) + sum(syntax_errors(child) for child in node.children)


def _comments(root: Node) -> list[tuple[int, int]]:
    found, pending = [], [root]
    while pending:
        node = pending.pop()
        if node.type == "comment":
            found.append((node.start_byte, node.end_byte))
        else:
            pending += node.children
    return found


def _inside_guard(root: Term) -> Term:
    """Return what the include guard of a header encloses, or the file itself."""
    guards = [child for child in root.children if child.kind == "preproc_ifdef"]
    if len(guards) == 1 and len(root.items) == 1 and guards[0].children[0].text == "#ifndef":
        return guards[0]
    return root
