# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a strategy file, and puts what it shares with other strategies in the place of its `use:`.

A shared file holds patches or edits, as a strategy has them, and is found as templates are. What it holds keeps its
places: an error about it names its line and, as `used_at`, the line of the strategy that uses it. It uses no other file
and takes no parameters: what is shared is the same for all, and what differs between trees is told by `when:`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError
from qpatch.strategy.document import YamlDocument, read_document
from qpatch.strategy.gutter import explain_syntax_error
from qpatch.strategy.places import shown, template_file

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from qpatch.strategy.document import Path, Value

USE = "use"
# The lists that a shared file may hold, and an entry of which may be a `use:`.
SHARED = ("patches", "edits")
# Bytes. The longest strategies have some ten thousand; what is much larger is not a strategy.
_MAX_SIZE = 1 << 20


def read_strategy(file: FilePath) -> YamlDocument:
    """Return the document in `file` with what it uses in place.

    Raises UserError where it, or a file that it uses, is not UTF-8, not YAML or too large, and for a `use:` that cannot
    be followed.
    """
    return _Whole(file).document


def _read_file(file: FilePath) -> YamlDocument:
    """Return the document in `file`. Raises UserError as `read_strategy` does."""
    size = file.stat().st_size
    if size > _MAX_SIZE:
        raise UserError("strategy-too-large", f"the file has {size} bytes", where=Location(shown(file)))
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            "strategy-syntax",
            f"the file is not UTF-8: {error.reason} at byte {error.start}",
            where=Location(shown(file)),
        ) from error
    try:
        return read_document(text, shown(file))
    except UserError as error:
        raise explain_syntax_error(error, text) from error


class _Whole:
    """Copies the document of a strategy value by value, and that of a shared file where one is used."""

    def __init__(self, file: FilePath) -> None:
        self._file = file
        own = _read_file(file)
        self.document = YamlDocument(own.file)
        self.document.data = self._taken(own, (), own.data, ())

    def _taken(
        self, source: YamlDocument, path: Path, value: Value, place: Path, used: Location | None = None
    ) -> Value:
        """Return `value`, which stands at `path` of `source`, and note its places under `place`."""
        for mine, its in ((self.document.keys, source.keys), (self.document.values, source.values)):
            if path in its:
                mine[place] = replace(its[path], used_at=str(used)) if used else its[path]
        if path in source.blocks:
            self.document.blocks[place] = source.blocks[path]
        if isinstance(value, dict):
            return {key: self._taken(source, (*path, key), part, (*place, key), used) for key, part in value.items()}
        if isinstance(value, list):
            return self._taken_list(source, path, value, place, used)
        return value

    def _taken_list(
        self, source: YamlDocument, path: Path, entries: list[Value], place: Path, used: Location | None, first: int = 0
    ) -> list[Value]:
        """Return `entries` with what they use in place; the first of them is number `first` of the list at `place`."""
        taken: list[Value] = []
        for index, entry in enumerate(entries):
            if path and path[-1] in SHARED and isinstance(entry, dict) and USE in entry:
                where = self._using(source, (*path, index), entry, used)
                shared, parts = self._shared(str(entry[USE]), str(path[-1]), where)
                taken += self._taken_list(shared, path[-1:], parts, place, where, len(taken))
            else:
                taken.append(self._taken(source, (*path, index), entry, (*place, first + len(taken)), used))
        return taken

    @staticmethod
    def _using(source: YamlDocument, path: Path, entry: dict[str, Value], used: Location | None) -> Location:
        """Return the place of the `use:` in `entry`. Raises UserError for one that says more, or in a shared file."""
        where = source.value_place((*path, USE))
        if used is not None:
            raise UserError("bad-use", "a shared file uses no other one", where=replace(where, used_at=str(used)))
        if more := [key for key in entry if key != USE]:
            raise UserError(
                "bad-use", f"`use` stands alone, here is {more[0]!r}, too", where=source.key_place((*path, more[0]))
            )
        return where

    def _shared(self, name: str, key: str, where: Location) -> tuple[YamlDocument, list[Value]]:
        """Return the shared file `name`, and the list `key` that it has. Raises UserError where it has not."""
        file = template_file(self._file, name)
        if file is None:
            raise UserError("template-missing", f"there is no file {name!r}", where=where)
        try:
            shared = _read_file(file)
        except UserError as error:
            error.where = replace(error.where or Location(shown(file)), used_at=str(where))
            raise
        if isinstance(shared.data, dict) and list(shared.data) == [key]:
            parts = shared.data[key]
            if isinstance(parts, list):
                return shared, parts
        raise UserError(
            "bad-use",
            f"a file that is used among {key} has one key, `{key}`, with a list of them",
            where=Location(shown(file), 1, used_at=str(where)),
        )
