# SPDX-License-Identifier: GPL-2.0-or-later
"""What all edits of a patch come to: symbols that are no valid C any more, which no edit alone can be blamed for.

One edit may declare a variable anew and a later one remove the old declaration, so symbols are compared with what they
were before the patch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.results import Applied, Candidate, Drifted
from qpatch.csource.soundness.dangling_else import dangling_else
from qpatch.csource.soundness.defined_elsewhere import defined_elsewhere
from qpatch.csource.soundness.defined_twice import defined_twice
from qpatch.csource.soundness.doubled import doubled_call
from qpatch.csource.soundness.flexible import flexible_array_not_last
from qpatch.csource.soundness.jumps_into_scope import jump_into_scope
from qpatch.csource.soundness.lost_locals import lost_local
from qpatch.csource.soundness.open_ends import open_end
from qpatch.csource.soundness.out_of_scope import out_of_scope
from qpatch.csource.soundness.redeclared import redeclared
from qpatch.csource.soundness.touched import touched_symbols
from qpatch.csource.source import CODE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.soundness.touched import Fault
    from qpatch.csource.source import Overlay
    from qpatch.csource.workspace import EditWorkspace


def invalid_symbols(
    edits: Sequence[Edit], results: Sequence[EditResult], before: Overlay, workspace: EditWorkspace
) -> Iterator[tuple[Edit, Drifted]]:
    """Yield the drift of the edit at each symbol that became invalid; `before` is the tree without the patch.

    `results` are what became of `edits`, all of them made in `workspace`.
    """
    applied = [(edit, result.path) for edit, result in zip(edits, results, strict=True) if isinstance(result, Applied)]
    for path in dict.fromkeys(path for _, path in applied if path.endswith(CODE_SUFFIXES)):
        there = [edit for edit, other in applied if other == path]
        for name, double in defined_twice(path, before, workspace):
            yield _drift(there, name, path, double)
        for touched in touched_symbols(path, before, workspace):
            fault = (
                open_end(touched, workspace)
                or redeclared(touched)
                or flexible_array_not_last(touched)
                or lost_local(touched, workspace)
                or out_of_scope(touched)
                or defined_elsewhere(touched, workspace)
                or doubled_call(touched)
                or dangling_else(touched)
                or jump_into_scope(touched)
            )
            if fault is not None:
                yield _drift(there, touched.symbol.name, path, fault)


def _drift(there: Sequence[Edit], name: str, path: str, fault: Fault) -> tuple[Edit, Drifted]:
    """Return the drift of the edit of a file that is behind a fault: the one at the symbol, or the last one."""
    edit = next((edit for edit in there if edit.anchor.name == name), there[-1])
    places = tuple(Candidate(place, 1.0) for place in fault.places)
    return edit, Drifted(f"{edit.anchor}: {fault.what}", path, places, advice=fault.remedy)
