# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch test`: strategies on trees, migrated with an emulated device, and what came of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.cli.display import StepDisplay
from qpatch.cli.options import add_strategy_choice, library, settings, strategies_of
from qpatch.cli.report_files import write_report
from qpatch.errors import ExitCode, UserError
from qpatch.lab.registry import registry
from qpatch.trees.places import expanded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qpatch.api.progress import ResultProgress
    from qpatch.api.testing import TestChoices
    from qpatch.cells.key import CellKey
    from qpatch.cli.output import Output
    from qpatch.lab.campaign.planning import Peer
    from qpatch.lab.campaign.programs import BinaryChoice
    from qpatch.lab.campaign.results import TestedResult, TestedRun
    from qpatch.strategy.load import LoadedStrategy

DEFAULT_OUTPUT = Path("results")
SUITES = ("uapi",)
_KINDS = {"cell": "cells"}  # how the list calls what is not called by its kind


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser, f"; `{BASELINE}` is the tree as it is")
    parser.add_argument(
        "--tree",
        nargs="+",
        action="extend",
        default=[],
        metavar="TREE",
        dest="trees",
        help="a known tree, a path, or PATH@REF",
    )
    labs = registry()
    parser.add_argument("--lab", choices=labs.names, default=labs.default, help="the lab (default: %(default)s)")
    parser.add_argument(
        "--kernel", metavar="[STRATEGY@]TREE", default="", help="in the vm lab: boot this kernel (default: linux-6.12)"
    )
    _add_cells(parser)
    _add_runs(parser)
    programs = parser.add_mutually_exclusive_group()
    programs.add_argument("--prebuilt", action="store_true", help=f"take the distribution's binary as the {BASELINE}")
    programs.add_argument(
        "--build",
        action="store_true",
        help=f"build the {BASELINE} (by default: what is built, else the distribution's binary)",
    )
    programs.add_argument(
        "--binary", type=Path, metavar="FILE", help=f"run this QEMU as the {BASELINE}, instead of one of a tree"
    )
    parser.add_argument(
        "--suite", choices=SUITES, default="", help="instead, test a device's side of VFIO, without a QEMU"
    )
    parser.add_argument(
        "--device",
        nargs="+",
        action="extend",
        default=[],
        metavar="D",
        dest="devices",
        help="with --suite: one or two devices that VFIO has (PCI addresses, or directories in sysfs), or one of a lab "
        "that boots kernels (mtty)",
    )
    parser.add_argument(
        "--target", default="", help="with --suite and a kernel: build `modules` (for Debian's kernel), or a `kernel`"
    )
    parser.add_argument("--list", action="store_true", help="list labs, machines, profiles, scenarios; run nothing")


