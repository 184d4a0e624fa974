# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the lab's campaign and reports share: results of runs that were never carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cells.key import CellKey, Stage
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import InterruptCounts, Observation, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


def cell_key(
    strategy: str, tree: str, machine: str, profile: str, scenario: str, *, peer: str = "", lab: str = "preload"
) -> CellKey:
    """Return the key of a tested cell."""
    return CellKey(strategy, tree, "qemu", Stage.TESTED, lab, machine, profile, scenario, peer=peer)


CELL = cell_key("baseline", "qemu-5.2", "virt-gicv2", "irq-eager", "once")
LOST = "vector 0 of dev0 was raised on the destination and never reached the guest"


def observation(verdict: Verdict, downtime_ms: float | None = 120.0) -> Observation:
    """Return an observation with that verdict."""
    lost = verdict is Verdict.LOST
    return Observation(
        verdict,
        LOST if lost else f"it is {verdict}",
        InterruptCounts(delivered=2, lost=int(lost)),
        ("data", "config", "set_irqs", "arm_gic"),
        downtime_ms=downtime_ms,
    )


def result(*verdicts: Verdict, key: CellKey = CELL, seconds: Sequence[float] = ()) -> TestedResult:
    """Return the result of a cell whose runs had `verdicts`."""
    return TestedResult(
        key=key,
        runs=tuple(
            TestedRun(run=run, observation=observation(verdict), wall_s=seconds[run - 1] if seconds else 1.0)
            for run, verdict in enumerate(verdicts, start=1)
        ),
    )
