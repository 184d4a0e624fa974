# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a stretch of time the host took."""

from __future__ import annotations

import pytest
from lab_timeline_support import BEGIN, MS, TimelineBuilder

from qpatch.lab.observer.starvation import Starvation, starvation


def starved(*waits: tuple[str, float, float, float]) -> Starvation:
    """Waits of somebody, in ms: how long, and in which while they ended."""
    timeline = TimelineBuilder(step=0)
    for actor, ms, since, until in sorted(waits, key=lambda wait: wait[3]):
        timeline.now = BEGIN + int(until * MS)
        timeline.lab("starved", vm=actor, ms=ms, since=BEGIN + int(since * MS))
    return starvation(timeline.events)


def ms(found: Starvation, begin: float, end: float) -> float:
    return found.ms(BEGIN + int(begin * MS), BEGIN + int(end * MS))


@pytest.mark.parametrize(
    ("begin", "end", "taken"),
    [
        (0, 1000, 15),
        (0, 85, 0),
        (130, 1000, 0),
        (100, 110, 10),  # no more than there is of it
        (88, 1000, 15),  # one that ended there can have begun before
    ],
)
def test_a_wait_counts_where_it_can_have_been(begin: float, end: float, taken: float) -> None:
    assert ms(starved(("qemu0", 15, 100, 120)), begin, end) == pytest.approx(taken)


def test_of_two_processes_that_wait_together_one_counts() -> None:
    together = starved(("qemu0", 15, 100, 120), ("qemu1", 10, 100, 120), ("qemu1", 7, 120, 140))
    assert ms(together, 0, 1000) == pytest.approx(22)


def test_the_lab_s_own_waits_count_where_it_asks_and_where_it_reads() -> None:
    lab = starved(("lab", 15, 100, 120), ("lab", 12, 500, 520))
    assert ms(lab, 0, 1000) == 0
    assert ms(lab, 0, 115) == pytest.approx(15)
    assert ms(lab, 110, 510) == pytest.approx(27)
    assert lab.of_vms_ms(BEGIN + 110 * MS, BEGIN + 510 * MS) == 0


def test_no_more_is_taken_than_there_is() -> None:
    assert ms(starved(("qemu0", 500, 100, 120), ("lab", 400, 100, 120)), 90, 120) == pytest.approx(30)


def test_what_a_process_waited_at_one_moment_is_its_own() -> None:
    both = starved(("qemu0", 15, 100, 120), ("qemu1", 30, 100, 120))
    assert both.at_ms("qemu0", BEGIN + 110 * MS) == pytest.approx(15)
    assert both.at_ms("qemu0", BEGIN + 130 * MS) == 0
