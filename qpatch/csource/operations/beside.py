# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds text beside a symbol or at the end of a file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of
from qpatch.csource.changes import Outcome, PlannedChanges, place_of
from qpatch.csource.matching.match import same_code
from qpatch.csource.results import AlreadyThere, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.symbols import ONE_LINERS, Symbol, SymbolKind, outline
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from qpatch.csource.edit import AddOperation, Edit
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

# The terms whose items stand at file scope.
_FILE_SCOPE = frozenset(
    {"translation_unit", "declaration_list", "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif"}
)


def add_beside(edit: Edit, operation: AddOperation, located: LocatedAnchor, workspace: EditWorkspace) -> Outcome:
    """Add the operation's text after or before the anchor, or at the end of a file, unless it is there already."""
    return _Beside(edit, operation, located, workspace).outcome()


class _Beside:
    """An addition after or before a symbol, or at the end of a file."""

    def __init__(self, edit: Edit, operation: AddOperation, located: LocatedAnchor, workspace: EditWorkspace) -> None:
        self._edit = edit
        self._located = located
        self._workspace = workspace
        self._text = textwrap.dedent(operation.text).strip("\n").encode(errors="surrogateescape")

    def outcome(self) -> Outcome:
        present = self._present()
        if present is not None:
            return present
        anchor = self._edit.anchor
        change = anchor.handler.insertion(self._located, anchor.position, self._text, blank=self._needs_blank())
        if isinstance(change, Drifted):
            return change
        return PlannedChanges({self._located.path: [change]}, (place_of(self._located),), self._located.moved_from)

    def _added_symbols(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in outline(self._parse_text()) if symbol.kind != SymbolKind.INCLUDES)

    def _parse_text(self) -> ParsedFile:
        return self._workspace.cache.parse(self._text + b"\n")

    def _present(self) -> AlreadyThere | Drifted | None:
        """Tell whether the added symbols are there: all of them alike, or one with another content."""
        parsed = self._parse_text()
        added = self._added_symbols()
        if not added:
            return AlreadyThere(self._located.path) if self._holds_text(parsed) else None
        same = 0
        for symbol in added:
            other = next(
                (
                    known
                    for known in self._workspace.symbols(self._located.path, symbol.name)
                    if known.kind == symbol.kind
                ),
                None,
            )
            if other is None:
                continue
            if build(self._located.parsed, other.node).tokens != build(parsed, symbol.node).tokens:
                return Drifted(
                    f"{symbol.kind} {symbol.name} exists already, with another content",
                    self._located.path,
                    (Candidate(SourcePlace(self._located.path, other.start_line), 1.0),),
                    suggestion=f"give the added {symbol.kind} another name, or edit the existing one",
                )
            same += 1
        return AlreadyThere(self._located.path) if same == len(added) else None

    def _holds_text(self, added: ParsedFile) -> bool:
        """Tell whether what is added stands at file scope, and not as a part of something or in another `#if` arm."""
        if _folded(self._text) not in _folded(self._located.parsed.source):
            return False
        new = build(added, added.tree.root_node).items
        if not new:  # A comment.
            return True
        root = build(self._located.parsed, self._located.parsed.tree.root_node)
        blocks = (
            [block_of(self._located)]
            if self._located.symbol is None
            else [term for term in root.below() if term.kind in _FILE_SCOPE]
        )
        return any(all(any(same_code(item, other) for other in block.items) for item in new) for block in blocks)

    def _needs_blank(self) -> bool:
        """Tell whether a blank line belongs between the anchor and what is added; neither is the case of one line."""
        if self._located.symbol is None:
            return True
        kinds = {self._located.symbol.kind, *(symbol.kind for symbol in self._added_symbols())}
        return not kinds <= ONE_LINERS


def _folded(text: bytes) -> bytes:
    return b" ".join(text.split())
