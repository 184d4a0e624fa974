# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch rebase`: strategies rendered on a newer tree, the range-diff to the old one, and what drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cli.options import add_strategy_choice, chosen_strategies
from qpatch.cli.render import add_series_options, print_sender, series_options

if TYPE_CHECKING:
    import argparse

    from qpatch.cells.rendered import RenderedResult
    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser)
    parser.add_argument("--from", required=True, metavar="TREE", dest="old", help="the tree to come from")
    parser.add_argument("--onto", required=True, metavar="TREE", dest="new", help="the tree to render on")
    add_series_options(parser)


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Rebase every strategy; one that fails does not stop the others."""
    from qpatch import api
    from qpatch.cli.series_table import print_rendered

    strategies = chosen_strategies(arguments)
    options = series_options(arguments, strategies)
    with output.progress("rebasing", len(strategies)) as progress:
        results = api.rebase(strategies, arguments.old, arguments.new, options, progress=progress)
    for result in results:
        print_differences(result, output)
    print_rendered(results, output, explain=arguments.explain)
    print_sender(results, options, output)
    output.document(
        {
            "version": 1,
            "from": arguments.old,
            "onto": arguments.new,
            "results": [result.as_json() for result in results],
        }
    )
    return api.overall_exit_code(results)


def print_differences(result: RenderedResult, output: Output) -> None:
    """Print the range-diff, and the edits that fare differently, as a table."""
    if result.range_diff:
        output.text(result.range_diff.rstrip("\n"))
    if result.cover_diff:
        output.text(f"{result.key.strategy}: what the cover letter says otherwise\n{result.cover_diff}")
    if result.changes:
        columns = ("patch", "anchor", "before", "now", "message")
        rows = [(change.patch, change.anchor, change.old, change.new, change.message) for change in result.changes]
        output.table(f"{result.key.strategy}: edits that fare differently", columns, rows)
