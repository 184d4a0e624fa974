# SPDX-License-Identifier: GPL-2.0-or-later
"""What a picture of a run shows: one migration, with what its source, its destination, the device and the guest did."""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.errors import device_errors
from qpatch.lab.observer.interrupts import (
    INTX,
    NANOSECONDS_PER_MS,
    InterruptState,
    account_for,
    controller_loaded,
    line_name,
)
from qpatch.lab.observer.logs import ERROR, is_harmless
from qpatch.lab.observer.measures import CONFIG, DATA, SET_IRQS, kind, ran_at, stopped_at
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

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from qpatch.lab.observer.interrupts import Interrupt, InterruptAccount

_TIMES = "\N{MULTIPLICATION SIGN}"
_WAITS = "waits"  # the state of a destination's device before QEMU asks anything of it
_MAX_GAP = 10 * NANOSECONDS_PER_MS  # marks that are alike and further apart than this are not joined
_MAX_PATHS = 24  # of interrupts; of more, the picture shows those that were lost
_MAX_NOTES = 4
_MAX_MESSAGE = 44  # characters of a message that a label shows


class Lane(enum.StrEnum):
    """The party that a row of the picture is about."""

    SOURCE = "source"
    DESTINATION = "destination"
    DEVICE = "device"
    GUEST = "guest"


@dataclass(frozen=True)
class EventMark:
    """Something that happened in `lane` from `begin` to `end` (ns); `what` names its symbol. Bad ones are red."""

    lane: Lane
    what: str
    begin: int
    end: int
    text: str
    bad: bool = False
    count: int = 1
    size: int = 0
    vectors: tuple[int, ...] = ()
    device: str = ""

    @property
    def label(self) -> str:
        """The words beside the symbol."""
        if self.what == DATA:
            return f"{self.text} {_bytes(self.size)}"
        if self.what == CONFIG:
            return self.text
        if self.vectors:
            first, last = min(self.vectors), max(self.vectors)
            which = f"vector {first}" if first == last else f"vectors {first} to {last}"
            return f"{self.text} {which}{self._lost}" + (self._times if self.count > len(set(self.vectors)) else "")
        return f"{self.text}{self._lost}{self._times}"

    @property
    def _lost(self) -> str:
        return ": lost" if self.what == "raise" and self.bad else ""

    @property
    def _times(self) -> str:
        return f" {_TIMES}{self.count}" if self.count > 1 else ""

    def joined(self, other: EventMark) -> EventMark | None:
        """Return this mark and `other`, which follows it, as one; None where they are not alike."""
        alike = (self.lane, self.what, self.text, self.bad) == (other.lane, other.what, other.text, other.bad)
        if not alike or self.what == ERROR or other.begin - self.end > _MAX_GAP:
            return None
        return replace(
            self,
            end=other.end,
            count=self.count + other.count,
            size=self.size + other.size,
            vectors=self.vectors + other.vectors,
        )


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
    """Return what to draw of `timeline`: the first migration that lost an interrupt, else the last; None without."""
    history = parse_migrations(timeline)
    account = account_for(history)
    migration = _shown_migration(history, account)
    if migration is None:
        return None
    window = _window(history, migration)
    lost = {
        interrupt.position: interrupt
        for interrupt in account.in_state(InterruptState.LOST)
        if interrupt.position in window
    }
    marks = _named(sorted(_marks(history, migration, window, set(lost)), key=lambda mark: mark.begin))
    end = timeline[window.stop - 1].at
    return PictureContent(
        timeline[window.start].at,
        end,
        migration.source,
        migration.destination,
        migration.number,
        len(history.migrations),
        tuple(_joined(marks)),
        tuple(_bars(history, migration, window)),
        tuple(_few(_paths(history, account, window))),
        _downtime(history, migration, window),
        migration.downtime_ms,
        tuple(_notes(lost.values())),
    )


def _shown_migration(history: MigrationHistory, account: InterruptAccount) -> MigrationSpan | None:
    lost = [history.migration_at(interrupt.position) for interrupt in account.in_state(InterruptState.LOST)]
    return next((migration for migration in lost if migration is not None), history.last)


def _window(history: MigrationHistory, migration: MigrationSpan) -> range:
    """Return the positions from the migration's command to the first fence after its end, which settles interrupts."""
    for position in range(min(migration.reported, migration.stop), migration.stop):
        event = history.timeline[position]
        if event.origin is EventSource.LAB and event.name == "fence":
            return range(migration.begin, position + 1)
    return range(migration.begin, migration.stop)


def _marks(history: MigrationHistory, migration: MigrationSpan, window: range, lost: set[int]) -> Iterator[EventMark]:
    failures = {id(error.event): error for error in device_errors(history)}
    for position in window:
        event = history.timeline[position]
        role = migration.role_of(event.actor)
        if id(event) in failures:
            yield EventMark(Lane.DEVICE, ERROR, event.at, event.at, failures[id(event)].short, bad=True)
        elif event.origin is EventSource.LAB:
            yield from _of_lab(event, migration)
        elif role:
            yield from (
                replace(mark, device=event.device) for mark in _of_process(event, Lane(role), lost=position in lost)
            )


