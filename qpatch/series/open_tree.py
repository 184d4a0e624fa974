# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree, opened, as the pipeline of a series wants it: its files, its capabilities, what was parsed of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.fingerprint import fingerprint, own_fingerprint
from qpatch.strategy.bind import TreeInfo
from qpatch.trees.described import base_in_words
from qpatch.trees.memory import memory
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.trees.commit_tree import CommitTree


class ToldAnswers:
    """What was answered of one commit, by earlier runs as well: for each catalogue of capabilities, by their names."""

    def __init__(self, kind: str = "", commit: str = "") -> None:
        self._about = (kind, commit)
        self._known: dict[str, dict[str, int]] = {}
        self._kept: dict[str, dict[str, int]] = {}

    def of(self, catalogue: object = None) -> dict[str, int]:
        """Return the answers of `catalogue`, its data; None: the one that ships with qpatch. New ones go in here."""
        digest = fingerprint(own_fingerprint(), "capabilities", self._about, catalogue)
        if digest not in self._known:
            self._known[digest] = (memory().recall(digest) if all(self._about) else None) or {}
            self._kept[digest] = dict(self._known[digest])
        return self._known[digest]

    def save(self) -> None:
        """Keep the new answers for later runs."""
        for digest, answers in self._known.items():
            if answers != self._kept[digest]:
                memory().remember(digest, answers)


@dataclass(frozen=True)
class OpenTree:
    """A tree to render on: what templates see of it, its files, its capabilities by name, what was parsed of it.

    `told` has what was answered of it, by the catalogues of strategies too.
    """

    info: TreeInfo
    source: CommitTree
    capabilities: Mapping[str, int]
    cache: ParseCache
    told: ToldAnswers = field(default_factory=ToldAnswers)


@contextlib.contextmanager
def opened_tree(name: str) -> Iterator[OpenTree]:
    """Open the tree `name` (a known name, a path, or PATH@REF) while the context lasts.

    Raises UserError for a tree that is unknown or neither QEMU nor Linux, EnvironmentFault where git fails.
    """
    from qpatch.capabilities.evaluate import evaluate

    tree = resolve(name)
    with tree.open() as files:
        cache = ParseCache(macro_table(tree.kind))
        info = TreeInfo(tree.name, tree.release, tree.kind, base_in_words(tree.repository, tree.commit))
        told = ToldAnswers(tree.kind, files.commit)
        yield OpenTree(info, files, evaluate(files, tree.kind, cache, told.of()), cache, told)
        told.save()
