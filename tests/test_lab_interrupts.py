# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounting for interrupts across processes: delivered, lost, duplicated, masked, sent by nobody."""

from __future__ import annotations

from lab_interrupts_support import moved, totals
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.model import InterruptCounts
from qpatch.lab.observer.account import InterruptState
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.migrations import parse_migrations


def test_every_interrupt_of_a_good_run_is_delivered() -> None:
    assert totals(migration(SAVE_STATE_5_2, eager=True)) == InterruptCounts(delivered=3)


def test_an_interrupt_raised_on_the_source_may_reach_the_guest_on_the_destination() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.raised("qemu0", 3)
    timeline.consumed("qemu0", 3)
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.acked("qemu1", 3)
    timeline.migrated()
    timeline.verify()
    assert totals(timeline) == InterruptCounts(delivered=3)


def test_one_acknowledgement_answers_all_raises_before_it() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    for _ in range(3):
        timeline.raised("qemu0", 2)
    timeline.acked("qemu0", 2)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=4)


def test_an_acknowledgement_of_an_earlier_raise_does_not_answer_a_later_one() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    timeline.raised("qemu0", 2)
    timeline.acked("qemu0", 2, sequence=1)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=2, lost=1)


def test_vectors_devices_and_intx_are_kept_apart() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 1)
    timeline.raised("qemu0", 0, "dev1")
    timeline.raised("qemu0", 0, index="intx")
    timeline.acked("qemu0", 1)
    timeline.fence("qemu0")
    account = account_for(parse_migrations(timeline.events))
    assert account.totals() == InterruptCounts(delivered=2, lost=2)
    assert [one.name for one in account.in_state(InterruptState.LOST)] == [
        "interrupt 1 of dev1's vector 0",
        "interrupt 1 of dev0's INTx",
    ]


def test_without_a_fence_nothing_is_lost_yet() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    assert totals(timeline) == InterruptCounts(delivered=1)
    assert len(account_for(parse_migrations(timeline.events)).in_state(InterruptState.UNSETTLED)) == 1


def test_an_acknowledgement_of_nothing_is_a_duplicate() -> None:
    told = migration()
    told.acked("qemu1", spurious=True)
    assert totals(told) == InterruptCounts(delivered=2, duplicated=1)


def answered_twice(index: str = "msix", *, fence: bool = False) -> TimelineBuilder:
    """Two interrupts of a vector, both answered by one acknowledgement; then its handler is called once more."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 3, index=index)
    timeline.raised("qemu0", 3, index=index)
    timeline.acked("qemu0", 3, index=index)
    if fence:
        timeline.fence("qemu0")
    timeline.acked("qemu0", 3, index=index, spurious=True)
    return timeline


def test_two_messages_may_call_the_handler_twice_although_the_first_call_answers_both() -> None:
    assert totals(answered_twice()) == InterruptCounts(delivered=3)
    again = answered_twice()
    again.acked("qemu0", 3, spurious=True)
    assert totals(again) == InterruptCounts(delivered=3, duplicated=1)


def test_a_level_or_what_comes_after_a_fence_calls_no_handler_twice() -> None:
    assert totals(answered_twice("intx")).duplicated == 1
    assert totals(answered_twice(fence=True)).duplicated == 1


def test_errors_and_requests_of_the_device_are_no_interrupts() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 0, index="req")
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=1)


def test_what_a_destination_raises_to_which_the_guest_never_comes_concerns_nobody() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.load(STOCK_5_2, eager=True)
    timeline.give_up()
    timeline.raises["dev0", "message", 0] -= 1  # its counters are not the source's
    timeline.verify("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=2)


def test_a_reset_takes_interrupts_back() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    timeline.uapi("qemu0", "reset", state="running")
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=1)


def test_a_reset_by_the_guest_ends_masks() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.lab("mask", vm="qemu0", device="dev0", vector=0)
    timeline.uapi("qemu0", "reset", state="running", cause="guest")
    timeline.raised("qemu0")
    timeline.acked("qemu0")
    assert account_for(parse_migrations(timeline.events)).unwanted == ()


def test_the_reset_of_a_destination_before_the_guest_comes_takes_nothing_back() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    timeline.start("qemu1", "destination")
    timeline.uapi("qemu1", "reset", state="running")
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=1)


def test_an_interrupt_that_got_another_number_is_still_the_same() -> None:
    timeline = moved()
    timeline.uapi(
        "qemu1", "irq-raise", index="msix", vector=0, sequence=1, cause="set-irqs", sent=True, state="resuming"
    )
    timeline.uapi("qemu1", "irq-renumber", index="msix", vector=0, local=1, sequence=2)
    timeline.run()
    timeline.acked("qemu1", sequence=1)  # of the source's
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=1)
    (lost,) = account_for(parse_migrations(timeline.events)).in_state(InterruptState.LOST)
    assert lost.name == "interrupt 2 of dev0's vector 0"


def test_back_and_forth_every_process_takes_its_turn() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    for number in range(4):
        here, there = f"qemu{number}", f"qemu{number + 1}"
        timeline.begin(here, there)
        timeline.stop(here)
        timeline.load(destination=there, eager=True)
        timeline.run(there, acknowledge=True)
        timeline.migrated(source=here, destination=there)
        timeline.verify(there)
    assert totals(timeline) == InterruptCounts(delivered=1 + 4 * 2)


def test_what_a_masked_vector_waits_for_is_lost_only_after_it_was_unmasked() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.lab("mask", vm="qemu0", device="dev0", vector=2)
    timeline.raised("qemu0", 2)
    timeline.raised("qemu0", 1)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=1)
    timeline.lab("unmask", vm="qemu0", device="dev0", vector=2)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=2)


def test_no_vector_is_masked_after_a_reset_of_the_machine() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.lab("mask", vm="qemu0", device="dev0", vector=2)
    timeline.lab("reboot", vm="qemu0")
    timeline.interrupt("qemu0", 2)
    timeline.raised("qemu0", 2)
    timeline.fence("qemu0")
    account = account_for(parse_migrations(timeline.events))
    assert account.unwanted == () and account.totals().lost == 1


def test_a_masked_vector_that_reaches_the_guest_is_unwanted() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    timeline.lab("mask", vm="qemu0", device="dev0", vector=2)
    timeline.acked("qemu0", 2)  # It was on its way.
    assert account_for(parse_migrations(timeline.events)).unwanted == ()
    timeline.interrupt("qemu0", 2)
    assert [one.sequence for one in account_for(parse_migrations(timeline.events)).unwanted] == [2]


def unsent(timeline: TimelineBuilder) -> int:
    return len(account_for(parse_migrations(timeline.events)).unsent)


def test_what_qemu_takes_and_the_device_has_not_sent_is_told() -> None:
    timeline = migration()
    timeline.consumed("qemu1", 3)
    assert unsent(timeline) == 1
    timeline.interrupt("qemu1", 3)
    timeline.consumed("qemu1", 3)
    assert unsent(timeline) == 2


def test_what_the_device_sends_twice_may_be_taken_once() -> None:
    timeline = migration()
    timeline.raised("qemu1", 3)
    timeline.raised("qemu1", 3)
    timeline.consumed("qemu1", 3)
    assert unsent(timeline) == 0


def test_what_the_device_held_and_sent_later_was_sent() -> None:
    timeline = migration()
    timeline.raised("qemu1", 3, index="msi", sent=False, reason="masked")
    timeline.uapi("qemu1", "irq-resend", index="msi", vector=3, sequence=1)
    timeline.consumed("qemu1", 3, index="msi")
    assert unsent(timeline) == 0
