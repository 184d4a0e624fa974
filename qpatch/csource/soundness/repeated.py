# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds edits of a series that were made although the tree has what they bring.

An edit recognises its own result by its context. Where a later edit of the series changes that, or its own lines, it
fits once more. So the series is judged by what it comes to in the end: what an edit adds must not stand right beside
the same, unless the edit shows that it is there.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from qpatch.csource.edit import AddOperation, EverywhereOperation, HunkOperation, MoveOperation, VerbatimOperation
from qpatch.csource.matching.hunk import Sign
from qpatch.csource.results import AlreadyThere, Applied, Candidate, Drifted, SourcePlace
from qpatch.csource.soundness.tandem import doubled, holds, place_of_run, tells, without_runs, words_of
from qpatch.csource.syntax.layout import column
from qpatch.csource.tokens import METAVARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult
    from qpatch.csource.workspace import EditWorkspace

_WORD = re.compile(r"[A-Za-z_]\w*")
_ADVICE = "remove the edit, or, if it is wanted a second time, show the one that is there in a hunk"


def repeated_work(
    edits: Sequence[Edit], results: Sequence[EditResult], workspace: EditWorkspace
) -> Iterator[tuple[int, Drifted]]:
    """Yield the index and the drift of each edit that was made a second time.

    `edits` are all those of a series and `results` what became of them in `workspace`, the tree of which has them all.
    """
    tree = workspace.tree
    names = _last_names(workspace.own.renamed)
    written = [_Written(edit, result, names) for edit, result in zip(edits, results, strict=True)]
    paths = [tree.current(result.path) for result in results]
    for path in dict.fromkeys(
        path for each, path in zip(written, paths, strict=True) if each.groups and isinstance(each.result, Applied)
    ):
        old, new = tree.base.read(tree.original(path)), tree.read(path)
        if old is None or new is None or old == new:
            continue
        here = {index: each for index, each in enumerate(written) if paths[index] == path}
        yield from _repeated_in(path, _Text.of(old), _Text.of(new), here)


def _repeated_in(path: str, old: _Text, new: _Text, here: Mapping[int, _Written]) -> Iterator[tuple[int, Drifted]]:
    made = {index: each for index, each in here.items() if isinstance(each.result, Applied) and each.groups}
    there = [
        group
        for each in here.values()
        if isinstance(each.result, AlreadyThere)
        for group in each.groups
        if any(map(tells, group))
    ]
    found = [*_doubled_lines(old, new), *_doubled_in_lines(old, new)]
    if any(each.taken for each in here.values()):
        yield from _done_before(path, old, new, here)
    if there:
        found += _doubled_lines(old.without(there), new.without(there))
    elsewhere = {
        word
        for each in here.values()
        if isinstance(each.edit.operation, EverywhereOperation)
        for word in words_of(each.edit.operation.rewriting.new)
    }
    blamed = set()
    for repetition in found:
        words = {word for word in repetition.words if tells(word)}
        for index in _authors(words - elsewhere, repetition, made):
            if index not in blamed:
                blamed.add(index)
                yield index, _drift(made[index].edit, path, repetition)


def _authors(missing: set[str], repetition: _Repetition, made: Mapping[int, _Written]) -> list[int]:
    """Return the edits that have added the `missing` words of what is repeated, as few as will do.

    None where one of them shows that it is repeated, or where no edits have all of it.
    """
    authors: list[int] = []
    while missing:
        index = max(made, key=lambda index: len(missing & made[index].words))
        if not missing & made[index].words or made[index].shows_twice(repetition.words):
            return []
        missing = missing - made[index].words
        authors.append(index)
    return authors


def _done_before(path: str, old: _Text, new: _Text, here: Mapping[int, _Written]) -> Iterator[tuple[int, Drifted]]:
    """Yield the edits that were made although the tree has what a later edit of the series makes of their work.

    That has taken away a line which they bring, or one that they stood beside while the tree has all that they bring.
    """
    for index, each in here.items():
        if not isinstance(each.result, Applied):
            continue
        brought = [line for group in each.groups for line in group if tells(line) and line in new.lines]
        is_there = bool(brought) and all(holds(old.lines, group) for group in each.groups)
        shown = {*brought, *(each.context if is_there else ())}
        for other, later in here.items():
            line = next((line for line in later.taken if line in shown), None)
            if line is not None and other > index and _meet(each.edit, later.edit):
                message = f"this is already there: another edit of the series has taken `{line}` from there"
                at = old.line_of(each.groups[0]) if is_there else 0
                near = (Candidate(SourcePlace(path, at, brought[0]), 1.0),) if is_there else ()
                yield index, Drifted(f"{each.edit.anchor}: {message}", path, near, advice=_ADVICE, is_there=True)
                break


