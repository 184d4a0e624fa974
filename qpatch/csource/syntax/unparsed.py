# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds, by the text alone, definitions that are in a file though its parse has no symbol for them.

A function whose braces an `#if` splits, or that stands below code that breaks off, is there all the same: it is not
gone, and no namesake may be taken for it. What looks like a definition begins in the first column, as all code at file
scope does in the trees that are edited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.source import whole_words
from qpatch.csource.syntax.masked_source import closing_parenthesis, skip_trivia
from qpatch.csource.syntax.problems import innermost_errors
from qpatch.csource.syntax.symbols import TAGGED, SymbolKind, symbols_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol

_NO_CODE = frozenset({"comment", "string_content", "preproc_arg", "system_lib_string"})
_DIRECTIVE_LINE = re.compile(rb"^[ \t]*#(?:\\\r?\n|[^\n])*\n?", re.MULTILINE)
# What stands before the name where it is declared: nothing (its type is on the line above), or words and stars.
_DECLARING = re.compile(rb"(?:[A-Za-z_][\w \t*]*[ \t*])?")
_STATEMENT = re.compile(rb"(?:return|else|goto|case|typedef)\b")
_NAMES_ONLY = re.compile(rb"\s*[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*\s*")
# A macro on a line of its own, below a line that nothing ends, stands for the opening brace.
_BRACE_MACRO = re.compile(rb"[ \t\r]*\n[A-Z][A-Z0-9_]*[ \t\r]*\n(?=[ \t])")
_DECLARED = re.compile(rb"\)[^{}=,]*;")
_ATTRIBUTE = rb"(?:[A-Za-z_]\w*(?:\s*\([^\n;{}]*\))?\s*)?"
_TYPE_NAME_ENDS = re.compile(rb"\s*" + _ATTRIBUTE + rb";")
_BODY_BEGINS = re.compile(rb"\s*\{")
_VALUE_BEGINS = re.compile(rb"\s*(?:\[[^\]]*\]\s*)*" + _ATTRIBUTE + rb"=(?!=)")
_TYPEDEF_BEGINS = re.compile(rb"typedef\b|\}")
_DEFINE_BEGINS = re.compile(rb"[ \t]*#[ \t]*define[ \t]+")


@dataclass(frozen=True)
class Unparsed:
    """A definition that is there but could not be parsed: the line of its name, and the line that could not be read."""

    line: int
    broken_line: int
    broken_code: str


def unparsed_definitions(parsed: ParsedFile, kind: str, name: str) -> tuple[Unparsed, ...]:
    """Return the definitions of `name` in a file that look like one of `kind` and that its outline does not have."""
    defines = _SHAPES.get(kind)
    if defines is None:
        return ()
    known = [symbol for symbol in symbols_named(parsed, name) if symbol.kind == kind]
    found = []
    for start, end in _places(parsed.source, name):
        # The text is asked first: to find a place in the tree takes long in a large file.
        if not defines(parsed.source, start, end) or not _is_code(parsed, start, end):
            continue
        is_known = _is_in_parsed_head(parsed, start) or any(_has_head_at(parsed, symbol, start) for symbol in known)
        if not is_known:
            line = parsed.source.count(b"\n", 0, start) + 1
            found.append(Unparsed(line, *_broken_near(parsed, start)))
    return tuple(found)


def _has_head_at(parsed: ParsedFile, symbol: Symbol, position: int) -> bool:
    """Tell whether a parsed symbol has its name at `position`, or the name in the head of another `#if` arm."""
    node, body = symbol.node, symbol.body
    end = body.start_byte if body is not None and symbol.kind == SymbolKind.FUNCTION else node.end_byte
    return node.start_byte <= position < (node.end_byte if _is_masked(parsed, position) else end)


def _is_in_parsed_head(parsed: ParsedFile, position: int) -> bool:
    """Tell whether what stands at `position` is some other part of a function's head, such as the macro of one."""
    node = None if _is_masked(parsed, position) else parsed.tree.root_node.descendant_for_byte_range(position, position)
    while node is not None and node.type != "function_definition":
        node = node.parent
    body = node.child_by_field_name("body") if node is not None and not _is_nested(node) else None
    return body is not None and position < body.start_byte and not _has_error_before(body)


def _is_nested(function: Node) -> bool:
    """Tell whether a function seems to stand in another one, whose closing brace was not found."""
    around = function.parent
    while around is not None and around.type != "compound_statement":
        around = around.parent
    return around is not None


