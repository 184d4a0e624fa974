# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run's timeline shows, before it is judged: deaths, checks of the guest, errors, states at the end."""

from __future__ import annotations

import errno
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource, ReportedError
from qpatch.lab.observer.account import InterruptAccount, InterruptState
from qpatch.lab.observer.announcements import unannounced
from qpatch.lab.observer.bars import Bars
from qpatch.lab.observer.checks import guest_checks, silent_timers
from qpatch.lab.observer.clock import clock_faults
from qpatch.lab.observer.consistency import contradictions
from qpatch.lab.observer.counters import counters_gone_back
from qpatch.lab.observer.early import stopped_early
from qpatch.lab.observer.economy import set_up_again, wasted
from qpatch.lab.observer.ends import wrong_ends
from qpatch.lab.observer.errors import DeviceError, cut_short, device_errors, reported_errors, unused_faults
from qpatch.lab.observer.estimates import underestimates
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.mappings import ACCESSES, memory_left_mapped, memory_left_writeable, memory_taken_away
from qpatch.lab.observer.measures import Stall, longest_stall
from qpatch.lab.observer.migrations import COMPLETED, UNFINISHED, MigrationHistory, MigrationSpan, parse_migrations
from qpatch.lab.observer.pace import crawls
from qpatch.lab.observer.requests import unheard
from qpatch.lab.observer.silence import silent
from qpatch.lab.observer.standstill import standstills
from qpatch.lab.observer.states import disorders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.lab.observer.checks import GuestCheck


@dataclass(frozen=True)
class FailedAccess:
    """An access of a device of `vm` to guest memory that failed; `operation` is dma-read or dma-write.

    `memory` says what lies at `iova`: guest memory, or whose BAR.
    """

    vm: str
    device: str
    operation: str
    iova: int
    errno: int
    memory: str = "guest memory"


@dataclass(frozen=True)
class ProcessDeath:
    """An unexpected end of the process `vm`, or of its guest; `how` says in words how it ended."""

    vm: str
    how: str


