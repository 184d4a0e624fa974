# SPDX-License-Identifier: GPL-2.0-or-later
"""The marks of a picture: what each party of a migration did, from the events of a part of the timeline."""

from __future__ import annotations

import enum
import errno
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.account import INTX, NANOSECONDS_PER_MS, InterruptState, line_name
from qpatch.lab.observer.checks import guest_checks
from qpatch.lab.observer.errors import device_errors
from qpatch.lab.observer.logs import ERROR, is_harmless
from qpatch.lab.observer.losses import controller_loaded
from qpatch.lab.observer.mappings import ACCESSES
from qpatch.lab.observer.measures import CONFIG, DATA, SET_IRQS, kind
from qpatch.lab.observer.phrases import what_is_wrong, what_is_wrong_with_itself

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qpatch.lab.observer.account import InterruptAccount
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

TIMES = "\N{MULTIPLICATION SIGN}"
_MAX_GAP = 10 * NANOSECONDS_PER_MS  # marks that are alike and further apart than this are not joined
_MAX_MARKS = 120  # of a picture that people can read; of more, all that are alike in a phase are one
_MAX_MESSAGE = 44  # characters of a message that a label shows
CHECK, TOLD, FAILED_ACCESS = "check", "told", "failed-access"  # symbols


class Lane(enum.StrEnum):
    """The party that a row of the picture is about."""

    SOURCE = "source"
    DESTINATION = "destination"
    DEVICE = "device"
    GUEST = "guest"


@dataclass(frozen=True)
class EventMark:
    """Something that happened in `lane` from `begin` to `end` (ns); `what` names its symbol. Bad ones are red.

    `vectors` are those that it is about, each once; `note` is what became of it, behind its words. `phase` counts the
    ends of migrations and the fences before it.
    """

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
    note: str = ""
    phase: int = 0

    @property
    def label(self) -> str:
        """The words beside the symbol."""
        if self.what == DATA:
            return f"{self.text} {_bytes(self.size)}"
        if self.what == CONFIG:
            return self.text
        note = f": {self.note}" if self.note else ""
        if self.vectors:
            first, last = min(self.vectors), max(self.vectors)
            which = f"vector {first}" if first == last else f"vectors {first} to {last}"
            return f"{self.text} {which}{note}" + (self._times if self.count > len(self.vectors) else "")
        return f"{self.text}{note}{self._times}"

    @property
    def _times(self) -> str:
        return f" {TIMES}{self.count}" if self.count > 1 else ""

    @property
    def kind(self) -> EventMark:
        """What marks that are alike have in common."""
        return replace(self, begin=0, end=0, count=0, size=0, vectors=(), device="")

    def joined(self, other: EventMark) -> EventMark | None:
        """Return this mark and `other`, which follows it, as one; None where they are not alike."""
        if self.kind != other.kind or self.what == ERROR or other.begin - self.end > _MAX_GAP:
            return None
        return self.with_(other)

    def with_(self, other: EventMark) -> EventMark:
        """Return this mark and `other`, which is like it, as one."""
        return replace(
            self,
            end=max(self.end, other.end),
            count=self.count + other.count,
            size=self.size + other.size,
            vectors=tuple(sorted({*self.vectors, *other.vectors})),
        )


def marks_of(
    history: MigrationHistory, migration: MigrationSpan, window: range, account: InterruptAccount
) -> list[EventMark]:
    """Return the marks of `migration` for the events in `window`, in the order of their beginnings."""
    found = sorted(_marks(history, migration, window, _notes(account)), key=lambda mark: mark.begin)
    joined = _joined(_named(found))
    return joined if len(joined) <= _MAX_MARKS else _crowded(joined)


def _notes(account: InterruptAccount) -> dict[int, str]:
    """Return what became of interrupts that did not come as they should, by their events' identity."""
    notes = {id(lost.raised): "lost" for lost in account.in_state(InterruptState.LOST)}
    notes |= {id(late.acknowledged): "late" for late in account.late}
    notes |= {id(unwanted.acknowledged): "was masked" for unwanted in account.unwanted}
    return notes


def _marks(
    history: MigrationHistory, migration: MigrationSpan, window: range, notes: Mapping[int, str]
) -> Iterator[EventMark]:
    failures = {id(error.event): error for error in device_errors(history)}
    phase = 0
    for position in window:
        event = history.timeline[position]
        phase += event.origin is EventSource.LAB and event.name in ("migrated", "fence")
        role = migration.role_of(event.actor)
        if id(event) in failures:
            yield EventMark(Lane.DEVICE, ERROR, event.at, event.at, failures[id(event)].short, bad=True)
        elif event.origin is EventSource.LAB:
            yield from (replace(mark, phase=phase) for mark in _of_lab(event, migration))
        elif role:
            note = notes.get(id(event), "")
            for mark in _of_process(event, Lane(role)):
                yield replace(mark, device=event.device, note=note, bad=mark.bad or bool(note), phase=phase)


def _named(marks: list[EventMark]) -> list[EventMark]:
    """Return `marks` with their devices named where there are several."""
    if len({mark.device for mark in marks} - {""}) < 2:
        return marks
    return [replace(mark, text=f"{mark.device} {mark.text}".strip()) for mark in marks]


