# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds uses of a function that go with another number of parameters than it has now.

These are calls, also through parentheses, in the values of macros and by the name of a macro that stands for the
function; declarations in blocks; pointers and members that it is assigned to where they are declared. Where else its
address goes, nobody can tell: these places are told in a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.listing import told_places
from qpatch.csource.results import Candidate, SourcePlace
from qpatch.csource.source import whole_words
from qpatch.csource.syntax.parse import leaves_called, nodes_of, parse_macro_value
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace

_PARAMETER = frozenset({"parameter_declaration", "variadic_parameter"})
_MACROS = frozenset({"preproc_def", "preproc_function_def"})
_WRAPPED = frozenset({"parenthesized_expression", "pointer_expression"})
_VARIADIC = "__VA_ARGS__"


def other_counts(name: str, wanted: int, paths: Iterable[str], workspace: EditWorkspace) -> Iterator[Candidate]:
    """Yield the uses of the function `name` in `paths` that go with another number of parameters than `wanted`."""
    pending = [(name, path) for path in paths]
    seen = set(pending)
    while pending:
        used, path = pending.pop(0)
        for parsed, node in _uses(used, path, workspace):
            what = _difference(parsed, node, wanted, workspace)
            if what:
                shown = parsed.text(node if node.parent is None else node.parent)
                yield Candidate(SourcePlace(path, _line(path, node, workspace), shown), 1.0, (what,))
        aliases = [
            (alias, other) for alias in _aliases(used, path, workspace) for other in _files(alias, path, workspace)
        ]
        pending += [each for each in aliases if each not in seen]
        seen.update(aliases)


def taken_addresses(touched: TouchedSymbol, workspace: EditWorkspace) -> str:
    """Return a warning about the places where the address of a function goes that has more or fewer parameters now."""
    earlier, symbol = touched.earlier, touched.symbol
    if symbol.kind != SymbolKind.FUNCTION or earlier is None or touched.old is None:
        return ""
    was, now = parameter_count(earlier.node, touched.old), parameter_count(symbol.node, touched.parsed)
    if was is None or now is None or was == now:
        return ""
    static = any(child.text == b"static" for child in symbol.node.children)
    paths = [touched.path] if static else workspace.tree.mentioning(symbol.name)
    places = [
        SourcePlace(path, _line(path, node, workspace))
        for path in paths
        for parsed, node in _uses(symbol.name, path, workspace)
        if _is_open(parsed, node, workspace)
    ]
    if not places:
        return ""
    return (
        f"{symbol.name} takes {counted(now, 'parameter')} now: look at who calls it by the address that is taken in "
        f"{told_places(places, touched.path)}"
    )


def _line(path: str, node: Node, workspace: EditWorkspace) -> int:
    """Return the line of a node; the value of a macro is parsed without the lines before it."""
    return (workspace.tree.read(path) or b"").count(b"\n", 0, node.start_byte) + 1


def _files(alias: str, path: str, workspace: EditWorkspace) -> Iterable[str]:
    """Return the files that may use a macro which `path` defines."""
    return [path] if path.endswith(".c") else workspace.tree.mentioning(alias)


def _uses(name: str, path: str, workspace: EditWorkspace) -> Iterator[tuple[ParsedFile, Node]]:
    """Yield what uses a function in a file, with parentheses, `&` and `*` around its name, and what it is parsed in."""
    parsed = workspace.parse(path)
    if parsed is None or name.encode() not in parsed.source:
        return
    values = [parse_macro_value(parsed.source, *span, workspace.table) for _, span in _macro_values(parsed, name)]
    for each in (parsed, *(value for value in values if value is not None)):
        for leaf in leaves_called(each, name):
            yield each, _wrapped(leaf)


def _wrapped(node: Node) -> Node:
    while node.parent is not None and node.parent.type in _WRAPPED:
        node = node.parent
    return node


def _macro_values(parsed: ParsedFile, name: str) -> Iterator[tuple[Node, tuple[int, int]]]:
    """Yield the macros whose value has the word `name`, each with the bytes of the value."""
    found: set[int] = set()
    for start, end in whole_words(parsed.source, name):
        value = parsed.tree.root_node.descendant_for_byte_range(start, end)
        macro = value.parent if value is not None and value.type == "preproc_arg" else None
        if value is not None and macro is not None and macro.type in _MACROS and macro.start_byte not in found:
            found.add(macro.start_byte)
            yield macro, (value.start_byte, value.end_byte)


def _aliases(name: str, path: str, workspace: EditWorkspace) -> Iterator[str]:
    """Yield the macros of a file that stand for the function and nothing else."""
    parsed = workspace.parse(path)
    for macro, (start, end) in _macro_values(parsed, name) if parsed is not None else ():
        defined = macro.child_by_field_name("name")
        is_alone = parsed is not None and parsed.source[start:end].strip(b"() \t\r\n") == name.encode()
        if is_alone and parsed is not None and defined is not None and macro.type == "preproc_def":
            yield parsed.text(defined)


