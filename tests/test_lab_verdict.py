# SPDX-License-Identifier: GPL-2.0-or-later
"""One word for a run: each has its history, and a history has one word."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import (
    EXAMPLES,
    delivered,
    dma_failed,
    finished,
    hung,
    prepared,
    reason,
    recovered,
    refused,
    unnoticed,
)

from qpatch.lab.model import Verdict
from qpatch.lab.observer.findings import find
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.verdict import RULES


def test_every_word_has_a_rule_in_its_place() -> None:
    assert [verdict for verdict, _ in RULES] == list(Verdict) == list(EXAMPLES)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_story_has_its_word_and_says_why(verdict: Verdict) -> None:
    seen = observe(EXAMPLES[verdict]().events)
    assert seen.verdict is verdict, seen.reason
    assert seen.reason


@pytest.mark.parametrize("verdict", list(Verdict))
def test_no_other_rule_of_a_verdict_on_qemu_applies_to_it(verdict: Verdict) -> None:
    findings = find(EXAMPLES[verdict]().events)
    applied = {word for word, rule in RULES if rule(findings)}
    besides = {
        Verdict.STORM: {Verdict.DUPLICATED, Verdict.DELIVERED},
        Verdict.HUNG: {Verdict.LAB_ERROR},
        Verdict.STRANDED: {Verdict.RECOVERED},
        Verdict.MISORDERED: {Verdict.DELIVERED},
        Verdict.SLOW: {Verdict.DELIVERED},
        Verdict.NOISY: {Verdict.DELIVERED},
        Verdict.LAB_ERROR: {Verdict.DELIVERED},
        Verdict.DUPLICATED: {Verdict.DELIVERED},
        Verdict.MISROUTED: {Verdict.DELIVERED},
        Verdict.LATE: {Verdict.DELIVERED},
        Verdict.DMA_FAILED: {Verdict.DELIVERED},
        Verdict.CORRUPTED: {Verdict.DELIVERED},
        Verdict.STALE: {Verdict.DELIVERED},
        Verdict.LOST: {Verdict.DELIVERED},
        Verdict.REFUSED: {Verdict.FAILED},
        Verdict.INCONSISTENT: {Verdict.DELIVERED, Verdict.MISORDERED},  # one device's steps have changed places
        Verdict.UNNOTICED: {Verdict.LOST},
    }
    assert applied == {verdict} | besides.get(verdict, set())


@pytest.mark.parametrize(("operation", "word"), [("dma-write", "write"), ("dma-read", "read")])
def test_a_failed_access_to_guest_memory_is_told_with_its_address(operation: str, word: str) -> None:
    timeline = dma_failed(operation)
    told = f"dev0 on qemu1 could not {word} guest memory at 0x40003000: EFAULT"
    assert reason(timeline, Verdict.DMA_FAILED) == told
    timeline.uapi("qemu1", operation, page=4, iova=0x40004000, errno=14)
    assert reason(timeline, Verdict.DMA_FAILED) == f"{told} (and 1 more access)"


def test_what_a_stopped_device_does_not_write_is_no_failed_access() -> None:
    reason(dma_failed(errno=1), Verdict.DELIVERED)


def test_pages_that_the_guests_own_processor_wrote_can_be_stale() -> None:
    timeline = delivered()
    timeline.lab("idle", vm="qemu1", written=40, stale=0)
    reason(timeline, Verdict.DELIVERED)
    timeline.lab("idle", vm="qemu1", written=40, stale=1)
    assert reason(timeline, Verdict.STALE) == "1 page that the guest's own processor wrote is older on qemu1"


def test_a_hang_says_nothing_of_a_log_that_it_does_not_show() -> None:
    timeline = prepared()
    timeline.lab("hung", vm="qemu1", what="the guest's answer never came")
    timeline.lab("failure", message="waited 20 s; the last lines of its log:\nirq-raise\n")
    assert reason(timeline, Verdict.HUNG) == "the guest's answer never came; waited 20 s"


ENTRY = "dev0 on qemu1: the data of its MSI-X entry 2 is 0x0, and its driver had written 0x45"


def test_a_wrong_entry_of_the_table_is_told_with_the_interrupt_that_was_lost_because_of_it() -> None:
    timeline = finished(prepared(), table="2:2:69:0")
    assert reason(timeline, Verdict.CORRUPTED) == ENTRY
    timeline.raised("qemu1", 2)
    timeline.fence("qemu1")
    timeline.check("qemu1", table="2:2:69:0")
    assert reason(timeline, Verdict.LOST).endswith(f"; {ENTRY}")


def test_a_wrong_entry_of_the_table_is_told_with_the_interrupt_that_came_elsewhere_because_of_it() -> None:
    timeline = finished(prepared(), table="2:2:69:0")
    timeline.raised("qemu1", 2)
    timeline.acked("qemu1", 3, spurious=True)
    timeline.fence("qemu1")
    assert reason(timeline, Verdict.MISROUTED).endswith(f"as vector 3; {ENTRY}")


def test_other_registers_are_corrupted_whatever_becomes_of_interrupts() -> None:
    timeline = finished(prepared(), held="4:6:2")
    timeline.raised("qemu1", 2)
    timeline.fence("qemu1")
    reason(timeline, Verdict.CORRUPTED)


def test_of_a_device_that_cannot_be_reached_nothing_else_is_told() -> None:
    told = reason(
        finished(prepared(), reach="bad", corrupt=64, memory="bad", config="16:4:0", table="0:0:0:1"), Verdict.CORRUPTED
    )
    assert told == "dev0 on qemu1: its registers are not where its BARs are: it cannot be reached"
    reason(finished(prepared(), reach="ok"), Verdict.DELIVERED)


def test_memory_that_nobody_has_written_has_to_stay_as_it_was() -> None:
    told = reason(finished(prepared(), overrun=0x41234000), Verdict.CORRUPTED)
    assert told == (
        "dev0 on qemu1: guest memory that nobody has written, beside a page of the device, has changed at 0x41234000"
    )
    reason(finished(prepared(), overrun=0), Verdict.DELIVERED)


@pytest.mark.parametrize(("pages", "are"), [(1, "1 page of its own, {} is"), (3, "3 pages of its own, {} are")])
def test_pages_that_are_zero_but_for_a_few_bytes_have_to_arrive(pages: int, are: str) -> None:
    told = reason(finished(prepared(), sparse=pages), Verdict.CORRUPTED)
    assert told == f"the guest on qemu1: {are.format('all zero but for a few bytes,')} wrong"
    reason(finished(prepared(), sparse=0), Verdict.DELIVERED)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("1:v16:1", "register v16 of its processor 1 is not as the guest left it"),
        ("0:XMM4:8", "register XMM4 of its processor 0 is not as the guest left it (nor are 7 more)"),
    ],
)
def test_registers_of_processors_have_to_be_as_the_guest_left_them(answer: str, sentence: str) -> None:
    assert reason(finished(prepared(), registers=answer), Verdict.CORRUPTED) == f"the guest on qemu1: {sentence}"
    reason(finished(prepared(), registers="ok"), Verdict.DELIVERED)


def test_an_its_that_stands_still_is_named() -> None:
    told = reason(finished(prepared(), commands="61440:4096"), Verdict.CORRUPTED)
    assert told == ("the guest on qemu1: the ITS stands still at 0x1000 of its queue, which has commands up to 0xf000")
    reason(finished(prepared(), commands="ok"), Verdict.DELIVERED)


CONTROLLER = "the guest on qemu1: GICD_IPRIORITYR[8] of its interrupt controller is 0x0, and it had left 0x80"


def test_the_interrupt_controller_has_to_be_as_the_guest_has_set_it() -> None:
    assert reason(finished(prepared(), controller="GICD_IPRIORITYR:8:128:0"), Verdict.CORRUPTED) == CONTROLLER
    reason(finished(prepared(), controller="ok"), Verdict.DELIVERED)


def test_what_changed_in_the_interrupt_controller_is_told_with_the_interrupts_that_were_lost_because_of_it() -> None:
    timeline = finished(prepared(), controller="GICD_IPRIORITYR:8:128:0")
    timeline.raised("qemu1", 2)
    timeline.fence("qemu1")
    assert reason(timeline, Verdict.LOST).endswith(f"; {CONTROLLER}")


def test_what_changed_in_the_interrupt_controller_is_told_with_the_timer_that_is_silent_because_of_it() -> None:
    timeline = finished(prepared(), controller="GICD_IPRIORITYR:8:128:0", silent=1, overdue=2100)
    assert reason(timeline, Verdict.LOST).endswith(f"after it was due; {CONTROLLER}")


def test_a_register_that_reads_otherwise_in_another_width_is_corrupted() -> None:
    told = reason(finished(prepared(), widths="bad"), Verdict.CORRUPTED)
    assert told == "dev0 on qemu1: its registers read otherwise by bytes, halves and double words"
    reason(finished(prepared(), widths="ok"), Verdict.DELIVERED)


def test_a_timer_that_never_interrupts_is_lost() -> None:
    told = reason(finished(prepared(), silent="1", overdue="2001"), Verdict.LOST)
    assert told == "the timer of the guest's processor 1 has not interrupted on qemu1, 2001 ms after it was due"


def test_a_write_that_does_not_arrive_is_corrupted() -> None:
    told = reason(finished(prepared(), writes="config:1"), Verdict.CORRUPTED)
    assert told == "dev0 on qemu1: writes of 1 byte to its config space do not arrive as they were made"
    told = reason(finished(prepared(), writes="memory:2"), Verdict.CORRUPTED)
    assert told == "dev0 on qemu1: writes of 2 bytes to its memory do not arrive as they were made"
    reason(finished(prepared(), writes="ok"), Verdict.DELIVERED)


def test_a_guest_that_fell_silent_over_an_interrupt_is_told_with_it() -> None:
    timeline = hung()
    told = reason(timeline, Verdict.HUNG)
    timeline.raised("qemu0", index="intx")
    assert reason(timeline, Verdict.HUNG) == f"{told}; interrupt 1 of dev0's INTx, raised on qemu0, was on its way"


def test_an_interrupt_that_comes_as_another_vector_is_misrouted() -> None:
    timeline = delivered()
    timeline.raised("qemu1", 2)
    timeline.acked("qemu1", 3, spurious=True)
    timeline.fence("qemu1")
    assert (
        reason(timeline, Verdict.MISROUTED) == "interrupt 1 of dev0's vector 2 reached the guest on qemu1 as vector 3"
    )


def test_an_interrupt_that_comes_to_another_processor_is_misrouted() -> None:
    timeline = finished(prepared(), strayed=2, stray=3, routed=1, came=0)
    assert reason(timeline, Verdict.MISROUTED) == (
        "2 interrupts of dev0 came to a wrong processor: the first, of vector 3, to 0 instead of 1 (checked on qemu1)"
    )
    timeline = finished(prepared(), strayed=1, stray=3, routed=1, came=1)
    assert reason(timeline, Verdict.MISROUTED) == (
        "1 interrupt of dev0 came to a wrong processor: the first, of vector 3, to 1, which took none "
        "(checked on qemu1)"
    )


def test_a_refusal_names_the_rule_and_what_both_sides_made_of_it() -> None:
    assert reason(refused(), Verdict.REFUSED) == (
        "dev0 on qemu1 answered a write of its data with EINVAL, because it requires its interrupts first; the "
        "destination printed 'load of migration failed: Invalid argument'; the source called the migration failed and "
        "runs on"
    )


def test_a_source_that_believed_in_success_and_needed_help_is_told() -> None:
    told = reason(refused(resumed=True, status="completed"), Verdict.REFUSED)
    assert told.endswith("the source called the migration completed and runs on because the lab continued it")


def test_a_refusal_that_nobody_minded_went_unnoticed() -> None:
    timeline = prepared()
    timeline.uapi("qemu1", "refuse", operation="data-write", reason="config", errno=22)
    timeline.write("qemu1", errno=22)
    assert reason(finished(timeline), Verdict.UNNOTICED).endswith("reported as completed; no error was printed")


def test_an_unnoticed_error_quotes_what_was_printed() -> None:
    assert reason(unnoticed(), Verdict.UNNOTICED) == (
        "dev0 on qemu1 answered SET_IRQS (msix) with EINVAL, and the migration was reported as completed; the "
        "destination printed 'vfio: failed to enable vectors, -22' and went on; 1 interrupt was lost"
    )


def test_an_unnoticed_error_tells_what_is_wrong_after_it() -> None:
    timeline = prepared()
    timeline.load()
    timeline.state("qemu1", "running", errno=5)
    timeline.run()
    timeline.migrated()
    timeline.verify(state="error")
    assert reason(timeline, Verdict.UNNOTICED).endswith("dev0 on qemu1: its state is wrong")


def test_an_error_that_was_to_make_the_migration_fail_and_did_not_went_unnoticed() -> None:
    timeline = prepared("failed")
    timeline.set_irqs("qemu1", errno=22)
    reason(finished(timeline), Verdict.UNNOTICED)


def test_an_error_in_a_migration_that_failed_does_not_stick_to_the_next_one() -> None:
    timeline = recovered()
    timeline.begin(destination="qemu2")
    timeline.stop()
    timeline.load(destination="qemu2")
    timeline.run("qemu2")
    timeline.migrated(destination="qemu2")
    timeline.verify("qemu2")
    reason(timeline, Verdict.DELIVERED)


def test_an_error_after_the_migration_is_not_the_migrations() -> None:
    timeline = delivered()
    timeline.set_irqs("qemu1", errno=22)
    reason(timeline, Verdict.DELIVERED)


def test_an_error_while_a_paused_destination_is_continued_is_the_migrations() -> None:
    timeline = prepared()
    timeline.load()
    timeline.migrated()
    timeline.set_irqs("qemu1", errno=22)
    timeline.run()
    timeline.verify()
    reason(timeline, Verdict.UNNOTICED)


def test_an_error_of_the_source_quotes_the_source() -> None:
    timeline = prepared()
    timeline.read("qemu0", errno=5)
    timeline.message("qemu1", "check_section_footer: Read section footer failed: -5")
    timeline.message("qemu0", "dev0: vfio_save_buffer failed")
    timeline.give_up(said="")
    assert "the source printed 'dev0: vfio_save_buffer failed'; the source called" in reason(timeline, Verdict.FAILED)


def test_an_error_that_only_the_other_side_minds_quotes_that_side() -> None:
    timeline = prepared()
    timeline.read("qemu0", errno=5)
    timeline.give_up(said="check_section_footer: Read section footer failed: -5", answer="")
    assert "the destination printed 'check_section_footer" in reason(timeline, Verdict.FAILED)


def test_a_crash_names_the_error_before_it() -> None:
    timeline = prepared()
    timeline.load()
    timeline.state("qemu1", "running", errno=5)
    timeline.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    assert reason(timeline, Verdict.CRASHED) == (
        "qemu1 was killed by SIGSEGV, after dev0 on qemu1 answered the change of its state from resuming to running "
        "with EIO"
    )


def test_corruption_after_a_reset_by_qemu_says_so() -> None:
    assert "reset" not in reason(finished(prepared(), memory="bad"), Verdict.CORRUPTED)
    timeline = prepared("failed")
    timeline.write("qemu1", errno=5)
    timeline.give_up()
    timeline.uapi("qemu0", "reset", state="running")
    timeline.verify("qemu0", memory="bad")
    timeline.lab("state", vm="qemu0", status="running")
    assert reason(timeline, Verdict.CORRUPTED) == "dev0 on qemu0: its memory is wrong; QEMU had reset the device"


def test_a_reset_of_the_machine_is_not_qemus_own() -> None:
    timeline = finished(prepared())
    timeline.lab("reboot", vm="qemu1")
    timeline.uapi("qemu1", "reset", state="running")
    timeline.check("qemu1", memory="bad")
    assert reason(timeline, Verdict.CORRUPTED) == "dev0 on qemu1: its memory is wrong"


def test_a_reset_names_the_error_that_qemu_reset_the_device_for() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.state("qemu0", "stop-copy", errno=5)
    timeline.uapi("qemu0", "reset", state="running")
    timeline.states["qemu0", "dev0"] = "running"
    timeline.give_up(answer="dev0: Failed setting device state to STOP_COPY")
    timeline.verify("qemu0", memory="bad")
    timeline.lab("state", vm="qemu0", status="running")
    assert reason(timeline, Verdict.CORRUPTED).endswith(
        "its memory is wrong; QEMU had reset the device, after dev0 on qemu0 answered the change of its state from "
        "pre-copy to stop-copy with EIO"
    )
