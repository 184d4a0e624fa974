# SPDX-License-Identifier: GPL-2.0-or-later
"""What a picture of a run shows: one migration, with what its source, its destination, the device and the guest did."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS, InterruptState
from qpatch.lab.observer.checks import guest_checks
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.mappings import ACCESSES
from qpatch.lab.observer.measures import ran_at, stopped_at
from qpatch.lab.observer.migrations import (
    COMPLETED,
    DESTINATION,
    RUNNING,
    SOURCE,
    MigrationHistory,
    MigrationSpan,
    device_state,
    parse_migrations,
)
from qpatch.lab.observer.phrases import what_is_wrong, what_is_wrong_with_itself
from qpatch.lab.observer.picture_marks import Lane, marks_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from qpatch.lab.observer.account import Interrupt, InterruptAccount
    from qpatch.lab.observer.picture_marks import EventMark

_WAITS = "waits"  # the state of a destination's device before QEMU asks anything of it
_MAX_PATHS = 24  # of interrupts; of more, the picture shows those that were lost
_MAX_NOTES = 4


@dataclass(frozen=True)
class StateBar:
    """The time that a device of `lane` spent in `state`."""

    lane: Lane
    device: str
    state: str
    begin: int
    end: int


@dataclass(frozen=True)
class InterruptPath:
    """The way of an interrupt: through which lanes it went when."""

    stops: tuple[tuple[Lane, int], ...]
    bad: bool


@dataclass(frozen=True)
class PictureContent:
    """All that is drawn. Times are CLOCK_MONOTONIC in ns; `downtime` is when no device ran on the side that goes on.

    `qemu_downtime_ms` is the downtime that the source has measured.
    """

    begin: int
    end: int
    source: str
    destination: str
    number: int
    of: int
    marks: tuple[EventMark, ...]
    bars: tuple[StateBar, ...]
    paths: tuple[InterruptPath, ...]
    downtime: tuple[int, int] | None
    qemu_downtime_ms: float | None
    notes: tuple[str, ...]


def picture_content(timeline: Sequence[Event]) -> PictureContent | None:
    """Return what to draw of `timeline`: the first migration after which something was wrong, else the last; or None.

    All that was done with the guest after it is shown, too, up to the next migration or the end of the run.
    """
    history = parse_migrations(timeline)
    account = account_for(history)
    if history.last is None:
        return None
    wrong = _first_wrong(history, account)
    migration = history.last if wrong is None else history.migration_at(wrong) or history.migrations[0]
    window = _window(history, migration, wrong)
    lost = [one for one in account.in_state(InterruptState.LOST) if one.position in window]
    return PictureContent(
        timeline[window.start].at,
        timeline[window.stop - 1].at,
        migration.source,
        migration.destination,
        migration.number,
        len(history.migrations),
        tuple(marks_of(history, migration, window, account)),
        tuple(_bars(history, migration, window)),
        tuple(_paths(history, account, window, migration)),
        _downtime(history, migration, window),
        migration.downtime_ms,
        tuple(_notes(lost)),
    )


def _first_wrong(history: MigrationHistory, account: InterruptAccount) -> int | None:
    """Return the position of the first thing that should not have been, None where there is none."""
    events = {id(one.raised) for one in (*account.in_state(InterruptState.LOST), *account.late, *account.unwanted)}
    events |= {id(event) for event in account.duplicates}
    found = (
        position
        for position, event in enumerate(history.timeline)
        if id(event) in events or _is_wrong(event) or _is_unexpected_end(history, position)
    )
    return next(found, None)


def _is_wrong(event: Event) -> bool:
    fields = event.fields
    if event.origin is EventSource.UAPI:
        return event.name in ACCESSES and int(fields.get("errno", 0)) not in (0, errno.EPERM)
    if event.origin is not EventSource.LAB:
        return False
    if event.name == "exit":
        return not fields.get("expected")
    if event.name == "check":
        return any(
            check.stale or what_is_wrong(check) or what_is_wrong_with_itself(check) for check in guest_checks([event])
        )
    return event.name in ("hung", "stopped", "failure")


def _is_unexpected_end(history: MigrationHistory, position: int) -> bool:
    """Whether a migration ends there, and otherwise than it should."""
    migration = history.migration_at(position)
    return migration is not None and migration.reported == position and not migration.is_as_expected


def _window(history: MigrationHistory, migration: MigrationSpan, wrong: int | None) -> range:
    """Return the positions from the migration's command, or what was wrong before, to the end of what is done then."""
    begin = migration.begin if wrong is None else min(wrong, migration.begin)
    vm = migration.destination if migration.outcome == COMPLETED else migration.source
    for position in range(min(migration.reported, migration.stop), migration.stop):
        event = history.timeline[position]
        if event.origin is EventSource.LAB and event.name == "state" and event.fields.get("vm") == vm:
            return range(begin, position)  # from here on, it is only ended
    return range(begin, migration.stop)


