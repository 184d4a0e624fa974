# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on the monitor that are slow to be answered, or to take effect."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.bounds import command_ms
from qpatch.lab.observer.commands import long_words, slow_commands, waiting_words

LONG_MS = command_ms() + 500


def commanded(timeline: TimelineBuilder, command: str, ms: float = 5) -> None:
    asked = timeline.now
    timeline.lab("command", vm="qemu0", command=command)
    timeline.wait(ms)
    timeline.lab("obeyed", vm="qemu0", command=command, asked=asked)


def said(timeline: TimelineBuilder) -> list[str]:
    return list(slow_commands(timeline.events))


def continued(answer: float = 5, told: float = 5, device: float = 5) -> TimelineBuilder:
    """A VM that was stopped goes on: the answer, the event of it and the state of its device each take so long."""
    timeline = TimelineBuilder()
    timeline.state("qemu0", "stop")
    commanded(timeline, "cont", answer)
    timeline.wait(told)
    timeline.qmp("qemu0", "RESUME")
    timeline.wait(device)
    timeline.state("qemu0", "running")
    return timeline


def test_a_vm_that_goes_on_at_once_is_not_slow() -> None:
    assert said(continued()) == []


@pytest.mark.parametrize(
    ("slow", "what"),
    [
        ({"answer": LONG_MS}, "to be answered"),
        ({"told": LONG_MS}, "until RESUME was told"),
        ({"device": LONG_MS}, "until dev0 was in RUNNING"),
    ],
)
def test_one_that_takes_long_in_any_way_is(slow: dict[str, float], what: str) -> None:
    found = said(continued(**slow))
    assert len(found) == 1
    assert found[0].startswith("cont took 15") and f" ms {what} on qemu0" in found[0]


def test_what_the_host_took_or_the_device_by_itself_does_not_count() -> None:
    timeline = continued(device=LONG_MS)
    timeline.lab("starved", vm="qemu0", ms=600.0, since=timeline.now)
    assert said(timeline) == []
    timeline = TimelineBuilder()
    begin = timeline.now
    timeline.lab("command", vm="qemu0", command="stop")
    timeline.uapi("qemu0", "pause", ms=600)
    timeline.wait(LONG_MS)
    timeline.lab("obeyed", vm="qemu0", command="stop", asked=begin)
    assert said(timeline) == []


def test_what_happens_after_the_next_command_is_not_the_first_ones() -> None:
    timeline = continued()
    commanded(timeline, "stop")
    timeline.qmp("qemu0", "STOP")
    timeline.state("qemu0", "stop")
    timeline.wait(LONG_MS)
    commanded(timeline, "cont")
    timeline.qmp("qemu0", "RESUME")
    timeline.state("qemu0", "running")
    assert said(timeline) == []


def test_any_command_has_to_be_answered() -> None:
    timeline = TimelineBuilder()
    commanded(timeline, "query-migrate", LONG_MS)
    assert said(timeline)[0].startswith("query-migrate took 15")


def test_an_effect_may_come_before_the_answer() -> None:
    timeline = TimelineBuilder()
    timeline.state("qemu0", "stop")
    begin = timeline.now
    timeline.lab("command", vm="qemu0", command="cont")
    timeline.wait(LONG_MS)
    timeline.state("qemu0", "running")
    timeline.lab("obeyed", vm="qemu0", command="cont", asked=begin)
    assert len(said(timeline)) == 1


def test_a_migration_becomes_active_and_its_end_counts_as_well() -> None:
    for status, count in (("setup", 0), ("active", 1), ("failed", 1)):
        timeline = TimelineBuilder()
        commanded(timeline, "migrate")
        timeline.wait(LONG_MS)
        timeline.qmp("qemu0", "MIGRATION", status=status)
        assert len(said(timeline)) == count


def test_words_in_which_the_guest_waits_are_among_those_that_may_take_long() -> None:
    assert waiting_words() == {"settle", "raiseeach"}
    assert waiting_words() < long_words()
