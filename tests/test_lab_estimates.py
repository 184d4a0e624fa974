# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device tells of its size, held against what it saves."""

from __future__ import annotations

from typing import Any

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.estimates import underestimates
from qpatch.lab.observer.migrations import parse_migrations

NOT_READ = -1


def saving(
    told: int,
    *,
    pre_copy: int = 0,
    left: int = 0,
    stopped: bool = False,
    outcome: str = "completed",
    told_in: str = "running",
) -> TimelineBuilder:
    """A device saves 40,000 bytes when it is stopped, and tells of `told`."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.start("qemu1", "destination")
    if stopped:
        timeline.state("qemu0", "stop")
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="unix", expect=outcome)
    if told_in == "running":
        timeline.uapi("qemu0", "data-size", bytes=told)
    timeline.state("qemu1", "resuming")
    if pre_copy:
        timeline.state("qemu0", "pre-copy")
    if pre_copy and left >= 0:
        timeline.uapi("qemu0", "data-read", phase="pre-copy", bytes=pre_copy, left=left, total=pre_copy, errno=0)
        timeline.totals["qemu0", "dev0", "read"] = pre_copy
        timeline.write("qemu1", pre_copy)
    timeline.state("qemu0", "stop-copy")
    if told_in == "stop-copy":
        timeline.uapi("qemu0", "data-size", bytes=told)
    for size in (30000, 10000):
        timeline.read("qemu0", size)
        timeline.write("qemu1", size)
    timeline.config("qemu1")
    timeline.set_irqs("qemu1")
    timeline.run()
    timeline.migrated(outcome)
    return timeline


def saved(told: int, **how: Any) -> list[str]:
    """Return what is said of it."""
    return list(underestimates(parse_migrations(saving(told, **how).events)))


def test_a_device_that_tells_of_far_less_is_told() -> None:
    told = "dev0 saved 40000 bytes that stop-copy added, and had told of 19999 while it ran: "
    assert saved(19999) == [told + "so QEMU stops it too early (migration 1)"]
    assert saved(19999, pre_copy=100) != []


@pytest.mark.parametrize("told", [20000, 40000, 1 << 40])
def test_an_estimate_may_be_off_by_half(told: int) -> None:
    assert saved(told) == []


def test_what_is_left_of_pre_copy_is_not_in_the_estimate() -> None:
    assert saved(10000, pre_copy=100, left=20000) == []
    assert saved(9999, pre_copy=100, left=20000) != []


def test_pre_copy_of_which_nothing_was_read_is_told_instead() -> None:
    told = "qemu0 reads nothing of what dev0 gives in PRE_COPY before it stops it (migration 1)"
    assert saved(100, pre_copy=100, left=NOT_READ) == [told]
    assert saved(40000, pre_copy=100, left=NOT_READ) == []


def test_a_device_that_was_stopped_before_is_not_judged() -> None:
    assert saved(100, stopped=True) == []


def test_what_it_tells_when_it_is_stopped_is_too_late_for_qemu_and_not_judged() -> None:
    assert saved(100, told_in="stop-copy") == []


def test_what_a_failed_migration_has_saved_is_not_judged() -> None:
    assert saved(100, outcome="failed") == []


def test_such_a_run_is_slow() -> None:
    timeline = saving(100)
    timeline.verify()
    timeline.end()
    assert "dev0 saved 40000 bytes" in reason(timeline, Verdict.SLOW)