def _meet(edit: Edit, other: Edit) -> bool:
    """Tell whether two edits of a file work in one place, as far as their anchors tell: a whole file is any place."""
    names = edit.anchor.name, other.anchor.name
    return not all(names) or names[0] == names[1]


def _drift(edit: Edit, path: str, repetition: _Repetition) -> Drifted:
    place = SourcePlace(path, repetition.line, repetition.text)
    return Drifted(
        f"{edit.anchor}: this is already there: `{repetition.text}` would stand twice in a row",
        path,
        (Candidate(place, 1.0),),
        advice=_ADVICE,
        is_there=True,
    )


@dataclass(frozen=True)
class _Repetition:
    """What stands once in the tree, at `line`, and twice in the end: its words, and the text to show."""

    words: tuple[str, ...]
    line: int
    text: str


@dataclass(frozen=True)
class _Text:
    """The lines of a file that are not blank, white space evened out, their numbers and how far they are indented."""

    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    columns: tuple[int, ...]

    @classmethod
    def of(cls, content: bytes) -> _Text:
        rows = content.decode("utf-8", "surrogateescape").split("\n")
        kept = [
            (even, number, column(row[: len(row) - len(row.lstrip())]))
            for number, row in enumerate(rows, 1)
            if (even := _even(row))
        ]
        return cls(*(tuple(column) for column in zip(*kept, strict=True))) if kept else cls((), (), ())

    def without(self, groups: Sequence[Sequence[str]]) -> _Text:
        """Return the text without the lines of `groups`, wherever these stand whole."""
        kept = without_runs(self.lines, groups)
        return _Text(
            tuple(self.lines[at] for at in kept),
            tuple(self.numbers[at] for at in kept),
            tuple(self.columns[at] for at in kept),
        )

    def is_alike_in_depth(self, start: int, size: int) -> bool:
        """Tell whether `size` lines from `start` on are indented as those that follow: `return x; }` often is not."""
        return self.columns[start : start + size] == self.columns[start + size : start + 2 * size]

    def line_of(self, run: Sequence[str]) -> int:
        place = place_of_run(self.lines, run)
        return self.numbers[place] if place is not None else 1


def _even(line: str) -> str:
    """Return a line with its white space evened out, and without the backslash of a macro."""
    return " ".join(line.rstrip("\\ \t\r").split())


def _doubled_lines(old: _Text, new: _Text) -> Iterator[_Repetition]:
    for found in doubled(old.lines, new.lines):
        if not new.is_alike_in_depth(found.start, found.size):
            continue
        run = new.lines[found.start : found.start + found.size]
        words = tuple(word for line in run for word in words_of(line))
        yield _Repetition(words, old.line_of(run), next(line for line in run if tells(line)))


def _doubled_in_lines(old: _Text, new: _Text) -> Iterator[_Repetition]:
    """Yield what stands twice in a row within lines to which something was added, and once as they were before."""
    lost, gained = Counter(old.lines) - Counter(new.lines), Counter(new.lines) - Counter(old.lines)
    if not lost or not gained:
        return
    telling = [run for run in _runs(old.lines, lost) if any(map(tells, run))]
    earlier = [(run, [word for line in run for word in words_of(line)]) for run in telling]
    for lines in _runs(new.lines, gained):
        after = [word for line in lines for word in words_of(line)]
        # Most lines are lost for others; those to which something was added, and twice, are few.
        has_twice = any(count > 1 and tells(word) for word, count in Counter(after).items())
        for run, before in earlier if has_twice else ():
            if not _is_part_of(before, after):
                continue
            for found in doubled(before, after):
                if found.size == 1:
                    continue  # A name beside itself, as in `typedef struct Lamp Lamp;`, is one that C asks for.
                words = tuple(after[found.start : found.start + found.size])
                yield _Repetition(words, old.line_of(run), " ".join(words))


def _runs(lines: Sequence[str], chosen: Mapping[str, int]) -> list[list[str]]:
    return [list(run) for is_chosen, run in groupby(lines, chosen.__contains__) if is_chosen]


