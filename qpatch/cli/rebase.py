# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch rebase`: strategies rendered on a newer tree, the range-diff to the old one, and what drifted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from qpatch.cli.cells import Cell, exit_code, failed_cell, print_cells, rendered_cell
from qpatch.cli.options import add_strategy_choice, chosen_strategies
from qpatch.cli.render import add_series_options, series_options
from qpatch.errors import QpatchError

if TYPE_CHECKING:
    import argparse

    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.series.model import RenderOptions
    from qpatch.series.rebase import RebaseResult
    from qpatch.series.render import Target
    from qpatch.strategy.load import LoadedStrategy


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser)
    parser.add_argument("--from", required=True, metavar="TREE", dest="old", help="the tree to come from")
    parser.add_argument("--onto", required=True, metavar="TREE", dest="new", help="the tree to render on")
    add_series_options(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Rebase every strategy; one that fails does not stop the others."""
    from qpatch.cli.targets import opened_target

    strategies = chosen_strategies(arguments)
    options = series_options(arguments, strategies)
    cells: list[Cell] = []
    with (
        opened_target(arguments.old) as old,
        opened_target(arguments.new) as new,
        output.progress("rebasing", len(strategies)) as progress,
    ):
        for strategy in strategies:
            progress.describe(strategy.name)
            cells.append(rebase_one(strategy, old, new, options, output))
            progress.advance()
    print_cells(cells, output, explain=arguments.explain)
    output.document(
        {"version": 1, "from": arguments.old, "onto": arguments.new, "results": [cell.document for cell in cells]}
    )
    return exit_code(cells)


def rebase_one(strategy: LoadedStrategy, old: Target, new: Target, options: RenderOptions, output: Output) -> Cell:
    """Rebase one strategy and print how it differs."""
    from qpatch.series.rebase import rebase

    try:
        result = rebase(strategy, old, new, options)
    except QpatchError as error:
        return failed_cell(strategy.name, new.info.name, error)
    print_differences(strategy.name, result, output)
    cell = rendered_cell(result.new, len(result.new.patches))
    document = {
        **cell.document,
        "from_status": str(result.old.decision.status),
        "range_diff": result.range_diff,
        "changes": [asdict(change) for change in result.changes],
    }
    return replace(cell, document=document)


def print_differences(name: str, result: RebaseResult, output: Output) -> None:
    """Print the range-diff, and the edits that fare differently, as a table."""
    if result.range_diff:
        output.text(result.range_diff.rstrip("\n"))
    if result.changes:
        columns = ("patch", "anchor", "before", "now", "message")
        rows = [(change.patch, change.anchor, change.old, change.new, change.message) for change in result.changes]
        output.table(f"{name}: edits that fare differently", columns, rows)
