# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds functions that return a value and whose end the edits of a patch have laid open: nothing is returned there.

The function is compared with what it was before the patch: one that fell off its end then, or whose end is never
reached for a reason that is not seen here, is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.jumps import Flow, returns_not
from qpatch.csource.soundness.returns import is_void, returns_of
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace

_SPELLINGS = rb"(?:G_NORETURN|QEMU_NORETURN|_Noreturn|__noreturn|noreturn)"
_DECLARED_SO = rb"\b%b\b[^;{}]*\b%b\s*\(|\b%b\s*\([^;{}]*\)[^;{}]*\b%b\b"


def open_end(touched: TouchedSymbol, workspace: EditWorkspace) -> Fault | None:
    """Return what is wrong with a function whose end is reached without a value now, None for others."""
    symbol, earlier = touched.symbol, touched.earlier
    if symbol.kind != SymbolKind.FUNCTION or earlier is None or touched.old is None or is_void(symbol.node):
        return None
    if symbol.name == "main":
        return None  # Its end returns 0 (C99, 5.1.2.2.3).
    if not is_void(earlier.node):
        returned_value = any(node.named_child_count for node in returns_of(earlier.node))
        if not returned_value or _end_is_reached(earlier, touched.old, workspace):
            return None
    if not _end_is_reached(symbol, touched.parsed, workspace):
        return None
    return Fault(
        f"function {symbol.name} returns a value, and its end would be reached without one",
        (SourcePlace(touched.path, symbol.end_line, "}"),),
        "add an edit to this patch that returns a value there, or end the function in another way",
    )


def _end_is_reached(symbol: Symbol, parsed: ParsedFile, workspace: EditWorkspace) -> bool:
    function = build(parsed, symbol.node)
    body, terms = function.children[-1], [*function.below()]
    if not Flow(terms).passes(body):
        return False
    return Flow(terms, lambda name: returns_not(name) or _is_declared_noreturn(name, workspace)).passes(body)


def _is_declared_noreturn(name: str, workspace: EditWorkspace) -> bool:
    """Tell whether a declaration or definition in the tree says that the function does not return."""
    word = re.escape(name.encode())
    declared = re.compile(_DECLARED_SO % (_SPELLINGS, word, word, _SPELLINGS))
    return any(declared.search(workspace.tree.read(path) or b"") for path in workspace.tree.mentioning(name))
