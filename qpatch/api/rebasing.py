# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders strategies on a newer tree and compares the series with those on the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.api.progress import SILENT
from qpatch.api.rendering import failed_render
from qpatch.api.strategies import checked_choice
from qpatch.arguments import check_type
from qpatch.errors import QpatchError, UserError, system_faults
from qpatch.series.model import RenderOptions
from qpatch.series.open_tree import opened_tree
from qpatch.series.rebase import rebase as rebase_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.api.progress import ResultProgress
    from qpatch.cells.rendered import RenderedResult
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.bind import TreeInfo
    from qpatch.strategy.load import LoadedStrategy


def rebase(
    strategies: Sequence[LoadedStrategy],
    old: str,
    new: str,
    options: RenderOptions,
    *,
    progress: ResultProgress = SILENT,
) -> tuple[RenderedResult, ...]:
    """Render every strategy on the tree `new` and compare it with what it is on `old`; nothing is written for that.

    The results are those on `new`, with `from_status`, `range_diff` and `changes`. Raises UserError for a tree that
    cannot be opened, for trees of different kinds, and for a parameter that no strategy has; what goes wrong with one
    strategy is in its result.
    """
    check_type(options, RenderOptions, "options")
    strategies, (old, new) = checked_choice(strategies, (old, new), options.parameters)
    results = []
    with opened_tree(old) as from_target, opened_tree(new) as onto:
        _check_kinds(from_target.info, onto.info)
        for strategy in strategies:
            progress.describe(strategy.name)
            results.append(_rebase_one(strategy, from_target, onto, options))
            progress.advance()
    return tuple(results)


def _rebase_one(strategy: LoadedStrategy, old: OpenTree, new: OpenTree, options: RenderOptions) -> RenderedResult:
    try:
        with system_faults():
            return rebase_series(strategy, old, new, options)
    except QpatchError as error:
        return failed_render(strategy.name, new.info.name, error, new.info.kind)


def _check_kinds(old: TreeInfo, new: TreeInfo) -> None:
    """Raise UserError `different-kinds` for trees of QEMU and Linux: a strategy has other patches for each."""
    if old.kind != new.kind:
        raise UserError("different-kinds", f"{old.name} is a tree of {old.kind}, {new.name} one of {new.kind}")
