# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a cell: its runs, or why there were none; how several make one exit code and one JSON document."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.errors import ExitCode
from qpatch.lab.campaign.durations import Durations, durations
from qpatch.lab.model import Observation, RunResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qpatch.errors import QpatchError
    from qpatch.lab.model import Cell

LAB = "preload"
FAILED = "failed"
MISSED = frozenset({"drifted", "ambiguous"})


@dataclass(frozen=True)
class CellReport:
    """What came of a cell: `results` in the order of the runs, or `status` and `reason` where there is nothing to run.

    `peer` names the destination where it is another build than the source; `error` is what broke the cell off; `asked`
    is the cell in the user's words (see PlannedCell).
    """

    cell: Cell
    results: tuple[RunResult, ...] = ()
    peer: str = ""
    status: str = ""
    reason: str = ""
    error: QpatchError | None = None
    asked: Cell | None = None

    @property
    def name(self) -> str:
        """A name without spaces, for reports that are read by programs."""
        cell = self.cell
        tree = f"{cell.tree}-to-{self.peer}" if self.peer else cell.tree
        return "/".join((cell.strategy, tree, cell.machine, cell.profile, cell.scenario))

    @property
    def is_skipped(self) -> bool:
        """Whether there was nothing to run, and nobody's fault in it."""
        return self.exit_code is ExitCode.NOTHING_APPLIED

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many runs had each verdict, the gravest first."""
        found = Counter(result.observation.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in Verdict if found[verdict]}

    @property
    def label(self) -> str:
        """The words in the table, such as `lost 2/15, delivered 13/15`."""
        runs = len(self.results)
        return ", ".join(f"{verdict} {count}/{runs}" for verdict, count in self.counts.items()) or self.status

    @property
    def shown_run(self) -> RunResult | None:
        """The first run with the gravest verdict: the one to look at."""
        gravest = next(iter(self.counts), None)
        return next((result for result in self.results if result.observation.verdict is gravest), None)

    @property
    def wall(self) -> Durations | None:
        """How long the runs took, starting both QEMUs and ending them included."""
        return durations(result.wall_seconds for result in self.results)

    @property
    def downtime_ms(self) -> float | None:
        """The median of the downtimes, emulated and without KVM; None where no run has one."""
        times = [result.observation.downtime_ms for result in self.results]
        known = [time for time in times if time is not None]
        return statistics.median(known) if known else None

    @property
    def exit_code(self) -> ExitCode:
        """What the exit code were if this were the only cell."""
        verdicts = set(self.counts)
        if Verdict.LAB_ERROR in verdicts:
            return ExitCode.ENVIRONMENT
        if self.status in MISSED:
            return ExitCode.DRIFT
        if self.status == FAILED:
            return self.error.exit_code if self.error else ExitCode.BUILD_FAILED
        if any(not verdict.is_green and verdict is not Verdict.NOT_APPLICABLE for verdict in verdicts):
            return ExitCode.CHECKS_FAILED
        return ExitCode.OK if any(verdict.is_green for verdict in verdicts) else ExitCode.NOTHING_APPLIED


def exit_code(reports: Sequence[CellReport]) -> ExitCode:
    """Return the exit code: what the lab or a build could not do comes first, then verdicts, then "nothing to run"."""
    codes = [report.exit_code for report in reports]
    broken = (ExitCode.ENVIRONMENT, ExitCode.BUILD_FAILED, ExitCode.USAGE, ExitCode.DRIFT)
    order = (*broken, ExitCode.CHECKS_FAILED, ExitCode.OK)
    return next((code for code in order if code in codes), ExitCode.NOTHING_APPLIED)


def run_document(result: RunResult, peer: str = "") -> dict[str, object]:
    """Return a run as `test --json` prints it (DESIGN: command line), with its reason, the peer and its files."""
    cell, seen = result.cell, result.observation
    return {
        **_identity(cell, peer),
        "run": result.run,
        "verdict": str(seen.verdict),
        "reason": seen.reason,
        "interrupts": seen.interrupts.as_json(),
        "order": list(seen.order),
        "config_bytes": seen.config_bytes,
        "config_writes": seen.config_writes,
        "set_irqs": seen.set_irqs,
        "data_bytes": seen.data_bytes,
        "downtime_ms": seen.downtime_ms,
        "irq_setup_ms": seen.irq_setup_ms,
        "errors": [error.as_json() for error in seen.errors],
        "source_state": seen.source_state,
        "destination_state": seen.destination_state,
        "wall_s": round(result.wall_seconds, 3),
        "timeline": str(result.timeline or ""),
        "bundle": str(result.bundle or ""),
    }


def document(reports: Iterable[CellReport]) -> dict[str, object]:
    """Return the JSON document of `test`: every run, and the cells with what their runs come to."""
    reports = list(reports)
    return {
        "version": 1,
        "results": [run for report in reports for run in _runs(report)],
        "cells": [_cell(report) for report in reports],
    }


def _runs(report: CellReport) -> list[dict[str, object]]:
    if report.results:
        return [run_document(result, report.peer) for result in report.results]
    nothing = RunResult(report.cell, 0, Observation(Verdict.NOT_APPLICABLE, report.reason), 0.0)
    return [{**run_document(nothing, report.peer), "verdict": report.status}]


def _cell(report: CellReport) -> dict[str, object]:
    wall = report.wall
    return {
        **_identity(report.cell, report.peer),
        "status": report.status,
        "reason": report.reason,
        "verdicts": {str(verdict): count for verdict, count in report.counts.items()},
        "wall": wall.as_json() if wall else None,
    }


def _identity(cell: Cell, peer: str) -> dict[str, object]:
    return {
        "strategy": cell.strategy,
        "tree": cell.tree,
        "lab": LAB,
        "machine": cell.machine,
        "scenario": cell.scenario,
        "profile": cell.profile,
        "peer": peer,
    }