def _of_lab(event: Event, migration: MigrationSpan) -> Iterator[EventMark]:
    at, fields = event.at, event.fields
    role = migration.role_of(str(fields.get("vm", "")))
    if event.name in ("fence", "mask", "unmask"):
        vectors = (int(fields["vector"]),) if "vector" in fields else ()
        text = event.name if event.name == "fence" else f"{event.name}s"
        yield EventMark(Lane.GUEST, event.name, at, at, text, vectors=vectors, device=str(fields.get("device", "")))
    elif event.name == "check":
        yield from _of_check(event)
    elif event.name == "exit" and not fields.get("expected") and role:
        yield EventMark(Lane(role), ERROR, at, at, "dies", bad=True)
    elif event.name == "hung":
        yield EventMark(Lane(role) if role else Lane.GUEST, ERROR, at, at, _shortened(str(fields["what"])), bad=True)
    elif event.name == "stopped" and role:
        yield EventMark(Lane(role), ERROR, at, at, f"stops: {fields.get('status')}", bad=True)
    elif event.name == "failure":
        yield EventMark(Lane.GUEST, ERROR, at, at, "the lab gives up", bad=True)
    elif event.name == "resume":
        yield EventMark(Lane.SOURCE, TOLD, at, at, "the lab continues it")
    elif event.name == "migrated":
        status = str(fields["status"])
        yield EventMark(Lane.SOURCE, TOLD, at, at, f"migration {status}", bad=status != migration.expect)


def _of_check(event: Event) -> Iterator[EventMark]:
    """Yield what the guest found when it checked a device."""
    for check in guest_checks([event]):
        wrong = [
            *what_is_wrong(check),
            *what_is_wrong_with_itself(check),
            *([f"{check.stale} pages are old"] if check.stale else []),
        ]
        text = _shortened(", ".join(wrong)) or "all is whole"
        what = ERROR if wrong else CHECK
        yield EventMark(Lane.GUEST, what, event.at, event.at, text, bool(wrong), device=check.device)


def _of_process(event: Event, lane: Lane) -> Iterator[EventMark]:
    at, fields = event.at, event.fields
    if event.origin is EventSource.MESSAGE:
        if event.name == ERROR and not is_harmless(str(fields["text"])):
            yield EventMark(lane, ERROR, at, at, _shortened(str(fields["text"])), bad=True)
    elif event.origin is EventSource.UAPI and event.name.startswith("irq-"):
        yield from _of_interrupt(event, lane)
    elif event.origin in (EventSource.UAPI, EventSource.TRACE):
        yield from _of_device(event, lane)


def _of_interrupt(event: Event, lane: Lane) -> Iterator[EventMark]:
    at, is_intx = event.at, event.fields.get("index") == INTX
    vectors = () if is_intx else (int(event.fields.get("vector", 0)),)
    line = f" {line_name(event)}" if is_intx else ""
    if event.name == "irq-raise":
        yield EventMark(Lane.DEVICE, "raise", at, at, f"raises{line}", vectors=vectors)
    elif event.name == "irq-consume":
        yield EventMark(lane, "take", at, at, f"takes{line}", vectors=vectors)
    elif event.name == "irq-ack":
        spurious = bool(event.fields.get("spurious"))
        text = f"handles{' spurious' if spurious else ''}{line}"
        yield EventMark(Lane.GUEST, "handle", at, at, text, spurious, vectors=vectors)


def _of_device(event: Event, lane: Lane) -> Iterator[EventMark]:
    at, fields = event.at, event.fields
    if event.name == "pause":
        yield EventMark(Lane.DEVICE, "pause", at, at, f"pauses {fields.get('ms')} ms")
    elif event.name in ACCESSES and (number := int(fields.get("errno", 0))) not in (0, errno.EPERM):
        words = f"{event.name}: {errno.errorcode.get(number, number)}"
        yield EventMark(Lane.DEVICE, FAILED_ACCESS, at, at, words, bad=True)
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


def _crowded(marks: Iterable[EventMark]) -> list[EventMark]:
    """Put marks together that are alike in their lane and phase, wherever they stand there."""
    kinds: dict[EventMark, EventMark] = {}
    for mark in marks:
        known = kinds.get(mark.kind)
        kinds[mark.kind] = mark if known is None else known.with_(mark)
    return sorted(kinds.values(), key=lambda mark: mark.begin)


def _joined(marks: Iterable[EventMark]) -> list[EventMark]:
    """Put marks of a lane together that are alike and follow each other there."""
    lanes: dict[Lane, list[EventMark]] = defaultdict(list)
    for mark in marks:
        lane = lanes[mark.lane]
        both = lane[-1].joined(mark) if lane else None
        lane[-1:] = [both] if both else [*lane[-1:], mark]
    return sorted((mark for lane in lanes.values() for mark in lane), key=lambda mark: mark.begin)


def _bytes(size: int) -> str:
    units = ((1 << 20, "MiB"), (1 << 10, "KiB"))
    return next((f"{size / unit:.0f} {name}" for unit, name in units if size >= unit), f"{size} bytes")


def _shortened(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= _MAX_MESSAGE else f"{line[: _MAX_MESSAGE - 1]}…"
