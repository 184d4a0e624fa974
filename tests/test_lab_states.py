# SPDX-License-Identifier: GPL-2.0-or-later
"""The order of devices' states on both sides of a migration."""

from __future__ import annotations

import pytest
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, STOCK_10_2, TimelineBuilder, migration
from lab_verdict_support import recovered

from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.states import disorders


def told(timeline: TimelineBuilder) -> tuple[str, ...]:
    return disorders(parse_migrations(timeline.events))


def loaded() -> TimelineBuilder:
    """A run whose destination has loaded everything."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load()
    return timeline


@pytest.mark.parametrize("order", [STOCK_5_2, SAVE_STATE_5_2, STOCK_10_2])
def test_healthy_migrations_are_in_order(order: tuple[str, ...]) -> None:
    assert told(migration(order)) == ()
    assert told(recovered()) == ()


def test_a_destination_that_runs_before_the_source_has_stopped_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.load()
    timeline.run()
    timeline.migrated()
    assert told(timeline) == ("dev0 runs on qemu1 before qemu0 has stopped it (migration 1)",)


@pytest.mark.parametrize("what", ["config space", "data"])
def test_what_is_loaded_into_a_running_device_is_told(what: str) -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    (timeline.config if what == "config space" else timeline.write)("qemu1")
    timeline.qmp("qemu1", "RESUME")
    timeline.migrated()
    assert told(timeline) == (f"dev0 of qemu1 runs before its {what} is loaded (migration 1)",)


def test_what_the_guest_writes_once_it_runs_is_its_own() -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    timeline.qmp("qemu1", "RESUME")
    timeline.config("qemu1")
    timeline.migrated()
    assert told(timeline) == ()


def test_a_device_that_does_not_run_with_its_guest_again_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.migrated(status="failed")
    timeline.qmp("qemu0", "RESUME")
    state = timeline.states["qemu0", "dev0"]
    assert told(timeline) == (f"dev0 is left in {state} on qemu0, whose guest runs again (migration 1)",)
    timeline.state("qemu0", "running")
    assert told(timeline) == ()


def test_a_device_that_stops_because_its_process_ends_is_not_left_behind() -> None:
    timeline = recovered()
    timeline.lab("state", vm="qemu0", status="running")
    timeline.state("qemu0", "stop")
    assert told(timeline) == ()
