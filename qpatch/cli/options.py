# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.errors import UserError

if TYPE_CHECKING:
    import argparse

    from qpatch.strategy.library import StrategyLibrary
    from qpatch.strategy.load import LoadedStrategy


def add_strategies_option(parser: argparse.ArgumentParser) -> None:
    """Add `--strategies DIR`."""
    parser.add_argument(
        "--strategies",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="look for strategies here first, and for their templates in templates/ beside "
        "it (repeatable; QPATCH_STRATEGIES)",
    )


def add_strategy_choice(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add `STRATEGY... | --all`, `--strategies` and `--set`; `more` is said of STRATEGY besides."""
    parser.add_argument("strategy", nargs="*", metavar="STRATEGY", help=f"a strategy's name, or its file{more}")
    parser.add_argument("--all", action="store_true", help="every strategy that can be found")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="set a parameter of the strategies (repeatable)",
    )
    add_strategies_option(parser)


def add_tree_choice(parser: argparse.ArgumentParser) -> None:
    """Add `--tree TREE...`, as `trees`."""
    parser.add_argument(
        "--tree",
        nargs="+",
        action="extend",
        required=True,
        metavar="TREE",
        dest="trees",
        help="a known tree, a path, or PATH@REF",
    )


def library(arguments: argparse.Namespace) -> StrategyLibrary:
    """Return the strategies that `--strategies` and the defaults make known."""
    from qpatch.strategy.library import StrategyLibrary

    return StrategyLibrary(tuple(arguments.strategies))


def chosen_strategies(arguments: argparse.Namespace) -> tuple[LoadedStrategy, ...]:
    """Return the strategies that `add_strategy_choice`'s options ask for, checked with their settings.

    Raises UserError where none or both of STRATEGY and --all are given, or where one is wrong.
    """
    if bool(arguments.strategy) == arguments.all:
        raise UserError("usage", "give either the names of strategies or --all")
    from qpatch import api

    directories = tuple(arguments.strategies)
    names = api.strategy_names(directories) if arguments.all else arguments.strategy
    if not names:
        raise UserError("unknown-strategy", "there are no strategies", hint="`--strategies DIR` adds a directory.")
    return api.load_strategies(names, directories)


def strategies_of(arguments: argparse.Namespace) -> list[LoadedStrategy | None]:
    """Return the strategies that are asked for; None is the baseline, which comes first."""
    named = [name for name in arguments.strategy if name != BASELINE]
    baseline = len(named) < len(arguments.strategy) or arguments.binary is not None
    if baseline and not named and not arguments.all:
        return [None]
    arguments.strategy = named
    return [*([None] if baseline else []), *chosen_strategies(arguments)]


def settings(arguments: argparse.Namespace, strategies: tuple[LoadedStrategy, ...]) -> dict[str, str]:
    """Return what `--set` asks for. Raises UserError for a parameter that none of `strategies` has."""
    from qpatch.strategy.parameters import check_settings, parse_settings

    values = parse_settings(arguments.settings)
    check_settings(values, {name for strategy in strategies for name in strategy.model.parameters})
    return values
