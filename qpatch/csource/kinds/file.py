# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that are a whole file; additions go to its end, or below its `#include` lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.csource.anchors.extents import insertion_at_end, insertion_below
from qpatch.csource.anchors.locate import locate_file
from qpatch.csource.kinds.base import BlockHandler
from qpatch.csource.results import Ambiguous, Drifted
from qpatch.csource.syntax.symbols import SymbolKind, outline

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor, Position
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


class FileHandler(BlockHandler):
    """A file; its block is what stands at file scope, in a header inside the include guard."""

    @override
    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted:
        """Find the file by its path."""
        return locate_file(anchor, workspace)

    @override
    def insertion(
        self, located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
    ) -> Replacement | Drifted | Ambiguous:
        """Return the insertion at the end of the file, whatever the position."""
        return insertion_at_end(located, text)


class IncludesHandler(FileHandler):
    """The `#include` lines of a file that are under no `#if`; a hunk may show any lines of the file."""

    @override
    def insertion(
        self, located: LocatedAnchor, position: Position, text: bytes, *, blank: bool
    ) -> Replacement | Drifted | Ambiguous:
        """Return the insertion below the last `#include`, whatever the position."""
        includes = next((each for each in outline(located.parsed) if each.kind == SymbolKind.INCLUDES), None)
        if includes is not None:
            return insertion_below(located, includes, text)
        return Drifted(
            f"{located.path} has no #include to add to",
            located.path,
            suggestion="add beside another symbol: `after:` or `before:`",
        )
