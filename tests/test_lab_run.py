# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole runs with a double in QEMU's place: what is recorded, and what becomes of a QEMU that misbehaves."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kill_support import wait_for
from lab_vm_support import carry_out, plan, program

from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions import release
from qpatch.lab.model import Event, EventSource
from qpatch.lab.runtime.monitor import RefusedError

if TYPE_CHECKING:
    from qpatch.lab.plan import RunRecord

DOUBLE = str(Path(__file__).with_name("lab_qemu_double.py"))
ONCE = "steps: [interrupts, raise: 0, fence, check, migrate, fence, check]"


def run(directory: Path, scenario: str = ONCE, source: str = "", destination: str = "") -> RunRecord:
    """Run the scenario; `source` and `destination` say how their QEMUs misbehave. No wait is longer than a second."""
    programs = [
        dataclasses.replace(program((sys.executable, DOUBLE)), environment={"DOUBLE": deeds})
        for deeds in (source, destination)
    ]
    second = dict.fromkeys(
        ("ready", "command", "answer", "late", "pre_copy", "migration", "running", "settle", "give_up", "quit"),
        1.0,
    )
    limits = release.WaitLimits(stretch=10, start=10, **second)
    short = release.table().model_copy(update={"limits": limits})
    with pytest.MonkeyPatch.context() as patch:
        for module in ("vm", "migration"):
            patch.setattr(f"qpatch.lab.runtime.{module}.table", lambda: short)
        return asyncio.run(carry_out(plan(scenario, source=programs[0], destination=programs[1]), directory))


def lab_events(record: RunRecord, name: str) -> list[dict[str, Any]]:
    return [dict(event.fields) for event in record.events if event.name == name and event.origin is EventSource.LAB]


def named(record: RunRecord, name: str) -> list[Event]:
    return [event for event in record.events if event.name == name and event.origin is EventSource.LAB]


@pytest.mark.parametrize(("deed", "status"), [("linger", "postmigrate"), ("stay", "finish-migrate")])
def test_a_source_may_take_a_moment_to_come_to_its_last_state(tmp_path: Path, deed: str, status: str) -> None:
    record = run(tmp_path, source=f"migrate={deed}")
    assert record.failure == ""
    assert {one["vm"]: one["status"] for one in lab_events(record, "state")} == {"qemu0": status, "qemu1": "running"}


def test_a_run_records_what_was_done_and_heard(tmp_path: Path) -> None:
    record = run(tmp_path)
    assert record.failure == ""
    started = {one["role"]: one["paused"] for one in lab_events(record, "start")}
    assert started == {"source": True, "destination": False}
    commands = [(one["vm"], one["command"]) for one in lab_events(record, "command")]
    assert commands.index(("qemu0", "cont")) < commands.index(("qemu0", "migrate"))
    obeyed = lab_events(record, "obeyed")
    assert [(one["vm"], one["command"]) for one in obeyed].count(("qemu0", "migrate")) == 1
    assert all(one["asked"] < event.at for one, event in zip(obeyed, named(record, "obeyed"), strict=True))
    assert lab_events(record, "fence") == [{"vm": "qemu0"}, {"vm": "qemu1"}]
    assert lab_events(record, "migrated")[0] | {"error": ""} == {
        "sent_pages": 0,
        "ram_pages": 0,
        "ram_bytes": 0,
        "source": "qemu0",
        "destination": "qemu1",
        "status": "completed",
        "source_status": "completed",
        "destination_status": "completed",
        "downtime_ms": 3,
        "total_ms": 9,
        "error": "",
    }
    assert lab_events(record, "check")[1]["handled"] == 1
    assert {one["status"] for one in lab_events(record, "state")} == {"postmigrate", "running"}
    assert all(one["expected"] and one["code"] == one["signal"] == 0 for one in lab_events(record, "exit"))
    assert sorted(record.logs) == ["qemu0", "qemu1"]
    assert [event.at for event in record.events] == sorted(event.at for event in record.events)
    heard = [event.name for event in record.events if event.origin is EventSource.QMP and event.actor == "qemu1"]
    assert heard[:4] == ["MIGRATION", "MIGRATION", "MIGRATION", "RESUME"]