def _named(marks: list[EventMark]) -> list[EventMark]:
    """Return `marks` with their devices named where there are several."""
    if len({mark.device for mark in marks} - {""}) < 2:
        return marks
    return [replace(mark, text=f"{mark.device} {mark.text}".strip()) for mark in marks]


def _of_lab(event: Event, migration: MigrationSpan) -> Iterator[EventMark]:
    fields = event.fields
    if event.name == "fence":
        yield EventMark(Lane.GUEST, "fence", event.at, event.at, "fence")
    elif event.name == "exit" and not fields.get("expected") and migration.role_of(str(fields.get("vm"))):
        yield EventMark(Lane(migration.role_of(str(fields["vm"]))), ERROR, event.at, event.at, "dies", bad=True)
    elif event.name == "resume":
        yield EventMark(Lane.SOURCE, "report", event.at, event.at, "the lab continues it")
    elif event.name == "migrated":
        yield EventMark(
            Lane.SOURCE,
            "report",
            event.at,
            event.at,
            f"migration {fields['status']}",
            bad=fields["status"] != COMPLETED,
        )


def _of_process(event: Event, lane: Lane, *, lost: bool) -> Iterator[EventMark]:
    at, fields = event.at, event.fields
    if event.origin is EventSource.MESSAGE:
        if event.name == ERROR and not is_harmless(str(fields["text"])):
            yield EventMark(lane, ERROR, at, at, _shortened(str(fields["text"])), bad=True)
    elif event.origin in (EventSource.UAPI, EventSource.TRACE):
        yield from _of_device(event, lane, lost=lost)


def _of_device(event: Event, lane: Lane, *, lost: bool) -> Iterator[EventMark]:
    at, fields = event.at, event.fields
    vectors = (int(fields.get("vector", 0)),) if event.name.startswith("irq-") and fields.get("index") != INTX else ()
    line = "" if vectors else f" {line_name(event)}"
    if event.name == "irq-raise":
        yield EventMark(Lane.DEVICE, "raise", at, at, f"raises{line}", lost, vectors=vectors)
    elif event.name == "irq-consume":
        yield EventMark(lane, "take", at, at, f"takes{line}", vectors=vectors)
    elif event.name == "irq-ack":
        spurious = bool(fields.get("spurious"))
        text = f"handles{' spurious' if spurious else ''}{line}"
        yield EventMark(Lane.GUEST, "handle", at, at, text, spurious, vectors=vectors)
    elif event.name == "pause":
        yield EventMark(Lane.DEVICE, "pause", at, at, f"pauses {fields.get('ms')} ms")
    elif event.name == "data-read" and fields.get("bytes"):
        yield EventMark(lane, DATA, at, at, f"{fields.get('phase', '')} data", size=int(fields["bytes"]))
    elif (what := kind(event)) and not (what == CONFIG and event.origin is EventSource.TRACE):
        yield _of_load(event, lane, what)


def _of_load(event: Event, lane: Lane, what: str) -> EventMark:
    if what == DATA:
        return EventMark(lane, DATA, event.at, event.at, "data", size=int(event.fields["bytes"]))
    if controller_loaded(event):
        return EventMark(lane, "controller", event.at, event.at, what)
    return EventMark(lane, what, event.at, event.at, {CONFIG: "config", SET_IRQS: "SET_IRQS"}[what])


def _joined(marks: Iterable[EventMark]) -> list[EventMark]:
    """Put marks of a lane together that are alike and follow each other there."""
    lanes: dict[Lane, list[EventMark]] = defaultdict(list)
    for mark in marks:
        lane = lanes[mark.lane]
        both = lane[-1].joined(mark) if lane else None
        lane[-1:] = [both] if both else [*lane[-1:], mark]
    return sorted((mark for lane in lanes.values() for mark in lane), key=lambda mark: mark.begin)


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
        yield from (
            StateBar(lane, device, state, since, end) for device, (state, since) in states.items() if since < end
        )


def _paths(history: MigrationHistory, account: InterruptAccount, window: range) -> Iterator[InterruptPath]:
    for interrupt in account.interrupts:
        if interrupt.position in window:
            stops = [(Lane.DEVICE, interrupt.raised.at), *_taken(history, interrupt, window)]
            if interrupt.acknowledged is not None:
                stops.append((Lane.GUEST, interrupt.acknowledged.at))
            yield InterruptPath(tuple(stops), interrupt.state is InterruptState.LOST)


def _few(paths: Iterable[InterruptPath]) -> list[InterruptPath]:
    found = list(paths)
    return found if len(found) <= _MAX_PATHS else [path for path in found if path.bad][:_MAX_PATHS]


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


def _bytes(size: int) -> str:
    units = ((1 << 20, "MiB"), (1 << 10, "KiB"))
    return next((f"{size / unit:.0f} {name}" for unit, name in units if size >= unit), f"{size} bytes")


def _shortened(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= _MAX_MESSAGE else f"{line[: _MAX_MESSAGE - 1]}…"


def milliseconds(duration: int) -> str:
    """Return a duration in ns as readers want it."""
    value = duration / NANOSECONDS_PER_MS
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"
