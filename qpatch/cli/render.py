# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch render`: strategies on trees, as series of mails, with a table of what came of each pair."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from qpatch.cli.cells import RENDERED, Cell, exit_code, failed_cell, print_cells, rendered_cell
from qpatch.cli.options import add_strategy_choice, chosen_strategies, settings
from qpatch.errors import ExitCode, QpatchError, UserError
from qpatch.series.outputs.kinds import OUTPUT_KINDS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from qpatch.cli.build_table import BuildCell
    from qpatch.cli.output import Output, ProgressBar
    from qpatch.series.model import RenderOptions
    from qpatch.series.outputs.kinds import OutputKind
    from qpatch.series.render import SeriesAttempt, Target
    from qpatch.strategy.load import LoadedStrategy

# By the name of a tree, which is that of its output directory: the word of the command line, repository and commit.
Claims: TypeAlias = dict[str, tuple[str, tuple[Path, str]]]
# Writing a series is git's work (and perl's, which takes two processes at a time).
WRITERS = 2
DEFAULT_OUTPUT = Path("series")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser)
    parser.add_argument(
        "--tree",
        nargs="+",
        action="extend",
        required=True,
        metavar="TREE",
        dest="trees",
        help="a known tree, a path, or PATH@REF",
    )
    add_series_options(parser)
    for kind in OUTPUT_KINDS:
        parser.add_argument(*kind.flags, metavar=kind.metavar, default="", dest=f"output_{kind.word}", help=kind.help)
    parser.add_argument("-n", "--dry-run", action="store_true", help="carry out the edits in memory, write nothing")
    parser.add_argument(
        "--check",
        choices=["objects"],
        help="then compile, patch by patch, the objects that each patch concerns, as `qpatch build --objects` does",
    )


def _value(arguments: argparse.Namespace, kind: OutputKind) -> str:
    return str(getattr(arguments, f"output_{kind.word}"))


