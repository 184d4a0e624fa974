# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds text beside a symbol or at the end of a file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, layout_of
from qpatch.csource.edit import AddOperation, AnchorKind, Edit, Position
from qpatch.csource.matching.match import same_code
from qpatch.csource.operations.changes import Outcome, PlannedChanges, place_of
from qpatch.csource.results import AlreadyThere, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.layout import Layout, Replacement
from qpatch.csource.syntax.symbols import Symbol, outline
from qpatch.csource.syntax.term import build

if TYPE_CHECKING:
    from qpatch.csource.anchors.workspace import EditWorkspace, Located
    from qpatch.csource.syntax.parse import ParsedFile

# Symbols of one line that stand together without blank lines between them.
_LINE_KINDS = frozenset({AnchorKind.MACRO, AnchorKind.PROTOTYPE, AnchorKind.TYPEDEF})
# The terms whose items stand at file scope.
_FILE_SCOPE = frozenset(
    {"translation_unit", "declaration_list", "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif"}
)


def add_beside(edit: Edit, operation: AddOperation, located: Located, workspace: EditWorkspace) -> Outcome:
    """Add the operation's text after or before the anchor, or at the end of a file, unless it is there already."""
    return _Beside(edit, operation, located, workspace).outcome()


class _Beside:
    """An addition after or before a symbol, or at the end of a file."""

    def __init__(self, edit: Edit, operation: AddOperation, located: Located, workspace: EditWorkspace) -> None:
        self._edit = edit
        self._located = located
        self._workspace = workspace
        self._text = textwrap.dedent(operation.text).strip("\n").encode(errors="surrogateescape")

    def outcome(self) -> Outcome:
        present = self._present()
        if present is not None:
            return present
        layout = layout_of(self._located)
        if self._edit.anchor.kind is AnchorKind.INCLUDES:
            block = next(
                (
                    symbol
                    for symbol in self._workspace.outline(self._located.path)
                    if symbol.kind is AnchorKind.INCLUDES
                ),
                None,
            )
            if block is None:
                return Drifted(
                    f"{self._located.path} has no #include to add to",
                    self._located.path,
                    suggestion="add beside another symbol: `after:` or `before:`",
                )
            change = self._after_includes(layout, block)
        elif self._located.symbol is None:
            change = self._at_end_of_file(layout)
        else:
            change = insertion_beside(
                layout, self._located, self._edit.anchor.position, self._text, blank=self._needs_blank()
            )
        return PlannedChanges({self._located.path: [change]}, (place_of(self._located),), self._located.moved_from)

    def _added_symbols(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in outline(self._parse_text()) if symbol.kind is not AnchorKind.INCLUDES)

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
                    if known.kind is symbol.kind
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
        assert self._located.symbol is not None
        kinds = {self._located.symbol.kind, *(symbol.kind for symbol in self._added_symbols())}
        return not kinds <= _LINE_KINDS

    def _at_end_of_file(self, layout: Layout) -> Replacement:
        """Add at the end of the file; in a header, before the `#endif` of its include guard."""
        block = block_of(self._located)
        guarded = block.kind == "preproc_ifdef"
        end = layout.line_start(block.children[-1].start) if guarded else len(layout.source)
        above = layout.source[:end]
        gap = b"" if not above or above.endswith(b"\n\n") else b"\n" if above.endswith(b"\n") else b"\n\n"
        return Replacement(end, end, gap + self._text + (b"\n\n" if guarded else b"\n"))

    def _after_includes(self, layout: Layout, block: Symbol) -> Replacement:
        end = 0
        for _ in range(block.end_line):
            end = layout.next_line(end)
        return Replacement(end, end, _new_line(layout, end) + self._text + b"\n")


def insertion_beside(layout: Layout, located: Located, position: Position, text: bytes, *, blank: bool) -> Replacement:
    """Return the insertion of `text` beside a symbol, with one blank line between if `blank`."""
    start, end = extent_of(located, layout)
    gap = b"\n" if blank else b""
    if position is Position.BEFORE:
        return Replacement(start, start, text + b"\n" + gap)
    followed = b"" if layout.is_blank(end, layout.line_end(end)) else gap
    return Replacement(end, end, _new_line(layout, end) + gap + text + b"\n" + followed)


def extent_of(located: Located, layout: Layout) -> tuple[int, int]:
    """Return the whole lines of a symbol, with its leading comment and its trailing ones."""
    assert located.symbol is not None
    node = located.symbol.node
    end = node.start_byte + len(layout.source[node.start_byte : node.end_byte].rstrip())
    if layout.source[end : end + 1] == b";":
        end += 1
    end = layout.next_line(layout.after_trailing_comments(end))
    return layout.before_leading_comments(layout.line_start(node.start_byte)), end


def _new_line(layout: Layout, position: int) -> bytes:
    """Return the newline that is missing where `position` is the end of a file without a final one."""
    return b"" if layout.starts_line(position) else b"\n"


def _folded(text: bytes) -> bytes:
    return b" ".join(text.split())