def _has_error_before(body: Node) -> bool:
    function = body.parent
    return function is not None and any(child.has_error for child in function.children if child != body)


def _is_masked(parsed: ParsedFile, position: int) -> bool:
    """Tell whether the parser did not see what stands at `position`, which is not the beginning of a macro."""
    return any(region.start < position < region.end for region in parsed.regions)


def _places(source: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Yield the bytes of `name` wherever it stands but in the further lines of a macro."""
    for start, end in whole_words(source, name):
        line_start = source.rfind(b"\n", 0, start) + 1
        if not source.endswith(b"\\\n", 0, line_start):
            yield start, end


def _is_code(parsed: ParsedFile, start: int, end: int) -> bool:
    """Tell whether what stands at these bytes is in no comment, string or value of a macro."""
    leaf = parsed.tree.root_node.descendant_for_byte_range(start, end)
    return leaf is None or leaf.type not in _NO_CODE


def _broken_near(parsed: ParsedFile, position: int) -> tuple[int, str]:
    """Return the line that could not be read because of which what stands at `position` could not, and its code."""
    row = parsed.source.count(b"\n", 0, position)
    for node in innermost_errors(_item_at(parsed.tree.root_node, position)):
        row = node.start_point.row
        break
    return row + 1, parsed.source.split(b"\n")[row].decode(errors="replace").strip()


def _item_at(root: Node, position: int) -> Node:
    """Return the file-scope item at `position`; the whole file where there is none."""
    return next((child for child in root.children if child.start_byte <= position < child.end_byte), root)


def _line_before(source: bytes, position: int) -> bytes:
    return source[source.rfind(b"\n", 0, position) + 1 : position]


def _is_declared(source: bytes, start: int) -> bool:
    """Tell whether the name at `start` stands where a declaration at file scope has it."""
    before = _line_before(source, start)
    return _DECLARING.fullmatch(before) is not None and not _STATEMENT.match(before)


def _is_function(source: bytes, start: int, end: int) -> bool:
    declared = _parameters(source, start, end)
    if declared is None:
        return False
    if _BRACE_MACRO.match(source, declared[1] + 1):
        return True
    brace = source.find(b"{", declared[1])
    head = _DIRECTIVE_LINE.sub(b"", source[declared[1] + 1 : brace])
    if brace < 0 or re.search(rb"[=}]|\n[ \t]*\n", head):
        return False
    return b";" not in head or (head.lstrip()[:1].isalpha() and _NAMES_ONLY.fullmatch(source, *declared) is not None)


def _is_prototype(source: bytes, start: int, end: int) -> bool:
    declared = _parameters(source, start, end)
    return declared is not None and bool(_line_before(source, start)) and bool(_DECLARED.match(source, declared[1]))


def _parameters(source: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return the bytes behind a declared name from within its parentheses to the closing one."""
    opening = skip_trivia(source, end)
    if source[opening : opening + 1] != b"(" or not _is_declared(source, start):
        return None
    closing = closing_parenthesis(source, opening)
    return None if closing is None else (opening + 1, closing)


def _is_tagged(keyword: bytes) -> Callable[[bytes, int, int], bool]:
    begins = re.compile(rb"(?:typedef\s+|static\s+|const\s+)*" + keyword + rb"\s+" + _ATTRIBUTE)

    def fits(source: bytes, start: int, end: int) -> bool:
        if begins.fullmatch(_line_before(source, start)):
            return _BODY_BEGINS.match(source, end) is not None
        return _line_before(source, start).startswith(b"}") and _is_typedef(source, start, end)

    return fits


def _is_typedef(source: bytes, start: int, end: int) -> bool:
    return (
        _TYPEDEF_BEGINS.match(_line_before(source, start)) is not None
        and _TYPE_NAME_ENDS.match(source, end) is not None
    )


def _is_initializer(source: bytes, start: int, end: int) -> bool:
    return _is_declared(source, start) and _VALUE_BEGINS.match(source, end) is not None


def _is_macro(source: bytes, start: int, _end: int) -> bool:
    return _DEFINE_BEGINS.fullmatch(_line_before(source, start)) is not None


_SHAPES: dict[str, Callable[[bytes, int, int], bool]] = {
    SymbolKind.FUNCTION: _is_function,
    SymbolKind.PROTOTYPE: _is_prototype,
    SymbolKind.TYPEDEF: _is_typedef,
    SymbolKind.INITIALIZER: _is_initializer,
    SymbolKind.MACRO: _is_macro,
    **{kind: _is_tagged(kind.value.encode()) for kind in TAGGED},
}
