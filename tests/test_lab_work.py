# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that are at work and do nothing, and sources that go on for long while nobody asks for anything."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.work import idle_times, unasked_times


def at_work(gap_ms: float, *, ends: str = "idle", stopped_ms: float = 0) -> list[str]:
    timeline = TimelineBuilder()
    timeline.qmp("qemu0", "RESUME")
    timeline.lab("busy", vm="qemu0")
    timeline.interrupt("qemu0")
    timeline.wait(gap_ms)
    if stopped_ms:
        timeline.qmp("qemu0", "STOP")
        timeline.wait(stopped_ms)
        timeline.qmp("qemu1", "RESUME")
    timeline.interrupt("qemu1")
    timeline.lab(ends, vm="qemu1")
    timeline.wait(5000)
    timeline.interrupt("qemu1")
    return list(idle_times(parse_migrations(timeline.events)))


def test_a_guest_at_work_that_does_nothing_for_seconds_is_told() -> None:
    assert at_work(100) == []
    assert at_work(3000)[0].startswith("the guest was at work and acknowledged nothing for 3000 ms in which its VM ran")


def test_what_it_does_when_it_is_idle_again_or_stopped_does_not_matter() -> None:
    assert at_work(100, stopped_ms=3000) == []


def asked(*gaps_ms: float, waits_ms: float = 0, status: str = "") -> list[str]:
    """A migration in which the lab asks the guest after each of the gaps; then the source stops."""
    timeline = TimelineBuilder()
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
    for number, ms in enumerate(gaps_ms):
        if number:
            timeline.serial("qemu0", "command", "ticks")
            timeline.wait(10)
            timeline.serial("qemu0", "answer", "ok")
        if number and waits_ms:
            timeline.wait(waits_ms)
            timeline.lab("waited", vm="qemu0", ms=waits_ms)
        timeline.wait(ms)
    if status:
        timeline.qmp("qemu0", "MIGRATION", status=status)
    else:
        timeline.qmp("qemu0", "STOP")
    timeline.wait(5000)
    timeline.migrated("completed")
    return list(unasked_times(parse_migrations(timeline.events)))


@pytest.mark.parametrize(("gaps", "until"), [((3000,), "STOP"), ((3000, 5), "ticks"), ((5, 3000), "STOP")])
def test_a_source_that_goes_on_for_long_in_pre_copy_is_told(gaps: tuple[float, ...], until: str) -> None:
    found = asked(*gaps)
    assert len(found) == 1 and f"until {until};" in found[0]


def test_a_migration_in_which_the_guest_is_asked_now_and_then_may_take_its_time() -> None:
    assert asked(900, 900, 900) == []


def test_nor_is_it_told_of_time_in_which_the_scenario_has_the_lab_wait() -> None:
    assert asked(100, 100, waits_ms=3000) == []


@pytest.mark.parametrize("status", ["failed", "cancelled", "pre-switchover"])
def test_the_source_is_no_longer_waited_for_when_its_migration_is_over(status: str) -> None:
    assert asked(100, status=status) == []
    assert len(asked(3000, status=status)) == 1


def test_nor_when_its_device_has_stopped() -> None:
    timeline = TimelineBuilder()
    timeline.begin()
    timeline.stop()
    timeline.wait(5000)
    timeline.migrated()
    assert list(unasked_times(parse_migrations(timeline.events))) == []
