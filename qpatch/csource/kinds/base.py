# SPDX-License-Identifier: GPL-2.0-or-later
"""What most kinds of anchors do once they are found; to add a kind, say in a subclass how it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.anchors.extents import insertion_beside
from qpatch.csource.edit import AnchorHandler, Position

if TYPE_CHECKING:
    from qpatch.csource.changes import Outcome
    from qpatch.csource.edit import Edit
    from qpatch.csource.results import Ambiguous, Drifted
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


class BlockHandler(AnchorHandler):
    """Anchors with a block that hunks and additions work in; a subclass has `locate`, which gives the symbol its body.

    The body is the tree-sitter node whose children are what the lines of a hunk are a list of.
    """

    @override
    def plan(self, edit: Edit, workspace: EditWorkspace) -> Outcome:
        from qpatch.csource.operations.plan import plan_operation  # only here: to read a strategy needs no operations

        return plan_operation(edit, workspace)

    @override
    def insertion(
        self, located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
    ) -> Replacement | Drifted | Ambiguous:
        return insertion_beside(located, position, text, blank=blank)
