# SPDX-License-Identifier: GPL-2.0-or-later
"""Expresses what a commit changes as edits: file operations, and a verbatim hunk for each hunk of the diff.

A hunk is put at the symbol around it where there is one, else at the file, with as many lines of context as it takes to
be told from any other place. Which anchor does is found out by trying: the engine applies each edit to the parent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.history.written import as_template
from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Action, Anchor, Edit, VerbatimOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.operations.verbatim import span_of
from qpatch.csource.results import Applied
from qpatch.csource.source import C_SUFFIXES, REGULAR, Overlay
from qpatch.csource.text.document import Span
from qpatch.csource.workspace import EditWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.history.commits import DiffHunk, DrawnCommit, FileChange
    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.cache import ParseCache

# Lines of context besides the three of the diff that are tried in turn; then the whole file.
_MORE_CONTEXT = (0, 3, 9, 27, 81, 243)
# A created file of more lines is a template, a file of its own, as in a strategy that somebody wrote.
_LONGEST_TEXT = 200


class NotExpressedError(Exception):
    """A change that no edit was found for."""


@dataclass
class Expression:
    """The edits (each a mapping of keys to texts), the templates that they name, how many of each sort there are."""

    edits: list[Mapping[str, str]] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)
    sorts: Counter[str] = field(default_factory=Counter)

    def add(self, sort: str, edit: Mapping[str, str]) -> None:
        """Add an edit."""
        self.edits.append(edit)
        self.sorts[sort] += 1


def express(drawn: DrawnCommit, tree: SourceTree, cache: ParseCache, name: str) -> Expression:
    """Return the edits that make the commit of its parent `tree`. Raises NotExpressedError where one is not found."""
    workspace = EditWorkspace(Overlay(tree), cache)
    expression = Expression()
    for change in drawn.files:
        if not change.new:
            expression.add("delete", {"delete": f"file {change.old}"})
    for change in drawn.files:
        if change.old and change.new and change.old != change.new:
            expression.add("rename", {"rename": change.old, "to": change.new})
            workspace.tree.rename(change.old, change.new)
    for change in drawn.files:
        if not change.old:
            _create(change, expression, name)
        elif change.new and change.old_mode != change.new_mode:
            expression.add("mode", {"in": f"file {change.new}", "mode": change.new_mode})
    for change in drawn.files:
        for hunk in change.hunks:
            _hunk(change, hunk, workspace, expression)
    return expression


def _create(change: FileChange, expression: Expression, name: str) -> None:
    text = change.content.decode("utf-8", "surrogateescape")
    edit = {"create": change.new}
    if change.new_mode != REGULAR:
        edit["mode"] = change.new_mode
    if text.count("\n") > _LONGEST_TEXT:
        edit["template"] = f"{name}/{len(expression.templates)}.j2"
        expression.templates[edit["template"]] = as_template(text)
    else:
        edit["text"] = text
    expression.add("create", edit)


def _hunk(change: FileChange, hunk: DiffHunk, workspace: EditWorkspace, expression: Expression) -> None:
    """Add the first edit that makes of the file what the hunk makes of it."""
    path, before = change.new, workspace.tree.read(change.new) or b""
    placed = _PlacedHunk(before.split(b"\n"), hunk)
    wanted = placed.result()
    for anchor, text in _candidates(path, placed, workspace):
        if _makes(anchor, text, wanted, workspace):
            sort = "verbatim, at the file" if anchor.path and not anchor.name else "verbatim, at a symbol"
            keys = {
                "in": str(anchor),
                **({"path": path} if anchor.name else {}),
                **({"guard": anchor.guard} if anchor.guard else {}),
            }
            expression.add(sort, {**keys, "verbatim": text})
            return
        workspace.tree.changed[path] = before
    raise NotExpressedError(f"{path}: the hunk at line {hunk.place + 1}")


def _makes(anchor: Anchor, text: str, wanted: bytes, workspace: EditWorkspace) -> bool:
    """Tell whether the hunk `text` at `anchor` makes the file `wanted`; then it is made."""
    try:
        edit = Edit(anchor, VerbatimOperation(parse_verbatim(text)))
    except HunkError:
        return False
    return isinstance(apply_edit(edit, workspace), Applied) and workspace.tree.read(anchor.path) == wanted


def _candidates(path: str, placed: _PlacedHunk, workspace: EditWorkspace) -> Iterator[tuple[Anchor, str]]:
    """Yield anchors for a hunk with the hunk's text, the best first."""
    if path.endswith(C_SUFFIXES):
        for anchor in _symbols(path, placed.first_change, workspace):
            span = span_of(anchor, workspace)
            inside = placed.inside(span) if isinstance(span, Span) and span.document.path == path else None
            if inside is not None:
                yield anchor, inside
    for more in (*_MORE_CONTEXT, len(placed.file)):
        yield Anchor(ANCHOR_KINDS["file"], "", path), placed.with_context(more)


