# SPDX-License-Identifier: GPL-2.0-or-later
"""Which edit of a strategy wrote a line of a rendered series, and which lines an edit took away.

The edits are carried out once more, one by one; what a file's lines were before and after an edit tells whose they are.
So a line is an edit's where the text differs from what was there, not because it is near the edit's place. Lines are
told apart as `diff` does: where an edit adds a line next to an equal one, either may count as the added one.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import RenameOperation
from qpatch.csource.own_work import workspace_of_series
from qpatch.csource.source import Overlay
from qpatch.csource.workspace import EditWorkspace
from qpatch.series.facts import facts_for
from qpatch.series.render import attempt
from qpatch.strategy.bind import Binding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.errors import Location
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.bind import BoundPatch
    from qpatch.strategy.load import LoadedStrategy


@dataclass(frozen=True)
class SeriesEdit:
    """An edit of a rendered series: the patch (number in the series, from 1; subject), the anchor, place and reason.

    `anchor` is as in the table of edits ("function f"), `position` where the edit works relative to it.
    """

    patch: int
    subject: str
    anchor: str
    position: str
    where: Location
    why: str = ""

    def __str__(self) -> str:
        """Name the edit as a message does: file:line (in function f)."""
        return f"{self.where} ({self.position} {self.anchor})"


@dataclass(frozen=True)
class AttributedLine:
    """A line of a file as a patch leaves it; `edit` wrote it, None where the tree has it so."""

    text: str
    edit: SeriesEdit | None = None


@dataclass(frozen=True)
class FileChange:
    """What one edit did to one file: the lines that it took away, those that it wrote, with their numbers (from 1).

    Numbers of `removed` count in the file before the edit, those of `written` in the file after it.
    """

    edit: SeriesEdit
    path: str
    removed: tuple[tuple[int, str], ...]
    written: tuple[tuple[int, str], ...]

    def balance(self, word: str) -> int:
        """Return how many lines more mention `word` after the edit than before; negative where there are fewer."""
        return sum(mentions(text, word) for _, text in self.written) - sum(
            mentions(text, word) for _, text in self.removed
        )


@dataclass(frozen=True)
class Authorship:
    """Who wrote what in a series: the lines of every changed file after each patch, and the changes in order."""

    subjects: tuple[str, ...] = ()
    files: tuple[Mapping[str, tuple[AttributedLine, ...]], ...] = ()
    changes: tuple[FileChange, ...] = ()

    def of(self, patch: int, path: str, line: int) -> SeriesEdit | None:
        """Return the edit that wrote `line` (from 1) of `path` as it is after patch number `patch`.

        None where the line is the tree's own, or there is no such line; patch 0 is the tree itself.
        """
        lines = self.lines(patch, path)
        return lines[line - 1].edit if 0 < line <= len(lines) else None

    def lines(self, patch: int, path: str) -> tuple[AttributedLine, ...]:
        """Return the lines of `path` after patch number `patch`; none where no patch so far has changed the file."""
        return self.files[patch - 1].get(path, ()) if 0 < patch <= len(self.files) else ()

    def changes_until(self, patch: int) -> tuple[FileChange, ...]:
        """Return the changes of the patches up to number `patch`, in order."""
        return tuple(change for change in self.changes if change.edit.patch <= patch)

    def edits(self) -> tuple[SeriesEdit, ...]:
        """Return the edits that changed something, in order."""
        return tuple(dict.fromkeys(change.edit for change in self.changes))


def authorship(strategy: LoadedStrategy, target: OpenTree, parameters: Mapping[str, object]) -> Authorship:
    """Carry out the edits of `strategy` on `target` one by one and note who wrote which line.

    Empty where the strategy cannot be rendered there. Raises as `qpatch.series.render.attempt` does.
    """
    tried = attempt(strategy, target, parameters)
    if tried.planned is None:
        return Authorship()
    bound = Binding(strategy, target.info, facts_for(strategy, target), parameters).patches()
    workspace = EditWorkspace(Overlay(target.source), target.cache)
    replay = _Replay(workspace_of_series([edit for patch in bound for edit in patch.edits], workspace))
    kept = [bound[index] for index in tried.decision.kept]  # the others change nothing
    files = []
    for number, patch in enumerate(kept, start=1):
        replay.run(number, patch)
        files.append(dict(replay.lines))
    return Authorship(tuple(patch.subject for patch in kept), tuple(files), tuple(replay.changes))


@dataclass
class _Replay:
    """Carries edits out; `lines` are the changed files as they are now, `changes` what was done so far."""

    workspace: EditWorkspace
    lines: dict[str, tuple[AttributedLine, ...]] = field(default_factory=dict)
    changes: list[FileChange] = field(default_factory=list)

    def run(self, number: int, patch: BoundPatch) -> None:
        """Carry out the edits of `patch`, number `number` of the series."""
        for edit in patch.edits:
            before = self.workspace.tree.copy()
            apply_edit(edit, self.workspace)
            of_series = SeriesEdit(
                number, patch.subject, str(edit.anchor), str(edit.anchor.position), edit.where, edit.why
            )
            changes = self.workspace.tree.changes_since(before)
            if isinstance(edit.operation, RenameOperation) and edit.operation.target in changes:
                self._rename(changes, before, edit.anchor.path, edit.operation.target)
            for path, content in changes.items():
                self._note(of_series, path, content or b"", before)

    def _rename(self, changes: dict[str, bytes | None], before: Overlay, old: str, new: str) -> None:
        """Let the lines of a renamed file keep their authors; none of them is written or taken away."""
        old = before.current(old)
        self.lines[new], self.lines[old] = self._lines(old, before), ()
        del changes[new], changes[old]

    def _lines(self, path: str, before: Overlay) -> tuple[AttributedLine, ...]:
        return self.lines[path] if path in self.lines else _lines_of(before.read(path) or b"")

    def _note(self, edit: SeriesEdit, path: str, content: bytes, before: Overlay) -> None:
        old = self._lines(path, before)
        new = split_lines(content) if content else []
        lines, change = attribute(old, new, edit, path)
        self.lines[path] = lines
        if change.removed or change.written:
            self.changes.append(change)


def attribute(
    old: Sequence[AttributedLine], new: Sequence[str], edit: SeriesEdit, path: str
) -> tuple[tuple[AttributedLine, ...], FileChange]:
    """Return the lines `new` of `path`, those that differ from `old` attributed to `edit`, and the change."""
    lines: list[AttributedLine] = []
    removed: list[tuple[int, str]] = []
    for same, old_start, old_end, new_start, new_end in _blocks([line.text for line in old], new):
        if same:
            lines += old[old_start:old_end]
            continue
        removed += [(number, old[number - 1].text) for number in range(old_start + 1, old_end + 1)]
        lines += [AttributedLine(text, edit) for text in new[new_start:new_end]]
    written = tuple((number, line.text) for number, line in enumerate(lines, start=1) if line.edit is edit)
    return tuple(lines), FileChange(edit, path, tuple(removed), written)


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield the blocks that are the same and that differ, as (same, old start, old end, new start, new end).

    What is the same at both ends is set aside first: an edit touches few lines of a long file.
    """
    shorter = min(len(old), len(new))
    head = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    tail = next((index for index in range(shorter - head) if old[-1 - index] != new[-1 - index]), shorter - head)
    yield True, 0, head, 0, head
    matcher = difflib.SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    for tag, *bounds in matcher.get_opcodes():
        old_start, old_end, new_start, new_end = (bound + head for bound in bounds)
        yield tag == "equal", old_start, old_end, new_start, new_end
    yield True, len(old) - tail, len(old), len(new) - tail, len(new)


def split_lines(content: bytes) -> list[str]:
    """Return the lines of a file as compilers count them, without their ends."""
    lines = [line.removesuffix("\r") for line in content.decode(errors="replace").split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _lines_of(content: bytes) -> tuple[AttributedLine, ...]:
    return tuple(AttributedLine(text) for text in split_lines(content))


def mentions(text: str, word: str) -> bool:
    """Tell whether `text` holds `word` as a whole word."""
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None
