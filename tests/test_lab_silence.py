# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations that failed, and QEMUs that do not say why."""

from __future__ import annotations

from typing import Any

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import prepared, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.errors import device_errors
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.silence import silent


def told(timeline: TimelineBuilder) -> list[str]:
    history = parse_migrations(timeline.events)
    return list(silent(history, device_errors(history)))


def failed(**given_up: Any) -> TimelineBuilder:
    """The destination's device answers with EIO."""
    timeline = prepared("failed")
    timeline.write("qemu1", errno=5)
    timeline.give_up(**given_up)
    timeline.verify("qemu0")
    timeline.end(qemu0="running")
    return timeline


CAUSE = "dev0 on qemu1 answered a write of its data with EIO"


def test_where_both_say_something_all_is_well() -> None:
    assert told(failed()) == []
    reason(failed(), Verdict.RECOVERED)


def test_a_destination_that_ends_without_a_word() -> None:
    assert reason(failed(said=""), Verdict.FAILED) == (
        f"migration 1 failed, and qemu1, its destination, printed no error: {CAUSE}"
    )


def test_a_warning_and_an_order_to_end_explain_nothing() -> None:
    timeline = prepared("failed")
    timeline.write("qemu1", errno=5)
    timeline.message("qemu1", "dev0: Input/output error", "warning")
    timeline.give_up(said="terminating on signal 15 from pid 7")
    assert told(timeline) == [f"migration 1 failed, and qemu1, its destination, printed no error: {CAUSE}"]


@pytest.mark.parametrize(
    "said",
    [
        "load of migration failed: Input/output error",
        "Failed to load vmstate version_id: 1, ret: -5",
        "dev0: cannot be loaded",
        "error while loading state section id 39(0000:00:04.0/vfio)",
    ],
)
def test_the_device_or_its_error_is_a_reason(said: str) -> None:
    assert told(failed(said=said)) == []


@pytest.mark.parametrize("said", ["load of migration failed", "load failed: Invalid argument", "ret: -55", "x-5"])
def test_another_message_is_none(said: str) -> None:
    assert told(failed(said=said)) == [
        f"migration 1 failed, and qemu1, its destination, names neither the device nor its error in {said!r}: {CAUSE}"
    ]


def test_the_side_whose_device_gave_no_error_may_say_anything() -> None:
    assert told(failed(answer="the other side has gone")) == []


def test_a_source_says_it_in_its_log_or_on_its_monitor() -> None:
    assert told(failed(answer="")) == ["migration 1 failed, and qemu0, its source, printed no error"]
    assert told(failed(answer="", error="Channel error: Input/output error")) == []


def test_a_release_that_gives_a_reason_on_the_monitor_always_does() -> None:
    timeline = TimelineBuilder()
    timeline.lab("phases", vm="qemu0", phases=[], refuses=False, describes=True)
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.write("qemu1", errno=5)
    timeline.give_up()
    assert told(timeline) == [
        "migration 1 failed, and query-migrate of qemu0 does not say why (error-desc), as its release does"
    ]


def test_a_source_that_knows_of_no_failure_and_a_destination_that_the_lab_ended_owe_nothing() -> None:
    timeline = prepared("failed")
    timeline.lab("exit", vm="qemu1", code=0, signal=9, expected=True)
    timeline.migrated("failed", source_status="completed")
    assert told(timeline) == []


def test_a_destination_that_the_lab_ended_when_it_had_said_that_it_failed_owes_the_reason() -> None:
    timeline = prepared("failed")
    timeline.qmp("qemu1", "MIGRATION", status="failed")
    timeline.lab("exit", vm="qemu1", code=0, signal=9, expected=True)
    timeline.migrated("failed", source_status="completed")
    assert told(timeline) == ["migration 1 failed, and qemu1, its destination, printed no error"]


def test_who_was_cancelled_owes_nothing() -> None:
    assert told(failed(status="cancelled", said="", answer="")) == []


def test_what_was_said_of_the_migration_before_does_not_count() -> None:
    timeline = failed()
    timeline.begin(destination="qemu2", expect="failed")
    timeline.give_up(destination="qemu2", answer="")
    assert told(timeline) == ["migration 2 failed, and qemu0, its source, printed no error"]


@pytest.mark.parametrize(
    ("return_path", "source_status", "is_told"),
    [(True, "completed", True), (True, "failed", False), (False, "completed", False)],
)
def test_a_source_that_calls_completed_what_it_was_told_has_failed(
    return_path: bool, source_status: str, is_told: bool
) -> None:
    timeline = prepared("failed", return_path=return_path)
    timeline.write("qemu1", errno=5)
    timeline.give_up(source_status=source_status)
    said = "migration 1 failed on qemu1, and qemu0 says that it has completed, although the return path told it"
    assert told(timeline) == [said] * is_told
