# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks for what an anchor that is missing was renamed to: a symbol of its kind that the hunk fits.

An edit without a hunk (an addition beside the symbol, a deletion, a move) uses what the hunks of the patch's other
edits at the same anchor have found; where there are none, symbols with similar names are suggested.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.checks import is_in_text
from qpatch.csource.edit import Edit, HunkOperation
from qpatch.csource.operations.fit import HunkFit
from qpatch.csource.operations.places import place_in_tree
from qpatch.csource.operations.substitute import substitute
from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.term import TooDeepError
from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.results import EditResult
    from qpatch.csource.syntax.symbols import Symbol


def explain_renamed(edit: Edit, drifted: Drifted, workspace: EditWorkspace) -> Drifted:
    """Add to `drifted` the symbols of the anchor's kind that the hunk fits as it stands, if the anchor is not there."""
    if drifted.is_there or not workspace.explains:
        return drifted
    if not isinstance(edit.operation, HunkOperation):
        return _with_similar_names(edit, drifted)
    return _with_fitting(edit, drifted, _fitting(edit, workspace), "the hunk fits here as it stands")


def share_renames(edits: Sequence[Edit], results: Sequence[EditResult], workspace: EditWorkspace) -> list[EditResult]:
    """Return the results of a patch's edits, those without a hunk explained by the hunks of their siblings."""
    return [
        _by_siblings(edit, result, edits, workspace)
        if isinstance(result, Drifted) and not isinstance(edit.operation, HunkOperation)
        else result
        for edit, result in zip(edits, results, strict=True)
    ]


def _by_siblings(edit: Edit, drifted: Drifted, edits: Sequence[Edit], workspace: EditWorkspace) -> Drifted:
    if is_in_text(edit.anchor) or drifted.is_there or not isinstance(edit.anchor.locate(workspace), Drifted):
        return drifted
    for sibling in edits:
        if isinstance(sibling.operation, HunkOperation) and (
            (sibling.anchor.kind, sibling.anchor.name) == (edit.anchor.kind, edit.anchor.name)
        ):
            fitting = [(symbol, place_in_tree(place, workspace)) for symbol, place in _fitting(sibling, workspace)]
            if fitting:
                return _with_fitting(edit, drifted, fitting, f"the hunk of the edit at {sibling.where} fits here")
    return drifted


def _with_fitting(edit: Edit, drifted: Drifted, fitting: Sequence[tuple[Symbol, SourcePlace]], why: str) -> Drifted:
    if not fitting:
        return drifted
    symbol, place = fitting[0]
    fits = [place for _, place in fitting]
    others = tuple(candidate for candidate in drifted.candidates if candidate.place not in fits)
    return replace(
        drifted,
        advice="",
        message=f"{drifted.message}; it may have been renamed to {symbol.name}",
        candidates=(*(Candidate(place, 1.0, (why,)) for place in fits), *others),
        suggestion=f"{edit.anchor.position}: {edit.anchor.kind} {symbol.name}\npath: {place.path}",
    )


def _with_similar_names(edit: Edit, drifted: Drifted) -> Drifted:
    """Offer all the candidates: by similar names alone it is not known which of them is the anchor's new one."""
    if len(drifted.candidates) < 2:
        return drifted
    symbols = [(candidate.place.snippet.partition(" (")[0], candidate.place.path) for candidate in drifted.candidates]
    offers = [f"{edit.anchor.position}: {symbol}\npath: {path}" for symbol, path in symbols]
    return replace(
        drifted,
        suggestion="only names could be compared; the one that is meant, if it is among these:\n"
        + "\n# or\n".join(offers),
    )


def has_fitting(edit: Edit, path: str, workspace: EditWorkspace) -> bool:
    """Tell whether a file has a symbol of the anchor's kind that the hunk fits as it stands, whatever its name."""
    similar = edit.anchor.handler.similar(edit.anchor, workspace)
    return any(_fits(edit, path, symbol, workspace) for other, symbol in similar if other == path)


def _fitting(edit: Edit, workspace: EditWorkspace) -> list[tuple[Symbol, SourcePlace]]:
    return [
        (symbol, SourcePlace(path, symbol.start_line, f"{symbol.kind} {symbol.name}"))
        for path, symbol in edit.anchor.handler.similar(edit.anchor, workspace)
        if _fits(edit, path, symbol, workspace)
    ]


def _fits(edit: Edit, path: str, symbol: Symbol, workspace: EditWorkspace) -> bool:
    parsed = workspace.parse(path)
    assert parsed is not None
    assert isinstance(edit.operation, HunkOperation)
    try:
        found = substitute(edit, edit.operation.hunks, LocatedAnchor(path, parsed, symbol), workspace.for_trial())
    except TooDeepError:
        return False
    return isinstance(found, HunkFit)
