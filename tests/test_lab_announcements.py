# SPDX-License-Identifier: GPL-2.0-or-later
"""Ends of migrations that QEMU tells of by an event, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab_verdict_support import finished, prepared, reason

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from lab_timeline_support import TimelineBuilder


def migrated(source: list[str], destination: list[str]) -> TimelineBuilder:
    timeline = prepared()
    for vm, said in (("qemu0", source), ("qemu1", destination)):
        for status in said:
            timeline.qmp(vm, "MIGRATION", status=status)
    return finished(timeline)


@pytest.mark.parametrize("told", [[], ["setup", "active", "completed"]])
def test_ends_that_are_told_by_events_or_a_lab_without_events(told: list[str]) -> None:
    reason(migrated(told, told), Verdict.DELIVERED)


@pytest.mark.parametrize(("source", "destination"), [(["setup", "device"], []), ([], ["active"])])
def test_a_migration_whose_end_no_event_tells(source: list[str], destination: list[str]) -> None:
    vm, last = ("qemu0", "device") if source else ("qemu1", "active")
    assert reason(migrated(source, destination), Verdict.FAILED) == (
        f"migration 1: {vm} is done (completed), and never sent the event of that; its last event MIGRATION said {last}"
    )


def test_a_destination_that_failed_may_be_gone() -> None:
    timeline = prepared("failed")
    timeline.qmp("qemu0", "MIGRATION", status="failed")
    timeline.qmp("qemu1", "MIGRATION", status="active")
    timeline.give_up()
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    reason(timeline, Verdict.RECOVERED)
