# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what an edit says about its anchor beyond the name: the parameters it has, the `#if` it stands under.

An anchor that no longer is what the strategy's author saw has drifted, even where the hunk would still fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.anchors.guards import same_guard, suggested, written
from qpatch.csource.edit import Parameters
from qpatch.csource.matching.compare import differences
from qpatch.csource.matching.hunk import HunkLine, Sign
from qpatch.csource.matching.match import fits_in
from qpatch.csource.matching.pattern import Context, compile_pattern
from qpatch.csource.results import Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.term import Term, build

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


def unmet(anchor: Anchor, located: LocatedAnchor, workspace: EditWorkspace) -> Drifted | Ambiguous | None:
    """Return what is not as the anchor says, or None."""
    return _guard_differs(anchor, located) or parameters_differ(anchor, located, workspace)


def _guard_differs(anchor: Anchor, located: LocatedAnchor) -> Ambiguous | Drifted | None:
    if located.symbol is None:
        return None
    guard = written(located.symbol.guards)
    if same_guard(anchor.guard, located.symbol.guards):
        return None
    place = SourcePlace(
        located.path,
        located.symbol.start_line,
        f"{anchor} stands under #if {guard}" if guard else f"{anchor} stands under no #if",
    )
    if not anchor.guard:
        return Ambiguous(
            f"{anchor} stands under an #if that the edit does not show",
            located.path,
            (place,),
            suggested(located.symbol.guards),
        )
    return Drifted(
        f"{anchor} no longer stands under #if {anchor.guard}",
        located.path,
        (Candidate(place, 1.0),),
        suggestion=suggested(located.symbol.guards) if guard else "remove `guard:`",
    )


def parameters_differ(anchor: Anchor, located: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return in what the parameters of a function differ from those that the anchor demands, None if in nothing."""
    if not anchor.parameters or located.symbol is None or anchor.kind.parameters is not Parameters.LIST:
        return None
    if anchor.name != located.symbol.name:  # It was found by the macro call that defines it, arguments and all.
        return None
    line = HunkLine(Sign.CONTEXT, f"void {anchor.name}{anchor.parameters}", 1)
    pattern = compile_pattern((line,), Context.SIGNATURE, workspace.table)
    wanted = _parameter_list(pattern.items[-1])
    found = _parameter_list(build(located.parsed, located.symbol.node))
    if wanted is None or found is None:
        return None
    if fits_in(pattern.part((wanted,)), [found], whole=True):
        return None
    text = " ".join(located.parsed.source[found.start : found.end].decode(errors="replace").split())
    place = SourcePlace(located.path, located.symbol.start_line, f"{anchor.name}{text}")
    return Drifted(
        f"{anchor} has other parameters",
        located.path,
        (Candidate(place, 1.0, differences(wanted.tokens, found.tokens)),),
        suggestion=f"in: {anchor.kind} {anchor.name}{text}",
    )


def _parameter_list(term: Term) -> Term | None:
    """Return the function's own parameter list: the first one in the declarator."""
    return next((candidate for candidate in term.below() if candidate.kind == "parameter_list"), None)
