# SPDX-License-Identifier: GPL-2.0-or-later
"""When an interrupt that reached the guest is late."""

from __future__ import annotations

import pytest
from lab_interrupts_support import moved, totals
from lab_timeline_support import TimelineBuilder

from qpatch.lab.model import InterruptCounts
from qpatch.lab.observer.bounds import late_ms, late_once_ms
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.migrations import parse_migrations


def answered_after(milliseconds: float, starved_ms: float) -> int:
    """Return how many of the interrupts are late that a destination's host was so long starved of."""
    timeline = moved()
    timeline.run()
    for _interrupt in range(3):
        since = timeline.now
        timeline.raised("qemu1", 4)
        timeline.wait(milliseconds)
        timeline.acked("qemu1", 4)
        timeline.lab("starved", vm="qemu1", ms=starved_ms, since=since)
    timeline.fence("qemu1")
    return totals(timeline).late


def test_what_the_host_took_makes_no_interrupt_late() -> None:
    assert answered_after(350, starved_ms=200) == 0
    assert answered_after(350, starved_ms=50) == 3


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
