# SPDX-License-Identifier: GPL-2.0-or-later
"""Campaigns with runs that nobody ran: how many at a time, what is kept, and that nothing stops the rest."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from kill_support import HANGS, wait_for
from lab_campaign_support import Runs, ScriptedLab
from lab_support import CELL, cell_key

from qpatch.errors import EnvironmentFault
from qpatch.lab.campaign import runner
from qpatch.lab.campaign.runner import default_jobs
from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpatch.lab.plan import RunPlan, RunRecord

ROOT = Path(__file__).parents[1]
OTHER = cell_key("save-state", "qemu-5.2", "virt-gicv2", "irq-eager", "once")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedLab:
    return ScriptedLab(tmp_path, monkeypatch)


def test_cells_are_run_again_and_again(lab: ScriptedLab) -> None:
    lab.verdicts = [Verdict.LOST, Verdict.DELIVERED, Verdict.LOST]
    ends = Runs()
    assert lab.campaign(lab.cell(), lab.cell(OTHER), repeat=3, listener=ends) == [
        {"lost": 2, "delivered": 1},
        {"delivered": 3},
    ]
    assert sorted(run.run for key, run in ends.ends if key == CELL) == [1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 3])
def test_so_many_at_a_time(lab: ScriptedLab, jobs: int) -> None:
    lab.seconds = 0.02
    lab.campaign(lab.cell(), lab.cell(OTHER), repeat=4, jobs=jobs)
    assert lab.most == jobs
    assert len(lab.readers) == 1, "timelines can be long: they are read one after the other"


def test_half_of_the_processors_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors, jobs in ((None, 1), (1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr(os, "cpu_count", lambda found=processors: found)
        assert default_jobs() == jobs


def test_what_is_kept_of_a_run(lab: ScriptedLab) -> None:
    lab.verdicts = [Verdict.LOST]
    lab.campaign(lab.cell())
    directory = lab.place() / "1"
    assert directory == lab.directory / "results/baseline/qemu-5.2/virt-gicv2/irq-eager/once/1"
    assert sorted(path.name for path in directory.iterdir()) == ["result.json", "timeline.jsonl", "timeline.svg"]
    result = json.loads((directory / "result.json").read_text())
    assert (result["verdict"], result["wall_s"], result["timeline"]) == ("lost", 0.5, str(directory / "timeline.jsonl"))


def test_another_destination_has_another_place(lab: ScriptedLab) -> None:
    lab.campaign(lab.cell(), lab.cell(replace(CELL, peer="save-state@qemu-10.2")))
    assert (lab.directory / "results/baseline/qemu-5.2-to-save-state@qemu-10.2/virt-gicv2/irq-eager/once/1").is_dir()


def test_results_of_an_earlier_campaign_are_removed(lab: ScriptedLab) -> None:
    lab.campaign(lab.cell(), repeat=3)
    lab.campaign(lab.cell())
    assert [path.name for path in lab.place().iterdir() if path.is_dir()] == ["1"]


def test_a_fault_of_the_lab_is_a_verdict_and_stops_nothing(lab: ScriptedLab) -> None:
    lab.verdicts = [
        EnvironmentFault("qemu-died", "QEMU died", hint="it was started by: qemu"),
        ZeroDivisionError("a bug"),
        Verdict.DELIVERED,
    ]
    ends = Runs()
    assert lab.campaign(lab.cell(), repeat=3, listener=ends) == [{"lab-error": 2, "delivered": 1}]
    assert [run.observation.reason for run in ends.runs[:2]] == [
        "QEMU died\nit was started by: qemu",
        "ZeroDivisionError: a bug",
    ]
    assert "Traceback" in (lab.place() / "2" / "lab-error.txt").read_text()
    assert json.loads((lab.place() / "1" / "result.json").read_text())["verdict"] == "lab-error"


def test_a_full_disk_ends_all(lab: ScriptedLab) -> None:
    lab.verdicts = [OSError(errno.ENOSPC, "No space left on device")]
    with pytest.raises(EnvironmentFault) as caught:
        lab.campaign(lab.cell(), repeat=3)
    assert (caught.value.code, str(lab.place() / "1") in caught.value.message) == ("disk-full", True)


def test_what_is_not_the_labs_is_not_removed(lab: ScriptedLab) -> None:
    for name in ("notes", "7", "bundle"):
        (lab.place() / name).mkdir(parents=True)
    lab.campaign(lab.cell())
    assert sorted(path.name for path in lab.place().iterdir()) == [".lock", "1", "notes"]


def test_a_picture_that_fails_is_a_fault_of_the_lab(lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no picture")

    monkeypatch.setattr(runner, "save_picture", fail)
    assert lab.campaign(lab.cell()) == [{"lab-error": 1}]


def test_what_is_not_applicable_is_told_once_and_not_run(lab: ScriptedLab) -> None:
    ends = Runs()
    assert lab.campaign(lab.cell(machine="virt-gicv3-its"), repeat=5, listener=ends) == [{"not-applicable": 1}]
    assert "ITS" in ends.runs[0].observation.reason
    assert lab.most == 0


def test_a_program_for_another_machine_is_an_error_before_anything_runs(lab: ScriptedLab) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        lab.campaign(lab.cell(), lab.cell(machine="q35"))
    assert caught.value.code == "wrong-target"
    assert lab.most == 0


def test_only_the_first_run_that_is_not_green_has_a_bundle(lab: ScriptedLab) -> None:
    lab.verdicts = [Verdict.DELIVERED, Verdict.NOT_APPLICABLE, Verdict.LOST, Verdict.LOST, Verdict.RECOVERED]
    lab.campaign(lab.cell(), lab.cell(OTHER), repeat=5)
    assert lab.bundled == [lab.place() / "3"]


def test_a_run_names_its_bundle(lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "write_bundle", lambda _plan, _record, _observation, place, *, binaries: place)
    lab.verdicts = [Verdict.LOST, Verdict.LOST]
    ends = Runs()
    lab.campaign(lab.cell(), repeat=2, listener=ends)
    assert [run.bundle for run in ends.runs] == [str(lab.place() / "bundle"), ""]


@pytest.mark.parametrize("error", [EnvironmentFault("library-missing", "no such library"), PermissionError("denied")])
def test_a_bundle_that_cannot_be_written_changes_no_verdict(
    lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(lab, "write_bundle", raises(error))
    lab.verdicts = [Verdict.LOST]
    ends = Runs()
    assert lab.campaign(lab.cell(), listener=ends) == [{"lost": 1}]
    assert (ends.runs[0].bundle, ends.runs[0].no_bundle) == ("", str(error))


def test_a_disk_that_a_bundle_has_filled_ends_the_campaign(lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "write_bundle", raises(OSError(errno.ENOSPC, "full")))
    lab.verdicts = [Verdict.LOST]
    with pytest.raises(EnvironmentFault) as caught:
        lab.campaign(lab.cell())
    assert caught.value.code == "disk-full"


def raises(error: Exception) -> Callable[..., None]:
    """Return a function that raises `error`, whatever it is given."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_what_the_lab_cannot_do_is_not_applicable(lab: ScriptedLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "reason_against", lambda _plan: "this lab has no such device")
    ends = Runs()
    assert lab.campaign(lab.cell(), repeat=2, listener=ends) == [{"not-applicable": 1}]
    assert ends.runs[0].observation.reason == "this lab has no such device"
    assert lab.plans == []


