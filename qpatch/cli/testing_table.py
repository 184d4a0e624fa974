# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of `test`: one row for each cell, and below it what is to be said of those that did not end well."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.cli.errors import error_text
from qpatch.cli.options import library
from qpatch.lab.campaign.bundle import SCRIPT
from qpatch.lab.campaign.runner import PICTURE
from qpatch.strategy.library import SUFFIX

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from qpatch.cli.output import Output
    from qpatch.lab.campaign.reports import CellReport

    # A cell without its strategy: what a strategy shares with the baseline that it is compared to.
    Setting: TypeAlias = tuple[str, str, str, str, str]

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


def print_cells(reports: Sequence[CellReport], arguments: argparse.Namespace, output: Output) -> None:
    """Print the table, and below it the reason, the reproducer and the picture of each cell; of many, the red ones."""
    baselines = {_setting(report): report.downtime_ms for report in reports if report.cell.strategy == BASELINE}
    output.table("Migrations", COLUMNS, [_row(report, baselines) for report in reports])
    for report in reports:
        for line in _words(report, arguments):
            _say(report, len(reports), output)(line)
    if len(reports) > FEW:
        skipped = Counter(_why_skipped(report) for report in reports if report.is_skipped)
        for words, cells in skipped.items():
            output.message(f"{cells} {'cell' if cells == 1 else 'cells'}: {words}")


def _why_skipped(report: CellReport) -> str:
    seen = report.shown_run.observation if report.shown_run else None
    return f"{seen.verdict}: {seen.reason}" if seen else f"{report.status}: {report.reason}"


def _say(report: CellReport, cells: int, output: Output) -> Callable[[str], None]:
    """Return how to say the words on a cell: of many cells, people read those that did not end well."""
    if report.exit_code and not report.is_skipped:
        return output.error
    return output.message if cells <= FEW else output.detail


def _row(report: CellReport, baselines: Mapping[Setting, float | None]) -> tuple[str, ...]:
    cell, shown_run, wall = report.cell, report.shown_run, report.wall
    tree = f"{cell.tree} -> {report.peer}" if report.peer else cell.tree
    order = " > ".join(shown_run.observation.order) if shown_run else ""
    return (
        cell.strategy,
        tree,
        cell.machine,
        cell.profile,
        cell.scenario,
        report.label,
        order,
        _downtime(report, baselines),
        f"{wall.median:.2f}" if wall and wall.median else "",
    )


def _downtime(report: CellReport, baselines: Mapping[Setting, float | None]) -> str:
    """Return the median downtime, and its ratio to the baseline's in the same run: that alone means something."""
    if report.downtime_ms is None:
        return ""
    baseline = baselines.get(_setting(report))
    text = f"{report.downtime_ms:.1f} ms"
    if not baseline or report.cell.strategy == BASELINE:
        return text
    return f"{text} ({report.downtime_ms / baseline:.2f} x {BASELINE})"


def _setting(report: CellReport) -> Setting:
    cell = report.cell
    return (cell.tree, cell.machine, cell.profile, cell.scenario, report.peer)


def _words(report: CellReport, arguments: argparse.Namespace) -> list[str]:
    cell, shown_run = report.cell, report.shown_run
    peer = f" to {report.peer}" if report.peer else ""
    title = f"{cell.strategy} on {cell.tree}{peer} ({cell.machine}, {cell.profile}, {cell.scenario})"
    if report.error is not None:
        return [f"{title}: {report.status}: {error_text(report.error)}"]
    if shown_run is None:
        return [f"{title}: {report.status}: {report.reason}"]
    seen = shown_run.observation
    words = [f"{title}: {seen.verdict}: {seen.reason}"]
    if shown_run.timeline is not None:
        words.append(f"  picture: {shown_run.timeline.parent / PICTURE}")
    if not seen.verdict.is_green and not report.is_skipped:
        bundle = next((result.bundle for result in report.results if result.bundle), None)
        words += [
            f"  again: {shlex.join(_command(report, arguments))}",
            *([f"  without qpatch: {shlex.quote(str(bundle / SCRIPT))}"] if bundle else []),
        ]
    return words


def _command(report: CellReport, arguments: argparse.Namespace) -> list[str]:
    """Return the command that runs the cell alone, in the user's own words."""
    cell = report.asked or report.cell
    program = (
        ["--binary", str(arguments.binary)]
        if arguments.binary
        else [_strategy(cell.strategy, arguments), "--tree", cell.tree]
    )
    words = [
        "qpatch",
        "test",
        *program,
        "--machine",
        cell.machine,
        "--profile",
        cell.profile,
        "--scenario",
        cell.scenario,
    ]
    for option, values in (
        ("--peer", [arguments.peer]),
        ("--set", arguments.settings),
        ("--strategies", arguments.strategies),
    ):
        words += [word for value in values if value for word in (option, str(value))]
    return words + [f"--{flag}" for flag in ("prebuilt", "build") if getattr(arguments, flag)]


def _strategy(name: str, arguments: argparse.Namespace) -> str:
    """Return the user's word for a strategy: its name, or the path of its file."""
    paths = [word for word in arguments.strategy if "/" in word or word.endswith(SUFFIX)]
    return next((word for word in paths if library(arguments).get(word).name == name), name)
