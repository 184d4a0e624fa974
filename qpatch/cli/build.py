# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch build`: a release, or every patch of a strategy's series on it, compiled and linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.cli.display import StepDisplay
from qpatch.cli.options import add_strategy_choice, add_tree_choice, chosen_strategies, settings
from qpatch.errors import UserError

if TYPE_CHECKING:
    import argparse

    from qpatch.cells.built import BuiltResult, CheckedResult
    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.strategy.load import LoadedStrategy


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser, f"; `{BASELINE}` is the tree as it is")
    add_tree_choice(parser)
    parser.add_argument(
        "--target",
        metavar="TARGET",
        default="",
        help="aarch64-softmmu (the default for QEMU), x86_64-softmmu or both; modules (the default for "
        "Linux) or kernel",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--each-patch", action="store_true", help="build every patch, not only the whole series")
    amount.add_argument(
        "--objects",
        action="store_true",
        help="compile, patch by patch, only the objects that it concerns; link nothing",
    )
    amount.add_argument(
        "--prebuilt",
        action="store_true",
        help="take the distribution's own binary of the release instead of building it",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=int,
        metavar="N",
        default=0,
        help="run N compilers at a time (default: what ninja or the number of processors says)",
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Build everything that is asked for; what fails does not stop the rest."""
    from qpatch import api
    from qpatch.cli.build_table import print_compiled

    strategies = strategies_of(arguments)
    results = compile_all(arguments, strategies, output)
    print_compiled(results, output)
    output.document({"version": 1, "results": [result.as_json() for result in results]})
    return api.overall_exit_code(results)


def strategies_of(arguments: argparse.Namespace) -> list[LoadedStrategy | None]:
    """Return what is built, the tree as it is (None) first. Raises UserError for arguments that do not go together."""
    named = [name for name in arguments.strategy if name != BASELINE]
    baseline: list[LoadedStrategy | None] = [None] if len(named) < len(arguments.strategy) else []
    alone = bool(baseline) and not named and not arguments.all
    arguments.strategy = named
    strategies = [] if alone else chosen_strategies(arguments)
    if arguments.prebuilt and not alone:
        raise UserError("usage", f"--prebuilt takes a distribution's binary as it is: it goes with `{BASELINE}` alone")
    if arguments.jobs < 0:
        raise UserError("usage", "--jobs cannot be negative")
    return [*baseline, *strategies]


def compile_all(
    arguments: argparse.Namespace, strategies: list[LoadedStrategy | None], output: Output
) -> tuple[BuiltResult, ...] | tuple[CheckedResult, ...]:
    """Build, check or fetch what is asked for, and show how it goes."""
    from qpatch import api

    loaded = tuple(strategy for strategy in strategies if strategy)
    choices = api.CompileChoices(arguments.target, arguments.jobs, settings(arguments, loaded))
    with StepDisplay(output) as display:
        if arguments.prebuilt:
            return api.fetch_prebuilt(arguments.trees, arguments.target, progress=display)
        if arguments.objects:
            return api.check(strategies, arguments.trees, choices, progress=display)
        return api.build(strategies, arguments.trees, choices, each_patch=arguments.each_patch, progress=display)