@dataclass(frozen=True)
class Findings:
    """All that verdicts are made of.

    `failure` is what the lab waited for without success, `not_applicable` why nothing was run, `devices_refused` that
    a QEMU did not start with its devices, `cut_logs` which logs were too long, `by_lab` what the lab did in QEMU's
    place after a migration that had not completed, `halted` the process that took over and then stopped its VM by
    itself. `hung` says what does not answer any more, `disorders` which states of devices came in a wrong order,
    `unannounced` which ends of migrations QEMU has not told of, `silent` which failures it does not explain,
    `wrong_ends` which VMs end in a wrong state, `taken_away` which memory it took from a device that ran, or left to
    it, `stalls` for how long nothing happened in each downtime, `standstills` where the guest stood still otherwise,
    has become slow, or waits for what it need not, `counters` which counts of devices have gone back, `early` sources
    that stop before they may, `unheard` what QEMU does not hear of any more, `clock_faults` where the guest's clock did
    not go on as it should, `silent_timers` timers of the guest's processors that did not interrupt, `left_behind` VMs
    in which pages are older than the guest's own processor wrote them, and how many. `cut_short` are transfers that a
    device completed by half, `unused_faults` faults that never occurred, `resets` processes and devices that QEMU reset
    while the guest ran
    there. `undriven` tells that guests have no driver for their devices, `harmless` which errors QEMU may print of
    these (a regular expression, '' for none). `acknowledged_after` is how many interrupts the guest has acknowledged
    since the last migration, `fences_after` how many fences it has answered, `reported_at` when the lab reported that
    one's end, `states` the state of each process at the end.
    """

    failure: str = ""
    contradictions: tuple[str, ...] = ()
    deaths: tuple[ProcessDeath, ...] = ()
    halted: str = ""
    migrations: tuple[MigrationSpan, ...] = ()
    device_errors: tuple[DeviceError, ...] = ()
    cut_short: tuple[DeviceError, ...] = ()
    unused_faults: tuple[str, ...] = ()
    hung: tuple[str, ...] = ()
    disorders: tuple[str, ...] = ()
    unannounced: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    wrong_ends: tuple[str, ...] = ()
    failed_accesses: tuple[FailedAccess, ...] = ()
    taken_away: tuple[str, ...] = ()
    stalls: tuple[Stall, ...] = ()
    standstills: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    checks: tuple[GuestCheck, ...] = ()
    clock_faults: tuple[str, ...] = ()
    left_behind: tuple[tuple[str, int], ...] = ()
    silent_timers: tuple[str, ...] = ()
    account: InterruptAccount = field(default_factory=InterruptAccount)
    resets: frozenset[tuple[str, str]] = frozenset()
    undriven: bool = False
    harmless: str = ""
    fences_after: int = 0
    acknowledged_after: int = 0
    reported_at: int = 0
    errors: tuple[ReportedError, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    not_applicable: str = ""
    devices_refused: str = ""
    cut_logs: tuple[str, ...] = ()
    by_lab: tuple[str, ...] = ()

    @property
    def checks_after(self) -> tuple[GuestCheck, ...]:
        """The checks in the VM that ran the guest after the last migration, made since the lab reported its end."""
        if self.last is None:
            return ()
        vm = self.last.destination if self.last.outcome == COMPLETED else self.last.source
        return tuple(check for check in self.checks if check.vm == vm and check.at >= self.reported_at)

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
    """Return what `timeline` shows; `failure` is that of the run's record, '' where it was carried out to its end."""
    history = parse_migrations(timeline)
    account = account_for(history)
    lab = [event for event in timeline if event.origin is EventSource.LAB]
    errors = device_errors(history)
    failures = [str(event.fields.get("message", "")) for event in lab if event.name == "failure"]
    reasons = [str(event.fields.get("reason", "")) for event in lab if event.name == "not-applicable"]
    return Findings(
        failure=failure or next(iter(failures), ""),
        contradictions=contradictions(timeline),
        deaths=tuple(_deaths(lab)),
        halted=_halted(history),
        migrations=history.migrations,
        device_errors=errors,
        cut_short=cut_short(history),
        unused_faults=unused_faults(history),
        hung=tuple(str(event.fields["what"]) for event in lab if event.name == "hung"),
        disorders=disorders(history),
        unannounced=tuple(unannounced(history)),
        silent=tuple(silent(history, errors)),
        wrong_ends=tuple(wrong_ends(history)),
        failed_accesses=tuple(_failed_accesses(timeline)),
        taken_away=(
            *memory_taken_away(timeline),
            *memory_left_mapped(timeline),
            *memory_left_writeable(timeline),
        ),
        stalls=tuple(filter(None, (longest_stall(history, migration) for migration in history.migrations))),
        standstills=(
            *standstills(history),
            *crawls(history),
            *underestimates(history),
            *wasted(history),
            *set_up_again(timeline),
        ),
        counters=tuple(counters_gone_back(timeline)),
        early=tuple(stopped_early(history)),
        unheard=tuple(unheard(history)),
        checks=tuple(guest_checks(lab)),
        clock_faults=tuple(clock_faults(timeline)),
        left_behind=tuple(
            (str(event.fields["vm"]), int(event.fields["stale"]))
            for event in lab
            if event.name == "idle" and event.fields["stale"]
        ),
        silent_timers=tuple(silent_timers(lab)),
        account=account,
        resets=frozenset(_resets(history)),
        reported_at=_reported_at(history),
        undriven=any(event.name == "undriven" for event in lab),
        harmless=next((str(event.fields["harmless"]) for event in lab if event.name == "undriven"), ""),
        fences_after=_fences_after(history),
        acknowledged_after=_acknowledged_after(history, account),
        errors=reported_errors(history),
        states=_states(lab),
        not_applicable=next(iter(reasons), ""),
        cut_logs=tuple(_cut_logs(lab)),
        by_lab=tuple(_by_lab(history)),
        devices_refused=next((str(event.fields["reason"]) for event in lab if event.name == "devices-refused"), ""),
    )


def ending(event: Event) -> str:
    """Return in words how the process ended, from the lab's event `exit`."""
    number, code = int(event.fields.get("signal") or 0), int(event.fields.get("code") or 0)
    if number and event.fields.get("expected"):
        return "was ended by the lab"
    return f"was killed by {signal.Signals(number).name}" if number else f"ended with exit code {code}"


def _by_lab(history: MigrationHistory) -> Iterator[str]:
    """Yield what the lab did, as a verb: it continued sources, and ended destinations that did not end themselves."""
    for migration in history.migrations:
        if migration.outcome in (COMPLETED, UNFINISHED):
            continue
        if migration.resumed:
            yield f"continued {migration.source}"
        if any(
            event.origin is EventSource.LAB
            and (event.name, event.fields.get("vm")) == ("exit", migration.destination)
            and event.fields.get("expected")
            and event.fields.get("signal")
            for event in history.timeline[migration.begin : migration.stop]
        ):
            yield f"ended {migration.destination}"


def _cut_logs(lab: Sequence[Event]) -> Iterator[str]:
    for event in lab:
        if event.name == "log-cut":
            size, read = (int(event.fields[name]) / 1e6 for name in ("bytes", "read"))
            yield (
                f"{event.fields['vm']} logged {size:.1f} MB, of which {read:.1f} MB were read; most often there: "
                f"{event.fields['most']}, {int(event.fields['times']):,} times"
            )


def _deaths(lab: Sequence[Event]) -> Iterator[ProcessDeath]:
    for event in lab:
        if event.name == "exit" and not event.fields.get("expected"):
            yield ProcessDeath(str(event.fields["vm"]), ending(event))
        elif event.name == "kernel-died":
            yield ProcessDeath("the kernel", str(event.fields["what"]))
        elif event.name == "guest-died":
            yield ProcessDeath(f"the guest on {event.fields['vm']}", f"died: {event.fields['what']}")


def _failed_accesses(timeline: Sequence[Event]) -> Iterator[FailedAccess]:
    """Yield the accesses that failed of devices that ran: a stopped device has none (EPERM, by the device itself)."""
    bars = Bars()
    for event in timeline:
        bars.note(event)
        number = int(event.fields.get("errno", 0))
        if event.origin is EventSource.UAPI and event.name in ACCESSES and number not in (0, errno.EPERM):
            iova = int(event.fields.get("iova", 0))
            memory = bars.at(iova) or "guest memory"
            yield FailedAccess(event.actor, event.device, event.name, iova, number, memory)


def _halted(history: MigrationHistory) -> str:
    """Return the last destination if it had taken over and then stopped the VM, which the lab never asks for."""
    if history.last is None:
        return ""
    changes = [
        event.name
        for _, event in history.events(history.last.destination, history.last.begin, history.last.stop)
        if event.origin is EventSource.QMP and event.name in ("RESUME", "STOP")
    ]
    return history.last.destination if changes[-2:] == ["RESUME", "STOP"] else ""


def _resets(history: MigrationHistory) -> Iterator[tuple[str, str]]:
    """Yield process and device of each reset in a migration, but for those of a destination before it takes over.

    What is reset with the machine, which the lab asks for, is not of QEMU's own accord.
    """
    reboots = {
        str(event.fields["vm"]): position
        for position, event in enumerate(history.timeline)
        if event.origin is EventSource.LAB and event.name == "reboot"
    }
    for migration in history.migrations:
        taken_over = history.incoming(migration).start
        for actor, begin in ((migration.source, migration.begin), (migration.destination, taken_over)):
            stop = min(migration.stop, reboots.get(actor, migration.stop))
            for _, event in history.events(actor, begin, stop):
                if event.origin is EventSource.UAPI and event.name == "reset":
                    yield actor, event.device


def _states(lab: Sequence[Event]) -> dict[str, str]:
    """Return the last state that each VM reported, or how it ended where it ended before reporting one."""
    states: dict[str, str] = {}
    for event in lab:
        vm = str(event.fields.get("vm", ""))
        if event.name == "state":
            states[vm] = str(event.fields["status"])
        elif event.name == "exit" and (vm not in states or not event.fields.get("expected")):
            states[vm] = ending(event)
    return states


def _reported_at(history: MigrationHistory) -> int:
    """Return when the lab reported the end of the last migration; the timeline's end where it did not."""
    if history.last is None or history.last.reported >= len(history.timeline):
        return history.timeline[-1].at + 1 if history.timeline else 0
    return history.timeline[history.last.reported].at


def _fences_after(history: MigrationHistory) -> int:
    """Return how many fences the guest has answered since the lab reported the end of the last migration."""
    last, since = history.last, _reported_at(history)
    vm = "" if last is None else last.destination if last.outcome == COMPLETED else last.source
    return sum(
        (event.origin, event.name, event.fields.get("vm")) == (EventSource.LAB, "fence", vm) and event.at >= since
        for event in history.timeline
    )


def _acknowledged_after(history: MigrationHistory, account: InterruptAccount) -> int:
    if history.last is None:
        return 0
    if history.last.reported >= len(history.timeline):
        return 0
    end = history.timeline[history.last.reported].at
    delivered = account.in_state(InterruptState.DELIVERED)
    acknowledged = [interrupt.acknowledged for interrupt in delivered if interrupt.acknowledged is not None]
    vm = history.last.destination if history.last.outcome == COMPLETED else history.last.source
    return sum(1 for event in acknowledged if event.actor == vm and (event.at >= end or vm == history.last.destination))
