# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run's timeline shows, before it is judged: deaths, checks of the guest, errors, states at the end."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource, ReportedError
from qpatch.lab.observer.consistency import contradictions
from qpatch.lab.observer.errors import DeviceError, cut_short, device_errors, errors_seen, unfired
from qpatch.lab.observer.interrupts import InterruptAccount, InterruptState, account_for
from qpatch.lab.observer.migrations import COMPLETED, MigrationHistory, MigrationSpan, parse_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class GuestCheck:
    """What the guest found when it checked a device: pages that are old or wrong, whether memory and state are so."""

    vm: str
    device: str
    stale: int = 0
    corrupt: int = 0
    memory: str = "ok"
    state: str = "ok"


@dataclass(frozen=True)
class ProcessDeath:
    """The end of the process `vm` that nobody asked for; `how` says in words how it ended."""

    vm: str
    how: str


@dataclass(frozen=True)
class Findings:
    """All that verdicts are made of.

    `failure` is what the lab waited for in vain, `not_applicable` why nothing was run, `halted` the process that took
    over and then stopped its VM by itself. `cut_short` are transfers that a device did by halves, `unfired` faults that
    never came to pass, `resets` processes and devices that QEMU reset while the guest was theirs. `heard_after` is how
    many interrupts the guest has acknowledged since the last migration, `states` how each process was at the end.
    """

    failure: str = ""
    contradictions: tuple[str, ...] = ()
    deaths: tuple[ProcessDeath, ...] = ()
    halted: str = ""
    migrations: tuple[MigrationSpan, ...] = ()
    device_errors: tuple[DeviceError, ...] = ()
    cut_short: tuple[DeviceError, ...] = ()
    unfired: tuple[str, ...] = ()
    checks: tuple[GuestCheck, ...] = ()
    account: InterruptAccount = field(default_factory=InterruptAccount)
    resets: frozenset[tuple[str, str]] = frozenset()
    heard_after: int = 0
    errors: tuple[ReportedError, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    not_applicable: str = ""

    @property
    def last(self) -> MigrationSpan | None:
        """The last migration."""
        return self.migrations[-1] if self.migrations else None

    def errors_in(self, migration: MigrationSpan) -> tuple[DeviceError, ...]:
        """Return the errors that devices gave in `migration`."""
        return tuple(error for error in self.device_errors if error.migration == migration.number)

    def causes_of(self, migration: MigrationSpan) -> tuple[DeviceError, ...]:
        """Return what devices did that `migration` can have failed for: errors, else transfers that they cut short."""
        return self.errors_in(migration) or tuple(one for one in self.cut_short if one.migration == migration.number)

    def said_by(self, role: str, since: int) -> str:
        """Return the first error that `role` (source, destination) reported at or after `since`, or ''."""
        return next((error.message for error in self.errors if error.by == role and error.at >= since), "")


def find(timeline: Sequence[Event], failure: str = "") -> Findings:
    """Return what `timeline` shows; `failure` is the run's own (RunRecord), '' where it was carried out to its end."""
    story = parse_migrations(timeline)
    account = account_for(story)
    lab = [event for event in timeline if event.origin is EventSource.LAB]
    told = [str(event.fields.get("message", "")) for event in lab if event.name == "failure"]
    reasons = [str(event.fields.get("reason", "")) for event in lab if event.name == "not-applicable"]
    return Findings(
        failure=failure or next(iter(told), ""),
        contradictions=contradictions(timeline),
        deaths=tuple(_deaths(lab)),
        halted=_halted(story),
        migrations=story.migrations,
        device_errors=device_errors(story),
        cut_short=cut_short(story),
        unfired=unfired(story),
        checks=tuple(_checks(lab)),
        account=account,
        resets=frozenset(_resets(story)),
        heard_after=_heard_after(story, account),
        errors=errors_seen(story),
        states=_states(lab),
        not_applicable=next(iter(reasons), ""),
    )


def ending(event: Event) -> str:
    """Return in words how the process ended that the lab's event `exit` tells of."""
    number, code = int(event.fields.get("signal") or 0), int(event.fields.get("code") or 0)
    if number and event.fields.get("expected"):
        return "was ended by the lab"
    return f"was killed by {signal.Signals(number).name}" if number else f"ended with exit code {code}"


def _deaths(lab: Sequence[Event]) -> Iterator[ProcessDeath]:
    for event in lab:
        if event.name == "exit" and not event.fields.get("expected"):
            yield ProcessDeath(str(event.fields["vm"]), ending(event))


def _checks(lab: Sequence[Event]) -> Iterator[GuestCheck]:
    for event in lab:
        if event.name == "check":
            fields = event.fields
            yield GuestCheck(
                str(fields["vm"]),
                str(fields.get("device", "")),
                int(fields.get("stale", 0)),
                int(fields.get("corrupt", 0)),
                str(fields.get("memory", "ok")),
                str(fields.get("state", "ok")),
            )


def _halted(story: MigrationHistory) -> str:
    """Return the last destination if it had taken over and then stopped the VM, which the lab never asks for."""
    if story.last is None:
        return ""
    told = [
        event.name
        for _, event in story.events(story.last.destination, story.last.begin, story.last.stop)
        if event.origin is EventSource.QMP and event.name in ("RESUME", "STOP")
    ]
    return story.last.destination if told[-2:] == ["RESUME", "STOP"] else ""


def _resets(story: MigrationHistory) -> Iterator[tuple[str, str]]:
    """Yield process and device of each reset in a migration, but for those of a destination before it takes over."""
    for migration in story.migrations:
        taken_over = story.incoming(migration).start
        for actor, begin in ((migration.source, migration.begin), (migration.destination, taken_over)):
            for _, event in story.events(actor, begin, migration.stop):
                if event.origin is EventSource.UAPI and event.name == "reset":
                    yield actor, event.device


def _states(lab: Sequence[Event]) -> dict[str, str]:
    """Return the last state that each VM told, or how it ended where it did not live to tell one."""
    states: dict[str, str] = {}
    for event in lab:
        vm = str(event.fields.get("vm", ""))
        if event.name == "state":
            states[vm] = str(event.fields["status"])
        elif event.name == "exit" and (vm not in states or not event.fields.get("expected")):
            states[vm] = ending(event)
    return states


def _heard_after(story: MigrationHistory, account: InterruptAccount) -> int:
    if story.last is None:
        return 0
    told = story.timeline[story.last.told].at if story.last.told < len(story.timeline) else None
    if told is None:
        return 0
    heard = [one.acknowledged for one in account.having(InterruptState.DELIVERED) if one.acknowledged is not None]
    vm = story.last.destination if story.last.outcome == COMPLETED else story.last.source
    return sum(1 for event in heard if event.actor == vm and (event.at >= told or vm == story.last.destination))