def test_a_destination_that_is_to_wait_is_recorded_as_paused_until_it_is_continued(tmp_path: Path) -> None:
    record = run(tmp_path, "steps: [prepare, {migrate: {paused: true}}, continue, verify]")
    assert [one["paused"] for one in lab_events(record, "start")] == [True, True]
    assert lab_events(record, "command")[-1] == {"vm": "qemu1", "command": "cont"}


def test_a_qemu_that_dies_ends_the_run_and_is_no_failure_of_the_lab(tmp_path: Path) -> None:
    record = run(tmp_path, source="raise=die")
    assert record.failure == ""
    assert {"vm": "qemu0", "code": 0, "signal": 11, "expected": False} in lab_events(record, "exit")
    assert lab_events(record, "migrate") == []


def test_a_guest_that_says_nothing_is_a_failure_with_a_bound(tmp_path: Path) -> None:
    record = run(tmp_path, source="raise=mute")
    assert record.failure.startswith("waited 1 s for the guest's answer to 'raise 0 0' of qemu0")
    assert record.wall_seconds < 20


def test_a_monitor_that_says_nothing_is_one_too(tmp_path: Path) -> None:
    assert run(tmp_path, source="query-migrate=mute").failure.startswith("waited 1 s for the answer to query-migrate")


def test_a_guest_s_error_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, source="raise=error").failure == "the guest on qemu0 answered 'error no' to 'raise 0 0'"


def test_a_guest_with_another_number_of_processors_is_told(tmp_path: Path) -> None:
    failure = run(tmp_path, f"{{cpus: 4, {ONCE}}}").failure
    assert failure.startswith("the guest on qemu0 should see gicv2, 1 devices and 4 processors, and says 'ready ")


def test_a_vm_that_stops_by_itself_is_told_at_once(tmp_path: Path) -> None:
    record = run(tmp_path, source="raise=stop")
    assert (record.failure, lab_events(record, "stopped")) == ("", [{"vm": "qemu0", "status": "internal-error"}])


def test_a_destination_that_gives_up_is_expected_to_exit(tmp_path: Path) -> None:
    record = run(tmp_path, f"{{expect: failed, {ONCE}}}", source="migrate=fail", destination="migrate-incoming=fail")
    assert {"vm": "qemu1", "code": 1, "signal": 0, "expected": True} in lab_events(record, "exit")
    assert lab_events(record, "fence") == [{"vm": "qemu0"}, {"vm": "qemu0"}]


def test_a_destination_that_crashes_is_not(tmp_path: Path) -> None:
    record = run(tmp_path, f"{{expect: failed, {ONCE}}}", source="migrate=fail", destination="migrate-incoming=die")
    assert {"vm": "qemu1", "code": 0, "signal": 11, "expected": False} in lab_events(record, "exit")


def test_a_crash_that_nobody_waited_for_is_told_as_one(tmp_path: Path) -> None:
    async def crash_and_fail(flow: Any, _step: object) -> None:
        process = flow.guest._process
        os.kill(process._process.pid, signal.SIGSEGV)
        await process.ended(10)
        raise RefusedError("something else goes wrong")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qpatch.lab.runtime.flow.Flow._fence", crash_and_fail)
        record = run(tmp_path)
    assert record.failure == "something else goes wrong"
    assert {"vm": "qemu0", "code": 0, "signal": 11, "expected": False} in lab_events(record, "exit")


def test_a_qemu_that_does_not_quit_is_killed(tmp_path: Path) -> None:
    record = run(tmp_path, destination="quit=mute")
    assert record.failure.startswith("waited 1 s for the answer to quit of qemu1")
    assert {"vm": "qemu1", "code": 0, "signal": 9, "expected": True} in lab_events(record, "exit")


def test_runs_side_by_side_do_not_meet(tmp_path: Path) -> None:
    found = plan(ONCE, source=program((sys.executable, DOUBLE)))

    async def both() -> list[RunRecord]:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        return await asyncio.gather(*(carry_out(found, tmp_path / name) for name in ("one", "two")))

    assert [(record.failure, len(lab_events(record, "fence"))) for record in asyncio.run(both())] == [("", 2), ("", 2)]


def test_a_directory_with_an_awkward_name_works(tmp_path: Path) -> None:
    awkward = tmp_path / "a b,c:d"
    awkward.mkdir()
    assert run(awkward).failure == ""


