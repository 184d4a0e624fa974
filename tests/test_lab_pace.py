# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that are slower after their migration than before."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.pace import crawls


def commands(timeline: TimelineBuilder, vm: str, **times_ms: float) -> None:
    for word, ms in times_ms.items():
        timeline.serial(vm, "command", f"{word} 0")
        timeline.wait(ms)
        timeline.serial(vm, "answer", "ok")


def told(before: dict[str, float], after: dict[str, float], outlier_ms: float = 0) -> list[str]:
    timeline = TimelineBuilder()
    timeline.prepare()
    for _round in range(3):
        commands(timeline, "qemu0", **before)
    timeline.begin(expect="failed")
    timeline.migrated("failed")
    for _round in range(3):
        commands(timeline, "qemu0", **after)
    if outlier_ms:
        commands(timeline, "qemu0", **dict.fromkeys(after, outlier_ms))
    return list(crawls(parse_migrations(timeline.events)))


def test_a_guest_that_takes_long_for_each_answer_since_it_was_migrated_is_told() -> None:
    assert told({"hello": 10, "check": 30}, {"hello": 900, "check": 950}) == [
        "the guest was slow after migration 1: 2 kinds of commands took it 1850 ms together, and 40 ms before it was "
        "migrated"
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"hello": 10, "check": 30}, {"hello": 15, "check": 40}),
        ({"hello": 10, "check": 30}, {"hello": 400, "check": 400}),  # many times as long, and not for long
        ({"hello": 400, "check": 400}, {"hello": 1500, "check": 1500}),  # long, and the host was slow before as well
        ({"hello": 10, "settle": 1}, {"hello": 10, "settle": 1500}),  # a command in which the guest waits
        ({"hello": 10}, {"hello": 10, "check": 5000}),  # one that was never given before
        ({}, {"hello": 5000}),
    ],
)
def test_what_can_have_another_cause_is_not(before: dict[str, float], after: dict[str, float]) -> None:
    assert told(before, after) == []


def test_one_slow_answer_among_quick_ones_is_nothing() -> None:
    assert told({"hello": 10, "check": 30}, {"hello": 10, "check": 30}, outlier_ms=5000) == []


def test_what_the_host_takes_makes_no_guest_slow() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    commands(timeline, "qemu0", hello=10, check=30)
    timeline.begin(expect="failed")
    timeline.migrated("failed")
    since = timeline.now
    commands(timeline, "qemu0", hello=900, check=950)
    assert len(list(crawls(parse_migrations(timeline.events)))) == 1
    timeline.lab("starved", vm="qemu0", ms=1850, since=since)
    assert list(crawls(parse_migrations(timeline.events))) == []
