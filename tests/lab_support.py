# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the lab's campaign and reports share: results and runs that nobody ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.campaign.reports import CellReport
from qpatch.lab.model import Cell, InterruptCounts, Observation, RunResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL = Cell("baseline", "qemu-5.2", "virt-gicv2", "irq-eager", "once")
LOST = "vector 0 of dev0 was raised on the destination and never reached the guest"


def seen(verdict: Verdict, downtime_ms: float | None = 120.0) -> Observation:
    """Return an observation with that verdict."""
    lost = verdict is Verdict.LOST
    return Observation(
        verdict,
        LOST if lost else f"it is {verdict}",
        InterruptCounts(delivered=2, lost=int(lost)),
        ("data", "config", "set_irqs", "arm_gic"),
        downtime_ms=downtime_ms,
    )


def report(*verdicts: Verdict, cell: Cell = CELL, seconds: Sequence[float] = ()) -> CellReport:
    """Return the report of a cell whose runs had `verdicts`."""
    return CellReport(
        cell,
        tuple(
            RunResult(cell, run, seen(verdict), seconds[run - 1] if seconds else 1.0)
            for run, verdict in enumerate(verdicts, start=1)
        ),
    )
