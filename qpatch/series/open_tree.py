# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree, opened, as the pipeline of a series wants it: its files, its capabilities, what was parsed of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
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


@dataclass(frozen=True)
class OpenTree:
    """A tree to render on: what templates see of it, its files, its capabilities by name, what was parsed of it."""

    info: TreeInfo
    source: CommitTree
    capabilities: Mapping[str, int]
    cache: ParseCache


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
        digest = fingerprint(own_fingerprint(), "capabilities", tree.kind, files.commit)
        known: dict[str, int] = memory().recall(digest) or {}
        before = dict(known)
        yield OpenTree(info, files, evaluate(files, tree.kind, cache, known), cache)
        if known != before:
            memory().remember(digest, known)
