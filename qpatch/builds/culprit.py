# SPDX-License-Identifier: GPL-2.0-or-later
"""From a compiler's message to the edit in the strategy that caused it, as far as that can be known.

Evidence is tried from the strongest to the weakest, and `how` says which it was. An edit of the patches that are under
suspicion comes before any other: a line of an earlier patch that was built before is not what broke the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.builds.diagnostics import INCLUDED, INLINED
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.series.blame import mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qpatch.builds.diagnostics import Diagnostic
    from qpatch.series.blame import Authorship, FileChange, SeriesEdit

WROTE_LINE = "wrote this line"
NO_EDIT = "no edit wrote this line"
NO_PATCH = "the tree does not build without any patch"
# What a note of gcc and clang says, and what an edit did that wrote the line which the note points to.
_NOTES = (
    (INCLUDED, "wrote the #include that leads there"),
    (INLINED, "wrote the call that is inlined there"),
    ("in expansion of macro", "wrote the use of the macro"),
    ("expanded from macro", "wrote the macro"),
    ("first defined here", "wrote the other definition"),
    ("in definition of macro", "wrote the macro"),
    ("decla", "wrote the declaration that the message points to"),
    ("passing argument to parameter", "wrote the declaration that the message points to"),
    ("expected", "wrote the declaration that the message points to"),
    ("defined here", "wrote the definition that the message points to"),
    ("definition", "wrote the definition that the message points to"),
)
_ANY_NOTE = "wrote a line that the message points to"
# Of an event `name` tracetool makes the function `trace_name`, TRACE_NAME and TRACE_NAME_ENABLED.
_TRACE_PREFIX = "trace_"
# Messages about the grammar quote whatever comes next, not what is missing.
_GRAMMAR = "expected "


@dataclass(frozen=True)
class Culprit:
    """The error to report, the edit behind it (None: not known), how it was found, and how many errors there are more.

    `snippet` is the source line of the error where it is known. `certain` is False where the edit is only near.
    """

    diagnostic: Diagnostic
    edit: SeriesEdit | None
    how: str
    more: int
    snippet: str = ""
    certain: bool = True


@dataclass(frozen=True)
class _Clue:
    """An edit, and what it did that has to do with the error."""

    edit: SeriesEdit
    how: str


def find_culprit(errors: Sequence[Diagnostic], written: Authorship, patch: int, built: int = 0) -> Culprit | None:
    """Return what broke patch number `patch` (0: the tree itself), None where there are no errors.

    `built` is the number of the last patch before it that was built well: the edits of the patches after that are
    suspected first. The first error that leads to an edit is reported, else the first error.
    """
    if not errors:
        return None
    case = _ErrorCase(written, patch, built)
    for search, certain in ((case.evidence, True), (case.old_evidence, True), (case.nearby, False)):
        for error in errors:
            clue = next(iter(search(error)), None)
            if clue is not None:
                return Culprit(error, clue.edit, clue.how, len(errors) - 1, case.snippet(error), certain)
    return Culprit(errors[0], None, _unknown(errors[0], patch), len(errors) - 1, case.snippet(errors[0]))


@dataclass(frozen=True)
class _ErrorCase:
    """A failed step: who wrote what, the patch that does not build, the last one that did."""

    written: Authorship
    patch: int
    built: int

    def evidence(self, error: Diagnostic) -> Iterator[_Clue]:
        """Yield what the error's own lines, or the names in it, say about suspected patches; the best comes first."""
        return (clue for clue in self._clues(error) if self._suspect(clue.edit))

    def old_evidence(self, error: Diagnostic) -> Iterator[_Clue]:
        """Yield what they say about the patches that were built before without an error."""
        return (clue for clue in self._clues(error) if not self._suspect(clue.edit))

    def nearby(self, error: Diagnostic) -> Iterator[_Clue]:
        """Yield what the suspected patches changed in the function, then in the file, where the error is."""
        prefix = f"{NO_EDIT}; this one " if error.line else ""
        for change in reversed(self.written.changes_until(self.patch)):
            edit = change.edit
            if (
                change.path == error.path
                and self._suspect(edit)
                and edit.position == "in"
                and error.function
                and edit.anchor.split(" ", 1)[-1] == error.function
            ):
                yield _Clue(edit, f"{prefix}changed other lines of {error.function}")
        numbers = [
            (abs(number - error.line), number, line.edit)
            for number, line in enumerate(self.written.lines(self.patch, error.path), start=1)
            if line.edit is not None and self._suspect(line.edit)
        ]
        if error.line and numbers:
            _, number, edit = min(numbers, key=lambda entry: entry[:2])
            yield _Clue(edit, f"{prefix}wrote line {number} of the same file, the nearest that was changed")

    def snippet(self, error: Diagnostic) -> str:
        """Return the source line of the error, from what the compiler shows or from a file that the series changes."""
        lines = self.written.lines(self.patch, error.path)
        return error.snippet or (lines[error.line - 1].text if 0 < error.line <= len(lines) else "")

    def _suspect(self, edit: SeriesEdit) -> bool:
        return self.built < edit.patch <= self.patch

    def _clues(self, error: Diagnostic) -> Iterator[_Clue]:
        yield from self._line(error)
        yield from self._notes(note for note in error.notes if note.message != INCLUDED)
        yield from self._symbol(error)
        yield from self._removed(error)
        yield from self._notes(note for note in error.notes if note.message == INCLUDED)

    def _line(self, error: Diagnostic) -> Iterator[_Clue]:
        edit = self.written.of(self.patch, error.path, error.line)
        if edit is not None:
            yield _Clue(edit, WROTE_LINE)

    def _notes(self, notes: Iterable[Diagnostic]) -> Iterator[_Clue]:
        for note in notes:
            edit = self.written.of(self.patch, note.path, note.line)
            if edit is not None:
                yield _Clue(edit, f"{_attribution(note.message)} ({note.where})")

    def _symbol(self, error: Diagnostic) -> Iterator[_Clue]:
        """Yield the edits that wrote lines with the symbol that the linker, or a script, names."""
        if not error.symbol:
            return
        files = self.written.files[self.patch - 1] if self.patch else {}
        for path in sorted(files, key=lambda path: (path != error.path, path)):
            for number, line in enumerate(files[path], start=1):
                if line.edit is not None and mentions(line.text, error.symbol):
                    yield _Clue(line.edit, f"wrote {path}:{number}, which mentions '{error.symbol}'")

    def _removed(self, error: Diagnostic) -> Iterator[_Clue]:
        """Yield the suspected edits after which fewer lines mention what the error names."""
        if error.message.startswith(_GRAMMAR):
            return
        changes = [change for change in self.written.changes_until(self.patch) if self._suspect(change.edit)]
        for name in _with_event_names(error.names):
            removals = [change for change in changes if change.balance(name) < 0 and _reaches(change, name, error)]
            for change in sorted(removals, key=lambda change: change.path != error.path):
                left = any(mentions(line.text, name) for line in self.written.lines(self.patch, change.path))
                yield _Clue(
                    change.edit, f"removed {'a' if left else 'the last'} line of {change.path} that mentions '{name}'"
                )


