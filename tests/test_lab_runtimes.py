# SPDX-License-Identifier: GPL-2.0-or-later
"""When any VM of a run ran."""

from __future__ import annotations

import pytest
from lab_timeline_support import MS, TimelineBuilder

from qpatch.lab.observer.runtimes import RunTimes, run_times


def set_state(timeline: TimelineBuilder, vm: str, before: str, after: str) -> None:
    timeline.trace(vm, "runstate_set", **{"from": before, "to": after})


@pytest.mark.parametrize("traced", [True, False])
def test_time_counts_while_a_vm_runs_and_once_while_two_do(traced: bool) -> None:
    timeline = TimelineBuilder(step=0)
    for wait, vm, runs in ((0, "qemu0", 1), (100, "qemu0", 0), (30, "qemu1", 1), (50, "qemu0", 1), (20, "qemu1", 0)):
        timeline.wait(wait)
        if traced:
            set_state(timeline, vm, *("paused", "running") if runs else ("running", "paused"))
        else:
            timeline.qmp(vm, "RESUME" if runs else "STOP")
    timeline.wait(40)
    times = run_times(timeline.events)
    assert times.until(timeline.now) == (100 + 50 + 20 + 40) * MS
    assert times.until(timeline.now - 130 * MS) == 100 * MS
    assert [change.actor for change in times.changes] == ["qemu0", "qemu0", "qemu1"]


def test_between_other_states_nothing_begins_or_ends() -> None:
    timeline = TimelineBuilder()
    set_state(timeline, "qemu0", "paused", "finish-migrate")
    set_state(timeline, "qemu0", "running", "running")
    assert run_times(timeline.events).changes == ()


def test_what_qemu_traces_counts_and_not_what_its_monitor_tells_later() -> None:
    timeline = TimelineBuilder(step=0)
    set_state(timeline, "qemu0", "prelaunch", "running")
    begin = timeline.now
    timeline.wait(10)
    timeline.qmp("qemu0", "RESUME")
    assert [change.at for change in run_times(timeline.events).changes] == [begin]


def test_a_time_that_the_order_in_the_log_has_moved_is_not_exact() -> None:
    timeline = TimelineBuilder(step=0)
    set_state(timeline, "qemu0", "prelaunch", "running")
    timeline.wait(10)
    timeline.uapi("qemu0", "config-read", offset=0, size=4)
    set_state(timeline, "qemu0", "running", "paused")
    timeline.uapi("qemu1", "config-read", offset=0, size=4)
    assert [change.exact for change in run_times(timeline.events).changes] == [True, False]


def test_where_nothing_is_known_a_vm_runs() -> None:
    assert RunTimes().until(30) - RunTimes().until(10) == 20
