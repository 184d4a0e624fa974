# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario's steps become: operations on VMs, in order, on the VM that runs the guest at that time."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from lab_vm_support import FakeFleet, FakeVm, plan, program

from qpatch.lab.preload.log import PRE_COPY_READ
from qpatch.lab.runtime.flow import Flow
from qpatch.lab.runtime.monitor import RefusedError
from qpatch.lab.runtime.recorder import Recorder
from qpatch.lab.runtime.vm import GuestError

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.plan import QemuProgram


def play(
    directory: Path,
    scenario: str,
    profile: str = "{name: p, title: p}",
    settings: dict[int, dict[str, Any]] | None = None,
    source: QemuProgram | None = None,
    destination: QemuProgram | None = None,
    machine: str = "virt-gicv2",
) -> tuple[list[str], Recorder]:
    """Carry out the scenario with fake VMs; return what was done to them, and what was recorded.

    That the guest is asked for its clock when it has booted is left out.
    """
    recorder, fleet = Recorder(), FakeFleet(directory, SimpleNamespace(pre_copy_read=PRE_COPY_READ), settings or {})
    found = plan(scenario, profile, machine, source, destination)
    flow = Flow(found, cast("Any", fleet), recorder)
    asyncio.run(flow.run())
    fleet.done.remove("qemu0> ticks")
    return fleet.done, recorder


