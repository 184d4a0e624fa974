# SPDX-License-Identifier: GPL-2.0-or-later
"""Strategies by their names or files, and the parameters that they may be given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.strategy.library import StrategyLibrary
from qpatch.strategy.parameters import check_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from qpatch.strategy.load import LoadedStrategy


def strategy_names(directories: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names of all strategies, sorted; `directories` are searched besides the usual places, and first.

    Raises UserError for a directory that is none.
    """
    return StrategyLibrary(tuple(directories)).names()


def load_strategies(names: Iterable[str], directories: Sequence[Path] = ()) -> tuple[LoadedStrategy, ...]:
    """Return the strategies `names`, each a name or the path of a file, once each.

    Raises UserError where one is unknown or its file is wrong, and for two that are called the same: their series
    would go into one directory. See `strategy_names` for `directories`.
    """
    library = StrategyLibrary(tuple(directories))
    by_name: dict[str, LoadedStrategy] = {}
    for strategy in [library.get(name) for name in dict.fromkeys(names)]:
        other = by_name.setdefault(strategy.name, strategy)
        if other.file.resolve() != strategy.file.resolve():
            raise UserError(
                "usage",
                f"{other.file} and {strategy.file} are both called {strategy.name}: their series "
                "would go into one directory",
            )
    return tuple(by_name.values())


def check_parameters(parameters: Mapping[str, object], strategies: Iterable[LoadedStrategy | None]) -> None:
    """Raise UserError for a parameter that none of `strategies` has; None, the tree as it is, has none."""
    check_settings(parameters, {name for strategy in strategies if strategy for name in strategy.model.parameters})
