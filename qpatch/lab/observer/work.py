# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long a guest that was at work did nothing, or a guest that nobody asked may have.

A guest at work (between the lab's events `busy` and `idle`) acknowledges hundreds of interrupts a second. Any other one
does only what it is asked to: a source that takes long to go on to the switchover while the lab has nothing to ask may
have let it stand still, or has only taken long; either is more than a migration needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import idle_ms
from qpatch.lab.observer.migrations import STOPPING_STATES, device_state
from qpatch.lab.observer.runtimes import run_times
from qpatch.lab.observer.spent import Spent
from qpatch.lab.observer.starvation import starvation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_BEGINS = "busy"
_OVER = ("device", "pre-switchover", "completed", "failed", "cancelled")
_ENDS = ("idle", "reboot", "hung", "guest-died", "failure", "stopped")


def idle_times(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each stretch in which a guest that was at work did nothing for too long."""
    starved = starvation(history.timeline)
    times = run_times(history.timeline)
    last: Event | None = None
    for event in history.timeline:
        lab = event.origin is EventSource.LAB
        if lab and event.name == _BEGINS:
            last = event
        elif last is not None and (_is_work(event) or (lab and event.name in _ENDS)):
            spent = Spent(last.at, event.at, times.until(event.at) - times.until(last.at))
            if (ms := spent.by_qemu_ms(history.timeline, starved)) > idle_ms():
                yield (
                    f"the guest was at work and acknowledged nothing for {ms:.0f} ms in which its VM ran, until "
                    f"{event.name} of {event.actor}; the bound is {idle_ms():g} ms"
                )
            last = None if lab else event


def unasked_times(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each stretch of a migration, until its source stops, in which the lab waited for too long.

    It had nothing to ask then of guest or source: it waited for QEMU to go on with the migration.
    """
    starved = starvation(history.timeline)
    for migration in history.migrations:
        for begin, end, what in _unasked(history, migration):
            spent = Spent(begin, end, end - begin)
            if (ms := spent.by_qemu_ms(history.timeline, starved)) > idle_ms():
                yield (
                    f"{migration.source} went on with migration {migration.number} for {ms:.0f} ms in which the lab "
                    f"waited for it and the guest was asked nothing, until {what}; the bound is {idle_ms():g} ms"
                )


def _unasked(history: MigrationHistory, migration: MigrationSpan) -> Iterator[tuple[int, int, str]]:
    """Yield beginning and end (ns) of each stretch in which neither source nor guest are asked, and what ended it."""
    last = migration.at
    for event in history.timeline[migration.begin + 1 : migration.stop]:
        if _is_the_end(event, migration.source):
            yield last, event.at, event.name
            return
        if event.origin is EventSource.SERIAL and event.actor == migration.source:
            if event.name == "command":
                yield last, event.at, str(event.fields["line"])
            last = event.at
        elif event.origin is EventSource.LAB and event.fields.get("vm") == migration.source:
            if event.name == "command":
                yield last, event.at, str(event.fields["command"])
            last = event.at if event.name in ("command", "obeyed", "waited") else last


def _is_the_end(event: Event, source: str) -> bool:
    """Tell whether the source has stopped its VM, or ended the migration."""
    if event.origin is EventSource.LAB:
        return event.name in ("migrated", "failure", "exit")
    if event.actor != source or event.origin is not EventSource.QMP:
        return event.actor == source and device_state(event) in STOPPING_STATES
    return event.name == "STOP" or (event.name == "MIGRATION" and event.fields.get("status") in _OVER)


def _is_work(event: Event) -> bool:
    return event.origin is EventSource.UAPI and event.name == "irq-ack"
