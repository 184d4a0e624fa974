# SPDX-License-Identifier: GPL-2.0-or-later
"""Applies verbatim hunks: exact lines inside the extent of an anchor, in C and in any other file of text.

The extent of a symbol are its lines with its leading comment, that of `file` and `includes` is the file. Nothing is
parsed of what the hunk makes: one hunk may open a block or an `#if` that another closes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.expectations import unmet
from qpatch.csource.anchors.extents import extent_of
from qpatch.csource.anchors.locate import binary_file, missing_file
from qpatch.csource.checks import is_in_text
from qpatch.csource.edit import TextScope
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.matching.verbatim import places
from qpatch.csource.operations.verbatim_misses import explain_verbatim
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.text.document import Span, TextDocument
from qpatch.csource.text.edits import find_document
from qpatch.csource.text.parts import TextSection
from qpatch.csource.text.resolve import resolve_anchor
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.matching.verbatim import VerbatimHunk, VerbatimLine
    from qpatch.csource.results import EditResult
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

Refusal = AlreadyThere | Drifted | Ambiguous


def apply_verbatim(edit: Edit, hunk: VerbatimHunk, workspace: EditWorkspace) -> EditResult:
    """Apply `hunk` at the anchor of `edit`; the tree changes only where the result is Applied."""
    span = span_of(edit.anchor, workspace)
    if not isinstance(span, Span):
        return span
    if any("\0" in line for line in span.document.lines):
        return binary_file(span.document.path)
    return _Application(edit, hunk.in_file_of(span.document.lines), span).result(workspace)


def span_of(anchor: Anchor, workspace: EditWorkspace) -> Span | Drifted | Ambiguous:
    """Find the lines that `anchor` stands for, those that a verbatim hunk may change."""
    if is_in_text(anchor) and anchor.kind.text_scope is not TextScope.FILE:
        return _section(anchor, workspace)
    if not anchor.kind.name:
        content = workspace.tree.read(anchor.path)
        return missing_file(anchor.path, workspace.tree) if content is None else Span.whole(anchor.path, content)
    located = anchor.locate(workspace)
    if isinstance(located, Drifted | Ambiguous):
        return located
    return unmet(anchor, located, workspace) or _symbol(located)


def _section(anchor: Anchor, workspace: EditWorkspace) -> Span | Drifted | Ambiguous:
    document = find_document(anchor, workspace.tree)
    if not isinstance(document, TextDocument):
        return document
    section = resolve_anchor(anchor, document)
    if not isinstance(section, TextSection):
        return section
    return Span(document, section.start, section.end, "" if document.path == anchor.path else anchor.path)


def _symbol(located: LocatedAnchor) -> Span:
    source = located.parsed.source
    start, end = extent_of(located, layout_of(located))
    stop = source.count(b"\n", 0, end) + (not source[:end].endswith(b"\n"))
    return Span(TextDocument.read(located.path, source), source.count(b"\n", 0, start), stop, located.moved_from)


class _Application:
    """One hunk at one extent: where it fits, and where its result stands already."""

    def __init__(self, edit: Edit, hunk: VerbatimHunk, span: Span) -> None:
        self._edit = edit
        self._hunk = hunk
        self._span = span
        self._done = self._places(hunk.after())
        self._open = [place for place in self._places(hunk.before()) if not self._is_done(place)]

    def result(self, workspace: EditWorkspace) -> EditResult:
        """Decide, and write the file where the hunk applies."""
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        document = self._span.document
        workspace.tree.changed[document.path] = workspace.change(document.path, self._replacements())
        first = next(index for index, line in enumerate(self._hunk.lines) if line.sign is not Sign.CONTEXT)
        touched = tuple(document.place(place + first) for place in self._open)
        return Applied(document.path, len(self._open), self._span.moved_from, touched)

    def _places(self, side: Sequence[VerbatimLine]) -> list[int]:
        """Return where `side` stands in the extent; an empty side is an empty file."""
        lines = self._span.document.lines
        if not side:
            return [] if lines else [0]
        found = places(side, lines, self._span.start, self._span.stop)
        return [place for place in found if place + len(side) == len(lines)] if self._hunk.ends_file else found

    def _is_done(self, place: int) -> bool:
        """Tell whether what the hunk expects at `place` stands in a result of it: what it brings is there.

        So it is where its first lines and its last are the same: what it expects then stands in what it leaves.
        """
        before, after = len(self._hunk.before()), len(self._hunk.after())
        return any(done <= place and place + before <= done + after for done in self._done)

    def _refusal(self) -> Refusal | None:
        """Return why the hunk is not applied, None where it is."""
        if not self._open:
            return self._without_place()
        size = len(self._hunk.before())
        if any(after - before < size for before, after in pairwise(self._open)):
            return self._ambiguous("the places where the verbatim hunk fits overlap", self._open)
        # What is added and stands elsewhere may be this very edit, made before; common lines that close up are not.
        done = [place for place in self._done if not self._overlaps(place)] if self._hunk.adds_text else []
        if len(self._open) + len(done) == self._edit.expect:
            return None
        return self._wrong_count(self._open, done)

    def _overlaps(self, done: int) -> bool:
        before, after = len(self._hunk.before()), len(self._hunk.after())
        return any(done < place + before and place < done + after for place in self._open)

    def _without_place(self) -> Refusal:
        """Decide between 'already there' and drift where the lines of the hunk stand nowhere."""
        done = [place for place in self._done if self._tells(place)]
        if not done:
            return explain_verbatim(str(self._edit.anchor), self._hunk, self._span)
        if len(done) == self._edit.expect:
            return AlreadyThere(self._span.document.path, "the lines stand as the hunk leaves them")
        return self._wrong_count([], done)

    def _tells(self, done: int) -> bool:
        """Tell whether the result of the hunk, found at `done`, shows that it was applied.

        Where lines are only taken away, what stood around them must have closed up: at an end of the hunk that means
        the end of the extent.
        """
        if self._hunk.adds_text:
            return True
        if self._hunk.after() and all(line.is_blank for line in self._hunk.after()):
            return False
        first, last = self._hunk.lines[0].sign, self._hunk.lines[-1].sign
        closed_above = first is not Sign.REMOVED or done == self._span.start
        return closed_above and (last is not Sign.REMOVED or done + len(self._hunk.after()) == self._span.stop)

    def _wrong_count(self, fits: Sequence[int], done: Sequence[int]) -> Drifted | Ambiguous:
        expect, name = self._edit.expect, self._edit.anchor
        there = f", what it makes of them stands at {counted(len(done), 'place')} already" if done else ""
        message = (
            f"{name}: the lines of the verbatim hunk stand at {counted(len(fits), 'place')}{there}; {expect} expected"
        )
        if len(fits) + len(done) > expect:
            return self._ambiguous(message, [*fits, *done])
        return Drifted(message, self._span.document.path, suggestion="find out what became of the others")

    def _ambiguous(self, message: str, found: Sequence[int]) -> Ambiguous:
        shown = tuple(self._span.document.place(place) for place in sorted(found))
        return Ambiguous(message, self._span.document.path, shown, "show more lines around what changes")

    def _replacements(self) -> list[Replacement]:
        """Return what is put in the place of the lines that the hunk fits."""
        after = _bytes([line.text for line in self._hunk.after()])
        size = len(self._hunk.before())
        starts = [len(_bytes(self._span.document.lines[:place])) for place in self._open]
        ends = [len(_bytes(self._span.document.lines[: place + size])) for place in self._open]
        return [Replacement(start, end, after) for start, end in zip(starts, ends, strict=True)]


def _bytes(lines: Sequence[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")