def _difference(parsed: ParsedFile, node: Node, wanted: int, workspace: EditWorkspace) -> str:
    """Return how many parameters a use goes with where it is another number than `wanted`, '' for others."""
    user = node.parent
    if user is None:
        return ""
    if user.type == "call_expression" and user.child_by_field_name("function") == node:
        count = _arguments(parsed, user)
        return f"passes {counted(count, 'argument')}" if count not in (None, wanted) and count is not None else ""
    if user.type == "function_declarator" and user.child_by_field_name("declarator") == node:
        count = _listed(user) if _is_declaration(user) else None
        return f"declares it with {counted(count, 'parameter')}" if count not in (None, wanted) and count else ""
    count = _taken_by(parsed, node, user, workspace)
    if count is None or count == wanted:
        return ""
    what = "a member" if user.type == "initializer_pair" else "a pointer"
    return f"is called through {what} that takes {count} parameters"


def _is_open(parsed: ParsedFile, node: Node, workspace: EditWorkspace) -> bool:
    """Tell whether a use takes the function's address for something whose parameters are not known."""
    user = node.parent
    if user is None or user.type in ("function_declarator", *_MACROS):
        return False
    if user.type == "call_expression" and user.child_by_field_name("function") == node:
        return False
    is_value = user.type in ("argument_list", "initializer_list", "conditional_expression")
    is_value |= user.type == "assignment_expression" and user.child_by_field_name("right") == node
    is_value |= user.type in ("initializer_pair", "init_declarator") and user.child_by_field_name("value") == node
    return is_value and _taken_by(parsed, node, user, workspace) is None


def _taken_by(parsed: ParsedFile, node: Node, user: Node, workspace: EditWorkspace) -> int | None:
    """Count the parameters of the pointer or the member that a function is given to; None where they are unknown."""
    if user.child_by_field_name("value") != node:
        return None
    if user.type == "initializer_pair":
        return _member_parameters(parsed.text(user).split("=")[0].strip().lstrip("."), workspace)
    if user.type == "init_declarator":
        pointer = next(nodes_of(user, "function_declarator"), None)
        return _listed(pointer) if pointer is not None else None
    return None


def _is_declaration(declarator: Node) -> bool:
    """Tell whether a function's declarator declares it, and is not that of a parameter or a member."""
    outer = declarator.parent
    while outer is not None and outer.type.endswith("declarator"):
        outer = outer.parent
    return outer is not None and outer.type == "declaration"


def parameter_count(definition: Node, parsed: ParsedFile) -> int | None:
    """Count the parameters of a function definition; None where they are variadic."""
    declarator = _declarator_of(definition)
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    if parameters is None:
        return None
    declared = [child for child in parameters.named_children if child.type in _PARAMETER]
    if any(child.type == "variadic_parameter" for child in declared):
        return None
    if len(declared) == 1 and parsed.text(declared[0]).strip() == "void":
        return 0
    return len(declared)


def _declarator_of(definition: Node) -> Node | None:
    """Return the function's declarator, the first one outside its body."""
    pending = [*reversed(definition.children)]
    while pending:
        node = pending.pop()
        if node.type == "function_declarator":
            return node
        if node.type != "compound_statement":
            pending += reversed(node.children)
    return None


def _listed(declarator: Node) -> int | None:
    """Count the parameters that a declarator lists; None for `()` and for variadic ones."""
    parameters = declarator.child_by_field_name("parameters")
    declared = [child for child in parameters.named_children if child.type in _PARAMETER] if parameters else []
    if not declared or any(child.type == "variadic_parameter" for child in declared):
        return None
    return 0 if len(declared) == 1 and declared[0].text == b"void" else len(declared)


def _arguments(parsed: ParsedFile, call: Node) -> int | None:
    """Count the arguments of a call; None where a macro passes on its own."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None or _VARIADIC in parsed.text(arguments):
        return None
    return sum(child.type != "comment" for child in arguments.named_children)


def _member_parameters(member: str, workspace: EditWorkspace) -> int | None:
    """Count the parameters of the function pointer `member` of a struct in a header; None where unsure."""
    counts = set()
    for path in workspace.tree.mentioning(member, (".h",)):
        parsed = workspace.parse(path)
        if parsed is None:
            continue
        for declarator in _function_pointers(parsed, member):
            parameters = declarator.child_by_field_name("parameters")
            if parameters is not None:
                counts.add(sum(child.type in _PARAMETER for child in parameters.named_children))
    return counts.pop() if len(counts) == 1 else None


def _function_pointers(parsed: ParsedFile, member: str) -> Iterator[Node]:
    """Yield the declarators of the function pointers called `member`: `(*member)(...)`."""
    for leaf in leaves_called(parsed, member):
        node = leaf.parent
        while node is not None and node.type in ("pointer_declarator", "parenthesized_declarator"):
            node = node.parent
        declarator = node.child_by_field_name("declarator") if node is not None else None
        if (
            node is not None
            and node.type == "function_declarator"
            and declarator is not None
            and (parsed.text(declarator).replace(" ", "") == f"(*{member})")
        ):
            yield node
