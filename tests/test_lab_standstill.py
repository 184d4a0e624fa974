# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that stand still beside the downtime of their devices, and devices that run while their guest does not."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.standstill import standstills
from qpatch.lab.observer.states import disorders


def migrated(
    qemu_ms: int = 5, answer_ms: float = 5, monitor_ms: float = 5, pre_copy_ms: float = 5, starved_ms: float = 0
) -> list[str]:
    timeline = TimelineBuilder()
    begin = timeline.now
    for vm in ("qemu0", "qemu1"):
        timeline.start(vm, "any")
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
    timeline.wait(pre_copy_ms)
    timeline.qmp("qemu0", "STOP")
    for state in ("stop-copy", "stop"):
        timeline.state("qemu0", state)
    for state in ("resuming", "running"):
        timeline.state("qemu1", state)
    timeline.lab("answered", vm="qemu0", ms=monitor_ms)
    timeline.migrated("completed", downtime_ms=qemu_ms)
    timeline.serial("qemu1", "command", "hello")
    timeline.wait(answer_ms)
    timeline.serial("qemu1", "answer", "ok")
    if starved_ms:
        timeline.lab("starved", vm="qemu0", ms=starved_ms, since=begin)
    return list(standstills(parse_migrations(timeline.events)))


def test_a_quick_migration_is_no_standstill() -> None:
    assert migrated() == []


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        ({"qemu_ms": 3000}, "qemu0 counted "),
        ({"answer_ms": 3000}, "the guest on qemu1 took 3000 ms to answer 'hello'"),
        ({"monitor_ms": 3000}, "qemu0 left a question on its monitor unanswered for 3000 ms"),
        ({"pre_copy_ms": 3000}, "qemu0 went on with migration 1 for 3000 ms in which the lab waited for it"),
    ],
)
def test_three_seconds_are_told(slow: dict[str, int], said: str) -> None:
    found = migrated(**slow)
    assert len(found) == 1 and found[0].startswith(said)


@pytest.mark.parametrize("slow", [{"answer_ms": 3000}, {"pre_copy_ms": 3000}])
def test_what_the_host_takes_is_not(slow: dict[str, int]) -> None:
    assert migrated(**slow, starved_ms=500)
    assert migrated(**slow, starved_ms=2500) == []


@pytest.mark.parametrize(("stops", "errno", "count"), [(True, 0, 0), (False, 0, 1), (True, 5, 0)])
def test_a_device_that_runs_on_while_its_guest_is_stopped_is_told(stops: bool, errno: int, count: int) -> None:
    """Where it did not get to another state, nobody knows."""
    timeline = TimelineBuilder()
    timeline.start("qemu0", "any")
    for state in ("stop", "running"):
        timeline.state("qemu0", state)
    timeline.qmp("qemu0", "RESUME")
    for _round in range(2):
        if stops:
            timeline.state("qemu0", "stop", errno=errno)
        timeline.qmp("qemu0", "STOP")
        for state in ("running-p2p", "running"):
            timeline.state("qemu0", state)
        timeline.qmp("qemu0", "RESUME")
    found = [said for said in disorders(parse_migrations(timeline.events)) if "went on running" in said]
    assert len(found) == count
