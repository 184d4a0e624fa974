# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens the tree that a TREE on the command line names, as the series' pipeline wants it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from qpatch.capabilities.evaluate import evaluate
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.series.render import Target
from qpatch.strategy.bind import TreeInfo
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def opened_target(name: str) -> Iterator[Target]:
    """Open the tree `name` while the context lasts.

    Raises UserError for a tree that is unknown or none of ours, EnvironmentFault where git fails.
    """
    tree = resolve(name)
    with tree.open() as files:
        cache = ParseCache(macro_table(tree.kind))
        info = TreeInfo(tree.name, tree.release, tree.kind)
        yield Target(info, files, evaluate(files, tree.kind, cache), cache)
