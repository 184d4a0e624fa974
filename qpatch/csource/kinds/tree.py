# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that are many files at once, those of a glob or the whole tree: places for what is done everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.edit import AnchorHandler, EverywhereOperation
from qpatch.csource.results import Drifted
from qpatch.errors import UserError

if TYPE_CHECKING:
    from qpatch.csource.changes import Outcome
    from qpatch.csource.edit import Anchor, Edit, Position
    from qpatch.csource.results import Ambiguous
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


class FilesHandler(AnchorHandler):
    """The files that the anchor's name, a glob, matches; all of the tree where it has none."""

    @override
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Say that many files are no one place."""
        return Drifted(f"{anchor} is not one place")

    @override
    def check(self, edit: Edit) -> None:
        """Refuse what narrows one place down."""
        if edit.anchor.path or edit.anchor.guard:
            raise UserError("bad-anchor", f"{edit.anchor.kind} takes neither a path nor a guard", where=edit.where)

    @override
    def plan(self, edit: Edit, workspace: EditWorkspace) -> Outcome:
        """Replace in every file."""
        from qpatch.csource.operations.everywhere import (  # only here, as in BlockHandler
            replace_everywhere,
            scopes_of_files,
        )

        assert isinstance(edit.operation, EverywhereOperation)
        scopes = scopes_of_files(edit.anchor.name, edit.operation, workspace)
        if isinstance(scopes, Drifted):
            return scopes
        return replace_everywhere(edit, edit.operation, scopes, workspace)

    @override
    def insertion(
        self, located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
    ) -> Replacement | Drifted:
        """Say that nothing stands beside many files."""
        return Drifted("nothing is added beside many files")
