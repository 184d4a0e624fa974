# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that are a function's signature, wherever it is declared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.anchors.guards import written
from qpatch.csource.edit import HunkOperation
from qpatch.csource.kinds.base import BlockHandler
from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.workspace import LocatedAnchor
from qpatch.errors import UserError

if TYPE_CHECKING:
    from qpatch.csource.changes import Outcome
    from qpatch.csource.edit import Anchor, AnchorKind, Edit
    from qpatch.csource.results import Ambiguous
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace


@dataclass(frozen=True)
class SignatureHandler(BlockHandler):
    """Signatures of functions; `function` is the kind of the anchors that find their definitions."""

    function: AnchorKind

    @override
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        """Find the function's definition."""
        return replace(anchor, kind=self.function).locate(workspace)

    @override
    def check(self, edit: Edit) -> None:
        """Refuse several hunks to choose from: each declaration might choose another one."""
        if not isinstance(edit.operation, HunkOperation) or len(edit.operation.hunks) != 1:
            raise UserError("anchor-operation", f"{edit.anchor} takes one hunk and nothing else", where=edit.where)

    @override
    def plan(self, edit: Edit, workspace: EditWorkspace) -> Outcome:
        """Apply the hunk to every declaration."""
        from qpatch.csource.operations.moved import unproven_move  # only here, as in BlockHandler
        from qpatch.csource.operations.signature import edit_signature

        assert isinstance(edit.operation, HunkOperation)
        definition = self.locate(edit.anchor, workspace)
        if not isinstance(definition, LocatedAnchor):
            return definition
        assert definition.symbol is not None
        if is_dead(definition.parsed, definition.symbol.node.start_byte):
            place = SourcePlace(definition.path, definition.symbol.start_line, _standing(definition.symbol))
            return Drifted(
                f"{edit.anchor} is only in code that is never compiled or does not parse",
                definition.path,
                (Candidate(place, 1.0),),
            )
        return unproven_move(edit, definition, workspace) or edit_signature(
            edit, edit.operation.hunks[0], definition, workspace
        )

    @override
    def unfinished(self, edit: Edit, workspace: EditWorkspace) -> Drifted | None:
        """Name the uses of the function that its new signature has left behind."""
        from qpatch.csource.operations.signature import (
            renamed_anchor,
            uses_left_behind,
        )  # only here, as in BlockHandler

        definition = self.locate(renamed_anchor(edit, workspace), workspace)
        return uses_left_behind(edit.anchor, definition, workspace) if isinstance(definition, LocatedAnchor) else None


def _standing(symbol: Symbol) -> str:
    under = f" (under #if {written(symbol.guards)})" if symbol.guards else ""
    return f"{symbol.kind} {symbol.name}{under}"