def test_qemu_does_not_outlive_a_qpatch_that_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        sys.path[:0] = {[str(Path(DOUBLE).parent), *sys.path]!r}
        from lab_vm_support import carry_out, plan, program
        qemu = program(("sh", "-c", "echo $$ >> {tmp_path}/ids; exec sleep 3600"))
        asyncio.run(carry_out(plan("steps: [fence, migrate]", source=qemu), Path({str(tmp_path)!r})))
        """)
    with subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}) as qpatch:
        ids = tmp_path / "ids"
        wait_for(lambda: ids.exists() and len(ids.read_text(encoding="utf-8").split()) == 2)
        qpatch.kill()
    left = [Path("/proc", word, "cmdline") for word in ids.read_text(encoding="utf-8").split()]
    wait_for(lambda: not any(_still_runs(one) for one in left))


def _still_runs(command: Path) -> bool:
    """Whether the process runs: one that nobody has waited for yet has an empty command line."""
    try:
        return command.read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_events_are_of_their_vm(tmp_path: Path) -> None:
    commands: list[Event] = [event for event in run(tmp_path).events if event.origin is EventSource.SERIAL]
    assert {event.actor for event in commands} == {"qemu0", "qemu1"}


def test_a_guest_that_dies_says_its_last_words(tmp_path: Path) -> None:
    record = run(tmp_path, source="raise=fatal")
    assert record.failure == ""
    assert lab_events(record, "guest-died") == [{"vm": "qemu0", "what": "fatal exception 4 at 0x40"}]


REFUSAL = "vfio dev1: Multiple VFIO devices migration is supported only if all of them support P2P migration"


@pytest.mark.parametrize(
    ("devices", "traits", "said", "event"),
    [
        (2, "[pre-copy]", REFUSAL, "not-applicable"),
        (2, "[pre-copy, p2p]", REFUSAL, "devices-refused"),
        (1, "[pre-copy]", REFUSAL, "devices-refused"),
        (2, "[pre-copy]", "vfio dev0: no device", "devices-refused"),
    ],
)
def test_a_qemu_that_refuses_its_devices_is_right_only_where_the_release_should(
    tmp_path: Path, devices: int, traits: str, said: str, event: str
) -> None:
    record = refused(tmp_path, devices, traits, f"qemu: -device vfio-pci,id=dev1,bus=pcie.0: {said}", "exit 1")
    assert record.failure == ""
    assert lab_events(record, event) == [{"vm": "qemu0", "reason": f"qemu0 refuses its devices: {said}"}]
    assert all(one["expected"] for one in lab_events(record, "exit"))


def test_a_qemu_without_the_library_refuses_nothing(tmp_path: Path) -> None:
    """It was linked statically, say: that its devices are not there is no finding."""
    with pytest.raises(EnvironmentFault, match=r"(?s)qemu0 did not load library\.so: .*no such host device") as caught:
        refused(tmp_path, 1, "[]", "qemu: -device vfio-pci,id=dev0: no such host device", "exit 1", loaded=False)
    assert caught.value.code == "not-loaded"


def test_a_warning_about_a_device_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        refused(tmp_path, 1, "[]", "qemu: -device vfio-pci,id=dev0: warning: slow", "exit 1")


def test_a_qemu_that_crashes_at_the_start_is_a_crash(tmp_path: Path) -> None:
    record = refused(tmp_path, 1, "[]", "qemu: -device vfio-pci,id=dev0: ...", "kill -SEGV $$")
    assert [(one["signal"], one["expected"]) for one in lab_events(record, "exit") if one["vm"] == "qemu0"] == [
        (11, False)
    ]


def test_logs_on_a_full_disk_show_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Path("/dev/full").open("wb"))  # noqa: SIM115 -- the lab does
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path)


LOADED = '{"emu":1,"t":1,"event":"start","n":0,"mono_ns":1,"real_ns":1}'


def refused(directory: Path, devices: int, traits: str, said: str, end: str, *, loaded: bool = True) -> RunRecord:
    """Carry out a scenario with a QEMU that prints `said` and ends by `end`, before it answers."""
    qemu = directory / "qemu"
    first = f"echo '{LOADED}'; " if loaded else ""
    qemu.write_text(f"#!/bin/bash\n{first}echo '{said}' >&2; {end}\n")
    qemu.chmod(0o755)
    found = plan(
        f"{{devices: {devices}, steps: [migrate]}}",
        f"{{name: p, title: p, device: {{traits: {traits}}}}}",
        source=program((str(qemu),)),
    )
    return asyncio.run(carry_out(found, directory))
