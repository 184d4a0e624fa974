# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's clock, from check to check and from VM to VM."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.clock import clock_delays, clock_faults

ANSWER_MS = 10  # from the lab's question to the guest's answer


def asked(timeline: TimelineBuilder, vm: str, ms: int) -> None:
    before = timeline.now
    timeline.wait(ANSWER_MS)
    timeline.lab("clock", vm=vm, ms=ms, asked=before)


def moved(passed: int, waited: float = 1000, stopped: float = 0) -> list[str]:
    """The guest moves between two checks: `waited` ms of the host's clock, without the VM's being stopped."""
    timeline = TimelineBuilder()
    asked(timeline, "qemu0", 5000)
    timeline.wait(waited)
    timeline.qmp("qemu0", "STOP")
    timeline.wait(stopped)
    timeline.qmp("qemu1", "RESUME")
    asked(timeline, "qemu1", 5000 + passed)
    return [*clock_faults(timeline.events), *clock_delays(timeline.events)]


@pytest.mark.parametrize(("passed", "stopped"), [(1000, 0), (1000, 5000), (300, 0), (2100, 0)])
def test_a_clock_that_goes_on_while_the_vm_runs_is_right(passed: int, stopped: float) -> None:
    assert moved(passed, stopped=stopped) == []


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (-1, "the guest's clock on qemu1 went back by 1 ms since the check before, on qemu0"),
        (200, "the guest's clock on qemu1 went only 200 ms ahead in 1000 ms since the check before, on qemu0"),
        (2600, "the guest's clock on qemu1 went 2600 ms ahead in 1020 ms since the check before, on qemu0"),
    ],
)
def test_a_clock_that_jumps_is_told(passed: int, said: str) -> None:
    assert moved(passed) == [said]


def test_time_in_which_no_vm_ran_is_none_of_the_guests() -> None:
    assert moved(1000, stopped=3000) == []
    assert len(moved(4000, waited=1000, stopped=0)) == 1
