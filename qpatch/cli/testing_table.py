# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of `test`: one row for each cell, and below it what is to be said of those that did not end well."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.cli.errors import error_text
from qpatch.cli.options import library
from qpatch.lab.campaign.runner import PICTURE
from qpatch.lab.protocol import SCRIPT
from qpatch.lab.registry import registry
from qpatch.strategy.library import SUFFIX
from qpatch.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from qpatch.cells.key import CellKey
    from qpatch.cli.output import Output
    from qpatch.lab.campaign.results import TestedResult

    # A cell without its strategy: what a strategy shares with the baseline that it is compared to.
    Setting: TypeAlias = CellKey

COLUMNS = (
    "strategy",
    "tree",
    "machine",
    "profile",
    "scenario",
    "verdict",
    "order on the destination",
    "downtime (emulated, no KVM)",
    "median s",
)
FEW = 6


def print_cells(results: Sequence[TestedResult], arguments: argparse.Namespace, output: Output) -> None:
    """Print the table, and below it the reason, the reproducer and the picture of each cell; of many, the red ones."""
    baselines = {_setting(result): result.downtime_ms for result in results if result.key.strategy == BASELINE}
    output.table("Migrations", COLUMNS, [_row(result, baselines) for result in results])
    for result in results:
        for line in _words(result, arguments):
            _say(result, len(results), output)(line)
    if len(results) > FEW:
        skipped = Counter(_why_skipped(result) for result in results if result.is_skipped)
        for words, cells in skipped.items():
            output.message(f"{counted(cells, 'cell')}: {words}")


def _why_skipped(result: TestedResult) -> str:
    if result.shown_run is None:
        return f"{result.status}: {result.reason}"
    return f"{result.shown_run.observation.verdict}: {result.shown_run.observation.reason}"


def _say(result: TestedResult, cells: int, output: Output) -> Callable[[str], None]:
    """Return how to say the words on a cell: of many cells, people read those that did not end well."""
    if result.exit_code and not result.is_skipped:
        return output.error
    return output.message if cells <= FEW else output.detail


def _row(result: TestedResult, baselines: Mapping[Setting, float | None]) -> tuple[str, ...]:
    key, shown_run, wall = result.key, result.shown_run, result.wall
    return (
        key.strategy,
        f"{key.tree} -> {key.peer}" if key.peer else key.tree,
        key.machine,
        key.profile,
        key.scenario,
        result.label,
        " > ".join(shown_run.observation.order) if shown_run else "",
        _downtime(result, baselines),
        f"{wall.median:.2f}" if wall and wall.median else "",
    )


def _downtime(result: TestedResult, baselines: Mapping[Setting, float | None]) -> str:
    """Return the median downtime, and its ratio to the baseline's in the same run: that alone means something."""
    if result.downtime_ms is None:
        return ""
    baseline = baselines.get(_setting(result))
    text = f"{result.downtime_ms:.1f} ms"
    if not baseline or result.key.strategy == BASELINE:
        return text
    return f"{text} ({result.downtime_ms / baseline:.2f} x {BASELINE})"


def _setting(result: TestedResult) -> Setting:
    return replace(result.key, strategy="")


def _words(result: TestedResult, arguments: argparse.Namespace) -> list[str]:
    key, shown_run = result.key, result.shown_run
    peer = f" to {key.peer}" if key.peer else ""
    title = f"{key.strategy} on {key.tree}{peer} ({key.machine}, {key.profile}, {key.scenario})"
    if result.error is not None:
        return [f"{title}: {result.status}: {error_text(result.error)}"]
    if shown_run is None:
        return [f"{title}: {result.status}: {result.reason}"]
    observation = shown_run.observation
    words = [f"{title}: {observation.verdict}: {observation.reason}"]
    if shown_run.timeline:
        words.append(f"  picture: {Path(shown_run.timeline).with_name(PICTURE)}")
    if not observation.verdict.is_green and not result.is_skipped:
        bundle = next((run.bundle for run in result.runs if run.bundle), None)
        words += [
            f"  again: {shlex.join(_command(result, arguments))}",
            *([f"  without qpatch: {shlex.quote(str(Path(bundle, SCRIPT)))}"] if bundle else []),
            *(f"  no bundle was written: {run.no_bundle}" for run in result.runs if run.no_bundle),
        ]
    return words


def _command(result: TestedResult, arguments: argparse.Namespace) -> list[str]:
    """Return the command that runs the cell alone, in the user's own words."""
    asked = result.asked or result.key
    program = (
        ["--binary", str(arguments.binary)]
        if arguments.binary
        else [_strategy(asked.strategy, arguments), "--tree", asked.tree]
    )
    names = ("--machine", asked.machine, "--profile", asked.profile, "--scenario", asked.scenario)
    words = ["qpatch", "test", *program, *names]
    if asked.lab != registry().default:
        words += ["--lab", asked.lab]
    for option, values in (
        ("--peer", [arguments.peer]),
        ("--kernel", [arguments.kernel]),
        ("--set", arguments.settings),
        ("--strategies", arguments.strategies),
    ):
        words += [word for value in values if value for word in (option, str(value))]
    return words + [f"--{flag}" for flag in ("prebuilt", "build") if getattr(arguments, flag)]


def _strategy(name: str, arguments: argparse.Namespace) -> str:
    """Return the user's word for a strategy: its name, or the path of its file."""
    paths = [word for word in arguments.strategy if "/" in word or word.endswith(SUFFIX)]
    return next((word for word in paths if library(arguments).get(word).name == name), name)
