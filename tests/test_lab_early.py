# SPDX-License-Identifier: GPL-2.0-or-later
"""A source that stops its VM before the lab cancels its migration."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import prepared, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.early import stopped_early
from qpatch.lab.observer.migrations import parse_migrations

TOLD = "qemu0 stops its VM though more is left than fits into the downtime (migration 1)"


def run(*steps: str, expect: str = "cancelled") -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.start("qemu1", "destination")
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect=expect)
    for step in steps:
        if step == "cancel":
            timeline.command("qemu0", "migrate_cancel")
        elif step == "STOP":
            timeline.qmp("qemu0", "STOP")
        else:
            timeline.qmp("qemu0", "MIGRATION", status=step)
    return timeline


def said(timeline: TimelineBuilder) -> list[str]:
    return list(stopped_early(parse_migrations(timeline.events)))


def test_a_source_that_stops_before_it_is_cancelled() -> None:
    assert said(run("active", "STOP", "device", "cancel")) == [TOLD]
    assert said(run("active", "STOP", "completed")) == [TOLD]


@pytest.mark.parametrize("steps", [("active", "cancel", "STOP"), ("pre-switchover", "STOP", "cancel"), ("active",)])
def test_one_that_is_cancelled_first_or_waits_in_between_does_not(steps: tuple[str, ...]) -> None:
    assert said(run(*steps)) == []


def test_one_that_is_to_complete_may_stop() -> None:
    assert said(run("STOP", expect="completed")) == []


def test_the_lab_that_waits_for_the_guest_then_is_not_to_blame() -> None:
    timeline = prepared("cancelled")
    timeline.qmp("qemu0", "STOP")
    timeline.lab("failure", message="qemu0 stopped while the lab waited for the guest's answer to 'ticks'")
    assert reason(timeline, Verdict.FAILED) == TOLD
