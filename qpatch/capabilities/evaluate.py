# SPDX-License-Identifier: GPL-2.0-or-later
"""Computes a tree's capabilities from its sources, each one when it is asked for.

A strategy needs only a few of them, and every query costs reading and parsing some files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import CannotTell, Value
from qpatch.capabilities.catalogue import KINDS, capabilities_of
from qpatch.capabilities.sources import Sources
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.errors import UndecidedError

if TYPE_CHECKING:
    from qpatch.capabilities.catalogue import Capability
    from qpatch.csource.source import SourceTree
    from qpatch.csource.syntax.macros import TreeKind


class Capabilities(Mapping[str, int]):
    """The capabilities of one tree by name, in the order of the catalogue; each is computed at most once.

    Asking for one of which the sources do not tell whether the tree has it raises UndecidedError; `answer` says why.
    `cache` holds the parsed files, for others who parse files of the same tree with its kind's macro table. `catalogue`
    has the capabilities if they are not those that ship with qpatch. `known` has answers of earlier runs for the very
    same tree and catalogue, and gets the new ones, but for those that could not be told: why is worth another look.
    """

    def __init__(
        self,
        tree: SourceTree,
        kind: TreeKind,
        cache: ParseCache | None = None,
        catalogue: Mapping[str, Capability] | None = None,
        known: dict[str, int] | None = None,
    ) -> None:
        self.cache = cache or ParseCache(macro_table(kind))
        self._catalogue = capabilities_of(kind) if catalogue is None else catalogue
        self._sources = Sources(tree, self.cache)
        self._told = {} if known is None else known
        self._untold: dict[str, CannotTell] = {}

    def __getitem__(self, name: str) -> int:
        answer = self.answer(name)
        if isinstance(answer, CannotTell):
            raise UndecidedError(name, str(answer), answer.place.path, answer.place.line)
        return answer

    def answer(self, name: str) -> Value:
        """Return whether the tree has a capability, or its number, or why that cannot be told.

        Raises KeyError for an unknown one.
        """
        if name not in self._told and name not in self._untold:
            answer = self._catalogue[name].query.answer(self._sources)
            if isinstance(answer, CannotTell):
                self._untold[name] = answer
            else:
                self._told[name] = answer
        return self._untold[name] if name in self._untold else self._told[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue)

    def __len__(self) -> int:
        return len(self._catalogue)

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue


def evaluate(
    tree: SourceTree, kind: TreeKind, cache: ParseCache | None = None, known: dict[str, int] | None = None
) -> Capabilities:
    """Return the capabilities of `tree`, a tree of this kind, to be computed when asked for.

    `cache`, if given, has the macro table of the kind; what is parsed stays in it. `known` is as in `Capabilities`.
    """
    return Capabilities(tree, kind, cache, known=known)


def names_by_kind() -> Mapping[str, frozenset[str]]:
    """Return the names of the capabilities of each kind of tree; nothing is parsed."""
    return {kind: frozenset(capabilities_of(kind)) for kind in KINDS}
