# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures a migration in a timeline: order and amounts on the destination, how long no device ran."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.bounds import short_stall_ms
from qpatch.lab.observer.logs import config_load_traces
from qpatch.lab.observer.losses import controller_loaded
from qpatch.lab.observer.migrations import (
    COMPLETED,
    RESUMING,
    RUNNING,
    RUNNING_STATES,
    STOPPED_STATES,
    STOPPING_STATES,
    device_state,
)
from qpatch.lab.observer.spent import Spent
from qpatch.lab.observer.starvation import STARVED, starvation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

DATA = "data"
CONFIG = "config"
SET_IRQS = "set_irqs"


@dataclass(frozen=True)
class Incoming:
    """What one destination did for the incoming state; bytes, counts, and the durations in milliseconds."""

    order: tuple[str, ...] = ()
    config_bytes: int = 0
    config_writes: int = 0
    set_irqs: int = 0
    data_bytes: int = 0
    irq_setup_ms: float | None = None


def incoming(history: MigrationHistory, migration: MigrationSpan) -> Incoming:
    """Return what the destination of `migration` did until it ran."""
    window = history.incoming(migration)
    events = [event for _, event in history.events(migration.destination, window.start, window.stop)]
    writes = [event for event in events if _is(event, "config-write")]
    calls = [event for event in events if _is(event, "set-irqs")]
    return Incoming(
        order(events),
        sum(int(event.fields.get("size", 0)) for event in writes),
        len(writes),
        len(calls),
        sum(int(event.fields.get("bytes", 0)) for event in events if kind(event) == DATA),
        _set_up_ms(events),
    )


def kind(event: Event) -> str:
    """Return what `event` is in the order of a destination: data, config, set_irqs, a controller's name, or ''."""
    if event.origin is EventSource.TRACE:
        return CONFIG if event.name in config_load_traces() else controller_loaded(event)
    if _is(event, "data-write"):
        return DATA if not event.fields.get("errno", 0) else ""
    return (
        {"config-write": CONFIG, "set-irqs": SET_IRQS}.get(event.name, "") if event.origin is EventSource.UAPI else ""
    )


def order(events: Iterable[Event]) -> tuple[str, ...]:
    """Return what happened in which order: each thing where it began, data again where it went on after others."""
    kinds: list[str] = []
    for event in events:
        what = kind(event)
        if what and (what not in kinds or (what == DATA and kinds[-1] != DATA)):
            kinds.append(what)
    return tuple(kinds)


def downtime_ms(history: MigrationHistory, migration: MigrationSpan) -> float | None:
    """Return how long the devices ran on neither side, None where the destination's never ran.

    From the first step of a source's device out of the states in which it runs, to the last destination's device that
    reaches RUNNING. It is the lab's own figure; QEMU's is in the lab's event `migrated`.
    """
    if migration.outcome != COMPLETED:
        return None
    stopped = stopped_at(history, migration)
    ran = ran_at(history, migration)
    return (ran - stopped) / NANOSECONDS_PER_MS if stopped is not None and ran is not None else None


def stopped_at(history: MigrationHistory, migration: MigrationSpan) -> int | None:
    """Return when the first of the source's devices stopped for good in `migration`, None where none did."""
    stopped: int | None = None
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        reached = device_state(event)
        if reached in RUNNING_STATES:
            stopped = None
        elif reached in STOPPING_STATES and event.fields["from"] in RUNNING_STATES and stopped is None:
            stopped = event.at
    return stopped


def ran_at(history: MigrationHistory, migration: MigrationSpan) -> int | None:
    """Return when the last of the destination's devices ran, None where none did."""
    resuming: set[str] = set()
    ran: int | None = None
    for _, event in history.events(migration.destination, migration.begin, migration.stop):
        reached = device_state(event)
        if reached == RESUMING:
            resuming.add(event.device)
        elif reached == RUNNING and event.device in resuming:
            resuming.remove(event.device)
            ran = event.at
    return ran


@dataclass(frozen=True)
class Stall:
    """The longest stretch, of `ms` milliseconds, in a migration's downtime in which nothing happened.

    It lies between two events. `times` is how many such stretches there are that count (bounds.yaml), `in_all_ms` what
    they come to.
    """

    migration: int
    ms: float
    before: Event
    after: Event
    times: int = 1
    in_all_ms: float = 0.0


def longest_stall(history: MigrationHistory, migration: MigrationSpan) -> Stall | None:
    """Return the longest stretch in which nothing happened while no device ran.

    What the devices pause by themselves is taken from it, and for how long both QEMUs waited for a processor. None
    where the migration has no downtime, or where the lab had to let the source run again: it waits before it does.
    """
    if migration.outcome == COMPLETED:
        stopped, ran = stopped_at(history, migration), ran_at(history, migration)
    else:
        stopped, ran = _interruption(history, migration)
    if stopped is None or ran is None or migration.resumed:
        return None
    starved = starvation(history.timeline)
    events = [
        event
        for event in history.timeline[migration.begin : migration.stop]
        if stopped <= event.at <= ran and event.name != STARVED
    ]
    stretches = [
        (Spent(before.at, after.at, after.at - before.at, seen=False), before, after)
        for before, after in itertools.pairwise(events)
    ]
    if not stretches:
        return None
    by_qemu = [(spent.by_qemu_ms(events, starved), spent, before, after) for spent, before, after in stretches]
    longest, _, before, after = max(by_qemu, key=lambda stretch: stretch[0])
    counted = [ms for ms, spent, *_ in by_qemu if spent.ns >= short_stall_ms() * NANOSECONDS_PER_MS]
    return Stall(migration.number, longest, before, after, len(counted), sum(counted))


def _interruption(history: MigrationHistory, migration: MigrationSpan) -> tuple[int | None, int | None]:
    """Return when the source's devices stopped, and when the last of them ran again; None where that did not happen."""
    stopped: dict[str, int] = {}
    ran: dict[str, int] = {}
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        reached = device_state(event)
        if reached in RUNNING_STATES and event.device in stopped:
            ran[event.device] = event.at
        elif reached in STOPPED_STATES:
            stopped.setdefault(event.device, event.at)
    return min(stopped.values(), default=None), max(ran.values(), default=None)


def _set_up_ms(events: Sequence[Event]) -> float | None:
    """Return how long config space was loaded and interrupts set up, None where no interrupt was.

    Only stretches count in which nothing else was loaded; to load other things, or to wait for them, is no setting up.
    """
    spent = 0
    begin: int | None = None
    for event in events:
        what = kind(event)
        if what in (CONFIG, SET_IRQS):
            begin = event.at if begin is None else begin
            spent += event.at - begin
            begin = event.at
        elif what or event.name == "vmstate_load":
            begin = None
    return spent / NANOSECONDS_PER_MS if any(kind(event) == SET_IRQS for event in events) else None


def _is(event: Event, name: str) -> bool:
    return event.origin is EventSource.UAPI and event.name == name