def _bars(history: MigrationHistory, migration: MigrationSpan, window: range) -> Iterator[StateBar]:
    end = history.timeline[window.stop - 1].at
    begin = history.timeline[window.start].at
    for lane, actor in ((Lane.SOURCE, migration.source), (Lane.DESTINATION, migration.destination)):
        initial = RUNNING if lane is Lane.SOURCE else _WAITS
        states: dict[str, tuple[str, int]] = {}
        for position, event in enumerate(history.timeline[: window.stop]):
            if event.actor != actor or event.origin is not EventSource.UAPI or not event.device:
                continue
            state, since = states.setdefault(event.device, (initial, begin))
            reached = device_state(event)
            if not reached:
                continue
            if position in window and event.at > since:
                yield StateBar(lane, event.device, state, since, event.at)
            states[event.device] = (reached, max(begin, event.at))
        last = _ended_at(history, actor, window) or end
        yield from (
            StateBar(lane, device, state, since, last) for device, (state, since) in states.items() if since < last
        )


def _ended_at(history: MigrationHistory, actor: str, window: range) -> int:
    """Return when a process ended in the window, 0 where it ran on."""
    for position in window:
        event = history.timeline[position]
        if event.origin is EventSource.LAB and event.name == "exit" and event.fields.get("vm") == actor:
            return event.at
    return 0


def _paths(
    history: MigrationHistory, account: InterruptAccount, window: range, migration: MigrationSpan
) -> Iterator[InterruptPath]:
    """Yield the ways of interrupts: of those that the picture is about, and of not too many."""
    fence = _first_fence(history, migration)
    inside = [interrupt for interrupt in account.interrupts if interrupt.position in window]
    lost = [interrupt for interrupt in inside if interrupt.state is InterruptState.LOST]
    early = [one for one in inside if one.position < fence and one.state is not InterruptState.LOST]
    for interrupt in [*lost, *(early if len(lost) + len(early) <= _MAX_PATHS else [])][:_MAX_PATHS]:
        stops = [(Lane.DEVICE, interrupt.raised.at), *_taken(history, interrupt, window)]
        if interrupt.acknowledged is not None:
            stops.append((Lane.GUEST, interrupt.acknowledged.at))
        yield InterruptPath(tuple(stops), interrupt.state is InterruptState.LOST)


def _first_fence(history: MigrationHistory, migration: MigrationSpan) -> int:
    """Return the position of the first fence after the migration: interrupts after it are not due to the migration."""
    for position in range(min(migration.reported, migration.stop), migration.stop):
        event = history.timeline[position]
        if event.origin is EventSource.LAB and event.name == "fence":
            return position
    return migration.stop


def _notes(lost: Collection[Interrupt]) -> Iterator[str]:
    for interrupt, _ in zip(lost, range(_MAX_NOTES), strict=False):
        yield f"{interrupt.name} was lost: {interrupt.why}"
    if len(lost) > _MAX_NOTES:
        yield f"and {len(lost) - _MAX_NOTES} more were lost"


def _taken(history: MigrationHistory, interrupt: Interrupt, window: range) -> Iterator[tuple[Lane, int]]:
    """Yield where and when QEMU took the eventfd of an interrupt, before the guest answered."""
    role = {SOURCE: Lane.SOURCE, DESTINATION: Lane.DESTINATION}[
        history.role_at(interrupt.raised.actor, interrupt.position)
    ]
    until = interrupt.acknowledged.at if interrupt.acknowledged is not None else None
    for _, event in history.events(interrupt.raised.actor, interrupt.position, window.stop):
        if until is not None and event.at > until:
            return
        if (
            event.name == "irq-consume"
            and event.device == interrupt.raised.device
            and (event.fields.get("vector") == interrupt.raised.fields.get("vector"))
        ):
            yield role, event.at
            return


def _downtime(history: MigrationHistory, migration: MigrationSpan, window: range) -> tuple[int, int] | None:
    """Return when no device ran: until the destination's ran, or the source's where the source goes on."""
    stopped = stopped_at(history, migration)
    ran = ran_at(history, migration)
    if migration.outcome == COMPLETED:
        return (stopped, ran) if stopped is not None and ran is not None else None
    stopped = next(
        (
            event.at
            for _, event in history.events(migration.source, window.start, window.stop)
            if device_state(event) in ("stop", "stop-copy")
        ),
        None,
    )
    again = [
        event.at
        for _, event in history.events(migration.source, window.start, window.stop)
        if device_state(event) == RUNNING and stopped is not None and event.at > stopped
    ]
    return (stopped, again[0]) if stopped is not None and again else None


def milliseconds(duration: int) -> str:
    """Return a duration in ns as readers want it."""
    value = duration / NANOSECONDS_PER_MS
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"
