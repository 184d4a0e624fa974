# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a process on a busy machine: what it waits for a processor does not count."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from qpatch.lab.runtime import patience
from qpatch.lab.runtime.patience import NANOSECONDS, Patience, Starvation, waited_for_a_processor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """A clock, and what each thread has waited for a processor, in seconds: both to be set."""
    now: dict[str, float] = {"time": 100.0}

    def delays(pid: int) -> dict[str, int]:
        if pid == os.getpid():
            return {"own": int(now.get("lab", 0) * NANOSECONDS)}
        return {name: int(seconds * NANOSECONDS) for name, seconds in now.items() if name not in ("time", "lab")}

    monkeypatch.setattr(patience, "waited_for_a_processor", delays)
    monkeypatch.setattr(time, "monotonic", lambda: now["time"])
    return iter([now])


def test_time_without_a_processor_does_not_count(clock: Iterator[dict[str, float]]) -> None:
    now = next(clock)
    now["old"] = 50.0
    waiting = Patience(20, 1, 10)
    assert waiting.left() == 20
    now.update(time=115.0, old=60.0, new=4.0)
    assert waiting.left() == 15
    now.update(time=130.0)
    assert waiting.left() == 0


def test_nor_does_time_in_which_the_lab_cannot_read(clock: Iterator[dict[str, float]]) -> None:
    now = next(clock)
    waiting = Patience(20, 1, 10)
    now.update(time=115.0, lab=12.0)
    assert waiting.left() == 17


def test_patience_ends_on_any_machine(clock: Iterator[dict[str, float]]) -> None:
    now = next(clock)
    now["vcpu"] = 0.0
    waiting = Patience(20, 1, 3)
    now.update(time=159.0, vcpu=58.0)
    assert waiting.left() == 1
    now.update(time=160.0, vcpu=59.0)
    assert waiting.left() == 0


def test_a_kernel_that_does_not_count(clock: Iterator[dict[str, float]]) -> None:
    now = next(clock)
    waiting = Patience(20, 1, 10)
    now.update(time=110.0)
    assert waiting.left() == 10


def test_what_the_kernel_counts() -> None:
    """Two processes on one processor: each waits for about half of the time that passes."""
    processor = min(os.sched_getaffinity(0))
    spin = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    both = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(2)]
    try:
        time.sleep(1)
        assert all(max(waited_for_a_processor(one.pid).values()) > NANOSECONDS // 10 for one in both)
    finally:
        for one in both:
            one.kill()
            one.wait()
    assert waited_for_a_processor(both[0].pid) == {}


def test_starvation_is_that_of_the_thread_that_waited_longest_since_the_last_look(
    clock: Iterator[dict[str, float]],
) -> None:
    now = next(clock)
    now["main"], now["processor"] = 5.0, 7.0
    starved = Starvation(1)
    assert starved.take() == 0
    now["migration"] = 0.4
    now["main"] = 5.1
    assert starved.take() == pytest.approx(400)
    del now["migration"]
    now["processor"] = 7.3
    assert starved.take() == pytest.approx(300)


def test_a_process_that_has_ended_is_not_starved() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert Starvation(ended.pid).take() == 0


def test_processes_may_end_at_any_moment() -> None:
    for _ in range(20):
        short = subprocess.Popen(["true"])
        while short.poll() is None:
            waited_for_a_processor(short.pid)
        assert waited_for_a_processor(short.pid) == {}
