# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds text beside a symbol or at the end of a file."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of
from qpatch.csource.anchors.guards import written
from qpatch.csource.anchors.macro_functions import head_of, is_written_out
from qpatch.csource.anchors.spacing import needs_blank
from qpatch.csource.changes import Outcome, PlannedChanges, place_of
from qpatch.csource.matching.match import same_code
from qpatch.csource.operations.arms import (
    AddedSymbol,
    added_symbols,
    arm_refusal,
    check_directives,
    goes_on_with_arm,
)
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.directives import with_gaps
from qpatch.csource.syntax.indentation import relevelled
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from qpatch.csource.edit import AddOperation, Edit
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
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
        self._text = self._indented(textwrap.dedent(operation.text).strip("\n"))
        around = located.symbol.guards if located.symbol is not None else ()
        self._added = added_symbols(self._text, around, workspace.cache)

    def _indented(self, text: str) -> bytes:
        """Return the text indented as the file is, in tabs or in blanks."""
        style = coding_style(self._workspace.table).indentation_in(self._located.parsed.source)
        return "\n".join(relevelled(text.split("\n"), 0, "", style)).encode(errors="surrogateescape")

    def outcome(self) -> Outcome:
        check_directives(self._text, self._edit)
        refused = self._present() or arm_refusal(self._text, self._edit, self._located)
        if refused is not None:
            return refused
        anchor = self._edit.anchor
        change = anchor.handler.insertion(self._located, anchor.position, self._text, blank=self._needs_blank())
        if isinstance(change, Drifted | Ambiguous):
            return change
        change = replace(change, text=change.text.replace(self._text, self._with_gaps(change.start), 1))
        return PlannedChanges({self._located.path: [change]}, (place_of(self._located),), self._located.moved_from)

    def _with_gaps(self, position: int) -> bytes:
        """Return the text with its directives as those are written that stand around `position`."""
        lines = self._text.decode(errors="surrogateescape").split("\n")
        written = with_gaps(lines, self._located.parsed.source, position)
        return "\n".join(written).encode(errors="surrogateescape")

    def _present(self) -> AlreadyThere | Drifted | None:
        """Tell whether the added symbols are there: all of them alike, or one with another content."""
        if not self._added:
            parsed = self._workspace.cache.parse(self._text + b"\n")
            return AlreadyThere(self._located.path) if self._holds_text(parsed) else None
        there = [self._known(added) for added in self._added]
        for added, known in zip(self._added, there, strict=True):
            if known is not None and not (added.is_under_guards_of(known) and self._is_alike(added, known)):
                return self._differs(added.symbol, known)
        return AlreadyThere(self._located.path) if all(there) else None

    def _known(self, added: AddedSymbol) -> Symbol | None:
        """Return the symbol of the file that `added` is, or that it cannot stand beside."""
        known = self._workspace.symbols(self._located.path, added.symbol.name)
        alike = (other for other in known if other.kind == added.symbol.kind and not added.excludes(other))
        return next((other for other in alike if not self._is_another(added, other)), None)

    def _is_another(self, added: AddedSymbol, known: Symbol) -> bool:
        """Tell whether only a macro gives the same name to two functions: `HELPER(x)(...)` and `HELPER(y)(...)`."""
        source = self._located.parsed.source
        if known.kind != SymbolKind.FUNCTION or is_written_out(known, source):
            return False
        return head_of(known, source).split() != head_of(added.symbol, added.parsed.source).split()

    def _is_alike(self, added: AddedSymbol, known: Symbol) -> bool:
        return build(self._located.parsed, known.node).tokens == build(added.parsed, added.symbol.node).tokens

    def _differs(self, added: Symbol, known: Symbol) -> Drifted:
        guard = f" under #if {written(known.guards)}" if known.guards else ""
        return Drifted(
            f"{added.kind} {added.name} exists already{guard}, with another content",
            self._located.path,
            (Candidate(SourcePlace(self._located.path, known.start_line), 1.0),),
            suggestion=f"give the added {added.kind} another name, or edit the existing one",
        )

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
        """Tell whether a blank line belongs between the anchor and what is added, which may go on with its `#if`."""
        located = self._located
        if located.symbol is None or self._text.startswith(b"/*"):
            return True
        if goes_on_with_arm(self._text):
            return False
        added = [added.symbol for added in self._added]
        return needs_blank(located.symbol, added, located.parsed.source, self._workspace.outline(located.path))


def _folded(text: bytes) -> bytes:
    return b" ".join(text.split())
