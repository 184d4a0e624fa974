# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's clock, from reading to reading and from VM to VM."""

from __future__ import annotations

import pytest
from lab_timeline_support import MS, TimelineBuilder

from qpatch.lab.observer.clock import clock_faults

ROUND_TRIP_MS = 2  # from the lab's question to the guest's answer; the guest reads its clock in the middle of it


class Guest:
    """A guest whose clock goes `rate` times as fast as the host's while its VM runs."""

    def __init__(self, *, traced: bool = True, measured: bool = False, rate: float = 1.0) -> None:
        self.timeline = TimelineBuilder()
        self.traced = traced
        self.measured = measured
        self.rate = rate
        self.ms = 5000.0

    def passes(self, ms: float) -> None:
        self.timeline.wait(ms)
        self.ms += ms * self.rate

    def changes(self, vm: str, before: str, after: str) -> None:
        if self.traced:
            self.timeline.trace(vm, "runstate_set", **{"from": before, "to": after})
        else:
            self.timeline.qmp(vm, "RESUME" if after == "running" else "STOP")

    def is_asked(self, vm: str, round_trip: float = ROUND_TRIP_MS) -> None:
        asked = self.timeline.now
        self.passes(round_trip / 2)
        shown = int(self.ms * MS)
        self.passes(round_trip / 2)
        self.timeline.lab("clock", vm=vm, ns=shown, asked=asked, measured=self.measured)

    def begins(self) -> None:
        self.changes("qemu0", "prelaunch", "running")
        self.is_asked("qemu0")
        self.passes(100)
        self.is_asked("qemu0")

    def moves(self, downtime: float = 30, off_ms: float = 0, starved_ms: float = 0) -> None:
        """To another VM, on which its clock is off by so much."""
        self.timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
        self.passes(50)
        since = self.timeline.now
        self.passes(5)
        self.changes("qemu0", "running", "finish-migrate")
        self.timeline.wait(downtime)
        self.changes("qemu1", "inmigrate", "running")
        self.passes(5)
        self.ms += off_ms
        if starved_ms:
            self.timeline.lab("starved", vm="qemu1", ms=starved_ms, since=since)
        self.passes(20)

    def wrong(self) -> list[str]:
        return list(clock_faults(self.timeline.events))


def moved(off_ms: float = 0, rate: float = 1.0, after: float = 100, starved_ms: float = 0, **how: bool) -> list[str]:
    guest = Guest(**how)
    guest.begins()
    guest.moves(off_ms=off_ms, starved_ms=starved_ms)
    guest.rate *= rate
    guest.is_asked("qemu1")
    guest.passes(after)
    guest.is_asked("qemu1")
    return guest.wrong()


@pytest.mark.parametrize("traced", [True, False])
def test_a_clock_that_goes_on_while_a_vm_runs_is_right(traced: bool) -> None:
    assert moved(traced=traced) == []


def test_it_stands_still_for_as_long_as_no_vm_runs() -> None:
    guest = Guest()
    guest.begins()
    guest.moves(downtime=3000)
    guest.is_asked("qemu1")
    assert guest.wrong() == []


@pytest.mark.parametrize("off_ms", [-15, 15])
def test_a_few_milliseconds_that_the_downtime_does_not_explain_are_told(off_ms: float) -> None:
    assert moved(off_ms=off_ms)
    assert moved(off_ms=off_ms / 10) == []


def test_a_process_that_lost_its_processor_then_has_let_the_clock_go_on() -> None:
    """QEMU traces that a VM stops before its clock does, and that one runs after its clock does."""
    assert moved(off_ms=15, starved_ms=20) == []
    assert moved(off_ms=40, starved_ms=20)
    assert moved(off_ms=-15, starved_ms=20)


def test_where_the_monitor_tells_it_later_it_may_be_behind_as_well() -> None:
    assert moved(off_ms=-15, starved_ms=20, traced=False) == []
    assert moved(off_ms=-40, starved_ms=20, traced=False)


def test_a_clock_that_went_back_is_told_as_such() -> None:
    assert moved(off_ms=-400)[0] == (
        "the guest's clock on qemu1 went back by 318.0 ms since the reading before, on qemu0"
    )


@pytest.mark.parametrize("rate", [1.04, 0.96])
def test_a_clock_that_goes_at_another_rate_is_told_in_time(rate: float) -> None:
    assert moved(rate=rate, after=10) == []
    assert moved(rate=rate, after=300)


def test_a_guest_that_measures_its_clock_is_compared_with_itself() -> None:
    """It was off by 20 % from the start: that is its own fault."""
    for rate, healthy in ((1.0, True), (1.2, False), (0.8, False)):
        guest = Guest(measured=True, rate=1.2)
        guest.begins()
        guest.moves()
        guest.rate = 1.2 * rate
        guest.is_asked("qemu1")
        guest.passes(300)
        guest.is_asked("qemu1")
        assert (guest.wrong() == []) is healthy


def test_one_that_was_not_asked_twice_before_may_be_far_off() -> None:
    guest = Guest(measured=True, rate=1.5)
    guest.changes("qemu0", "prelaunch", "running")
    guest.is_asked("qemu0")
    guest.moves()
    guest.is_asked("qemu1")
    assert guest.wrong() == []


def test_a_busy_host_makes_the_bounds_as_wide_as_its_answers_are_slow() -> None:
    guest = Guest()
    guest.begins()
    guest.moves(off_ms=-60)
    guest.is_asked("qemu1", round_trip=200)
    assert guest.wrong() == []