def _add_cells(parser: argparse.ArgumentParser) -> None:
    for kind, what in (("machine", "the machine"), ("profile", "the device"), ("scenario", "what is done")):
        parser.add_argument(
            f"--{kind}",
            nargs="+",
            action="extend",
            default=[],
            metavar=kind[0].upper(),
            dest=f"{kind}s",
            help=f"{what}: names of --list, or YAML files",
        )
    parser.add_argument(
        "--cells",
        default="",
        metavar="SET",
        help="instead, a set of profiles with scenarios: a name of --list",
    )
    parser.add_argument(
        "--peer", metavar="[STRATEGY@]TREE", default="", help="migrate to this build instead of the same one"
    )


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeat", type=int, metavar="N", default=1, help="run each cell N times (default: once)")
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N", default=0, help="N runs at a time (default: half of the processors)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        default=DEFAULT_OUTPUT,
        help="keep what was seen in DIR (default: %(default)s)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit's XML")
    parser.add_argument("--ktap", type=Path, metavar="FILE", help="write the results as KTAP")
    parser.add_argument(
        "--compare", action="store_true", help="put the pictures of two strategies, or two trees, side by side"
    )
    parser.add_argument("--bundle-binaries", action="store_true", help="copy QEMU into the bundles of what went wrong")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Run every cell that is asked for; one that fails does not stop the rest."""
    if arguments.list:
        return list_all(output)
    if arguments.suite:
        from qpatch.cli.testing_suite import run_suite

        return run_suite(arguments, output)
    if arguments.devices or arguments.target:
        raise UserError("usage", "--device and --target are about what a --suite is run on")
    check(arguments)
    from qpatch import api
    from qpatch.cli.testing_table import print_cells
    from qpatch.lab.campaign.comparison import require_pairs, save_comparisons
    from qpatch.lab.campaign.reports import document

    strategies = strategies_of(arguments)
    if arguments.compare:
        require_pairs(len(strategies), len(arguments.trees))
    choices = read_choices(arguments, strategies)
    kept = api.CampaignSettings(arguments.output, arguments.repeat, arguments.jobs, arguments.bundle_binaries)
    with StepDisplay(output) as steps, RunDisplay(output, steps) as runs:
        results = api.test(strategies, arguments.trees, kept, choices, progress=steps, listener=runs)
    print_cells(results, arguments, output)
    output.document(document(results))
    if arguments.compare:
        for file in save_comparisons(results, arguments.output):
            output.message(f"before and after: {file}")
    write_reports(results, arguments)  # last: where that fails, the results have been printed
    return api.overall_exit_code(results)


class RunDisplay(contextlib.ExitStack):
    """Shows the runs of a campaign as they end: a bar on a terminal, a line for each when verbose."""

    def __init__(self, output: Output, steps: StepDisplay) -> None:
        super().__init__()
        self._output = output
        self._steps = steps
        self._bar: ResultProgress | None = None

    def begin(self, runs: int) -> None:
        """Draw the bar; what was done before the runs is over."""
        self._steps.end()
        self._bar = self.enter_context(self._output.progress("migrating", runs))

    def ended(self, key: CellKey, run: TestedRun) -> None:
        """Count the run, and name its verdict."""
        self._output.detail(
            f"{key.strategy} on {key.tree}, {key.machine}, {key.profile}, {key.scenario}, "
            f"run {run.run}: {run.observation.verdict}"
        )
        if self._bar is not None:
            self._bar.advance()


def check(arguments: argparse.Namespace) -> None:
    """Raise UserError for arguments that do not go together, or for a lab that is not there."""
    registry().get(arguments.lab)
    if arguments.binary and (arguments.trees or arguments.all or arguments.strategy not in ([], [BASELINE])):
        raise UserError("usage", "--binary FILE is run as it is: it takes neither a strategy nor --tree")
    if not arguments.binary and not arguments.trees:
        raise UserError("usage", "name the trees with --tree, or a QEMU with --binary")
    if arguments.repeat < 1 or arguments.jobs < 0:
        raise UserError("usage", "--repeat and --jobs count from 1")
    if (arguments.prebuilt or arguments.build) and BASELINE not in (*arguments.strategy, peer_name(arguments.peer)):
        raise UserError("usage", f"--prebuilt and --build are about `{BASELINE}`: a strategy is always built")
    for file in filter(None, (arguments.junit, arguments.ktap)):
        if file.is_dir():
            raise UserError("bad-path", f"{file} is a directory: the results go into a file")


def read_choices(arguments: argparse.Namespace, strategies: Sequence[LoadedStrategy | None]) -> TestChoices:
    """Return what the arguments ask for. Raises UserError for an unknown strategy of the peer, or parameter."""
    from qpatch import api

    loaded = tuple(strategy for strategy in strategies if strategy)
    return api.TestChoices(
        arguments.machines,
        arguments.profiles,
        arguments.scenarios,
        arguments.cells,
        read_peer(arguments.peer, arguments) if arguments.peer else None,
        arguments.binary,
        binary_choice(arguments),
        arguments.lab,
        read_peer(arguments.kernel, arguments) if arguments.kernel else None,
        settings(arguments, loaded),
    )


def read_peer(text: str, arguments: argparse.Namespace) -> Peer:
    """Return the destination, or the kernel, that is asked for by [STRATEGY@]TREE."""
    from qpatch.lab.campaign.planning import Peer

    strategy, tree = split_peer(text)
    return Peer(None if strategy == BASELINE else library(arguments).get(strategy), tree)


def split_peer(text: str) -> tuple[str, str]:
    """Split [STRATEGY@]TREE; a tree may have an `@` of its own, so what is a directory before it is no strategy."""
    strategy, separator, tree = text.partition("@")
    if not separator or expanded(strategy).is_dir():
        return BASELINE, text
    return strategy, tree


def peer_name(text: str) -> str:
    """Return the strategy of [STRATEGY@]TREE, '' for no peer."""
    return split_peer(text)[0] if text else ""


def binary_choice(arguments: argparse.Namespace) -> BinaryChoice:
    """Return which binary is taken for the baseline."""
    from qpatch.lab.campaign.programs import BinaryChoice

    if arguments.prebuilt:
        return BinaryChoice.PREBUILT
    return BinaryChoice.BUILD if arguments.build else BinaryChoice.AUTOMATIC


def write_reports(results: Sequence[TestedResult], arguments: argparse.Namespace) -> None:
    """Write the files for programs that are asked for."""
    if arguments.ktap:
        from qpatch.lab.campaign.ktap import ktap

        write_report(arguments.ktap, ktap(results))
    if arguments.junit:
        from qpatch.lab.campaign.junit import junit

        write_report(arguments.junit, junit(results))


def list_all(output: Output) -> ExitCode:
    """Print the labs, and the machines, profiles, scenarios and sets of cells that ship."""
    from qpatch.lab.campaign.cellsets import titles
    from qpatch.lab.definitions.machine import load_machine, machine_names
    from qpatch.lab.definitions.profile import load_profile, profile_names
    from qpatch.lab.definitions.scenario import load_scenario, scenario_names

    labs = [registry().get(name) for name in registry().classes]
    found = {
        "lab": [(lab.name, lab.title) for lab in labs],
        "machine": [(name, load_machine(name).title) for name in machine_names()],
        "profile": [(name, load_profile(name).title) for name in profile_names()],
        "scenario": [(name, load_scenario(name).title) for name in scenario_names()],
        "cell": list(titles().items()),
    }
    rows = [(_KINDS.get(kind, kind), name, title) for kind, entries in found.items() for name, title in entries]
    output.table("What `qpatch test` can run", ("kind", "name", "what it is"), rows)
    for lab in labs:
        output.message(f"the {lab.name} lab does not show:")
        for limit in lab.limits:
            output.message(f"  {limit}")
    limits = {lab.name: [{"subject": limit.subject, "reason": limit.reason} for limit in lab.limits] for lab in labs}
    output.document(
        {
            "version": 1,
            "labs": [{"name": name, "title": title, "limits": limits[name]} for name, title in found.pop("lab")],
            **{f"{kind}s": [{"name": name, "title": title} for name, title in found[kind]] for kind in found},
        }
    )
    return ExitCode.OK
