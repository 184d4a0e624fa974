# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch build`: a release, or every patch of a strategy's series on it, compiled and linked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.cli.build_table import BuildCell, exit_code, print_builds
from qpatch.cli.display import StepDisplay
from qpatch.cli.errors import fault_of_system
from qpatch.cli.options import add_strategy_choice, chosen_strategies, settings
from qpatch.errors import QpatchError, UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from qpatch.builds.backend import Backend
    from qpatch.builds.culprit import Culprit
    from qpatch.builds.results import BuildResult
    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.series.render import Target
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser, f"; `{BASELINE}` is the tree as it is")
    parser.add_argument(
        "--tree",
        nargs="+",
        action="extend",
        required=True,
        metavar="TREE",
        dest="trees",
        help="a known tree, a path, or PATH@REF",
    )
    parser.add_argument(
        "--target",
        metavar="TARGET",
        default="",
        help="aarch64-softmmu (the default for QEMU), x86_64-softmmu or both; modules (the default for "
        "Linux) or kernel",
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--each-patch", action="store_true", help="build every patch, not only the whole series")
    extent.add_argument(
        "--objects",
        action="store_true",
        help="compile, patch by patch, only the objects that it concerns; link nothing",
    )
    extent.add_argument(
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


@dataclass(frozen=True)
class Request:
    """What the command line asks for, read."""

    strategies: tuple[LoadedStrategy, ...]
    parameters: Mapping[str, object]
    baseline: bool = False
    target: str = ""
    jobs: int = 0
    each_patch: bool = False
    objects: bool = False
    prebuilt: bool = False

    @property
    def names(self) -> list[str]:
        """What is built of each tree, by the words of the command line."""
        return [*([BASELINE] if self.baseline else []), *(strategy.name for strategy in self.strategies)]


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Build everything that is asked for; what fails does not stop the rest."""
    cells = build_all(tuple(dict.fromkeys(arguments.trees)), read_request(arguments), output)
    print_builds(cells, output)
    output.document({"version": 1, "results": [cell.as_json() for cell in cells]})
    return exit_code(cells)


def build_all(trees: tuple[str, ...], request: Request, output: Output) -> list[BuildCell]:
    """Build what is asked for on every tree; a tree that cannot be opened has an error for each."""
    build = prebuilt_cells if request.prebuilt else build_tree
    cells: list[BuildCell] = []
    with StepDisplay(output) as display:
        for tree in trees:
            try:
                cells += build(tree, request, display)
            except QpatchError as error:
                cells += [BuildCell(name, tree, request.target, error=error) for name in request.names]
    return cells


def read_request(arguments: argparse.Namespace) -> Request:
    """Return what the arguments ask for. Raises UserError where they do not go together."""
    baseline = BASELINE in arguments.strategy
    arguments.strategy = [name for name in arguments.strategy if name != BASELINE]
    alone = baseline and not arguments.strategy and not arguments.all
    strategies = () if alone else chosen_strategies(arguments)
    if arguments.prebuilt and not alone:
        raise UserError("usage", f"--prebuilt takes a distribution's binary as it is: it goes with `{BASELINE}` alone")
    if arguments.jobs < 0:
        raise UserError("usage", "--jobs cannot be negative")
    return Request(
        strategies,
        settings(arguments, strategies),
        baseline,
        arguments.target,
        arguments.jobs,
        arguments.each_patch,
        arguments.objects,
        arguments.prebuilt,
    )


def build_tree(tree: str, request: Request, progress: Progress) -> Iterator[BuildCell]:
    """Build one tree, opened once, for every target that is asked for."""
    from qpatch.builds.targets import backends
    from qpatch.cli.targets import opened_target

    with opened_target(tree) as target:
        wanted = backends(target.info.kind, target.info.release, request.target, request.jobs)
        for backend in wanted:
            if request.baseline:
                yield build_one(None, target, backend, request, progress)
            for strategy in request.strategies:
                yield build_one(strategy, target, backend, request, progress)


def build_one(
    strategy: LoadedStrategy | None, target: Target, backend: Backend, request: Request, progress: Progress
) -> BuildCell:
    """Build a strategy's series on a tree, or the tree as it is."""
    from qpatch.builds.strategy import BuildOptions, build_strategy

    name = strategy.name if strategy else BASELINE
    cell = BuildCell(name, target.info.name, backend.target, base=target.source.commit)
    try:
        built = build_strategy(
            strategy, target, request.parameters, backend, progress, BuildOptions(request.each_patch, request.objects)
        )
    except QpatchError as error:
        return replace(cell, error=error)
    except OSError as error:
        fault = fault_of_system(error)
        if fault is None:
            raise
        return replace(cell, error=fault)
    result = built.result
    culprit = blamed(strategy, target, request, result) if result and result.failed else None
    return replace(cell, tried=built.tried, result=result, culprit=culprit)


def blamed(strategy: LoadedStrategy | None, target: Target, request: Request, result: BuildResult) -> Culprit | None:
    """Return the error of the failed step and the edit that it leads to, as far as that can be told."""
    from qpatch.builds.culprit import find_culprit
    from qpatch.series.blame import Authorship, authorship

    failed = result.failed
    assert failed is not None
    last_built = max((step.step.number for step in result.steps if step is not failed), default=0)
    written = authorship(strategy, target, request.parameters) if strategy and failed.step.number else Authorship()
    return find_culprit(failed.diagnostics, written, failed.step.number, last_built)


def prebuilt_cells(tree: str, request: Request, progress: Progress) -> Iterator[BuildCell]:
    """Fetch a distribution's binaries of a release; its sources need not be there."""
    from qpatch.builds.prebuilt.catalogue import release_of
    from qpatch.builds.prebuilt.fetch import prebuilt_binaries
    from qpatch.trees.fetch import default_job

    name, release = release_of(tree)
    for binary in prebuilt_binaries(default_job(progress), name, release, request.target):
        yield BuildCell(BASELINE, name, binary.target, prebuilt=binary)
