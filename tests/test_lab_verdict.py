"""One word for a run: each has its story, and a story has one word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, Teller, migration

from qpatch.lab.model import Verdict
from qpatch.lab.observer.findings import find
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.verdict import RULES

if TYPE_CHECKING:
    from collections.abc import Callable


def prepared(expect: str = "completed") -> Teller:
    teller = Teller()
    teller.prepare()
    teller.begin(expect=expect)
    teller.stop()
    return teller


def finished(teller: Teller, **check: Any) -> Teller:
    teller.load()
    teller.run()
    teller.told()
    teller.verify(**check)
    teller.end()
    return teller


def delivered() -> Teller:
    return migration(SAVE_STATE_5_2, eager=True)


def harness() -> Teller:
    teller = delivered()
    teller.lab("failure", message="waited 20 s for the guest's answer to 'hello' of qemu1")
    return teller


def inconsistent() -> Teller:
    teller = delivered()
    one, other = [place for place, event in enumerate(teller.events) if "from" in event.fields][-2:]
    teller.events[one], teller.events[other] = teller.events[other], teller.events[one]
    return teller


def crashed() -> Teller:
    teller = prepared()
    teller.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    return teller


def refused(*, resumed: bool = False, status: str = "failed") -> Teller:
    teller = prepared()
    teller.uapi("qemu1", "refuse", operation="data-write", reason="irqs", errno=22)
    teller.write("qemu1", errno=22)
    teller.give_up(source_status=status)
    if resumed:
        teller.lab("resume", vm="qemu0")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def failed() -> Teller:
    teller = prepared()
    teller.give_up(said="Unable to write to socket: Broken pipe")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def unnoticed() -> Teller:
    teller = prepared()
    teller.load(("data", "arm_gicv3", "config"))
    teller.uapi("qemu1", "fault", operation="set-irqs", nth=1, result="EINVAL")
    teller.set_irqs("qemu1", errno=22)
    teller.message("qemu1", "vfio: failed to enable vectors, -22")
    teller.run()
    teller.told()
    teller.raised("qemu1", sent=False)
    teller.fence("qemu1")
    teller.end()
    return teller


def corrupted() -> Teller:
    return finished(prepared(), state="error")


def stale() -> Teller:
    return finished(prepared(), stale=3)


def lost() -> Teller:
    return migration(STOCK_5_2, eager=True, lost=True, pause=100)


def duplicated() -> Teller:
    teller = delivered()
    teller.acked("qemu1", spurious=True)
    return teller


def late() -> Teller:
    teller = prepared()
    teller.load()
    teller.run()
    teller.told()
    teller.raised("qemu1")
    teller.wait(21)
    teller.acked("qemu1")
    teller.verify()
    teller.end()
    return teller


def recovered(outcome: str = "failed", *, resumed: bool = False) -> Teller:
    teller = prepared(outcome)
    teller.uapi("qemu1", "fault", operation="data-write", nth=2, result="EIO")
    teller.write("qemu1", errno=5)
    teller.give_up(status=outcome)
    if resumed:
        teller.lab("resume", vm="qemu0")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def not_applicable() -> Teller:
    teller = Teller()
    teller.lab("not-applicable", reason="QEMU emulates a GICv3 ITS without KVM from 6.2 on")
    return teller


STORIES: dict[Verdict, Callable[[], Teller]] = {
    Verdict.HARNESS: harness, Verdict.INCONSISTENT: inconsistent, Verdict.CRASHED: crashed, Verdict.REFUSED: refused,
    Verdict.FAILED: failed, Verdict.UNNOTICED: unnoticed, Verdict.CORRUPTED: corrupted, Verdict.STALE: stale,
    Verdict.LOST: lost, Verdict.DUPLICATED: duplicated, Verdict.LATE: late, Verdict.RECOVERED: recovered,
    Verdict.DELIVERED: delivered, Verdict.NOT_APPLICABLE: not_applicable}


def test_every_word_has_a_rule_in_its_place() -> None:
    assert [verdict for verdict, _ in RULES] == list(Verdict) == list(STORIES)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_story_has_its_word_and_says_why(verdict: Verdict) -> None:
    seen = observe(STORIES[verdict]().events)
    assert seen.verdict is verdict, seen.reason
    assert seen.reason


@pytest.mark.parametrize("verdict", list(Verdict))
def test_no_other_rule_of_a_verdict_on_qemu_applies_to_it(verdict: Verdict) -> None:
    findings = find(STORIES[verdict]().events)
    applied = {word for word, rule in RULES if rule(findings)}
    besides = {Verdict.HARNESS: {Verdict.DELIVERED}, Verdict.DUPLICATED: {Verdict.DELIVERED},
               Verdict.LATE: {Verdict.DELIVERED}, Verdict.CORRUPTED: {Verdict.DELIVERED},
               Verdict.STALE: {Verdict.DELIVERED}, Verdict.LOST: {Verdict.DELIVERED}, Verdict.REFUSED: {Verdict.FAILED},
               Verdict.INCONSISTENT: {Verdict.DELIVERED}, Verdict.UNNOTICED: {Verdict.LOST}}
    assert applied == {verdict} | besides.get(verdict, set())


def reason(teller: Teller, verdict: Verdict) -> str:
    seen = observe(teller.events)
    assert seen.verdict is verdict, seen.reason
    return seen.reason


def test_a_refusal_names_the_rule_and_what_both_sides_made_of_it() -> None:
    assert reason(refused(), Verdict.REFUSED) == (
        "dev0 on qemu1 answered a write of its data with EINVAL, for it wants its interrupts first; the destination "
        "printed 'load of migration failed'; the source called the migration failed and runs on")


def test_a_source_that_believed_in_success_and_needed_help_is_told() -> None:
    told = reason(refused(resumed=True, status="completed"), Verdict.REFUSED)
    assert told.endswith("the source called the migration completed and runs on because the lab continued it")


def test_a_refusal_that_nobody_minded_went_unnoticed() -> None:
    teller = prepared()
    teller.uapi("qemu1", "refuse", operation="data-write", reason="config", errno=22)
    teller.write("qemu1", errno=22)
    assert reason(finished(teller), Verdict.UNNOTICED).endswith("reported as completed; nobody printed an error")


def test_an_unnoticed_error_quotes_what_was_printed() -> None:
    assert reason(unnoticed(), Verdict.UNNOTICED) == (
        "dev0 on qemu1 answered SET_IRQS (msix) with EINVAL, and the migration was reported as completed; the "
        "destination printed 'vfio: failed to enable vectors, -22' and went on; 1 interrupt was lost")


def test_an_unnoticed_error_tells_what_is_wrong_after_it() -> None:
    teller = prepared()
    teller.load()
    teller.state("qemu1", "running", errno=5)
    teller.run()
    teller.told()
    teller.verify(state="error")
    assert reason(teller, Verdict.UNNOTICED).endswith("dev0 on qemu1: its state is wrong")


def test_an_error_that_was_to_make_the_migration_fail_and_did_not_went_unnoticed() -> None:
    teller = prepared("failed")
    teller.set_irqs("qemu1", errno=22)
    reason(finished(teller), Verdict.UNNOTICED)


def test_an_error_in_a_migration_that_failed_does_not_stick_to_the_next_one() -> None:
    teller = recovered()
    teller.begin(destination="qemu2")
    teller.stop()
    teller.load(destination="qemu2")
    teller.run("qemu2")
    teller.told(destination="qemu2")
    teller.verify("qemu2")
    reason(teller, Verdict.DELIVERED)


def test_an_error_after_the_migration_is_not_the_migrations() -> None:
    teller = delivered()
    teller.set_irqs("qemu1", errno=22)
    reason(teller, Verdict.DELIVERED)


def test_an_error_while_a_paused_destination_is_continued_is_the_migrations() -> None:
    teller = prepared()
    teller.load()
    teller.told()
    teller.set_irqs("qemu1", errno=22)
    teller.run()
    teller.verify()
    reason(teller, Verdict.UNNOTICED)


def test_an_error_of_the_source_quotes_the_source() -> None:
    teller = prepared()
    teller.read("qemu0", errno=5)
    teller.message("qemu1", "check_section_footer: Read section footer failed: -5")
    teller.message("qemu0", "dev0: vfio_save_buffer failed")
    teller.give_up(said="")
    assert "the source printed 'dev0: vfio_save_buffer failed'; the source called" in reason(teller, Verdict.FAILED)


def test_an_error_that_only_the_other_side_minds_quotes_that_side() -> None:
    teller = prepared()
    teller.read("qemu0", errno=5)
    teller.give_up(said="check_section_footer: Read section footer failed: -5")
    assert "the destination printed 'check_section_footer" in reason(teller, Verdict.FAILED)


def test_a_crash_names_the_error_before_it() -> None:
    teller = prepared()
    teller.load()
    teller.state("qemu1", "running", errno=5)
    teller.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    assert reason(teller, Verdict.CRASHED) == (
        "qemu1 was killed by SIGSEGV, after dev0 on qemu1 answered the change of its state from resuming to running "
        "with EIO")


def test_corruption_after_a_reset_by_qemu_says_so() -> None:
    assert "reset" not in reason(finished(prepared(), memory="bad"), Verdict.CORRUPTED)
    teller = prepared("failed")
    teller.write("qemu1", errno=5)
    teller.give_up()
    teller.uapi("qemu0", "reset", state="running")
    teller.verify("qemu0", memory="bad")
    teller.lab("state", vm="qemu0", status="running")
    assert reason(teller, Verdict.CORRUPTED) == "dev0 on qemu0: its memory is wrong; QEMU had reset the device"


def test_a_reset_names_the_error_that_qemu_reset_the_device_for() -> None:
    teller = Teller()
    teller.prepare()
    teller.begin(expect="failed")
    teller.state("qemu0", "stop-copy", errno=5)
    teller.uapi("qemu0", "reset", state="running")
    teller.states["qemu0", "dev0"] = "running"
    teller.give_up(said="")
    teller.verify("qemu0", memory="bad")
    teller.lab("state", vm="qemu0", status="running")
    assert reason(teller, Verdict.CORRUPTED).endswith(
        "its memory is wrong; QEMU had reset the device, after dev0 on qemu0 answered the change of its state from "
        "pre-copy to stop-copy with EIO")


def test_a_transfer_that_was_cut_short_is_named_where_the_migration_failed_for_it() -> None:
    teller = prepared()
    teller.uapi("qemu1", "fault", operation="data-write", nth=2, result="short")
    teller.write("qemu1", 2048)
    teller.give_up(said="vfio_mig_write failed")
    assert "dev0 on qemu1 did only half of a write of its data; the destination printed 'vfio_mig_write failed'" in (
        reason(teller, Verdict.FAILED))


def test_a_transfer_that_was_cut_short_is_no_error_if_qemu_goes_on_with_the_rest() -> None:
    teller = prepared()
    teller.uapi("qemu0", "fault", operation="data-read", nth=2, result="short")
    teller.read("qemu0", 2048)
    teller.read("qemu0", errno=42)  # ENOMSG: the end of the stream, and no fault
    seen = observe(finished(teller).events)
    assert (seen.verdict, seen.errors) == (Verdict.DELIVERED, ())


def test_a_migration_that_failed_where_it_should_not_quotes_the_error() -> None:
    told = reason(failed(), Verdict.FAILED)
    assert told == "migration 1 failed and was expected to be completed: Unable to write to socket: Broken pipe"


def test_a_fault_that_made_an_expected_success_fail_is_named() -> None:
    teller = prepared()
    teller.write("qemu1", errno=28)
    teller.give_up()
    assert "answered a write of its data with ENOSPC" in reason(teller, Verdict.FAILED)


def test_a_destination_that_stopped_the_vm_by_itself_failed_and_it_is_not_the_labs_fault() -> None:
    teller = prepared()
    teller.load()
    teller.set_irqs("qemu1", errno=22)
    teller.qmp("qemu1", "RESUME")
    teller.message("qemu1", "vfio: failed to enable vectors")
    teller.message("qemu1", "dev0: interrupts could not be restored, stopping the VM")
    teller.run()
    teller.told()
    running = list(teller.events)
    teller.qmp("qemu1", "STOP")
    teller.lab("failure", message="waited 20 s for the guest's answer")
    assert reason(teller, Verdict.FAILED) == (
        "qemu1 took over and then stopped the VM, after dev0 on qemu1 answered SET_IRQS (msix) with EINVAL; it printed "
        "'dev0: interrupts could not be restored, stopping the VM'")
    assert observe(running, "waited 20 s").verdict is Verdict.HARNESS


def test_a_source_that_is_stopped_for_its_migration_did_not_stop_by_itself() -> None:
    teller = Teller()
    teller.prepare()
    teller.begin()
    teller.qmp("qemu0", "STOP")
    teller.stop()
    teller.load()
    teller.qmp("qemu1", "RESUME")
    teller.run()
    teller.told()
    teller.verify()
    reason(teller, Verdict.DELIVERED)


def test_a_source_that_does_not_run_on_has_not_recovered() -> None:
    teller = recovered()
    teller.lab("state", vm="qemu0", status="postmigrate")
    assert reason(teller, Verdict.FAILED).endswith("the source does not run on: it is postmigrate")


def test_a_source_that_lost_an_interrupt_has_not_recovered() -> None:
    teller = recovered()
    teller.raised("qemu0")
    teller.fence("qemu0")
    reason(teller, Verdict.LOST)


def test_a_cancelled_migration_recovers_too() -> None:
    assert "was cancelled as it should" in reason(recovered("cancelled"), Verdict.RECOVERED)


def test_a_migration_that_completed_although_it_was_cancelled_failed() -> None:
    reason(finished(prepared("cancelled")), Verdict.FAILED)


def test_a_source_that_the_lab_had_to_continue_recovers_and_it_is_said() -> None:
    assert "because the lab continued it" in reason(recovered(resumed=True), Verdict.RECOVERED)
    assert "because the lab" not in reason(recovered(), Verdict.RECOVERED)


def test_a_fault_that_never_came_to_pass_makes_a_scenario_not_applicable() -> None:
    told = reason(finished(prepared("failed")), Verdict.NOT_APPLICABLE)
    assert told == "migration 1 completed: this QEMU never did what the scenario wants to see fail"


@pytest.mark.parametrize(("fault", "event"), [
    ("data-read/stop-copy:1:EIO", {"operation": "data-read", "nth": 1, "result": "EIO"}),
    ("state/stop-copy:2:EIO", {"operation": "state", "to": "stop-copy", "nth": 2, "result": "EIO"}),
    ("state-byte:2:flip", {"operation": "state-byte", "nth": 2, "result": "flip"})])
def test_a_fault_of_the_profile_that_never_came_to_pass_makes_no_green_run(fault: str, event: dict[str, Any]) -> None:
    teller = Teller()
    teller.lab("faults", vm="qemu1", faults=[fault])
    teller.prepare()
    teller.begin()
    teller.stop()
    events = finished(teller).events
    assert observe(events).verdict is Verdict.NOT_APPLICABLE
    assert observe(events).reason == f"the fault {fault} never came to pass, so nothing was tried"
    teller.uapi("qemu1", "fault", **event)
    reason(teller, Verdict.DELIVERED)
    teller.lab("faults", vm="qemu1", faults=["state/running:1:EIO"])
    reason(teller, Verdict.NOT_APPLICABLE)


def test_a_migration_that_failed_for_another_reason_than_its_fault_has_not_recovered() -> None:
    teller = prepared("failed")
    teller.give_up(said="load of migration failed", error="Unable to write to socket: Broken pipe")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    assert "should; the source runs on" in reason(teller, Verdict.RECOVERED)
    teller.lab("faults", vm="qemu1", faults=["data-write:7:EIO"])
    assert reason(teller, Verdict.FAILED) == (
        "the migration failed, but the fault data-write:7:EIO that it was to fail for never came to pass: "
        "load of migration failed")


def test_of_two_faults_one_is_enough_for_a_migration_to_fail() -> None:
    teller = recovered()
    teller.lab("faults", vm="qemu1", faults=["data-write:2:EIO", "raise:1:swallow"])
    reason(teller, Verdict.RECOVERED)


def test_a_recovery_names_what_the_migration_failed_for() -> None:
    assert reason(recovered(), Verdict.RECOVERED) == (
        "the migration failed as it should, for dev0 on qemu1 answered a write of its data with EIO; the source runs "
        "on and 1 interrupt reached the guest there")


def test_an_end_after_a_failed_incoming_migration_is_no_crash() -> None:
    teller = recovered()
    reason(teller, Verdict.RECOVERED)
    teller.lab("exit", vm="qemu0", code=1, signal=0, expected=False)
    assert reason(teller, Verdict.CRASHED) == "qemu0 ended with exit code 1"


def test_what_the_lab_waited_for_in_vain_is_the_dead_processes_fault() -> None:
    teller = crashed()
    teller.lab("failure", message="qemu1 ended")
    reason(teller, Verdict.CRASHED)


@pytest.mark.parametrize(("check", "told"), [
    ({"corrupt": 2}, "2 pages of guest memory are wrong"), ({"memory": "bad"}, "its memory is wrong"),
    ({"state": "error"}, "its state is wrong")])
def test_corruption_says_what_is_wrong(check: dict[str, object], told: str) -> None:
    assert told in reason(finished(prepared(), **check), Verdict.CORRUPTED)


def test_memory_that_was_never_filled_is_not_corrupt() -> None:
    reason(finished(prepared(), memory="none", state="none"), Verdict.DELIVERED)


def test_a_second_handling_is_named_with_its_line() -> None:
    assert reason(duplicated(), Verdict.DUPLICATED) == (
        "the guest on qemu1 handled vector 0 of dev0 when nothing was outstanding")
    teller = delivered()
    teller.acked("qemu1", index="intx", spurious=True)
    assert "handled INTx of dev0" in reason(teller, Verdict.DUPLICATED)


def test_a_lost_interrupt_is_named_with_its_reason() -> None:
    assert reason(lost(), Verdict.LOST) == (
        "interrupt 2 of dev0's vector 0, raised on qemu1: QEMU took vector 0's eventfd 2.0 ms before arm_gic "
        "was loaded")


def test_a_run_in_which_no_interrupt_was_tried_shows_nothing() -> None:
    teller = prepared()
    teller.load()
    teller.run()
    teller.told()
    teller.fence("qemu1")
    assert reason(teller, Verdict.HARNESS) == "no interrupt was raised after the migration"


def test_an_interrupt_without_a_fence_leaves_the_run_in_doubt() -> None:
    teller = delivered()
    teller.raised("qemu1", 1)
    assert "no fence came after it" in reason(teller, Verdict.HARNESS)


def test_a_migration_without_an_end_shows_nothing() -> None:
    assert reason(prepared(), Verdict.HARNESS) == "the migration did not end"
