# SPDX-License-Identifier: GPL-2.0-or-later
"""Campaigns with runs that nobody ran: how many at a time, what is kept, and that nothing stops the rest."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from kill_support import HANGS, wait_for
from lab_campaign_support import Lab
from lab_support import CELL

from qpatch.errors import EnvironmentFault
from qpatch.lab.campaign import runner as campaign
from qpatch.lab.campaign.runner import default_jobs
from qpatch.lab.model import Cell, RunResult, Verdict

if TYPE_CHECKING:
    from qpatch.lab.model import Observation
    from qpatch.lab.plan import RunPlan, RunRecord

ROOT = Path(__file__).parents[1]
OTHER = Cell("save-state", "qemu-5.2", "virt-gicv2", "irq-eager", "once")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def test_cells_are_run_again_and_again(lab: Lab) -> None:
    lab.verdicts = [Verdict.LOST, Verdict.DELIVERED, Verdict.LOST]
    results: list[RunResult] = []
    assert lab.run(lab.cell(), lab.cell(OTHER), repeat=3, on_result=results.append) == [
        {"lost": 2, "delivered": 1},
        {"delivered": 3},
    ]
    assert sorted(result.run for result in results if result.cell == CELL) == [1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 3])
def test_so_many_at_a_time(lab: Lab, jobs: int) -> None:
    lab.seconds = 0.02
    lab.run(lab.cell(), lab.cell(OTHER), repeat=4, jobs=jobs)
    assert lab.most == jobs


def test_half_of_the_processors_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors, jobs in ((None, 1), (1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr(os, "cpu_count", lambda found=processors: found)
        assert default_jobs() == jobs


def test_what_is_kept_of_a_run(lab: Lab) -> None:
    lab.verdicts = [Verdict.LOST]
    lab.run(lab.cell())
    directory = lab.place() / "1"
    assert directory == lab.directory / "results/baseline/qemu-5.2/virt-gicv2/irq-eager/once/1"
    assert sorted(path.name for path in directory.iterdir()) == ["result.json", "timeline.jsonl", "timeline.svg"]
    result = json.loads((directory / "result.json").read_text())
    assert (result["verdict"], result["wall_s"], result["timeline"]) == ("lost", 0.5, str(directory / "timeline.jsonl"))


def test_another_destination_has_another_place(lab: Lab) -> None:
    lab.run(lab.cell(), lab.cell(peer="save-state@qemu-10.2"))
    assert (lab.directory / "results/baseline/qemu-5.2-to-save-state@qemu-10.2/virt-gicv2/irq-eager/once/1").is_dir()


def test_results_of_an_earlier_campaign_are_removed(lab: Lab) -> None:
    lab.run(lab.cell(), repeat=3)
    lab.run(lab.cell())
    assert [path.name for path in lab.place().iterdir() if path.is_dir()] == ["1"]


def test_a_fault_of_the_lab_is_a_verdict_and_stops_nothing(lab: Lab) -> None:
    lab.verdicts = [
        EnvironmentFault("qemu-died", "QEMU died", hint="it was started by: qemu"),
        ZeroDivisionError("a bug"),
        Verdict.DELIVERED,
    ]
    results: list[RunResult] = []
    assert lab.run(lab.cell(), repeat=3, on_result=results.append) == [{"lab-error": 2, "delivered": 1}]
    assert [result.observation.reason for result in results[:2]] == [
        "QEMU died\nit was started by: qemu",
        "ZeroDivisionError: a bug",
    ]
    assert "Traceback" in (lab.place() / "2" / "lab-error.txt").read_text()
    assert json.loads((lab.place() / "1" / "result.json").read_text())["verdict"] == "lab-error"


def test_a_full_disk_ends_all(lab: Lab) -> None:
    lab.verdicts = [OSError(errno.ENOSPC, "No space left on device")]
    with pytest.raises(EnvironmentFault) as caught:
        lab.run(lab.cell(), repeat=3)
    assert (caught.value.code, str(lab.place() / "1") in caught.value.message) == ("disk-full", True)


def test_what_is_not_the_labs_is_not_removed(lab: Lab) -> None:
    for name in ("notes", "7", "bundle"):
        (lab.place() / name).mkdir(parents=True)
    lab.run(lab.cell())
    assert sorted(path.name for path in lab.place().iterdir()) == [".lock", "1", "notes"]


def test_a_picture_that_fails_is_a_fault_of_the_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no picture")

    monkeypatch.setattr(campaign, "save_picture", fail)
    assert lab.run(lab.cell()) == [{"lab-error": 1}]


def test_what_is_not_applicable_is_told_once_and_not_run(lab: Lab) -> None:
    results: list[RunResult] = []
    assert lab.run(lab.cell(machine="virt-gicv3-its"), repeat=5, on_result=results.append) == [{"not-applicable": 1}]
    assert "ITS" in results[0].observation.reason
    assert lab.most == 0


def test_a_program_for_another_machine_is_an_error_before_anything_runs(lab: Lab) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        lab.run(lab.cell(), lab.cell(machine="q35"))
    assert caught.value.code == "wrong-target"
    assert lab.most == 0


def test_the_first_run_that_is_not_green_has_a_bundle(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bundle:
        def __init__(self, _plan: RunPlan, record: RunRecord, _seen: Observation, binaries: bool) -> None:
            lab.written.append(record.directory)

        def write(self, place: Path) -> Path:
            return place

    monkeypatch.setattr(campaign, "Bundle", Bundle)
    lab.verdicts = [Verdict.DELIVERED, Verdict.LOST, Verdict.LOST, Verdict.RECOVERED]
    results: list[RunResult] = []
    lab.run(lab.cell(), lab.cell(OTHER), repeat=4, on_result=results.append)
    assert lab.written == [lab.place() / "2"]
    assert [result.run for result in results if result.bundle] == [2]


def test_two_campaigns_do_not_write_to_the_same_place(lab: Lab) -> None:
    lab.place().mkdir(parents=True)
    with FileLock(lab.place() / ".lock"):
        lab.run(lab.cell(OTHER))
        with pytest.raises(EnvironmentFault) as caught:
            lab.run(lab.cell(OTHER), lab.cell())
    assert caught.value.code == "results-busy"
    lab.run(lab.cell())


SLEEPING = """
import asyncio, pathlib, signal, sys
import pytest
from lab_vm_support import plan, program
from lab_support import CELL
from qpatch.lab.campaign import runner as campaign

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have said nohup
directory = pathlib.Path(sys.argv[1])

async def run_once(_plan, place):
    (directory / f"begun-{place.name}").touch()
    try:
        await asyncio.sleep(3600)
    finally:
        (directory / f"ending-{place.name}").touch()
        while not (directory / "go-on").exists():
            await asyncio.sleep(0.02)
        (directory / f"ended-{place.name}").touch()

campaign.run_once = run_once
planned = campaign.PlannedCell(CELL, plan(directory, "steps: [migrate]", source=program(("qemu",), (5, 2))))
try:
    campaign.run_campaign([planned], campaign.CampaignSettings(directory / "results", 3, 2))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_lets_every_run_clean_up(tmp_path: Path, number: signal.Signals) -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen([sys.executable, "-c", SLEEPING, str(tmp_path)], env={**os.environ, "PYTHONPATH": paths})
    for moment in ("begun", "ending"):  # the second time, by somebody who is impatient
        pattern = f"{moment}-*"
        wait_for(lambda: len(list(tmp_path.glob(pattern))) == 2 or process.poll() is not None)  # noqa: B023
        process.send_signal(number)
    (tmp_path / "go-on").touch()
    assert process.wait(HANGS) == 130
    assert sorted(path.name for path in tmp_path.glob("ended-*")) == ["ended-1", "ended-2"]
