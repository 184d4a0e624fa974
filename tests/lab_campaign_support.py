# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab for tests of campaigns: its runs take no time and end as the test says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab_support import CELL, seen
from lab_vm_support import plan, program

from qpatch.lab.campaign import runner as campaign
from qpatch.lab.campaign.runner import CampaignSettings, PlannedCell, run_campaign
from qpatch.lab.model import Cell, Event, EventSource, RunResult, Verdict
from qpatch.lab.plan import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from qpatch.lab.model import Observation
    from qpatch.lab.plan import RunPlan


class Lab:
    """Runs that take no time and end as `verdicts` say, in the order of their beginning; an exception is raised."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.verdicts: list[Verdict | Exception] = []
        self.running = 0
        self.most = 0
        self.seconds = 0.0
        self.directory = directory
        self.written: list[Path] = []
        self.plans: list[RunPlan] = []
        monkeypatch.setattr(campaign, "run_once", self.run_once)
        monkeypatch.setattr(campaign, "read_timeline", lambda record: record.events)
        monkeypatch.setattr(campaign, "observe", self.observe)
        monkeypatch.setattr(campaign, "save_picture", lambda _timeline, _seen, file, _cell: file.write_text("<svg/>"))

    async def run_once(self, planned: RunPlan, directory: Path) -> RunRecord:
        self.plans.append(planned)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            directory.mkdir(parents=True)
            await asyncio.sleep(self.seconds)
            verdict = self.verdicts.pop(0) if self.verdicts else Verdict.DELIVERED
            if isinstance(verdict, Exception):
                raise verdict
            event = Event(1, "lab", EventSource.LAB, "verdict", "", {"verdict": str(verdict)})
            return RunRecord(directory, (event,), {}, (), 0.5)
        finally:
            self.running -= 1

    def observe(self, timeline: Sequence[Event], _failure: str) -> Observation:
        return seen(Verdict(timeline[0].fields["verdict"]))

    def cell(self, cell: Cell = CELL, peer: str = "", machine: str = "virt-gicv2") -> PlannedCell:
        release = (5, 2)
        planned = plan(self.directory, "steps: [migrate]", machine=machine, source=program(("qemu",), release))
        return PlannedCell(cell, planned, peer)

    def run(
        self,
        *cells: PlannedCell,
        repeat: int = 1,
        jobs: int = 1,
        on_result: Callable[[RunResult], None] = lambda _result: None,
    ) -> list[dict[str, int]]:
        """Run cells and return how many runs of each had which verdict."""
        settings = CampaignSettings(self.directory / "results", repeat, jobs)
        return [
            {str(verdict): count for verdict, count in report.counts.items()}
            for report in run_campaign(cells, settings, on_result)
        ]

    def place(self, cell: Cell = CELL) -> Path:
        return PlannedCell(cell, self.cell().plan).directory(self.directory / "results")