def _unknown(error: Diagnostic, patch: int) -> str:
    if not patch:
        return NO_PATCH
    return NO_EDIT if error.line else "no edit is known to be behind it"


def _reaches(change: FileChange, name: str, error: Diagnostic) -> bool:
    """Tell whether `name`, taken away by `change`, can have been missed where the error is.

    The linker sees all files. The compiler sees one with its headers (and what is made of lists such as trace-events),
    and of another function not the inside.
    """
    if error.symbol:
        return True
    if change.path != error.path and change.path.endswith(".c"):
        return False
    kind, _, anchor = change.edit.anchor.partition(" ")
    # The inside of a function, which other functions cannot see.
    is_body = change.edit.position == "in" and kind in ANCHOR_KINDS and ANCHOR_KINDS[kind].is_function_body
    return not is_body or not error.function or anchor in (error.function, name)


def _attribution(note: str) -> str:
    return next((deed for word, deed in _NOTES if word in note), _ANY_NOTE)


def _with_event_names(names: Iterable[str]) -> Iterator[str]:
    """Yield `names`, and after each one that tracetool has made the name of its event."""
    for name in names:
        yield name
        if name.startswith(_TRACE_PREFIX):
            yield name.removeprefix(_TRACE_PREFIX)
        elif name.startswith(_TRACE_PREFIX.upper()):
            yield name.lower().removeprefix(_TRACE_PREFIX).removesuffix("_enabled")
