"""`qpatch render`: strategies on trees, as series of mails, with a table of what came of each pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.cli.cells import Cell, exit_code, failed_cell, print_cells, rendered_cell
from qpatch.cli.options import add_strategy_choice, chosen_strategies, settings
from qpatch.errors import QpatchError, UserError

if TYPE_CHECKING:
    import argparse

    from qpatch.cli.output import Output, Progress
    from qpatch.errors import ExitCode
    from qpatch.series.model import RenderOptions
    from qpatch.series.render import Target
    from qpatch.strategy.load import LoadedStrategy

DEFAULT_OUTPUT = Path("series")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser)
    parser.add_argument("--tree", nargs="+", action="extend", required=True, metavar="TREE", dest="trees",
                        help="a known tree, a path, or PATH@REF")
    add_series_options(parser)
    parser.add_argument("-b", "--branch", metavar="NAME", default="",
                        help="also make this branch in the tree's repository (one strategy, one tree)")
    parser.add_argument("-n", "--dry-run", action="store_true",
                        help="carry out the edits in memory, write nothing")


def add_series_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a series is written and told."""
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", default=DEFAULT_OUTPUT,
                        help="write DIR/<strategy>/<tree>/ (default: %(default)s)")
    parser.add_argument("--reroll", type=int, metavar="N", default=1,
                        help="version N, with a changelog and the range-diff to the version before")
    parser.add_argument("--changes", metavar="TEXT", default="",
                        help="your words for the changelog of a reroll")
    parser.add_argument("--subject-prefix", metavar="PREFIX", help="instead of `PATCH RFC`")
    parser.add_argument("--signoff", action="store_true",
                        help="add your own Signed-off-by, from git's identity")
    parser.add_argument("--explain", action="store_true",
                        help="tell what every edit did, not only the misses")
    parser.add_argument("--no-checkpatch", action="store_false", dest="checkpatch",
                        help="do not run the tree's checkpatch.pl")
    parser.add_argument("--no-maintainers", action="store_false", dest="maintainers",
                        help="do not ask the tree's get_maintainer.pl for addresses")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Render every strategy on every tree; a tree that fails does not stop the others."""
    strategies = chosen_strategies(arguments)
    trees = tuple(dict.fromkeys(arguments.trees))
    if arguments.branch and (len(strategies) > 1 or len(trees) > 1):
        raise UserError("usage", "--branch names one branch: give one strategy and one tree")
    options = series_options(arguments, strategies)
    cells: list[Cell] = []
    with output.progress("rendering", len(strategies) * len(trees)) as progress:
        for tree in trees:
            cells += render_tree(strategies, tree, options, progress, dry_run=arguments.dry_run)
    print_cells(cells, output, explain=arguments.explain)
    output.document({"version": 1, "results": [cell.document for cell in cells]})
    return exit_code(cells)


def series_options(arguments: argparse.Namespace, strategies: tuple[LoadedStrategy, ...]) -> RenderOptions:
    """Return the choices of `add_series_options`, and the settings of parameters."""
    from qpatch.series.model import DEFAULT_PREFIX, RenderOptions
    from qpatch.trees.git import user_identity
    if arguments.reroll < 1:
        raise UserError("usage", "--reroll counts from 1")
    return RenderOptions(output=arguments.output, revision=arguments.reroll, identity=user_identity(),
                         prefix=arguments.subject_prefix or DEFAULT_PREFIX, signoff=arguments.signoff,
                         branch=getattr(arguments, "branch", ""), changes=arguments.changes,
                         check=arguments.checkpatch, maintainers=arguments.maintainers,
                         parameters=settings(arguments, strategies))


def render_tree(strategies: tuple[LoadedStrategy, ...], tree: str, options: RenderOptions,
                progress: Progress, *, dry_run: bool) -> list[Cell]:
    """Render all strategies on one tree, opened once."""
    from qpatch.cli.targets import opened_target
    cells: list[Cell] = []
    try:
        with opened_target(tree) as target:
            for strategy in strategies:
                progress.describe(f"{strategy.name} on {tree}")
                cells.append(render_one(strategy, target, tree, options, dry_run=dry_run))
                progress.advance()
    except QpatchError as error:
        cells += [failed_cell(strategy.name, tree, error) for strategy in strategies[len(cells):]]
    return cells


def render_one(strategy: LoadedStrategy, target: Target, tree: str, options: RenderOptions, *,
               dry_run: bool) -> Cell:
    """Render one strategy on one tree."""
    from qpatch.series.render import attempt, finish
    try:
        tried = attempt(strategy, target, options.parameters)
        result = finish(replace(tried, planned=None) if dry_run else tried, options)
    except QpatchError as error:
        return failed_cell(strategy.name, tree, error)
    planned = len(tried.planned.patches) if tried.planned else 0
    return rendered_cell(result, planned)
