# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a symbol that was found in another file than expected is the one that was meant.

Names are not unique: tests have stubs, subsystems have helpers of the same name. A move is believed where the symbol's
old file is gone and the new one took its place, or where something else speaks for it: the old file still uses it, or
the code that the hunk shows is in it and in nothing that the old file has. What only its own file can use (a `static`
function) may be another driver's, even in the same folder: there the two files must belong together, too.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.changes import place_of
from qpatch.csource.edit import HunkOperation
from qpatch.csource.matching.pattern import Context
from qpatch.csource.names import likeness_of_names
from qpatch.csource.operations.fit import HunkFit
from qpatch.csource.operations.renamed import explain_renamed, has_fitting
from qpatch.csource.operations.substitute import substitute
from qpatch.csource.results import AlreadyThere, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.dead import position_in_code
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"\n]+)"', re.MULTILINE)


def unproven_move(edit: Edit, located: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return the drift of an anchor that was found elsewhere without evidence of a move, None where there is some."""
    if not located.moved_from or _has_moved(edit, located, workspace):
        return None
    found = Candidate(place_of(located), 1.0, ("it has the name, but nothing shows that it is the same",))
    drifted = explain_renamed(
        edit,
        Drifted(
            f"{edit.anchor} is not in {located.moved_from} any more, and nothing shows that it moved to {located.path}",
            located.moved_from,
            advice=f"if that is the one that is meant: path: {located.path}",
        ),
        workspace,
    )
    candidates = drifted.candidates or _named_alike(edit, located.moved_from, workspace)
    return replace(drifted, candidates=(*candidates, found))


def _named_alike(edit: Edit, path: str, workspace: EditWorkspace) -> tuple[Candidate, ...]:
    """Return what is in a file of the anchor's kind under a similar name: a namesake elsewhere may not be meant."""
    anchor = edit.anchor
    return tuple(
        Candidate(
            SourcePlace(path, symbol.start_line, f"{symbol.kind} {symbol.name}"),
            likeness_of_names(anchor.name, symbol.name),
            (f"it may be the new name of {anchor.name}",),
        )
        for other, symbol in anchor.handler.similar(anchor, workspace)
        if other == path and likeness_of_names(anchor.name, symbol.name) >= thresholds().similarity.symbol_name
    )[: thresholds().limits.candidates]


def _has_moved(edit: Edit, located: LocatedAnchor, workspace: EditWorkspace) -> bool:
    old, new = located.moved_from, located.path
    if position_in_code(workspace.tree.base.read(new) or b"", edit.anchor.name) is None:
        return True  # An earlier edit has written it there.
    near, local = _took_place_of(old, new), _is_local(located)
    source = None if old.endswith("/") else workspace.tree.read(old)
    if near and (source is None or new.endswith(".h")):
        return True
    if (near or not local) and position_in_code(source or b"", edit.anchor.name) is not None:
        return True
    if source is None:
        return not local and _shows_its_code(edit, located, workspace)
    if local and not _work_together(old, new, workspace):
        return False
    return near and _shows_its_code(edit, located, workspace) and not has_fitting(edit, old, workspace)


def _work_together(old: str, new: str, workspace: EditWorkspace) -> bool:
    """Tell whether two files are parts of one thing: they include a header of their folder, or use each other."""
    shared = _own_headers(old, workspace) & _own_headers(new, workspace)
    return bool(shared) or any(
        _is_shared(symbol) and position_in_code(workspace.tree.read(user) or b"", symbol.name) is not None
        for owner, user in ((old, new), (new, old))
        for symbol in workspace.outline(owner)
    )


def _own_headers(path: str, workspace: EditWorkspace) -> set[str]:
    """Return the headers of its folder that a file includes; those of a folder are also below `include` in QEMU."""
    folder = posixpath.dirname(path)
    included = (name.decode(errors="replace") for name in _INCLUDED.findall(workspace.tree.read(path) or b""))
    return {posixpath.basename(name) for name in included if posixpath.dirname(name) in ("", folder)}


def _is_shared(symbol: Symbol) -> bool:
    """Tell whether other files can use what a symbol of a `.c` file defines."""
    return symbol.kind in (SymbolKind.FUNCTION, SymbolKind.INITIALIZER) and not _is_static(symbol)


def _took_place_of(old: str, new: str) -> bool:
    """Tell whether a file may have what another one had: one in its folder or its headers' folder, or of its name."""
    homes = [f"{posixpath.dirname(path)}/".removeprefix("include/").lstrip("/") for path in (old, new)]
    nested = all(homes) and (homes[0].startswith(homes[1]) or homes[1].startswith(homes[0]))
    return nested or homes[0] == homes[1] or posixpath.basename(old) == posixpath.basename(new)


def _shows_its_code(edit: Edit, located: LocatedAnchor, workspace: EditWorkspace) -> bool:
    """Tell whether the code that the edit's hunk shows is in the anchor, or its result is."""
    if not isinstance(edit.operation, HunkOperation) or edit.anchor.kind.context is Context.SIGNATURE:
        return False  # A signature that agrees is no more than a name.
    return isinstance(substitute(edit, edit.operation.hunks, located, workspace.for_trial()), HunkFit | AlreadyThere)


def _is_local(located: LocatedAnchor) -> bool:
    """Tell whether only the file that defines the symbol can use it; nothing in a header is so."""
    symbol = located.symbol
    if symbol is None or located.path.endswith(".h"):
        return False
    return symbol.kind not in (SymbolKind.FUNCTION, SymbolKind.INITIALIZER) or _is_static(symbol)


def _is_static(symbol: Symbol) -> bool:
    return any(child.type == "storage_class_specifier" and child.text == b"static" for child in symbol.node.children)
