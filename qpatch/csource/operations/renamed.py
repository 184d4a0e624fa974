"""Looks, for an anchor that is nowhere, for a symbol that the hunk fits: then it was only renamed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.locate import Located, Workspace, similar_symbols
from qpatch.csource.edit import Edit, HunkOperation
from qpatch.csource.operations.substitute import Found, substitute
from qpatch.csource.results import Candidate, Drifted, Place

if TYPE_CHECKING:
    from qpatch.csource.syntax.symbols import Symbol


def explain_renamed(edit: Edit, drifted: Drifted, workspace: Workspace) -> Drifted:
    """Add to `drifted` the symbols of the anchor's kind that the hunk fits as it stands."""
    if not isinstance(edit.operation, HunkOperation):
        return drifted
    fitting = [(path, symbol) for path, symbol in _symbols(edit, workspace) if _fits(edit, path, symbol, workspace)]
    if not fitting:
        return drifted
    path, symbol = fitting[0]
    candidates = tuple(Candidate(Place(path, symbol.start_line, f"{symbol.kind} {symbol.name}"), 1.0,
                                 ("the hunk fits here as it stands",)) for path, symbol in fitting)
    others = tuple(candidate for candidate in drifted.candidates
                   if candidate.place.line not in [found.place.line for found in candidates])
    return replace(drifted, message=f"{drifted.message}; it may have been renamed to {symbol.name}",
                   candidates=candidates + others, suggestion=f"in: {symbol.kind} {symbol.name}\npath: {path}")


def _symbols(edit: Edit, workspace: Workspace) -> list[tuple[str, Symbol]]:
    here = [(edit.anchor.path, symbol) for symbol in workspace.outline(edit.anchor.path)
            if symbol.kind is edit.anchor.kind] if edit.anchor.path else []
    near = [(path, symbol) for path, symbol, _ in similar_symbols(edit.anchor, workspace)]
    return list(dict.fromkeys(near + here))


def _fits(edit: Edit, path: str, symbol: Symbol, workspace: Workspace) -> bool:
    parsed = workspace.parse(path)
    assert parsed is not None  # noqa: S101
    assert isinstance(edit.operation, HunkOperation)  # noqa: S101
    return isinstance(substitute(edit, edit.operation.hunks, Located(path, parsed, symbol), workspace), Found)