def lab_events(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    return [dict(event.fields) for event in recorder.events if event.name == name]


def test_source_and_destination_start_together_and_the_guest_boots_once(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [migrate]")
    assert done[:4] == ["launch qemu-10.2 paused", "launch qemu-10.2", "qemu0: cont", "qemu0 ready gicv2 1 2"]


def test_a_migration_moves_the_guest_and_ends_the_source(tmp_path: Path) -> None:
    done, recorder = play(tmp_path, "steps: [fence, migrate, fence]")
    assert [line for line in done[4:] if line != "qemu0 quit"] == [
        "qemu0> hello",
        "qemu0> hello",
        "qemu0> settle 1500",
        "qemu1: migrate-incoming unix:DIR/migration1",
        "qemu0: migrate unix:DIR/migration1",
        "qemu0: query-migrate",
        "qemu1 running",
        "qemu1> hello",
        "qemu1> hello",
        "qemu1> settle 1500",
        "quit",
    ]
    assert "qemu0 quit" in done
    assert lab_events(recorder, "fence") == [{"vm": "qemu0"}, {"vm": "qemu1"}]
    assert lab_events(recorder, "migrated")[0]["status"] == "completed"
    assert lab_events(recorder, "migrated")[0]["downtime_ms"] == 7


def test_the_lab_waits_once_a_run_for_interrupts_that_do_not_come(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [fence, fence]", settings={0: {"waiting": "1"}})
    assert done.count("qemu0> settle 1500") == 1
    done, _ = play(tmp_path, "steps: [fence, fence]")
    assert done.count("qemu0> settle 1500") == 2


def test_a_driver_uses_what_the_device_has(tmp_path: Path) -> None:
    done, _ = play(
        tmp_path,
        "{devices: 2, steps: [interrupts, raise: all, raise: each]}",
        "{name: p, title: p, device: {vectors: 2}}",
    )
    assert done[3:-1] == [
        "qemu0> irq 0 msix 2",
        "qemu0> irq 1 msix 2",
        "qemu0> raises 0",
        "qemu0> raises 1",
        "qemu0> raiseeach 0",
        "qemu0> raiseeach 1",
    ]


@pytest.mark.parametrize(("kind", "vectors"), [("msi", 4), ("intx", 1), ("none", 0)])
def test_kinds_of_interrupts_have_their_own_number_of_vectors(tmp_path: Path, kind: str, vectors: int) -> None:
    done, _ = play(tmp_path, f"steps: [interrupts: {kind}]")
    assert f"qemu0> irq 0 {kind} {vectors}" in done


def test_a_sample_of_many_vectors_has_the_first_and_the_last(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [interrupts, raise: sample]", "{name: p, title: p, device: {vectors: 1024}}")
    raised = [line for line in done if "raise" in line]
    assert len(raised) == 8
    assert (raised[0], raised[-1]) == ("qemu0> raise 0 0", "qemu0> raise 0 1023")


def test_the_guest_is_asked_for_its_clock_when_it_has_booted_and_at_each_check(tmp_path: Path) -> None:
    _, recorder = play(tmp_path, "steps: [check, check]")
    clocks = lab_events(recorder, "clock")
    assert [(clock["vm"], clock["ns"], clock["measured"]) for clock in clocks] == [("qemu0", 5_000_000, False)] * 3
    assert [clock["asked"] for clock in clocks] == sorted(clock["asked"] for clock in clocks)


def test_the_lab_tells_that_it_has_waited(tmp_path: Path) -> None:
    _, recorder = play(tmp_path, "steps: [wait: 1]")
    assert lab_events(recorder, "waited") == [{"vm": "qemu0", "ms": 1}]


def test_a_check_tells_what_the_guest_saw(tmp_path: Path) -> None:
    _, recorder = play(tmp_path, "steps: [check]")
    assert lab_events(recorder, "check") == [{"vm": "qemu0", "device": "dev0", "raised": 1, "memory": "ok"}]


def test_the_ring_s_pages_are_all_kicked(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [ring: 3, kick, fill]")
    assert done[3:-1] == ["qemu0> ring 0 3", "qemu0> kicks 0", "qemu0> fill 0 1"]


def test_there_and_back_alternates_the_programs(tmp_path: Path) -> None:
    old, new = program(("old",), (5, 2)), program(("new",))
    done, _ = play(tmp_path, "steps: [repeat: {times: 3, steps: [migrate]}]", source=old, destination=new)
    assert [line for line in done if line.startswith("launch")] == [
        "launch qemu-5.2 paused",
        "launch qemu-10.2",
        "launch qemu-5.2",
        "launch qemu-10.2",
    ]


def test_a_cancelled_migration_leaves_the_guest_and_the_next_one_has_a_new_destination(tmp_path: Path) -> None:
    scenario = "steps: [migrate: {expect: cancelled, meanwhile: [await: pre-copy, cancel]}, migrate, fence]"
    done, recorder = play(tmp_path, scenario, settings={0: {"outgoing": ["cancelled", "completed"]}})
    assert [one["status"] for one in lab_events(recorder, "migrated")] == ["cancelled", "completed"]
    assert "qemu1 end" in done
    assert lab_events(recorder, "fence") == [{"vm": "qemu2"}]


def test_what_happens_meanwhile_happens_in_a_migration_that_is_held(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [migrate: {meanwhile: [await: pre-copy, fill]}]")
    begin = done.index("qemu0: migrate-set-parameters 1")
    assert done[begin : begin + 8] == [
        "qemu0: migrate-set-parameters 1",
        "qemu1: migrate-incoming unix:DIR/migration1",
        "qemu0: migrate unix:DIR/migration1",
        "qemu0 active",
        'qemu0 logged "event":"data-read" "phase":"pre-copy" after 12',
        "qemu0> ticks",
        "qemu0> fill 0 1",
        "qemu0: migrate-set-parameters 2000000",
    ]


def test_a_guest_is_asked_now_and_then_while_pre_copy_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def logged(_: FakeVm, _words: tuple[str, ...], _offset: int) -> None:
        await asyncio.sleep(0.05)

    monkeypatch.setattr(FakeVm, "until_logged", logged)
    monkeypatch.setattr("qpatch.lab.runtime.flow._ASK_SECONDS", 0.001)
    done, _ = play(tmp_path, "steps: [migrate: {meanwhile: [await: pre-copy]}]")
    assert done.count("qemu0> ticks") > 1


def test_what_ends_the_wait_for_pre_copy_ends_the_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def ends(_: FakeVm) -> None:
        raise GuestError("it has ended")

    async def counted(flow: Flow) -> None:
        asked.append(flow.guest.actor if flow.guest is not None else "")

    monkeypatch.setattr(FakeVm, "until_active", ends)
    monkeypatch.setattr(Flow, "_read_clock", counted)
    with pytest.raises(GuestError, match="it has ended"):
        play(tmp_path, "steps: [migrate: {meanwhile: [await: pre-copy]}]")
    assert asked == ["qemu0"]  # when it had booted


def test_a_scenario_s_own_parameters_hold_again_afterwards(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{parameters: {downtime-limit: 5}, steps: [migrate: {meanwhile: [fill]}]}")
    assert [line for line in done if line.startswith("qemu0: migrate-set")] == [
        "qemu0: migrate-set-parameters 1",
        "qemu0: migrate-set-parameters 5",
    ]


def test_a_profile_s_driver_is_busy_in_every_scenario(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [migrate]", "{name: p, title: p, meanwhile: [fill]}")
    assert done.index("qemu0> fill 0 1") > done.index("qemu0: migrate unix:DIR/migration1")


@pytest.mark.parametrize(("traits", "release"), [("[]", (10, 2)), ("[pre-copy]", (8, 0))])
def test_no_pre_copy_data_is_waited_for_where_there_is_none(
    tmp_path: Path, traits: str, release: tuple[int, int]
) -> None:
    done, _ = play(
        tmp_path,
        "steps: [migrate: {meanwhile: [await: pre-copy]}]",
        f"{{name: p, title: p, device: {{traits: {traits}}}}}",
        source=program(("qemu",), release),
    )
    assert not [line for line in done if "logged" in line]


def test_after_a_failure_on_the_destination_the_lab_lets_the_source_go_on(tmp_path: Path) -> None:
    done, recorder = play(tmp_path, "{expect: failed, steps: [migrate, fence]}", settings={1: {"incoming": "failed"}})
    assert lab_events(recorder, "migrated")[0]["status"] == "failed"
    assert lab_events(recorder, "resume") == [{"vm": "qemu0"}]
    assert "qemu0: cont" in done[5:]
    assert lab_events(recorder, "fence") == [{"vm": "qemu0"}]


def test_a_source_that_failed_and_runs_by_itself_is_left_alone(tmp_path: Path) -> None:
    _, recorder = play(
        tmp_path,
        "{expect: failed, steps: [migrate, fence]}",
        settings={0: {"outgoing": ["failed"]}, 1: {"incoming": "failed"}},
    )
    assert lab_events(recorder, "resume") == []
    assert lab_events(recorder, "fence") == [{"vm": "qemu0"}]


@pytest.mark.parametrize(
    ("steps", "source"),
    [("stop, {migrate: {expect: failed}}", 0), ("{migrate: {paused: true}}, {migrate: {expect: failed}}", 1)],
)
def test_a_source_that_did_not_run_before_its_migration_failed_is_left_as_it_is(
    tmp_path: Path, steps: str, source: int
) -> None:
    settings: dict[int, dict[str, Any]] = {source: {"outgoing": ["failed"]}, source + 1: {"incoming": "failed"}}
    settings[source]["running_again"] = False
    done, recorder = play(tmp_path, f"steps: [{steps}, continue, fence]", settings=settings)
    assert lab_events(recorder, "resume") == []
    assert done.count(f"qemu{source}: cont") == 2 - source
    assert f"qemu{source}> hello" in done


def test_a_migration_that_qemu_refuses_has_failed(tmp_path: Path) -> None:
    _, recorder = play(tmp_path, "steps: [migrate, fence]", settings={0: {"refuse": "migrate"}})
    assert lab_events(recorder, "migrated")[0]["error"] == "migrate is refused"
    assert lab_events(recorder, "fence") == [{"vm": "qemu0"}]


def test_other_refused_commands_are_the_lab_s_own_failures(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cont is refused"):
        play(tmp_path, "steps: [fence]", settings={0: {"refuse": "cont"}})


def test_where_nothing_runs_the_guest_the_scenario_ends(tmp_path: Path) -> None:
    _, recorder = play(
        tmp_path,
        "steps: [migrate, fence]",
        settings={0: {"outgoing": ["failed"], "running_again": False}, 1: {"incoming": "failed"}},
    )
    assert lab_events(recorder, "fence") == []


def test_a_destination_that_stops_at_once_ends_the_scenario(tmp_path: Path) -> None:
    _, recorder = play(tmp_path, "steps: [migrate, fence]", settings={1: {"resumed": "internal-error"}})
    assert lab_events(recorder, "stopped") == [{"vm": "qemu1", "status": "internal-error"}]
    assert lab_events(recorder, "resume") == lab_events(recorder, "fence") == []


def test_repetition_ends_with_the_first_disappointment(tmp_path: Path) -> None:
    _, recorder = play(
        tmp_path,
        "steps: [repeat: {times: 5, steps: [migrate]}, migrate]",
        settings={1: {"outgoing": ["failed"]}, 2: {"incoming": "failed"}},
    )
    assert [one["status"] for one in lab_events(recorder, "migrated")] == ["completed", "failed"]


@pytest.mark.parametrize(
    ("to", "written", "read"),
    [
        ("file", "exec:cat > DIR/migration1", "exec:cat DIR/migration1"),
        ("seekable-file", "file:DIR/migration1", "file:DIR/migration1"),
    ],
)
def test_a_file_is_written_before_the_destination_reads_it(tmp_path: Path, to: str, written: str, read: str) -> None:
    done, _ = play(tmp_path, f"steps: [migrate: {{to: {to}}}]")
    assert done.index(f"qemu0: migrate {written}") < done.index(f"qemu1: migrate-incoming {read}")


def test_a_paused_destination_runs_only_when_it_is_told_to(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [migrate: {paused: true}, continue, fence]")
    assert done[1] == "launch qemu-10.2 paused"
    assert done.index("qemu1: cont") < done.index("qemu1 running") < done.index("qemu1> hello")


def test_a_guest_is_stopped_before_it_moves_and_answers_when_it_was_continued(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [stop, migrate: {paused: true}, continue, fence]")
    assert done.index("qemu0: stop") < done.index("qemu0 stopped") < done.index("qemu1: cont")


def test_a_guest_that_stays_stopped_is_not_waited_for(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [stop, migrate: {stays-stopped: true}, continue, fence]")
    assert "launch qemu-10.2" in done
    assert done.index("qemu0 stopped") < done.index("qemu1: cont") < done.index("qemu1 running")


def test_a_question_that_is_never_answered_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: FakeVm) -> bool:
        await asyncio.sleep(3600)
        return True

    async def sent(_: FakeVm) -> str:
        await asyncio.sleep(0.01)
        return "completed"

    monkeypatch.setattr(FakeVm, "responds", never)
    monkeypatch.setattr(FakeVm, "until_sent", sent)
    _, recorder = play(tmp_path, "steps: [migrate]")
    assert all(event["ms"] > 0 for event in lab_events(recorder, "answered"))
    assert len(lab_events(recorder, "answered")) == 2


def test_masks_are_told_before_what_waits_for_them_can_come(tmp_path: Path) -> None:
    done, recorder = play(
        tmp_path,
        "steps: [interrupts, mask: last, raise: last, unmask: last]",
        "{name: p, title: p, device: {vectors: 5}}",
    )
    assert done[4:-1] == ["qemu0> mask 0 4", "qemu0> raise 0 4", "qemu0> unmask 0 4"]
    for word in ("mask", "unmask"):
        assert lab_events(recorder, word) == [{"vm": "qemu0", "device": "dev0", "index": "msix", "vector": 4}]


def test_the_mask_of_a_function_is_that_of_all_its_vectors(tmp_path: Path) -> None:
    done, recorder = play(
        tmp_path,
        "steps: [interrupts, mask: function, unmask: function]",
        "{name: p, title: p, device: {vectors: 2}}",
    )
    assert done[4:-1] == ["qemu0> maskall 0 1", "qemu0> maskall 0 0"]
    for word in ("mask", "unmask"):
        assert [event["vector"] for event in lab_events(recorder, word)] == [0, 1]


def test_each_device_sleeps_and_wakes(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{devices: 2, steps: [sleep, wake]}")
    assert done[3:-1] == ["qemu0> sleep 0 1", "qemu0> sleep 1 1", "qemu0> sleep 0 0", "qemu0> sleep 1 0"]


def test_vectors_are_routed_to_other_processors(tmp_path: Path) -> None:
    steps = "{devices: 2, steps: [interrupts, route: 3, route: {vector: last, cpu: 0}]}"
    done, _ = play(tmp_path, steps, "{name: p, title: p, device: {vectors: 5}}")
    assert done[5:-1] == ["qemu0> route 0 0 3", "qemu0> route 1 0 3", "qemu0> route 0 4 0", "qemu0> route 1 4 0"]


def test_a_processor_of_the_guest_takes_no_interrupts_for_some_time(tmp_path: Path) -> None:
    done, recorder = play(tmp_path, "steps: [irqs-off: 1, irqs-on: 1]")
    assert done[3:-1] == ["qemu0> irqs-off 1", "qemu0> irqs-on 1"]
    assert lab_events(recorder, "irqs-off") == [{"vm": "qemu0", "cpu": 1}]


@pytest.mark.parametrize("reached", ["pre-switchover", "failed"])
def test_a_source_that_waits_before_the_switchover_is_told_to_go_on(tmp_path: Path, reached: str) -> None:
    scenario = "{capabilities: [pause-before-switchover], steps: [migrate: {at-switchover: [cancel]}, fence]}"
    done, _ = play(tmp_path, scenario, settings={0: {"migration": reached}})
    begun = done.index("qemu0: migrate unix:DIR/migration1")
    waits = ["qemu0: migrate_cancel", "qemu0: migrate-continue"] if reached == "pre-switchover" else []
    assert done[begun + 1 : begun + 3 + len(waits)] == ["qemu0 switchover", *waits, "qemu0: query-migrate"]


def test_bars_are_moved(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{devices: 2, steps: [move-bars]}")
    assert done[3:-1] == ["qemu0> movebars 0", "qemu0> movebars 1"]


def test_a_machine_that_is_reset_boots_its_guest_anew(tmp_path: Path) -> None:
    done, recorder = play(tmp_path, "steps: [reboot]")
    assert done[3:-1] == ["qemu0: system_reset", "qemu0 ready gicv2 1 2"]
    assert lab_events(recorder, "reboot") == [{"vm": "qemu0"}]


def test_a_busy_guest_tells_what_it_wrote_when_it_is_idle_again(tmp_path: Path) -> None:
    done, recorder = play(tmp_path, "steps: [busy: 500, idle]")
    assert done[3:-1] == ["qemu0> busy 500", "qemu0> idle"]
    assert lab_events(recorder, "busy") == [{"vm": "qemu0"}]
    assert lab_events(recorder, "idle") == [{"vm": "qemu0", "written": 20, "stale": 0}]


def test_vectors_are_masked_moved_and_unmasked(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "steps: [mask: 1, unmask: 1, move: 2, reset]")
    assert done[3:-1] == ["qemu0> mask 0 1", "qemu0> unmask 0 1", "qemu0> move 0 2", "qemu0> reset 0"]


def test_memory_is_filled_with_something_else_each_time(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{devices: 2, steps: [fill, fill]}")
    assert done[3:-1] == ["qemu0> fill 0 1", "qemu0> fill 1 2", "qemu0> fill 0 3", "qemu0> fill 1 4"]


def test_a_wait_takes_its_time(tmp_path: Path) -> None:
    begin = time.monotonic()
    play(tmp_path, "steps: [wait: 20]")
    assert time.monotonic() - begin >= 0.02


def test_each_device_writes_into_the_memory_of_the_next(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{devices: 3, steps: [peer]}")
    assert done[3:-1] == ["qemu0> peer 0 1", "qemu0> peer 1 2", "qemu0> peer 2 0"]


def test_msix_is_disabled_and_enabled_again_in_each_device_s_config_space(tmp_path: Path) -> None:
    done, _ = play(tmp_path, "{devices: 2, steps: [reenable]}", machine="q35")
    # Slots 4 and 5; the control word of MSI-X is at 0x62.
    assert done[3:-1] == [
        f"qemu0: human-monitor-command {line}"
        for place in ("0x80002060", "0x80002860")
        for value in ("0x0", "0x8000")
        for line in (f"o /w 0xcf8 {place}", f"o /h 0xcfe {value}")
    ]


def test_a_monitor_that_does_not_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="qemu0: o /w 0xcf8 0x80002060: unknown command"):
        play(tmp_path, "steps: [reenable]", settings={0: {"says": "unknown command"}}, machine="q35")


def test_a_guest_without_a_driver_is_asked_for_nothing_of_its_devices(tmp_path: Path) -> None:
    scenario = "steps: [prepare, migrate, verify]"
    done, recorder = play(tmp_path, scenario, "{name: p, title: p, kernel-device: mtty, harmless: x}")
    assert "qemu0 ready gicv2 0 2" in done
    asked = {line.split("> ")[1].split()[0] for line in done if "> " in line}
    assert asked == {"hello", "settle", "ticks"}
    assert lab_events(recorder, "undriven") == [{"vm": "qemu0", "device": "mtty", "harmless": "x"}]
