# SPDX-License-Identifier: GPL-2.0-or-later
"""When any VM of a run ran: the guest's clock goes on then, and stands still otherwise.

QEMU's trace event `runstate_set` says so to the microsecond, before it stops the clock (do_vm_stop()) and after it has
started it (vm_prepare_start()): the clock can have gone on for longer than that, where a thread lost its processor in
between, but never for less. Where a lab has none, the monitor's STOP and RESUME say so, which come later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event

_RUNNING = "running"


@dataclass(frozen=True)
class Change:
    """The first VM begins to run, or the last one ceases to, at the time `at` (ns), in the process `actor`.

    `exact`: that is the time that QEMU gave it. It is not where its place in the log says otherwise (logs.py).
    """

    at: int
    actor: str
    exact: bool


@dataclass(frozen=True)
class RunTimes:
    """When that happened, in turn."""

    changes: tuple[Change, ...] = ()

    def until(self, at: int) -> int:
        """Return for how many nanoseconds a VM had run at the time `at`; as if one ran, where nothing is known."""
        if not self.changes:
            return at
        ends = (*(change.at for change in self.changes), max(at, self.changes[-1].at))
        return sum(max(0, min(end, at) - begin) for begin, end in list(pairwise(ends))[::2])

    def between(self, begin: int, end: int) -> list[Change]:
        """Return the changes between two times."""
        return [change for change in self.changes if begin <= change.at <= end]


def run_times(timeline: Sequence[Event]) -> RunTimes:
    """Return when a VM ran."""
    steps = list(_traced(timeline)) or list(_told(timeline))
    counts = accumulate((step for _, step in steps), initial=0)
    changes = [event for (event, _), (before, after) in zip(steps, pairwise(counts), strict=True) if not before * after]
    moved = _moved(timeline)
    return RunTimes(
        tuple(
            Change(event.at, event.actor, event.origin is EventSource.TRACE and (event.actor, event.at) not in moved)
            for event in changes
        )
    )


def _moved(timeline: Sequence[Event]) -> set[tuple[str, int]]:
    """Return processes and times at which several of their events stand: one had another time of its own."""
    times = Counter((event.actor, event.at) for event in timeline)
    return {key for key, count in times.items() if count > 1}


def _traced(timeline: Sequence[Event]) -> Iterator[tuple[Event, int]]:
    """Yield the events by which a VM begins to run, with 1, or ceases to, with -1."""
    for event in timeline:
        if event.origin is not EventSource.TRACE or event.name != "runstate_set":
            continue
        begins, ends = (event.fields.get(name) == _RUNNING for name in ("to", "from"))
        if begins != ends:
            yield event, 1 if begins else -1


def _told(timeline: Sequence[Event]) -> Iterator[tuple[Event, int]]:
    running: set[str] = set()
    for event in timeline:
        if event.origin is not EventSource.QMP or event.name not in ("STOP", "RESUME"):
            continue
        if event.name == "RESUME" and event.actor not in running:
            running.add(event.actor)
            yield event, 1
        elif event.name == "STOP" and event.actor in running:
            running.remove(event.actor)
            yield event, -1
