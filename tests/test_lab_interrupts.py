# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounting for interrupts across processes, and where the lost ones went."""

from __future__ import annotations

import pytest
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.definitions.machine import load_machine, machine_names
from qpatch.lab.model import InterruptCounts
from qpatch.lab.observer.account import InterruptState
from qpatch.lab.observer.bounds import late_ms, late_once_ms
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.losses import controllers
from qpatch.lab.observer.migrations import parse_migrations


def totals(timeline: TimelineBuilder) -> InterruptCounts:
    return account_for(parse_migrations(timeline.events)).totals()


def why(timeline: TimelineBuilder) -> str:
    (lost,) = account_for(parse_migrations(timeline.events)).in_state(InterruptState.LOST)
    return lost.why


def moved(*, pause: float = 0) -> TimelineBuilder:
    """A run whose destination is about to run."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop(pause=pause)
    timeline.load()
    return timeline


def test_every_interrupt_of_a_good_run_is_delivered() -> None:
    assert totals(migration(SAVE_STATE_5_2, eager=True)) == InterruptCounts(delivered=3)


def test_an_interrupt_that_was_taken_before_the_controller_was_loaded_is_lost_and_it_is_said_where() -> None:
    told = migration(STOCK_5_2, eager=True, lost=True)
    assert totals(told) == InterruptCounts(delivered=2, lost=1)
    assert why(told) == "QEMU took vector 0's eventfd 2.0 ms before arm_gic was loaded"


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


def overdue() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 2)
    timeline.fence("qemu0")
    return timeline


def test_what_is_acknowledged_after_the_fence_is_late() -> None:
    timeline = overdue()
    timeline.wait(30)
    timeline.acked("qemu0", 2)
    assert totals(timeline) == InterruptCounts(delivered=2, late=1)
    (late,) = account_for(parse_migrations(timeline.events)).late
    assert late.wait_ms == pytest.approx(30, abs=1)
    assert late.after_fence


@pytest.mark.parametrize("what", ["check", "raise"])
def test_what_is_acknowledged_after_the_guest_was_asked_for_more_stays_lost(what: str) -> None:
    timeline = overdue()
    if what == "check":
        timeline.check("qemu0")
    else:
        timeline.raised("qemu0", 2)
    timeline.acked("qemu0", 2)
    assert totals(timeline).lost == 1
    assert totals(timeline).late == 0


def test_an_interrupt_of_a_later_number_is_not_answered_by_an_earlier_one() -> None:
    timeline = overdue()
    timeline.acked("qemu0", 2, sequence=0)
    assert totals(timeline).lost == 1


def test_an_acknowledgement_of_nothing_is_a_duplicate() -> None:
    told = migration()
    told.acked("qemu1", spurious=True)
    assert totals(told) == InterruptCounts(delivered=2, duplicated=1)


def test_errors_and_requests_of_the_device_are_no_interrupts() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.raised("qemu0", 0, index="req")
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=1)


@pytest.mark.parametrize(("milliseconds", "late"), [(199.5, 0), (200.5, 1)])
def test_an_interrupt_is_late_after_the_bound_past_running(milliseconds: float, late: int) -> None:
    assert late_ms() == 200
    timeline = moved(pause=200)
    timeline.raised("qemu1", 4, cause="set-irqs")
    timeline.wait(500)  # the destination does not run yet: that is no lateness of the interrupt
    timeline.run()
    timeline.wait(milliseconds)
    timeline.acked("qemu1", 4)
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=2, late=late)


@pytest.mark.parametrize(("milliseconds", "late"), [(199.5, 0), (200.5, 1)])
def test_an_interrupt_raised_later_is_late_after_the_bound_past_its_raise(milliseconds: float, late: int) -> None:
    timeline = moved()
    timeline.run()
    timeline.wait(300)
    timeline.raised("qemu1", 4)
    timeline.wait(milliseconds)
    timeline.acked("qemu1", 4)
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=2, late=late)


@pytest.mark.parametrize(
    ("waits", "late"), [((250, 250), 0), ((250, 250, 250), 3), ((404,), 0), ((1201,), 1), ((199, 199, 199, 199), 0)]
)
def test_anywhere_many_that_take_long_are_late_and_one_that_takes_very_long(waits: tuple[int, ...], late: int) -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    for wait in waits:
        timeline.raised("qemu0", 4)
        timeline.wait(wait)
        timeline.acked("qemu0", 4)
    timeline.fence("qemu0")
    assert totals(timeline).late == late


def test_many_are_as_many_between_two_migrations() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    for _round in range(3):
        timeline.raised("qemu0", 4)
        timeline.wait(250)
        timeline.acked("qemu0", 4)
        timeline.begin(expect="failed")
        timeline.migrated("failed")
    timeline.fence("qemu0")
    assert totals(timeline).late == 0


def test_what_waits_for_others_takes_no_longer_itself() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    for vector in range(4, 12):
        timeline.raised("qemu0", vector)
    for vector in range(4, 12):
        timeline.wait(60)
        timeline.acked("qemu0", vector)
    timeline.fence("qemu0")
    assert totals(timeline).late == 0


def test_before_any_migration_only_the_host_makes_an_interrupt_late() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.state("qemu0", "running-p2p")  # newer QEMU, when the VM starts
    timeline.state("qemu0", "running")
    timeline.raised("qemu0", 4)
    timeline.wait(250)
    timeline.acked("qemu0", 4)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=2)


@pytest.mark.parametrize(("fences", "expected"), [(("qemu0", "qemu1"), [1, 2]), (("qemu1", "qemu1"), [1, 1])])
def test_after_a_fence_only_the_host_makes_an_interrupt_late(fences: tuple[str, ...], expected: list[int]) -> None:
    timeline = moved()
    timeline.run()
    timeline.migrated()
    late = []
    for vm in fences:  # a fence of another VM changes nothing
        timeline.raised("qemu1", 4)
        timeline.wait(250)
        timeline.acked("qemu1", 4)
        timeline.fence(vm)
        late.append(totals(timeline).late)
    assert late == expected


def test_an_interrupt_is_late_on_a_source_too_that_runs_again_after_its_migration_failed() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.raised("qemu0", 4)
    timeline.give_up()
    timeline.wait(250)
    timeline.acked("qemu0", 4)
    timeline.fence("qemu0")
    assert totals(timeline) == InterruptCounts(delivered=2, late=1)


def test_an_interrupt_for_which_no_eventfd_was_set_says_so() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5, sent=False)
    timeline.fence("qemu1")
    assert why(timeline) == "the device could not send it: no eventfd was set"


def test_the_devices_own_reason_is_given() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5, sent=False, reason="masked")
    timeline.fence("qemu1")
    assert why(timeline) == "the device could not send it: masked"


def test_an_eventfd_that_was_never_read_is_named_with_its_process() -> None:
    timeline = moved()
    timeline.raised("qemu1", 5, cause="set-irqs")
    timeline.run()
    timeline.consumed("qemu1", 4)  # another one
    timeline.fence("qemu1")
    assert why(timeline) == "its eventfd was never read by qemu1"


@pytest.mark.parametrize("told_as_raised", [False, True])
def test_an_interrupt_that_the_device_swallows_counts_once(told_as_raised: bool) -> None:
    timeline = moved()
    timeline.run()
    if told_as_raised:
        timeline.raised("qemu1", 5, sent=False)
    timeline.uapi("qemu1", "irq-swallow", index="msix", vector=5)
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=1)
    assert why(timeline) == "it was swallowed by the device"


def test_an_interrupt_that_the_guest_ignores_is_lost_in_the_guest() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5)
    timeline.consumed("qemu1", 5)
    timeline.fence("qemu1")
    assert why(timeline) == "QEMU took vector 5's eventfd, but the guest never acknowledged it"


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


def test_the_controllers_of_every_machine_are_known() -> None:
    for name in machine_names():
        assert set(load_machine(name).controllers) <= controllers()


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


def test_what_waited_for_the_mask_is_delivered_and_not_late() -> None:
    timeline = moved()
    timeline.run()
    timeline.lab("mask", vm="qemu1", device="dev0", vector=2)
    timeline.raised("qemu1", 2)
    timeline.wait(10 * late_ms())
    timeline.lab("unmask", vm="qemu1", device="dev0", vector=2)
    timeline.acked("qemu1", 2)
    account = account_for(parse_migrations(timeline.events))
    assert account.late == () and account.unwanted == ()


def test_what_waited_for_a_processor_that_takes_no_interrupts_is_not_late() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.lab("irqs-off", vm="qemu0", cpu=1)
    timeline.raised("qemu0", 2)
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.wait(10 * late_ms())
    timeline.lab("irqs-on", vm="qemu1", cpu=1)
    timeline.acked("qemu1", 2)
    account = account_for(parse_migrations(timeline.events))
    assert account.late == () and account.totals().delivered == 2


def test_how_long_an_interrupt_takes_is_not_judged_while_the_guest_is_busy_but_whether_it_comes_is() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.lab("busy", vm="qemu0")
    timeline.raised("qemu0", 2)
    timeline.wait(10 * late_once_ms())
    timeline.acked("qemu0", 2)
    timeline.raised("qemu0", 3)
    timeline.lab("idle", vm="qemu0", written=1, stale=0)
    assert account_for(parse_migrations(timeline.events)).late == ()
    timeline.fence("qemu0")
    timeline.check("qemu0")
    assert account_for(parse_migrations(timeline.events)).totals().lost == 1
    timeline.raised("qemu0", 2)
    timeline.wait(10 * late_once_ms())
    timeline.acked("qemu0", 2)
    assert len(account_for(parse_migrations(timeline.events)).late) == 1


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