def _symbols(path: str, line: int, workspace: EditWorkspace) -> Iterator[Anchor]:
    """Yield anchors for the symbols around line `line` (from 0)."""
    for symbol in workspace.outline(path):
        kind = ANCHOR_KINDS.get(str(symbol.kind))
        if kind is None or not kind.name or Action.VERBATIM not in kind.actions:
            continue
        if symbol.start_line - 1 <= line < symbol.end_line:
            yield Anchor(kind, symbol.name, path, guard=" && ".join(symbol.guards))


class _PlacedHunk:
    """A hunk at its place in a file that earlier hunks have changed already; `file` are the lines, split at LF."""

    def __init__(self, file: Sequence[bytes], hunk: DiffHunk) -> None:
        self.file = list(file)
        self._place = hunk.place
        self._hunk = hunk.lines
        self._stop = hunk.place + sum(line[:1] in b" -" for line in hunk.lines)

    @property
    def first_change(self) -> int:
        """The line of the file at which something changes."""
        return self._place + next(index for index, line in enumerate(self._hunk) if line[:1] != b" ")

    def result(self) -> bytes:
        """Return the file that the hunk makes."""
        lines = b"".join(_plain(line) for line in self._hunk if line[:1] in b" +")
        after = b"\n".join(self.file[self._stop :])
        return b"".join(line + b"\n" for line in self.file[: self._place]) + lines + after

    def with_context(self, more: int) -> str:
        """Return the hunk as a text, with `more` lines of context on either side."""
        above = self.file[max(0, self._place - more) : self._place]
        below = self.file[self._stop : self._stop + more]
        ends_file = self._stop + len(below) == len(self.file)
        if ends_file and below and not below[-1]:
            below.pop()
            ends_file = False
        text = b"".join(b" " + line + b"\n" for line in above) + b"".join(self._hunk)
        text += b"".join(b" " + line + b"\n" for line in below)
        text += b"\\ No newline at end of file\n" if ends_file and below else b""
        return text.decode("utf-8", "surrogateescape")

    def inside(self, span: Span) -> str | None:
        """Return the hunk with only that context which lies in `span`; None where something that changes does not.

        A line of context is kept on either side, so that what is added stays inside.
        """
        start = max(0, span.start - self._place)
        surplus = max(0, self._stop - span.stop)
        lines = self._hunk[start : len(self._hunk) - surplus]
        cut = (*self._hunk[:start], *self._hunk[len(self._hunk) - surplus :]) if surplus else self._hunk[:start]
        if not lines or any(line[:1] != b" " for line in (*cut, lines[0], lines[-1])):
            return None
        return b"".join(lines).decode("utf-8", "surrogateescape")


def _plain(line: bytes) -> bytes:
    """Return what a line of a hunk holds, without its sign, and without its newline where it says so."""
    text, newline, rest = line[1:].partition(b"\n")
    return text if rest else text + newline
