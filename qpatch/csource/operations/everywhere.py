# SPDX-License-Identifier: GPL-2.0-or-later
"""Replaces an expression or a name wherever it stands: in a symbol, a file, the files of a glob, the whole tree.

The number of places is part of the edit, so that a tree with more or fewer of them is never edited in silence. Nothing
is done where a place could not be read as C, or where a comment would be lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.changes import Outcome, PlannedChanges
from qpatch.csource.listing import told_places
from qpatch.csource.matching.replace import CodeSearch, Found, includes_of, including_lines, words_of_code
from qpatch.csource.matching.rewriting import included
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.soundness.out_of_scope import captured
from qpatch.csource.source import CODE_SUFFIXES, is_binary, whole_words
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.realign import realigned
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.edit import Edit, EverywhereOperation
    from qpatch.csource.matching.replace import Span
    from qpatch.csource.matching.rewriting import Rewriting
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


@dataclass(frozen=True)
class Scope:
    """A file to search, and which bytes of it."""

    path: str
    span: Span


def replace_everywhere(
    edit: Edit, operation: EverywhereOperation, scopes: Sequence[Scope], workspace: EditWorkspace, moved_from: str = ""
) -> Outcome:
    """Return the changes that replace what the operation names in `scopes`, or why there are none."""
    found = {scope.path: _search(operation, scope, workspace) for scope in scopes}
    return _Count(edit, operation, found, workspace).outcome(moved_from)


def scope_of(located: LocatedAnchor) -> Scope:
    """Return the bytes of a symbol, or of the whole file where the anchor is none."""
    node = located.symbol.node if located.symbol else None
    return Scope(located.path, (node.start_byte, node.end_byte) if node else (0, len(located.parsed.source)))


def scopes_of_files(glob: str, operation: EverywhereOperation, workspace: EditWorkspace) -> list[Scope] | Drifted:
    """Return the files that `glob` matches ('' for all) and that mention what is looked for."""
    tree, folder = workspace.tree, re.match(r"[^*?]*/|", glob)
    assert folder is not None
    wanted = re.compile(_regex(glob))
    paths = [path for path in tree.paths(folder[0]) if wanted.fullmatch(path)]
    if not paths:
        return Drifted(
            f"no file of the tree matches {glob!r}", advice="correct the glob, or guard the edit with `when:`"
        )
    suffixes = ("",) if operation.texts else CODE_SUFFIXES
    later = workspace.own.renamed.get(operation.rewriting.new, ()) if operation.rewriting.renames else ()
    words = [word for word in (operation.rewriting.word, operation.rewriting.new_word, *later) if word]
    mentioning = {path for word in words for path in tree.mentioning(word, suffixes)}
    contents = [(path, tree.read(path) or b"") for path in paths if path in mentioning]
    return [Scope(path, (0, len(content))) for path, content in contents if not is_binary(content)]


def _regex(glob: str) -> str:
    """Return a glob as a regular expression; see the kind `files` in the table of kinds."""
    parts = re.split(r"(\*\*|\*|\?)", glob + "**" if glob.endswith("/") or not glob else glob)
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(words.get(part, re.escape(part)) for part in parts)


def _search(operation: EverywhereOperation, scope: Scope, workspace: EditWorkspace) -> Found:
    source, rewriting = workspace.tree.read(scope.path) or b"", operation.rewriting
    is_code = scope.path.endswith(CODE_SUFFIXES)
    if rewriting.includes:
        return _headers(source, rewriting, scope.span) if is_code else Found()
    if rewriting.renames:
        also = {"comments": operation.comments, "strings": operation.strings}
        # Where a later edit renames it once more, the new name is there as what that writes.
        names = rewriting.old, rewriting.new, *workspace.own.renamed.get(rewriting.new, ())
        places, *done = (
            words_of_code(source, word, (scope.span,), **also) if is_code else list(whole_words(source, word))
            for word in names
        )
        changes = tuple(Replacement(*place, rewriting.new.encode()) for place in places)
        staying = including_lines(source, rewriting.old, scope.span) if is_code and not operation.strings else []
        return Found(changes, tuple(start for start, _ in places), sum(map(len, done)), staying=tuple(staying))
    parsed = workspace.parse(scope.path) if is_code else None
    return CodeSearch(rewriting, parsed, (scope.span,), workspace.table).found() if parsed else Found()


def _headers(source: bytes, rewriting: Rewriting, span: Span) -> Found:
    """Find the `#include` lines of the header that gets another name."""
    old, new = included(rewriting.old) or "", included(rewriting.new) or ""
    places = includes_of(source, old, span)
    changes = tuple(Replacement(*place, new.encode()) for place in places)
    return Found(changes, tuple(start for start, _ in places), len(includes_of(source, new, span)))


@dataclass(frozen=True)
class _Count:
    """What was found in each file, against what the edit expects."""

    edit: Edit
    operation: EverywhereOperation
    found: dict[str, Found]
    workspace: EditWorkspace

    def outcome(self, moved_from: str) -> Outcome:
        places, done = self._places("starts"), sum(found.done for found in self.found.values())
        refused = self._refused()
        if refused is not None:
            return refused
        expect, least = self.edit.expect, self.operation.at_least
        if len(places) == expect or (least and len(places) > expect):
            changes = {path: self._laid_out(path, found) for path, found in self.found.items() if found.changes}
            taken = self._captured(changes)
            if taken is not None:
                return taken
            warnings = dict.fromkeys(warning for found in self.found.values() for warning in found.warnings)
            return PlannedChanges(changes, places, moved_from, warnings=(*warnings, *self._staying()))
        if not places and done >= expect:
            path = next(path for path, found in self.found.items() if found.done)
            return AlreadyThere(
                path, f"the new code stands in {counted(done, 'place')} already, and the old code in none"
            )
        return self._miscount(places, done)

    def _captured(self, changes: dict[str, list[Replacement]]) -> Drifted | None:
        """Refuse a new name that a scope has already, so that some use would mean something else."""
        name, places = self.operation.rewriting.new, []
        if not self.operation.rewriting.renames:
            return None
        for path, made in changes.items():
            parsed = self.workspace.parse(path) if path.endswith(CODE_SUFFIXES) else None
            if parsed is None or name.encode() not in parsed.source:
                continue
            changed = self.workspace.cache.parse(self.workspace.change(path, made))
            places += [
                self._place(path, start)
                for start in sorted(set(captured(parsed, changed, self.operation.rewriting.old, name)))
            ]
        if not places:
            return None
        return Drifted(
            f"{self.edit.anchor}: {counted(len(places), 'use')} would mean another `{name}`, which is there already",
            places[0].path,
            tuple(Candidate(place, 1.0, ("an inner scope declares the name",)) for place in places),
            advice="give it another name, or rename what has this one first",
        )

    def _laid_out(self, path: str, found: Found) -> list[Replacement]:
        """Return what to write in a file; in C with what follows for the lines around."""
        if not path.endswith(CODE_SUFFIXES):
            return list(found.changes)
        return realigned(self.workspace.tree.read(path) or b"", found.changes, coding_style(self.workspace.table))

    def _staying(self) -> tuple[str, ...]:
        """Tell of the `#include` lines that have the old name in the name of a header, and keep it."""
        places = self._places("staying")
        if not places:
            return ()
        where, old = told_places(places, self.edit.anchor.path), self.operation.rewriting.old
        lines = counted(len(places), "`#include` line")
        return (f"`{old}` stays in {lines} ({where}): `also-in: [strings]` has it changed there, too",)

    def _miscount(self, places: tuple[SourcePlace, ...], done: int) -> Drifted | Ambiguous:
        wanted = f"{'at least ' if self.operation.at_least else ''}{self.edit.expect} expected"
        there = f"; the new one stands in {counted(done, 'place')} already" if done else ""
        old = self.operation.rewriting.old
        found = counted(len(places), "place") if places else "no place"
        path = places[0].path if places else self.edit.anchor.path
        where = f" ({told_places(places, path)})" if 0 < len(places) < self.edit.expect else ""
        message = f"{self.edit.anchor}: `{old}` stands in {found}{where}, {wanted}{there}"
        key = "at-least" if self.operation.at_least else "expect"
        advice = f"look at each of them, then write `{key}: {len(places)}`"
        if len(places) > self.edit.expect:
            return Ambiguous(message, path, places, advice=advice, fits=len(places))
        candidates = tuple(Candidate(place, 1.0, ("it stands here",)) for place in places)
        told = advice if places and not done else ""
        return Drifted(message, path, candidates, advice=told, fits=len(places) if told else None)

    def _refused(self) -> Drifted | None:
        """Refuse places that could not be read, and those where something would be lost."""
        for attribute, what, why in (
            ("unread", "could not be read as C", "it may stand here, in a macro or in what does not parse"),
            ("lossy", "would lose a comment or another such place", "something in it would be lost"),
        ):
            places = self._places(attribute)
            if places:
                return Drifted(
                    f"{self.edit.anchor}: {counted(len(places), 'place')} of `{self.operation.rewriting.old}` {what}",
                    places[0].path,
                    tuple(Candidate(place, 1.0, (why,)) for place in places),
                    advice="edit these places first, each by a hunk or a verbatim hunk of its own",
                )
        return None

    def _places(self, attribute: str) -> tuple[SourcePlace, ...]:
        starts = {path: sorted(getattr(found, attribute)) for path, found in self.found.items()}
        return tuple(self._place(path, start) for path, places in starts.items() for start in places)

    def _place(self, path: str, start: int) -> SourcePlace:
        source = self.workspace.tree.read(path) or b""
        end = source.find(b"\n", start)
        line = source[source.rfind(b"\n", 0, start) + 1 : end if end >= 0 else len(source)]
        return SourcePlace(path, source.count(b"\n", 0, start) + 1, line.decode(errors="replace").strip())
