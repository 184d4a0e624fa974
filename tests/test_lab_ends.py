# SPDX-License-Identifier: GPL-2.0-or-later
"""The states in which VMs end."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import prepared, reason, recovered

from qpatch.lab.model import Verdict
from qpatch.lab.observer.ends import wrong_ends
from qpatch.lab.observer.migrations import parse_migrations


def told(timeline: TimelineBuilder) -> list[str]:
    return list(wrong_ends(parse_migrations(timeline.events)))


def moved(*, stopped: bool = False, paused: bool = False) -> TimelineBuilder:
    """A guest that has moved from qemu0 to qemu1: stopped there before, or to a VM that was started paused."""
    timeline = TimelineBuilder()
    timeline.prepare()
    if stopped:
        timeline.command("qemu0", "stop")
    timeline.begin(paused=paused)
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    return timeline


@pytest.mark.parametrize(
    ("ends", "wrong"),
    [
        ({"qemu0": "postmigrate", "qemu1": "running"}, ""),
        (
            {"qemu0": "finish-migrate", "qemu1": "running"},
            "qemu0, the source of migration 1 (completed), ends in the state finish-migrate instead of postmigrate",
        ),
        (
            {"qemu0": "running", "qemu1": "running"},
            "qemu0, the source of migration 1 (completed), ends in the state running instead of postmigrate",
        ),
        (
            {"qemu0": "postmigrate", "qemu1": "io-error"},
            "qemu1, the destination of migration 1 (completed), ends in the state io-error instead of running",
        ),
        (
            {"qemu0": "postmigrate", "qemu1": "paused"},
            "qemu1, the destination of migration 1 (completed), ends in the state paused instead of running",
        ),
    ],
)
def test_a_source_has_given_its_guest_away_and_a_destination_runs(ends: dict[str, str], wrong: str) -> None:
    timeline = moved()
    timeline.verify()
    timeline.end(**ends)
    assert told(timeline) == [wrong] * bool(wrong)
    assert reason(timeline, Verdict.FAILED if wrong else Verdict.DELIVERED).startswith(wrong)


@pytest.mark.parametrize("how", ["stopped", "paused"])
@pytest.mark.parametrize("continued", [False, True])
def test_what_was_told_not_to_run_is_paused_until_it_is_continued(how: str, continued: bool) -> None:
    right, wrong = ("running", "paused") if continued else ("paused", "running")
    timeline = moved(stopped=how == "stopped", paused=how == "paused")
    if continued:
        timeline.command("qemu1", "cont")
    timeline.end(qemu0="postmigrate", qemu1=right)
    assert told(timeline) == []
    timeline.end(qemu1=wrong)
    assert [sentence.endswith(f"in the state {wrong} instead of {right}") for sentence in told(timeline)] == [True]


def test_a_destination_that_was_stopped_later_is_paused() -> None:
    timeline = moved()
    timeline.command("qemu1", "stop")
    timeline.end(qemu1="paused")
    assert told(timeline) == []


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_a_source_that_keeps_its_guest_runs(outcome: str) -> None:
    timeline = recovered(outcome)
    assert told(timeline) == []
    timeline.end(qemu0="postmigrate")
    assert told(timeline) == [
        f"qemu0, the source of migration 1 ({outcome}), ends in the state postmigrate instead of running"
    ]


@pytest.mark.parametrize("status", ["paused", "postmigrate"])
def test_a_stopped_source_that_keeps_its_guest_is_stopped_in_either_way(status: str) -> None:
    timeline = prepared("failed")
    timeline.command("qemu0", "stop")
    timeline.give_up()
    timeline.end(qemu0=status)
    assert told(timeline) == []


def test_a_destination_that_becomes_a_source_ends_as_one() -> None:
    timeline = moved()
    timeline.begin("qemu1", "qemu2")
    timeline.migrated(source="qemu1", destination="qemu2")
    timeline.end(qemu0="postmigrate", qemu1="postmigrate", qemu2="running")
    assert told(timeline) == []


def test_nothing_is_asked_of_a_vm_without_an_end_of_its_migration() -> None:
    timeline = prepared()
    timeline.end(qemu0="finish-migrate", qemu1="inmigrate", qemu2="prelaunch")
    assert told(timeline) == []