def _is_part_of(before: Sequence[str], after: Sequence[str]) -> bool:
    """Tell whether `after` has the words of `before` in their order, and more."""
    rest = iter(after)
    return len(before) < len(after) and all(word in rest for word in before)


@dataclass(frozen=True)
class _Written:
    """What an edit brought, with the `names` that the series gives to things in the end."""

    edit: Edit
    result: EditResult
    names: Mapping[str, str]

    @cached_property
    def groups(self) -> list[list[str]]:
        """The lines that the edit adds, neighbours together, evened out."""
        sides = [group for lines in _sides(self.edit) for added, group in lines if added]
        return [lines for group in sides if (lines := [even for text in group if (even := _even(self._text(text)))])]

    @cached_property
    def taken(self) -> list[str]:
        """The lines that the edit takes away where the tree has its result already, or the name of what it moves.

        Of several moves to one place, each is made again: what they move stands there in another order.
        """
        if isinstance(self.edit.operation, MoveOperation):
            return [self.edit.anchor.name]
        if not isinstance(self.result, AlreadyThere):
            return []
        return [even for text in _of_sign(self.edit, Sign.REMOVED) if (even := _even(self._text(text)))]

    @cached_property
    def context(self) -> list[str]:
        """What the edit stands beside: the lines that it shows and leaves, and the names on them."""
        lines = [_even(self._text(text)) for text in _of_sign(self.edit, Sign.CONTEXT)]
        return [*lines, *_WORD.findall(" ".join(lines)), self.edit.anchor.name]

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that the edit adds."""
        return frozenset(word for lines in self.groups for line in lines for word in words_of(line))

    def shows_twice(self, run: Sequence[str]) -> bool:
        """Tell whether the edit leaves `run` twice by what it shows itself: so it is meant.

        What a metavariable stands for is shown where it is written twice; `clamp($x)` does not show a call within it.
        """
        for lines in _sides(self.edit):
            texts = [text for _, group in lines for text in group]
            written = Counter(METAVARIABLE.findall("\n".join(texts)))
            twice = {name for name, count in written.items() if count > 1}
            shown = [word for text in texts for word in words_of(_even(self._text(text, twice)))]
            place = place_of_run(shown, run)
            if place is not None and holds(shown[place + len(run) :], run):
                return True
        return False

    def _text(self, text: str, only: Collection[str] | None = None) -> str:
        """Return a line with what its metavariables (those in `only`, if given) stand for, in the names of the end."""
        bindings = self.result.bindings if isinstance(self.result, Applied | AlreadyThere) else {}
        bound = METAVARIABLE.sub(
            lambda found: bindings.get(found[1], found[0]) if only is None or found[1] in only else found[0], text
        )
        return _WORD.sub(lambda found: self.names.get(found[0], found[0]), bound)


def _hunks(edit: Edit) -> list[list[tuple[Sign, str]]]:
    """Return the lines of each hunk of an edit with their signs; all of a text that is added are added."""
    operation = edit.operation
    if isinstance(operation, AddOperation):
        return [[(Sign.ADDED, text) for text in operation.text.split("\n")]]
    if isinstance(operation, HunkOperation):
        return [[(line.sign, line.code) for line in hunk.lines] for hunk in operation.hunks]
    if isinstance(operation, VerbatimOperation):
        return [[(line.sign, line.text) for line in operation.hunk.lines]]
    return []


def _of_sign(edit: Edit, wanted: Sign) -> Iterator[str]:
    return (text for lines in _hunks(edit) for sign, text in lines if sign is wanted)


def _sides(edit: Edit) -> Iterator[list[tuple[bool, list[str]]]]:
    """Yield, for each hunk of an edit, the lines that it leaves: neighbours together, with whether they are added."""
    for lines in _hunks(edit):
        left = [(sign is Sign.ADDED, text) for sign, text in lines if sign is not Sign.REMOVED]
        yield [(added, [text for _, text in group]) for added, group in groupby(left, lambda each: each[0])]


def _last_names(renamed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the names that things have in the end, by those that the edits of a series take from them.

    Of a name in the place of which an edit writes several words, nobody can tell.
    """
    chains = [(name, *later) for name, later in renamed.items()]
    return {
        chain[0]: chain[-1]
        for chain in chains
        if all(later in renamed.get(earlier, ()) for earlier, later in pairwise(chain))
    }
