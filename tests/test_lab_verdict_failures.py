# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts on migrations that failed, or were meant to fail, and what the words say of it."""

from __future__ import annotations

from typing import Any

import pytest
from lab_timeline_support import TimelineBuilder, migration
from lab_verdict_support import (
    crashed,
    delivered,
    duplicated,
    failed,
    finished,
    lost,
    prepared,
    reason,
    recovered,
    slow,
)

from qpatch.lab.model import Verdict
from qpatch.lab.observer.bounds import short_stall_ms, stall_ms
from qpatch.lab.observer.observe import observe


def test_a_transfer_that_was_cut_short_is_named_where_the_migration_failed_for_it() -> None:
    timeline = prepared()
    timeline.uapi("qemu1", "fault", operation="data-write", nth=2, result="short")
    timeline.write("qemu1", 2048)
    timeline.give_up(said="vfio_mig_write failed")
    half = "dev0 on qemu1 completed only half of a write of its data; the destination printed 'vfio_mig_write failed'"
    assert half in reason(timeline, Verdict.FAILED)


def test_a_transfer_that_was_cut_short_is_no_error_if_qemu_goes_on_with_the_rest() -> None:
    timeline = prepared()
    timeline.uapi("qemu0", "fault", operation="data-read", nth=2, result="short")
    timeline.read("qemu0", 2048)
    timeline.read("qemu0", errno=42)  # ENOMSG: the end of the stream, and no fault
    seen = observe(finished(timeline).events)
    assert (seen.verdict, seen.errors) == (Verdict.DELIVERED, ())


def test_a_migration_that_failed_where_it_should_not_quotes_the_error() -> None:
    told = reason(failed(), Verdict.FAILED)
    assert told == "migration 1 failed and was expected to be completed: Unable to write to socket: Broken pipe"


def test_the_cause_is_quoted_before_a_closed_connection() -> None:
    timeline = prepared()
    timeline.message("qemu0", "Unable to write to socket: Broken pipe")
    timeline.give_up(said="dev0: state buffer 1 already filled")
    told = reason(timeline, Verdict.FAILED)
    assert told == "migration 1 failed and was expected to be completed: dev0: state buffer 1 already filled"


def test_a_fault_that_made_an_expected_success_fail_is_named() -> None:
    timeline = prepared()
    timeline.write("qemu1", errno=28)
    timeline.give_up()
    assert "answered a write of its data with ENOSPC" in reason(timeline, Verdict.FAILED)


def test_a_destination_that_stopped_the_vm_by_itself_failed_and_it_is_not_the_labs_fault() -> None:
    timeline = prepared()
    timeline.load()
    timeline.set_irqs("qemu1", errno=22)
    timeline.qmp("qemu1", "RESUME")
    timeline.message("qemu1", "vfio: failed to enable vectors")
    timeline.message("qemu1", "dev0: interrupts could not be restored, stopping the VM")
    timeline.run()
    timeline.migrated()
    running = list(timeline.events)
    timeline.qmp("qemu1", "STOP")
    timeline.lab("failure", message="waited 20 s for the guest's answer")
    assert reason(timeline, Verdict.FAILED) == (
        "qemu1 took over and then stopped the VM, after dev0 on qemu1 answered SET_IRQS (msix) with EINVAL; it printed "
        "'dev0: interrupts could not be restored, stopping the VM'"
    )
    assert observe(running, "waited 20 s").verdict is Verdict.LAB_ERROR


def test_a_source_that_is_stopped_for_its_migration_did_not_stop_by_itself() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.qmp("qemu0", "STOP")
    timeline.load()
    timeline.qmp("qemu1", "RESUME")
    timeline.run()
    timeline.migrated()
    timeline.verify()
    reason(timeline, Verdict.DELIVERED)


def test_a_source_that_does_not_run_on_has_not_recovered() -> None:
    timeline = recovered()
    timeline.lab("state", vm="qemu0", status="postmigrate")
    assert reason(timeline, Verdict.FAILED).endswith("the source does not run on: it is postmigrate")


def test_a_source_that_lost_an_interrupt_has_not_recovered() -> None:
    timeline = recovered()
    timeline.raised("qemu0")
    timeline.fence("qemu0")
    reason(timeline, Verdict.LOST)


