# SPDX-License-Identifier: GPL-2.0-or-later
"""Strategies by their names or files, and the parameters that they may be given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qpatch.arguments import items_of
from qpatch.errors import UserError
from qpatch.strategy.library import StrategyLibrary
from qpatch.strategy.load import LoadedStrategy
from qpatch.strategy.parameters import check_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A strategy, or None for the tree as it is where that is allowed.
ChosenT = TypeVar("ChosenT", bound=LoadedStrategy | None)


def strategy_names(directories: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names of all strategies, sorted; `directories` are searched besides the usual places, and first.

    Raises UserError for a directory that is none.
    """
    return StrategyLibrary(items_of(directories, Path, "directories")).names()


def load_strategies(names: Iterable[str], directories: Sequence[Path] = ()) -> tuple[LoadedStrategy, ...]:
    """Return the strategies `names`, each a name or the path of a file, once each.

    Raises UserError where one is unknown or its file is wrong, and for two that are called the same: their series
    would go into one directory. See `strategy_names` for `directories`.
    """
    library = StrategyLibrary(items_of(directories, Path, "directories"))
    by_name: dict[str, LoadedStrategy] = {}
    for strategy in [library.get(name) for name in dict.fromkeys(items_of(names, str, "names"))]:
        other = by_name.setdefault(strategy.name, strategy)
        if other.file.resolve() != strategy.file.resolve():
            raise UserError(
                "usage",
                f"{other.file} and {strategy.file} are both called {strategy.name}: their series "
                "would go into one directory",
            )
    return tuple(by_name.values())


def checked_choice(
    strategies: Iterable[ChosenT], trees: Iterable[str], parameters: Mapping[str, object]
) -> tuple[tuple[ChosenT, ...], tuple[str, ...]]:
    """Return `strategies` (LoadedStrategy, or None for the tree as it is) and `trees`, checked, as tuples.

    Raises UserError `bad-argument` where they are something else, and for a parameter that none of the strategies has.
    """
    chosen = items_of(strategies, (LoadedStrategy, type(None)), "strategies")
    named = items_of(trees, str, "trees")
    declared = {name for strategy in chosen if strategy is not None for name in strategy.model.parameters}
    check_settings(parameters, declared)
    return chosen, named