def test_two_campaigns_do_not_write_to_the_same_place(lab: ScriptedLab) -> None:
    lab.place().mkdir(parents=True)
    with FileLock(lab.place() / ".lock"):
        lab.campaign(lab.cell(OTHER))
        with pytest.raises(EnvironmentFault) as caught:
            lab.campaign(lab.cell(OTHER), lab.cell())
    assert caught.value.code == "results-busy"
    lab.campaign(lab.cell())


SLEEPING = """
import asyncio, pathlib, signal, sys
from lab_support import CELL
from lab_vm_support import plan, program
from qpatch.lab.campaign import runner

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have said nohup
directory = pathlib.Path(sys.argv[1])

class SleepingLab:
    def reason_against(self, plan):
        return ""

    async def run(self, plan, place):
        (directory / f"begun-{place.name}").touch()
        try:
            await asyncio.sleep(3600)
        finally:
            (directory / f"ending-{place.name}").touch()
            while not (directory / "go-on").exists():
                await asyncio.sleep(0.02)
            (directory / f"ended-{place.name}").touch()

planned = runner.PlannedCell(CELL, plan("steps: [migrate]", source=program(("qemu",), (5, 2))))
try:
    runner.run_campaign([planned], SleepingLab(), runner.CampaignSettings(directory / "results", 3, 2))
except KeyboardInterrupt:
    sys.exit(130)
"""


def _has_two_or_ended(folder: Path, pattern: str, process: subprocess.Popen[bytes]) -> bool:
    return len(list(folder.glob(pattern))) == 2 or process.poll() is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_lets_every_run_clean_up(tmp_path: Path, number: signal.Signals) -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen([sys.executable, "-c", SLEEPING, str(tmp_path)], env={**os.environ, "PYTHONPATH": paths})
    for moment in ("begun", "ending"):  # the second time, by somebody who is impatient
        wait_for(partial(_has_two_or_ended, tmp_path, f"{moment}-*", process))
        process.send_signal(number)
    (tmp_path / "go-on").touch()
    assert process.wait(HANGS) == 130
    assert sorted(path.name for path in tmp_path.glob("ended-*")) == ["ended-1", "ended-2"]


@pytest.mark.parametrize(
    ("error", "reported"), [(ValueError("a bug"), True), (ConnectionResetError(), False), (EOFError(), False)]
)
def test_only_a_monitor_that_is_no_longer_used_may_fail_unheard(
    lab: ScriptedLab,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reported: bool,
) -> None:
    carry_out = lab.run

    async def run(planned: RunPlan, directory: Path) -> RunRecord:
        asyncio.get_running_loop().call_exception_handler({"message": "nobody awaited it", "exception": error})
        return await carry_out(planned, directory)

    monkeypatch.setattr(lab, "run", run)
    lab.campaign(lab.cell())
    assert ("nobody awaited it" in caplog.text) == reported


def test_an_error_of_the_disk_that_is_not_its_size_is_an_error_of_that_run(lab: ScriptedLab) -> None:
    lab.verdicts = [OSError(errno.EIO, "Input/output error"), Verdict.DELIVERED]
    assert lab.campaign(lab.cell(), repeat=2) == [{"lab-error": 1, "delivered": 1}]


def test_a_campaign_needs_no_listener(lab: ScriptedLab) -> None:
    assert lab.campaign(lab.cell(), listener=None) == [{"delivered": 1}]
