# SPDX-License-Identifier: GPL-2.0-or-later
"""The migrations of a timeline: which process was source or destination at what time, and where the guest ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMPLETED = "completed"
FAILED = "failed"
CANCELLED = "cancelled"
UNFINISHED = "unfinished"
SOURCE = "source"
DESTINATION = "destination"
LAB = "lab"

RUNNING = "running"
RESUMING = "resuming"
# States in which the device's processor side runs, and those that a device leaves them to when the VM is stopped.
RUNNING_STATES = frozenset({RUNNING, "pre-copy"})
P2P_STATES = frozenset({"running-p2p", "pre-copy-p2p"})
STOPPED_STATES = frozenset({"stop", "stop-copy"})
STOPPING_STATES = P2P_STATES | STOPPED_STATES


@dataclass(frozen=True)
class MigrationSpan:
    """One migration; `number` counts from 1.

    `begin` and `stop` are positions in the timeline: from its command up to the command of the next one. `reported` is
    the position at which the lab reported its end, `stop` where it never did. `at` is the time of its command.
    `outcome` is completed only if both sides say so; `source_status` is what the source says, and `downtime_ms` the
    downtime that it has measured. `resumed`: the lab had to continue the source. `return_path`: the destination had a
    way to tell the source of its end.
    """

    number: int
    source: str
    destination: str
    to: str
    expect: str
    begin: int
    stop: int
    reported: int
    at: int
    outcome: str = UNFINISHED
    source_status: str = ""
    error: str = ""
    downtime_ms: float | None = None
    resumed: bool = False
    return_path: bool = False

    @property
    def is_as_expected(self) -> bool:
        """Whether it ended as the scenario wants it."""
        return self.outcome == self.expect

    def role_of(self, actor: str) -> str:
        """Return `source`, `destination`, or '' for a process that had no part in it."""
        return {self.source: SOURCE, self.destination: DESTINATION}.get(actor, "")


@dataclass(frozen=True)
class MigrationHistory:
    """A timeline and its migrations."""

    timeline: Sequence[Event]
    migrations: tuple[MigrationSpan, ...]

    @property
    def last(self) -> MigrationSpan | None:
        """The last migration."""
        return self.migrations[-1] if self.migrations else None

    def abandoned(self) -> frozenset[str]:
        """Return the processes in which the guest never ran: what their devices raised was never to be delivered."""
        ran_in = {event.fields.get("vm") for event in self.timeline if _is_lab(event, "fence")}
        return frozenset(
            migration.destination
            for migration in self.migrations
            if migration.outcome != COMPLETED and migration.destination not in ran_in
        )

    def migration_at(self, position: int) -> MigrationSpan | None:
        """Return the migration that had begun last at `position`, None before the first."""
        return next((found for found in reversed(self.migrations) if found.begin <= position), None)

    def role_at(self, actor: str, position: int) -> str:
        """Return the role of `actor` at `position`: a VM that waits is what it will be."""
        present = self.migration_at(position)
        if present is not None and present.role_of(actor):
            return present.role_of(actor)
        return next((role for found in self.migrations if (role := found.role_of(actor))), SOURCE)

    def events(self, actor: str, begin: int, stop: int) -> Iterator[tuple[int, Event]]:
        """Yield the events of `actor` with their positions, from `begin` up to `stop`."""
        for position in range(begin, min(stop, len(self.timeline))):
            if self.timeline[position].actor == actor:
                yield position, self.timeline[position]

    def incoming(self, migration: MigrationSpan) -> range:
        """Return the positions of what the destination does for the incoming state.

        From the first device that is set to RESUMING, or state that is loaded, to the last device that then runs; where
        one never does, to the migration's end.
        """
        begin, end = migration.stop, migration.stop
        resuming: set[str] = set()
        for position, event in self.events(migration.destination, migration.begin, migration.stop):
            to = device_state(event)
            if to == RESUMING or (event.origin is EventSource.TRACE and event.name == "vmstate_load"):
                begin = min(begin, position)
            if to == RESUMING:
                resuming.add(event.device)
            elif to == RUNNING and event.device in resuming:
                resuming.remove(event.device)
                end = position + 1 if not resuming else end
        return range(begin, end)


def parse_migrations(timeline: Sequence[Event]) -> MigrationHistory:
    """Return the migrations of `timeline`."""
    begins = [position for position, event in enumerate(timeline) if _is_lab(event, "migrate")]
    stops = [*begins[1:], len(timeline)][: len(begins)]
    return MigrationHistory(
        timeline,
        tuple(
            _migration(timeline, number, begin, stop)
            for number, (begin, stop) in enumerate(zip(begins, stops, strict=True), 1)
        ),
    )


def device_state(event: Event) -> str:
    """Return the state that a device has reached by `event`, '' where it is about something else or has failed."""
    if event.origin is not EventSource.UAPI or event.name != "state" or event.fields.get("errno", 0):
        return ""
    return str(event.fields["to"])


def command_of(event: Event) -> tuple[str, str]:
    """Return the VM and the name of the command that the lab gave to its monitor, empty where `event` is none."""
    if not _is_lab(event, "command"):
        return "", ""
    return str(event.fields["vm"]), str(event.fields["command"])


def starts_paused(event: Event) -> str:
    """Return the VM that the lab starts so that it waits for `cont`, '' where `event` is none of that."""
    return str(event.fields["vm"]) if _is_lab(event, "start") and event.fields.get("paused") else ""


def _migration(timeline: Sequence[Event], number: int, begin: int, stop: int) -> MigrationSpan:
    fields = timeline[begin].fields
    start = MigrationSpan(
        number,
        str(fields["source"]),
        str(fields["destination"]),
        str(fields.get("to", "vm")),
        str(fields.get("expect", COMPLETED)),
        begin,
        stop,
        stop,
        timeline[begin].at,
        return_path=bool(fields.get("return_path")),
    )
    reported = next((position for position in range(begin, stop) if _is_lab(timeline[position], "migrated")), None)
    if reported is None:
        return start
    end = timeline[reported].fields
    return MigrationSpan(
        number,
        start.source,
        start.destination,
        start.to,
        start.expect,
        begin,
        stop,
        reported,
        start.at,
        str(end["status"]),
        str(end.get("source_status") or end["status"]),
        str(end.get("error") or ""),
        end.get("downtime_ms"),
        any(_is_lab(event, "resume") and event.fields.get("vm") == start.source for event in timeline[reported:stop]),
        start.return_path,
    )


def _is_lab(event: Event, name: str) -> bool:
    return event.origin is EventSource.LAB and event.name == name