def test_a_cancelled_migration_recovers_too() -> None:
    assert "was cancelled as it should" in reason(recovered("cancelled"), Verdict.RECOVERED)


def test_a_migration_that_completed_although_it_was_cancelled_failed() -> None:
    reason(finished(prepared("cancelled")), Verdict.FAILED)


def test_a_source_that_the_lab_had_to_continue_recovers_and_it_is_said() -> None:
    assert "because the lab continued it" in reason(recovered(resumed=True), Verdict.RECOVERED)
    assert "because the lab" not in reason(recovered(), Verdict.RECOVERED)


def test_a_source_that_knew_of_the_failure_has_to_go_on_by_itself() -> None:
    timeline = prepared("failed")
    timeline.give_up()
    timeline.lab("resume", vm="qemu0")
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    told = "migration 1 failed on qemu0, which did not let the guest run on by itself; the lab continued qemu0"
    assert reason(timeline, Verdict.STRANDED) == told


def test_without_a_check_afterwards_nothing_is_delivered() -> None:
    timeline = prepared()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.interrupt("qemu1")
    timeline.fence("qemu1")
    timeline.end()
    assert "no device was checked after the migration" in reason(timeline, Verdict.LAB_ERROR)
    timeline.check("qemu1")
    assert "intact: device state, device memory" in reason(timeline, Verdict.DELIVERED)


def test_a_migration_that_should_fail_without_any_fault_of_a_device_and_completes_has_failed() -> None:
    told = reason(finished(prepared("failed")), Verdict.FAILED)
    assert told == "migration 1 completed and was expected to be failed"


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        ("data-read/stop-copy:1:EIO", {"operation": "data-read", "nth": 1, "result": "EIO"}),
        ("state/stop-copy:2:EIO", {"operation": "state", "to": "stop-copy", "nth": 2, "result": "EIO"}),
        ("state-byte:2:flip", {"operation": "state-byte", "nth": 2, "result": "flip"}),
    ],
)
def test_a_fault_of_the_profile_that_never_came_to_pass_makes_no_green_run(fault: str, event: dict[str, Any]) -> None:
    timeline = TimelineBuilder()
    timeline.lab("faults", vm="qemu1", faults=[fault])
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    events = finished(timeline).events
    assert observe(events).verdict is Verdict.NOT_APPLICABLE
    assert observe(events).reason == f"the fault {fault} never occurred, so nothing was tested"
    timeline.uapi("qemu1", "fault", **event)
    reason(timeline, Verdict.DELIVERED)
    timeline.lab("faults", vm="qemu1", faults=["state/running:1:EIO"])
    reason(timeline, Verdict.NOT_APPLICABLE)


def test_a_migration_that_failed_for_another_reason_than_its_fault_has_not_recovered() -> None:
    timeline = prepared("failed")
    timeline.give_up(said="load of migration failed", error="Unable to write to socket: Broken pipe")
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    assert "should; the source runs on" in reason(timeline, Verdict.RECOVERED)
    timeline.lab("faults", vm="qemu1", faults=["data-write:7:EIO"])
    assert reason(timeline, Verdict.FAILED) == (
        "the migration failed, but the fault data-write:7:EIO that was to make it fail never occurred: "
        "load of migration failed"
    )


def test_of_two_faults_one_is_enough_for_a_migration_to_fail() -> None:
    timeline = recovered()
    timeline.lab("faults", vm="qemu1", faults=["data-write:2:EIO", "raise:1:swallow"])
    reason(timeline, Verdict.RECOVERED)


def test_a_recovery_names_what_the_migration_failed_for() -> None:
    assert reason(recovered(), Verdict.RECOVERED) == (
        "the migration failed as it should, because dev0 on qemu1 answered a write of its data with EIO; the source "
        "runs on and 1 interrupt reached the guest there; intact: device state, device memory, pages that it wrote "
        "(2 checks)"
    )


def test_an_end_after_a_failed_incoming_migration_is_no_crash() -> None:
    timeline = recovered()
    reason(timeline, Verdict.RECOVERED)
    timeline.lab("exit", vm="qemu0", code=1, signal=0, expected=False)
    assert reason(timeline, Verdict.CRASHED) == "qemu0 ended with exit code 1"


