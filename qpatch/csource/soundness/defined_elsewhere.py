# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds functions that a patch adds while a header that the file includes has them: a macro or an inline function.

Only headers that are included by the file itself count, and only what stands in them under no condition.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.touched import Fault
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.workspace import EditWorkspace

_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]', re.MULTILINE)
_UNDEFINED = rb"^[ \t]*#[ \t]*undef[ \t]+%b\b"


def defined_elsewhere(touched: TouchedSymbol, workspace: EditWorkspace) -> Fault | None:
    """Return what is wrong with a function that is new to its file and defined in a header of it; None for others."""
    symbol = touched.symbol
    if symbol.kind != SymbolKind.FUNCTION or touched.earlier is not None:
        return None
    undefined = re.compile(_UNDEFINED % re.escape(symbol.name.encode()), re.MULTILINE)
    if undefined.search(touched.parsed.source):
        return None
    for path in (touched.path, *_headers(touched, workspace)):
        kinds = [SymbolKind.MACRO] if path == touched.path else [SymbolKind.MACRO, SymbolKind.FUNCTION]
        for known in workspace.symbols(path, symbol.name):
            if known.kind in kinds and not known.guards and not _names_itself(known.node.text or b"", symbol.name):
                return Fault(
                    f"function {symbol.name} is added, and {path} has a {known.kind} of that name",
                    (SourcePlace(path, known.start_line, f"{known.kind} {known.name}"),),
                    "use what is there, or give the added function another name",
                )
    return None


def _headers(touched: TouchedSymbol, workspace: EditWorkspace) -> Iterator[str]:
    """Yield the headers of the tree that a file includes."""
    folder = posixpath.dirname(touched.path)
    for found in _INCLUDED.findall(touched.parsed.source):
        name = found.decode(errors="replace")
        for path in (posixpath.normpath(posixpath.join(folder, name)), f"include/{name}"):
            if path != touched.path and workspace.tree.read(path) is not None:
                yield path
                break


def _names_itself(definition: bytes, name: str) -> bool:
    """Tell whether a macro stands for a function of its own name, as `#define f(x) f(x, __FILE__)` does."""
    return len(re.findall(rb"\b%b\b" % re.escape(name.encode()), definition)) > 1 and definition.lstrip()[:1] == b"#"