def add_series_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a series is written and told."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        default=DEFAULT_OUTPUT,
        help="write DIR/<strategy>/<tree>/ (default: %(default)s)",
    )
    parser.add_argument(
        "--reroll",
        type=int,
        metavar="N",
        default=1,
        help="version N, with a changelog and the range-diff to the version before",
    )
    parser.add_argument("--changes", metavar="TEXT", default="", help="your words for the changelog of a reroll")
    parser.add_argument("--subject-prefix", metavar="PREFIX", help="instead of `PATCH RFC`")
    parser.add_argument("--signoff", action="store_true", help="add your own Signed-off-by, from git's identity")
    parser.add_argument("--explain", action="store_true", help="tell what every edit did, not only the misses")
    parser.add_argument(
        "--no-checkpatch", action="store_false", dest="checkpatch", help="do not run the tree's checkpatch.pl"
    )
    parser.add_argument(
        "--no-maintainers",
        action="store_false",
        dest="maintainers",
        help="do not ask the tree's get_maintainer.pl for addresses",
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Render every strategy on every tree; a tree that fails does not stop the others."""
    strategies = chosen_strategies(arguments)
    trees = tuple(dict.fromkeys(arguments.trees))
    kinds = [kind for kind in OUTPUT_KINDS if _value(arguments, kind)]
    single = next((kind for kind in kinds if kind.single), None)
    if single and (len(strategies) > 1 or len(trees) > 1):
        raise UserError("usage", f"--{single.word} names one {single.word}: give one strategy and one tree")
    outputs = tuple(kind.make(_value(arguments, kind)) for kind in kinds)
    options = replace(series_options(arguments, strategies), outputs=outputs)
    with (
        output.progress("rendering", len(strategies) * len(trees)) as progress,
        Rendering(options, progress, dry_run=arguments.dry_run) as rendering,
    ):
        for tree in trees:
            rendering.render_tree(strategies, tree)
        cells = rendering.cells()
    print_cells(cells, output, explain=arguments.explain)
    rendered = tuple(dict.fromkeys(cell.tree for cell in cells if cell.status == RENDERED))
    checked = check_objects(arguments, strategies, rendered, output) if arguments.check else []
    checks = {"checks": [cell.as_json() for cell in checked]} if arguments.check else {}
    output.document({"version": 1, "results": [cell.document for cell in cells], **checks})
    code = exit_code(cells)
    return build_exit_code(checked) if checked and code in (ExitCode.OK, ExitCode.NOTHING_APPLIED) else code


def build_exit_code(checked: list[BuildCell]) -> ExitCode:
    """Return what the checks by compilation come to."""
    from qpatch.cli.build_table import exit_code as exit_code_of_builds

    return exit_code_of_builds(checked)


def check_objects(
    arguments: argparse.Namespace, strategies: tuple[LoadedStrategy, ...], trees: tuple[str, ...], output: Output
) -> list[BuildCell]:
    """Compile what the rendered series concern, print how that went, and return the builds."""
    from qpatch.cli.build import Request, build_all
    from qpatch.cli.build_table import print_builds

    request = Request(strategies=strategies, parameters=settings(arguments, strategies), objects=True)
    checked = [cell for cell in build_all(trees, request, output) if cell.result or cell.error]
    print_builds(checked, output)
    return checked


def series_options(arguments: argparse.Namespace, strategies: tuple[LoadedStrategy, ...]) -> RenderOptions:
    """Return the choices of `add_series_options`, and the settings of parameters."""
    from qpatch.series.model import DEFAULT_PREFIX, RenderOptions
    from qpatch.trees.git import user_identity

    if arguments.reroll < 1:
        raise UserError("usage", "--reroll counts from 1")
    return RenderOptions(
        output=arguments.output,
        revision=arguments.reroll,
        identity=user_identity(),
        prefix=arguments.subject_prefix or DEFAULT_PREFIX,
        signoff=arguments.signoff,
        changes=arguments.changes,
        check=arguments.checkpatch,
        maintainers=arguments.maintainers,
        parameters=settings(arguments, strategies),
    )


class Rendering:
    """Renders on one tree after the other, while git writes the series that are done already.

    A context manager: the trees stay open until everything is written.
    """

    def __init__(self, options: RenderOptions, progress: ProgressBar, *, dry_run: bool) -> None:
        self._options = options
        self._progress = progress
        self._dry_run = dry_run
        self._claims: Claims = {}
        self._cells: list[Callable[[], Cell]] = []

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._writers = ThreadPoolExecutor(WRITERS)
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.shutdown()
        self._open.close()

    def cells(self) -> list[Cell]:
        """Wait until all is written and return what came of each strategy on each tree."""
        return [cell() for cell in self._cells]

    def render_tree(self, strategies: tuple[LoadedStrategy, ...], tree: str) -> None:
        """Render all strategies on one tree, opened once; nothing where the very same tree was rendered before."""
        from qpatch.cli.targets import opened_target

        done = 0
        try:
            target = self._open.enter_context(opened_target(tree))
            for strategy in strategies if claim(target, tree, self._claims) else ():
                self._progress.describe(f"{strategy.name} on {tree}")
                self._cells.append(self._render(strategy, target, tree))
                self._progress.advance()
                done += 1
        except QpatchError as error:
            self._cells += [partial(failed_cell, strategy.name, tree, error) for strategy in strategies[done:]]

    def _render(self, strategy: LoadedStrategy, target: Target, tree: str) -> Callable[[], Cell]:
        """Carry out the edits now and leave the writing to a thread; return what waits for the outcome."""
        from qpatch.series.render import attempt

        try:
            tried = attempt(strategy, target, self._options.parameters)
        except QpatchError as error:
            return partial(failed_cell, strategy.name, tree, error)
        return self._writers.submit(write_one, tried, tree, self._options, dry_run=self._dry_run).result


def claim(target: Target, tree: str, claims: Claims) -> bool:
    """Note that `tree` takes the output directory of the target's name; False where it has done so before.

    Raises UserError where another tree of the same name was rendered: it would be replaced in silence.
    """
    place = (target.source.repository.path, target.source.commit)
    first, taken = claims.setdefault(target.info.name, (tree, place))
    if taken != place:
        raise UserError(
            "usage",
            f"{first} and {tree} are both called {target.info.name}: their series would go into one directory",
            hint="`qpatch tree add NAME PATH` gives a tree a name of its own.",
        )
    return first == tree


def write_one(tried: SeriesAttempt, tree: str, options: RenderOptions, *, dry_run: bool) -> Cell:
    """Write what came of one strategy on one tree."""
    from qpatch.series.render import finish

    try:
        result = finish(replace(tried, planned=None) if dry_run else tried, options)
    except QpatchError as error:
        return failed_cell(tried.strategy, tree, error)
    planned = len(tried.planned.patches) if tried.planned else 0
    return rendered_cell(result, planned)