def test_what_the_lab_waited_for_in_vain_is_the_dead_processes_fault() -> None:
    timeline = crashed()
    timeline.lab("failure", message="qemu1 ended")
    reason(timeline, Verdict.CRASHED)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ({"corrupt": 2}, "2 pages of guest memory are wrong"),
        ({"memory": "bad"}, "its memory is wrong"),
        ({"state": "error"}, "its state is wrong"),
        ({"read": "bad"}, "it reads other memory than the guest has written"),
    ],
)
def test_corruption_says_what_is_wrong(check: dict[str, object], told: str) -> None:
    assert told in reason(finished(prepared(), **check), Verdict.CORRUPTED)


def test_memory_that_was_never_filled_is_not_corrupt() -> None:
    reason(finished(prepared(), memory="none", state="none"), Verdict.DELIVERED)


def test_a_second_handling_is_named_with_its_line() -> None:
    assert reason(duplicated(), Verdict.DUPLICATED) == (
        "the guest on qemu1 handled vector 0 of dev0 when nothing was outstanding"
    )
    timeline = delivered()
    timeline.acked("qemu1", index="intx", spurious=True)
    assert "handled INTx of dev0" in reason(timeline, Verdict.DUPLICATED)


def test_a_lost_interrupt_is_named_with_its_reason() -> None:
    assert reason(lost(), Verdict.LOST) == (
        "interrupt 2 of dev0's vector 0, raised on qemu1: QEMU took vector 0's eventfd 2.0 ms before arm_gic was loaded"
    )


def test_a_run_in_which_no_interrupt_was_tried_shows_nothing() -> None:
    timeline = prepared()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.fence("qemu1")
    assert reason(timeline, Verdict.LAB_ERROR) == "no interrupt was raised after the migration"


def test_an_interrupt_without_a_fence_leaves_the_run_in_doubt() -> None:
    timeline = delivered()
    timeline.raised("qemu1", 1)
    assert "no fence came after it" in reason(timeline, Verdict.LAB_ERROR)


def test_a_migration_without_an_end_shows_nothing() -> None:
    assert reason(prepared(), Verdict.LAB_ERROR) == "the migration did not end"


@pytest.mark.parametrize(
    ("wait_ms", "bound"), [(310, "; the bound is 200 ms"), (150, "; it was due at the fence before")]
)
def test_an_interrupt_that_comes_after_its_fence_is_late_and_says_so(wait_ms: float, bound: str) -> None:
    timeline = migration()
    timeline.raised("qemu1", 2)
    timeline.fence("qemu1")
    timeline.wait(wait_ms)
    timeline.acked("qemu1", 2)
    timeline.check("qemu1")
    said = f"was delivered after {wait_ms:.1f} ms, long after what was raised with it{bound}"
    assert said in reason(timeline, Verdict.LATE)


def test_a_stall_while_no_device_runs_is_slow_and_says_where() -> None:
    said = reason(slow(), Verdict.SLOW)
    assert said.startswith("nothing happened for 801 ms while no device ran, between data-read of qemu0 and ")


def test_a_stall_before_the_source_runs_again_is_slow_too() -> None:
    timeline = prepared("failed")
    timeline.uapi("qemu1", "fault", operation="data-write", nth=2, result="EIO")
    timeline.write("qemu1", errno=5)
    timeline.wait(stall_ms() + 1)
    timeline.give_up()
    timeline.verify("qemu0")
    timeline.end(qemu0="running")
    assert reason(timeline, Verdict.SLOW).startswith("nothing happened for 801 ms while no device ran, between ")


def test_several_stalls_are_added_up() -> None:
    timeline = prepared()
    for _stretch in range(3):
        timeline.wait(stall_ms() / 2)
        timeline.uapi("qemu0", "config-read", offset=0, size=4)
    said = reason(finished(timeline), Verdict.SLOW)
    assert said.startswith("nothing happened for 400 ms, of 1200 ms in 3 stretches while no device ran, between ")


def test_short_stalls_are_not_added_up() -> None:
    timeline = prepared()
    for _stretch in range(10):
        timeline.wait(short_stall_ms() - 1)
        timeline.uapi("qemu0", "config-read", offset=0, size=4)
    reason(finished(timeline), Verdict.DELIVERED)


def test_what_the_device_pauses_by_itself_is_no_stall() -> None:
    timeline = prepared()
    timeline.uapi("qemu0", "pause", ms=1500)
    timeline.wait(1600)
    reason(finished(timeline), Verdict.DELIVERED)


