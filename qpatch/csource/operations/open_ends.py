# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds functions that return a value and whose end the edits of a patch have laid open: nothing is returned there.

The function is compared with what it was before the patch: one that fell off its end then, or whose end is never
reached for a reason that is not seen here, is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.operations.jumps import Flow, returns_not
from qpatch.csource.operations.returns import is_void, returns_of
from qpatch.csource.results import Applied, Candidate, Drifted, SourcePlace
from qpatch.csource.source import CODE_SUFFIXES
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace

_SPELLINGS = rb"(?:G_NORETURN|QEMU_NORETURN|_Noreturn|__noreturn|noreturn)"
_DECLARED_SO = rb"\b%b\b[^;{}]*\b%b\s*\(|\b%b\s*\([^;{}]*\)[^;{}]*\b%b\b"


def open_ends(
    edits: Sequence[Edit], results: Sequence[EditResult], before: SourceTree, workspace: EditWorkspace
) -> Iterator[tuple[Edit, Drifted]]:
    """Yield the drift of the edit at each such function, given what became of a patch's edits and the tree before."""
    applied = [(edit, result.path) for edit, result in zip(edits, results, strict=True) if isinstance(result, Applied)]
    for path in dict.fromkeys(path for _, path in applied if path.endswith(CODE_SUFFIXES)):
        for symbol in _opened(path, before, workspace):
            there = [edit for edit, other in applied if other == path]
            edit = next((edit for edit in there if edit.anchor.name == symbol.name), there[-1])
            yield edit, _opened_by(edit, symbol, path)


def _opened_by(edit: Edit, symbol: Symbol, path: str) -> Drifted:
    return Drifted(
        f"{edit.anchor}: function {symbol.name} returns a value, and its end would be reached without one",
        path,
        (Candidate(SourcePlace(path, symbol.end_line, "}"), 1.0),),
        advice="add an edit to this patch that returns a value there, or end the function in another way",
    )


def _opened(path: str, before: SourceTree, workspace: EditWorkspace) -> Iterator[Symbol]:
    """Yield the functions of a file that return a value, and whose end is reached as it was not before."""
    old, parsed = before.read(path), workspace.parse(path)
    if old is None or parsed is None:
        return
    known = _functions(workspace.cache.outline(old))
    for key, symbol in _functions(workspace.outline(path)).items():
        earlier = known.get(key)
        if earlier is None or earlier.node.text == symbol.node.text or symbol.node.has_error or is_void(symbol.node):
            continue
        if not is_void(earlier.node):
            returns_value = any(node.named_child_count for node in returns_of(earlier.node))
            if not returns_value or _end_is_reached(earlier, workspace.cache.parse(old), workspace):
                continue
        if _end_is_reached(symbol, parsed, workspace):
            yield symbol


def _functions(symbols: Sequence[Symbol]) -> dict[tuple[str, tuple[str, ...]], Symbol]:
    """Return the functions by their names and the `#if` conditions around them."""
    return {(symbol.name, symbol.guards): symbol for symbol in symbols if symbol.kind == SymbolKind.FUNCTION}


def _end_is_reached(symbol: Symbol, parsed: ParsedFile, workspace: EditWorkspace) -> bool:
    function = build(parsed, symbol.node)
    terms = [*function.below()]
    if not Flow(terms).passes(function.children[-1]):
        return False
    return Flow(terms, lambda name: returns_not(name) or _is_declared_noreturn(name, workspace)).passes(
        function.children[-1]
    )


def _is_declared_noreturn(name: str, workspace: EditWorkspace) -> bool:
    """Tell whether a declaration or definition in the tree says that the function does not return."""
    word = re.escape(name.encode())
    declared = re.compile(_DECLARED_SO % (_SPELLINGS, word, word, _SPELLINGS))
    return any(declared.search(workspace.tree.read(path) or b"") for path in workspace.tree.mentioning(name))
