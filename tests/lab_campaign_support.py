# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab for tests of campaigns: its runs take no time and end as the test says."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from lab_support import CELL, observation
from lab_vm_support import plan, program

from qpatch.lab.campaign import runner
from qpatch.lab.campaign.runner import CampaignSettings, PlannedCell, RunListener, run_campaign
from qpatch.lab.model import Event, EventSource, Verdict
from qpatch.lab.plan import RunRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from qpatch.cells.key import CellKey
    from qpatch.lab.campaign.results import TestedRun
    from qpatch.lab.model import Observation
    from qpatch.lab.plan import RunPlan
    from qpatch.trees.progress import Progress


class Runs:
    """A listener that keeps the runs with their cells."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ends: list[tuple[CellKey, TestedRun]] = []

    def begin(self, runs: int) -> None:
        self.begun.append(runs)

    def ended(self, key: CellKey, run: TestedRun) -> None:
        self.ends.append((key, run))

    @property
    def runs(self) -> list[TestedRun]:
        return [run for _, run in self.ends]


class ScriptedLab:
    """A prepared lab whose runs end as `verdicts` say, in the order of their beginning; an exception is raised.

    What the observer and the picture would make of its timelines is replaced: they are tested elsewhere.
    """

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.verdicts: list[Verdict | Exception] = []
        self.running = 0
        self.most = 0
        self.readers: set[int] = set()  # the threads that have read a timeline
        self.seconds = 0.0
        self.directory = directory
        self.bundled: list[Path] = []
        self.plans: list[RunPlan] = []
        self.prepared: list[Sequence[RunPlan]] = []
        monkeypatch.setattr(runner, "observe", self.observe)
        monkeypatch.setattr(runner, "save_picture", lambda _timeline, _seen, file, _cell: file.write_text("<svg/>"))

    def prepare(self, plans: Sequence[RunPlan], _progress: Progress) -> ScriptedLab:
        self.prepared.append(plans)
        return self

    def reason_against(self, _plan: RunPlan) -> str:
        return ""

    async def run(self, planned: RunPlan, directory: Path) -> RunRecord:
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
            return RunRecord(directory, (event,), {}, 0.5)
        finally:
            self.running -= 1

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        self.readers.add(threading.get_ident())
        return record.events

    def write_bundle(
        self, _plan: RunPlan, record: RunRecord, _observation: Observation, _place: Path, *, binaries: bool
    ) -> Path | None:
        self.bundled.append(record.directory)
        return None

    def observe(self, timeline: Sequence[Event], _failure: str) -> Observation:
        return observation(Verdict(timeline[0].fields["verdict"]))

    def cell(self, key: CellKey = CELL, machine: str = "virt-gicv2") -> PlannedCell:
        release = (5, 2)
        planned = plan("steps: [migrate]", machine=machine, source=program(("qemu",), release))
        return PlannedCell(key, planned)

    def campaign(
        self, *cells: PlannedCell, repeat: int = 1, jobs: int = 1, listener: RunListener | None = None
    ) -> list[dict[str, int]]:
        """Run cells and return how many runs of each had which verdict."""
        settings = CampaignSettings(self.directory / "results", repeat, jobs)
        return [
            {str(verdict): count for verdict, count in result.counts.items()}
            for result in run_campaign(cells, self, settings, listener)
        ]

    def place(self, key: CellKey = CELL) -> Path:
        return PlannedCell(key, self.cell().plan).directory(self.directory / "results")