def test_a_stall_for_want_of_a_processor_is_the_hosts() -> None:
    timeline = prepared()
    begin = timeline.now
    timeline.wait(1000)
    timeline.lab("starved", vm="qemu0", ms=900.0, since=begin)
    reason(finished(timeline), Verdict.DELIVERED)
    timeline = prepared()
    begin = timeline.now
    timeline.wait(2000)
    timeline.lab("starved", vm="qemu1", ms=50.0, since=begin)
    reason(finished(timeline), Verdict.SLOW)


def test_a_stall_is_one_however_often_a_busy_host_is_told_of_meanwhile() -> None:
    timeline = prepared()
    for _sample in range(50):
        timeline.wait(40)
        timeline.lab("starved", vm="qemu0", ms=5.0, since=timeline.now - 20_000_000)
    said = reason(finished(timeline), Verdict.SLOW)
    assert said.startswith("nothing happened for 17") and " in 1 " not in said


def test_a_destination_that_runs_is_no_longer_stalled() -> None:
    timeline = migration()
    timeline.wait(3000)
    timeline.verify()
    reason(timeline, Verdict.DELIVERED)


def test_an_interrupt_that_belongs_to_no_device_is_misrouted() -> None:
    timeline = migration()
    timeline.check("qemu1", unexpected=2)
    said = reason(timeline, Verdict.MISROUTED)
    assert said == "the guest on qemu1 had 2 interrupts on numbers that no vector uses"


def test_a_qemu_that_refuses_its_devices_fails() -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.message("qemu0", "-device vfio-pci: vfio dev0: no")
    timeline.lab("exit", vm="qemu0", code=1, signal=0, expected=True)
    timeline.lab("devices-refused", vm="qemu0", reason="qemu0 refuses its devices: vfio dev0: no")
    assert reason(timeline, Verdict.FAILED) == "qemu0 refuses its devices: vfio dev0: no"


def test_an_error_in_a_run_that_showed_nothing_is_not_all_that_is_wrong() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.message("qemu0", "something")
    reason(timeline, Verdict.LAB_ERROR)


def test_a_guest_that_dies_is_a_crash_in_its_own_words() -> None:
    timeline = migration()
    timeline.lab("guest-died", vm="qemu1", what="fatal exception 4")
    assert reason(timeline, Verdict.CRASHED) == "the guest on qemu1 died: fatal exception 4"


def test_a_log_of_which_only_a_part_was_read_is_a_storm() -> None:
    timeline = migration()
    timeline.lab("log-cut", vm="qemu1", bytes=540_000_000, read=16_777_216, most="irq-raise", times=81_234)
    assert reason(timeline, Verdict.STORM) == (
        "qemu1 logged 540.0 MB, of which 16.8 MB were read; most often there: irq-raise, 81,234 times"
    )


def test_a_destination_that_fails_and_does_not_end_is_hung() -> None:
    what = "qemu1, whose incoming migration has failed, does not end by itself"
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.lab("hung", vm="qemu1", what=what)
    timeline.give_up()
    timeline.verify("qemu0")
    timeline.end(qemu0="running")
    assert reason(timeline, Verdict.HUNG) == what


def test_a_qemu_that_hangs_and_logs_without_end_is_hung() -> None:
    timeline = migration()
    timeline.lab("log-cut", vm="qemu1", bytes=540_000_000, read=16_777_216, most="irq-raise", times=81_234)
    timeline.lab("hung", vm="qemu1", what="qemu1 does not answer on its monitor any more")
    assert reason(timeline, Verdict.HUNG).startswith("qemu1 does not answer on its monitor any more")


def test_that_both_sides_run_after_a_failure_is_told_with_it() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.state("qemu0", "running")
    timeline.migrated("failed", destination_status="completed", error="nothing was wrong")
    assert reason(timeline, Verdict.FAILED).endswith("; dev0 runs on qemu0 again, while it runs on qemu1 (migration 1)")


def test_an_interrupt_that_the_device_has_not_sent_is_a_duplicate() -> None:
    timeline = migration()
    timeline.consumed("qemu1", 3)
    assert reason(timeline, Verdict.DUPLICATED) == "qemu1 took vector 3 of dev0, which the device had not sent"
