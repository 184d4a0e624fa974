# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device has for QEMU itself, and what a device counts."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import delivered, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.counters import counters_gone_back
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.requests import unheard

LOST = "qemu0 has turned off by what dev0 tells of the request to give it back (index REQ)"


def set_up(timeline: TimelineBuilder, index: str, on: bool, vm: str = "qemu0", errno: int = 0) -> None:
    timeline.uapi(vm, "set-irqs", index=index, action="trigger", enabled=int(on), errno=errno)


def said(timeline: TimelineBuilder) -> list[str]:
    return list(unheard(parse_migrations(timeline.events)))


def test_a_request_that_is_turned_off_is_told_once() -> None:
    timeline = TimelineBuilder()
    set_up(timeline, "req", on=True)
    timeline.fence("qemu0")
    set_up(timeline, "req", on=False)
    assert said(timeline) == []
    timeline.fence("qemu0")
    timeline.fence("qemu0")
    assert said(timeline) == [LOST]


@pytest.mark.parametrize(("index", "vm", "errno"), [("msix", "qemu0", 0), ("req", "qemu1", 0), ("req", "qemu0", 22)])
def test_other_indices_vms_without_the_guest_and_failures_are_nothing(index: str, vm: str, errno: int) -> None:
    timeline = TimelineBuilder()
    set_up(timeline, index, on=True, vm=vm)
    set_up(timeline, index, on=False, vm=vm, errno=errno)
    timeline.fence("qemu0")
    assert said(timeline) == []


def test_one_that_is_set_up_again_before_a_guest_answers_is_not_told() -> None:
    timeline = TimelineBuilder()
    set_up(timeline, "err", on=False)
    set_up(timeline, "err", on=True)
    timeline.fence("qemu0")
    assert said(timeline) == []


def test_the_word_for_it() -> None:
    timeline = delivered()
    set_up(timeline, "err", on=False, vm="qemu1")
    timeline.fence("qemu1")
    assert reason(timeline, Verdict.LOST) == "qemu1 has turned off by what dev0 tells of errors (index ERR)"


def counted(timeline: TimelineBuilder, vm: str, raised: int) -> None:
    timeline.lab("check", vm=vm, device="dev0", raised=raised, acked=raised, spurious=0)


def test_a_count_that_goes_back() -> None:
    timeline = TimelineBuilder()
    counted(timeline, "qemu0", 16)
    counted(timeline, "qemu1", 8)
    counted(timeline, "qemu1", 8)
    assert list(counters_gone_back(timeline.events)) == [
        "dev0 on qemu1: its count of what was raised is 8, and has been 16",
        "dev0 on qemu1: its count of what was acked is 8, and has been 16",
    ]


def test_a_count_that_goes_on_and_one_after_a_reset() -> None:
    timeline = TimelineBuilder()
    counted(timeline, "qemu0", 16)
    counted(timeline, "qemu1", 16)
    timeline.uapi("qemu1", "reset", errno=0)
    counted(timeline, "qemu1", 2)
    assert list(counters_gone_back(timeline.events)) == []


def test_the_word_for_that() -> None:
    timeline = delivered()
    counted(timeline, "qemu1", 16)
    counted(timeline, "qemu1", 8)
    assert "its count of what was raised is 8" in reason(timeline, Verdict.CORRUPTED)
