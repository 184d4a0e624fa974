# SPDX-License-Identifier: GPL-2.0-or-later
"""The tracking of dirty pages, and the file of a device's data, end with the migration that they were begun for."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder, disordered

from qpatch.lab.observer.leftovers import memory_left
from qpatch.lab.observer.migrations import parse_migrations

TRACKERS = [("device", "dev0", "dev0 itself"), ("container", "", "the container"), ("hwpt", "", "the hwpt")]


def dirty(timeline: TimelineBuilder, by: str, device: str, operation: str, errno: int = 0, vm: str = "qemu0") -> None:
    timeline.uapi(vm, "dirty", device, by=by, operation=operation, pages=0, errno=errno)


def cancelled(by: str, device: str) -> TimelineBuilder:
    """A run whose migration is cancelled while the tracker is on."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="cancelled")
    dirty(timeline, by, device, "start")
    timeline.state("qemu0", "running")
    timeline.migrated("cancelled")
    return timeline


def migrate_tracked(timeline: TimelineBuilder) -> None:
    """The guest answers twice while it migrates, and the device tracks what it writes."""
    timeline.begin()
    dirty(timeline, "device", "dev0", "start")
    timeline.fence("qemu0")
    timeline.fence("qemu0")
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.verify()


@pytest.mark.parametrize(("by", "device", "name"), TRACKERS)
def test_a_tracker_that_goes_on_after_a_cancelled_migration_is_told(by: str, device: str, name: str) -> None:
    timeline = cancelled(by, device)
    timeline.verify("qemu0")
    assert disordered(timeline) == (f"{name} still tracks dirty pages on qemu0, where no migration goes on",)


@pytest.mark.parametrize(("by", "device", "name"), TRACKERS)
def test_a_tracker_that_was_stopped_is_not(by: str, device: str, name: str) -> None:
    timeline = cancelled(by, device)
    dirty(timeline, by, device, "stop")
    timeline.verify("qemu0")
    assert not [said for said in disordered(timeline) if name in said]


def test_one_that_is_stopped_after_the_first_answer_is_not() -> None:
    timeline = cancelled("device", "dev0")
    timeline.fence("qemu0")
    dirty(timeline, "device", "dev0", "stop")
    timeline.fence("qemu0")
    assert disordered(timeline) == ()


def test_a_stop_that_the_device_refuses_stops_nothing() -> None:
    timeline = cancelled("device", "dev0")
    dirty(timeline, "device", "dev0", "stop", errno=22)
    timeline.verify("qemu0")
    assert len(disordered(timeline)) == 1


@pytest.mark.parametrize("what", ["device", "cdev"])
def test_a_device_that_was_closed_tracks_nothing(what: str) -> None:
    timeline = cancelled("device", "dev0")
    timeline.uapi("qemu0", "close", what=what, fd=7)
    timeline.verify("qemu0")
    assert disordered(timeline) == ()


def test_a_guest_that_answers_while_it_migrates_may_be_tracked() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    migrate_tracked(timeline)
    assert disordered(timeline) == ()


def test_the_next_migration_may_start_it_again() -> None:
    timeline = cancelled("device", "dev0")
    dirty(timeline, "device", "dev0", "stop")
    timeline.fence("qemu0")
    migrate_tracked(timeline)
    assert disordered(timeline) == ()


def attempted(*, closed: bool) -> TimelineBuilder:
    """A run whose migration is cancelled; the file of the device's data is closed then, or is not."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="cancelled")
    timeline.uapi("qemu0", "open", what="migration", fd=30)
    timeline.state("qemu0", "running")
    timeline.migrated("cancelled")
    if closed:
        timeline.uapi("qemu0", "close", what="migration", fd=30)
    timeline.verify("qemu0")
    return timeline


def test_a_file_of_data_that_is_left_open_is_told() -> None:
    assert disordered(attempted(closed=False)) == (
        "a file of dev0's data (descriptor 30) is still open on qemu0, where no migration goes on",
    )


def test_a_file_of_data_that_is_closed_is_not() -> None:
    assert disordered(attempted(closed=True)) == ()


def test_one_that_is_left_open_on_a_destination_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.uapi("qemu1", "open", what="migration", fd=31)
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.verify()
    assert disordered(timeline) == (
        "a file of dev0's data (descriptor 31) is still open on qemu1, where no migration goes on",
    )


def test_the_end_of_a_file_of_data_does_not_end_the_tracking() -> None:
    timeline = cancelled("device", "dev0")
    timeline.uapi("qemu0", "close", what="migration", fd=30)
    timeline.verify("qemu0")
    assert len(disordered(timeline)) == 1


MIB = 1 << 20


def ended_with(source: int, destination: int, status: str = "completed") -> list[str]:
    """Return what is said of the memory of both sides, in MiB, at the end of a migration that ended so."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect=status)
    timeline.migrated(status, ram_bytes=64 * MIB)
    for vm, memory in (("qemu0", source), ("qemu1", destination)):
        timeline.lab("state", vm=vm, status="running", memory=memory * MIB)
    return list(memory_left(parse_migrations(timeline.events)))


def test_memory_that_a_destination_has_not_given_back() -> None:
    assert ended_with(37, 102) == [
        "qemu1 has 102 MiB of memory of its own at the end, and qemu0, from which its guest came, 37 MiB (migration 1)"
    ]
    assert ended_with(37, 101) == ended_with(500, 37) == ended_with(37, 102, "failed") == []


def test_a_vm_whose_memory_is_not_known_is_not_judged() -> None:
    assert ended_with(0, 500) == ended_with(500, 0) == []


def test_such_a_run_is_misordered() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated(ram_bytes=64 * MIB)
    timeline.lab("state", vm="qemu0", status="postmigrate", memory=30 * MIB)
    timeline.lab("state", vm="qemu1", status="running", memory=300 * MIB)
    assert "qemu1 has 300 MiB of memory" in disordered(timeline)[0]
