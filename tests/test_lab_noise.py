# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that QEMU prints for nothing."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.findings import find
from qpatch.lab.observer.noise import needless_error


def cancelled_then_completed(actor: str, said: str, *, again: bool = False) -> TimelineBuilder:
    """A cancelled migration in which `actor` prints `said`, or in the one after it; that one completes."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="cancelled")
    if not again:
        timeline.message(actor, said)
    timeline.give_up(status="cancelled")
    timeline.qmp("qemu0", "MIGRATION", status="cancelled")
    timeline.verify("qemu0")
    timeline.begin(destination="qemu2")
    if again:
        timeline.message(actor, said)
    timeline.stop()
    timeline.load(destination="qemu2")
    timeline.run("qemu2")
    timeline.migrated(destination="qemu2")
    timeline.verify("qemu2")
    timeline.end(qemu0="postmigrate", qemu2="running")
    return timeline


def test_a_source_that_complains_of_a_device_when_it_is_cancelled_is_noisy() -> None:
    told = reason(cancelled_then_completed("qemu0", "vfio dev0: cannot go on"), Verdict.NOISY)
    assert told == "all went well, but the source printed 'vfio dev0: cannot go on'"


@pytest.mark.parametrize(
    ("actor", "said"),
    [("qemu0", "Channel error: Input/output error"), ("qemu1", "dev0: error while loading state")],
)
def test_what_every_cancelled_migration_ends_in_is_not(actor: str, said: str) -> None:
    reason(cancelled_then_completed(actor, said), Verdict.DELIVERED)


def test_a_migration_that_completes_after_a_cancelled_one_has_no_errors() -> None:
    told = reason(cancelled_then_completed("qemu2", "something is odd", again=True), Verdict.NOISY)
    assert told.endswith("the destination printed 'something is odd'")


def test_a_mode_that_is_to_be_refused_may_be_complained_of_before_it_is_tried() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.message("qemu0", "dev0 cannot be migrated in this mode")
    timeline.begin(expect="failed")
    timeline.give_up()
    timeline.verify("qemu0")
    timeline.end(qemu0="running")
    reason(timeline, Verdict.RECOVERED)


def test_a_run_without_a_migration_is_judged_by_other_rules() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.message("qemu0", "something is odd")
    assert needless_error(find(timeline.events)) is None
