# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree under edit and what was parsed of it, and an anchor that was found in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.csource.source import Overlay
    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.syntax.macros import MacroTable
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.syntax.unparsed import Unparsed


@dataclass(frozen=True)
class LocatedAnchor:
    """An anchor that was found: the file, parsed, the symbol (None for a file), where it was expected instead."""

    path: str
    parsed: ParsedFile
    symbol: Symbol | None
    moved_from: str = ""


@dataclass(frozen=True)
class OwnWork:
    """What all the edits of a series bring, so that none of them takes the work of another for the tree's.

    `added` are the texts that they put into files, with the files' paths; `moved` the paths of the files that they move
    symbols to, by the symbols' names. `renamed` has the new names of the symbols that they rename. `files` are the
    contents and modes that the files which they create have one after another; `deleted` are the anchors that they
    delete, in words.
    `later_names` are those that later edits give to what an edit mentions, by the `id` of the edit.
    """

    added: tuple[tuple[str, bytes], ...] = ()
    moved: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, frozenset[tuple[bytes, str]]] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    later_names: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class EditWorkspace:
    """A tree under edit, and what was parsed of it; the cache may serve several trees of one kind.

    `own` is what the series of the edits brings. `explains` is False where an edit is only tried: why it misses takes
    long to find, and nobody reads it.
    """

    tree: Overlay
    cache: ParseCache
    own: OwnWork = OwnWork()
    explains: bool = True

    def for_trial(self) -> EditWorkspace:
        """Return a copy of the workspace whose changes are thrown away; misses are not explained there."""
        return replace(self, tree=self.tree.copy(), explains=False)

    @property
    def table(self) -> MacroTable | None:
        """The macro table that files are parsed with."""
        return self.cache.table

    def parse(self, path: str) -> ParsedFile | None:
        """Return the parsed file, or None where there is none."""
        source = self.tree.read(path)
        return None if source is None else self.cache.parse(source)

    def change(self, path: str, replacements: list[Replacement]) -> bytes:
        """Return the content of a file with `replacements` made; the tree stays as it is."""
        return self.cache.change(self.tree.read(path) or b"", replacements)

    def outline(self, path: str) -> tuple[Symbol, ...]:
        """Return the symbols of a file; none where there is no such file."""
        source = self.tree.read(path)
        return () if source is None else self.cache.outline(source)

    def symbols(self, path: str, name: str) -> tuple[Symbol, ...]:
        """Return the symbols of a file that are called `name`; none where there is no such file."""
        source = self.tree.read(path)
        return () if source is None else self.cache.symbols(source, name)

    def unparsed(self, path: str, kind: str, name: str) -> tuple[Unparsed, ...]:
        """Return the definitions in a file that look like one of `kind` called `name` and could not be parsed."""
        source = self.tree.read(path)
        return () if source is None else self.cache.unparsed(source, kind, name)
