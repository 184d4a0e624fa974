# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts for every interrupt of a run, across processes: delivered, lost and why, duplicated, late.

An interrupt is delivered when the guest has acknowledged it, on whichever side; the device's counters migrate with it.
It is lost when a fence of the VM that runs the guest comes first, unless its driver has masked the vector: it waits
then for the fence after the driver has unmasked it. One that comes after the fence, but before the guest is asked for
anything else, is late: the lab gives it time. What a device raises on a destination in which the
guest never ran was never to be delivered, and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import INTX, NANOSECONDS_PER_MS, Interrupt, InterruptAccount, InterruptState, line_of
from qpatch.lab.observer.bounds import late_ms
from qpatch.lab.observer.losses import loss_reason
from qpatch.lab.observer.migrations import LAB, RESUMING, RUNNING, RUNNING_STATES, device_state
from qpatch.lab.observer.starvation import Starvation, starvation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.model import Event
    from qpatch.lab.observer.account import Line
    from qpatch.lab.observer.migrations import MigrationHistory

_NO_INTERRUPTS = frozenset({"err", "req"})  # indices that tell the VMM of errors and requests


@dataclass(frozen=True)
class _Overdue:
    """An interrupt that the fence at position `fence` has not found handled; `vm` is that of the fence."""

    interrupt: Interrupt
    fence: int
    vm: str
    since: int


@dataclass
class _InterruptLedger:
    """The account while the timeline is read.

    `begins`: where migrations have begun. `held`: until the next fence, the lab decides when interrupts can come,
    since a processor of the guest took none, or the guest was so busy that a loaded host is late with some of many:
    how long they wait says nothing. `starved`: what the host took, and is not counted. `surplus`: messages, each an
    interrupt of its own, that the acknowledgement of another one of their vector has answered, and that may still come
    until the next fence.
    """

    timeline: Sequence[Event]
    destinations: frozenset[str]
    settled: list[Interrupt] = field(default_factory=list)
    outstanding: dict[Line, list[Interrupt]] = field(default_factory=lambda: defaultdict(list))
    overdue: dict[Line, list[_Overdue]] = field(default_factory=lambda: defaultdict(list))
    duplicates: list[Event] = field(default_factory=list)
    surplus: dict[Line, int] = field(default_factory=lambda: defaultdict(int))
    running_since: dict[tuple[str, str], int] = field(default_factory=dict)
    begins: list[int] = field(default_factory=list)
    resuming: set[tuple[str, str]] = field(default_factory=set)
    taken_over: set[tuple[str, str]] = field(default_factory=set)
    masked: dict[Line, int] = field(default_factory=dict)
    unwanted: list[Interrupt] = field(default_factory=list)
    unmasked_at: dict[Line, int] = field(default_factory=dict)
    last_answer: dict[str, int] = field(default_factory=dict)
    unread: dict[tuple[str, Line], int] = field(default_factory=lambda: defaultdict(int))
    unsent: list[Event] = field(default_factory=list)
    starved: Starvation = field(default_factory=Starvation)
    held: bool = False

    def note(self, position: int, event: Event) -> None:
        """Update the account by `event`."""
        if event.origin is EventSource.LAB:
            self._lab(position, event)
        elif event.origin is not EventSource.UAPI:
            return
        elif event.name == "state":
            self._state(event)
        elif event.name == "reset":
            self._reset(event)
        elif event.fields.get("index") not in _NO_INTERRUPTS:
            self._interrupt(position, event)

    def _lab(self, position: int, event: Event) -> None:
        if event.name == "migrate":
            self.begins.append(position)
        if event.name == "fence":
            self._fence(position, str(event.fields["vm"]))
        elif event.name == "check":
            self._give_up(vm=str(event.fields["vm"]))
        elif event.name in ("mask", "unmask"):
            self._mask(event)
        elif event.name == "reboot":
            self.masked.clear()
        elif event.name in ("irqs-off", "busy"):
            self.held = True

    def account(self) -> InterruptAccount:
        """Return the account; what is still outstanding stays unsettled."""
        self._give_up()
        left = [interrupt for line in self.outstanding.values() for interrupt in line]
        return InterruptAccount(
            tuple(sorted([*self.settled, *left], key=lambda interrupt: interrupt.position)),
            tuple(self.duplicates),
            tuple(self.unwanted),
            tuple(self.unsent),
            tuple(self.begins),
        )

    def _signal(self, event: Event) -> None:
        """Count what a device sends, and what is read of that: several sent at once may be read as one."""
        key = event.actor, line_of(event)
        if event.name == "irq-resend" or (event.name == "irq-raise" and event.fields.get("sent", True)):
            self.unread[key] += 1
        elif event.name == "irq-consume" and self.unread[key] > 0:
            self.unread[key] -= 1
        elif event.name == "irq-consume":
            self.unsent.append(event)

    def _interrupt(self, position: int, event: Event) -> None:
        self._signal(event)
        if event.name == "irq-raise":
            self._give_up(line_of(event))
            self.outstanding[line_of(event)].append(Interrupt(event, position, int(event.fields.get("sequence", 0))))
        elif event.name == "irq-swallow":
            self._swallow(position, event)
        elif event.name == "irq-renumber":
            self._renumber(event)
        elif event.name == "irq-ack":
            self._acknowledge(event)

    def _renumber(self, event: Event) -> None:
        """Renumber what a destination raised before it had the source's counters, which have come now."""
        shift = int(event.fields["sequence"]) - int(event.fields["local"])
        line = line_of(event)
        self.outstanding[line] = [
            replace(interrupt, sequence=interrupt.sequence + shift)
            if interrupt.raised.actor == event.actor
            else interrupt
            for interrupt in self.outstanding[line]
        ]

    def _swallow(self, position: int, event: Event) -> None:
        """Count an interrupt that the device swallows; it may have been logged as raised, too."""
        line = self.outstanding[line_of(event)]
        if not any(
            interrupt.raised.actor == event.actor and not interrupt.raised.fields.get("sent", True)
            for interrupt in line
        ):
            line.append(Interrupt(event, position))

    def _acknowledge(self, event: Event) -> None:
        if event.fields.get("spurious"):
            if self.surplus[line_of(event)]:
                self.surplus[line_of(event)] -= 1
            else:
                self.duplicates.append(event)
            return
        sequence = event.fields["sequence"]
        self._come_late(event)
        line = self.outstanding[line_of(event)]
        answered = [interrupt for interrupt in line if interrupt.sequence <= sequence]
        self.outstanding[line_of(event)] = [interrupt for interrupt in line if interrupt not in answered]
        if event.fields.get("index") != INTX:
            self.surplus[line_of(event)] += max(0, len(answered) - 1)
        since = self.running_since.get((event.actor, event.device))
        masked = self.masked.get(line_of(event))
        self.unwanted += [one for one in answered if masked is not None and one.raised.at > masked]
        for interrupt in answered:
            possible = max(interrupt.raised.at, since or 0, self.unmasked_at.get(line_of(event), 0))
            waited = self._waited_ms(possible, event.at) if since is not None else 0
            self.settled.append(
                replace(
                    interrupt,
                    state=InterruptState.DELIVERED,
                    acknowledged=event,
                    wait_ms=waited,
                    gap_ms=self._gap_ms(interrupt, event, possible),
                )
            )
        self.last_answer[event.actor] = event.at

    def _gap_ms(self, interrupt: Interrupt, answer: Event, possible: int) -> float:
        """Return how long the guest took for one interrupt, 0 for what has moved with it or was not sent at once."""
        if self.held or interrupt.raised.actor != answer.actor or not interrupt.raised.fields.get("sent", True):
            return 0
        return self._waited_ms(max(possible, self.last_answer.get(answer.actor, 0)), answer.at)

    def _waited_ms(self, begin: int, end: int) -> float:
        """Return for how long something took that was possible at `begin`, without what the host took of it."""
        waited = max(0.0, (end - begin) / NANOSECONDS_PER_MS)
        return waited if waited <= late_ms() else max(0.0, waited - self.starved.of_vms_ms(begin, end))

    def _state(self, event: Event) -> None:
        key = (event.actor, event.device)
        reached = device_state(event)
        if reached == RESUMING:
            self.resuming.add(key)
        elif self.begins and reached == RUNNING and event.fields["from"] not in RUNNING_STATES:
            if not self.held:
                self.running_since[key] = event.at
            if key in self.resuming:
                self.taken_over.add(key)

    def _reset(self, event: Event) -> None:
        """Withdraw what was raised; the reset of a destination in which the guest does not run yet changes nothing."""
        if event.actor in self.destinations and (event.actor, event.device) not in self.taken_over:
            return
        for line in [line for line in self.outstanding if line[0] == event.device]:
            del self.outstanding[line]
        if event.fields.get("cause") == "guest":  # its driver sets up all vectors anew, and masks none
            self.masked = {line: since for line, since in self.masked.items() if line[0] != event.device}

    def _fence(self, position: int, vm: str) -> None:
        """Note what is outstanding; from here on, nothing that happens on `vm` is due to a migration."""
        for line in [line for line in self.outstanding if line not in self.masked]:
            for interrupt in self.outstanding.pop(line):
                since = max(self.running_since.get((vm, line[0]), 0), self.unmasked_at.get(line, 0))
                self.overdue[line].append(_Overdue(interrupt, position, vm, max(interrupt.raised.at, since)))
        self.running_since = {key: since for key, since in self.running_since.items() if key[0] != vm}
        self.held = False
        self.surplus.clear()

    def _come_late(self, event: Event) -> None:
        """Count as delivered what a fence has missed, and `event` acknowledges."""
        kept = []
        for one in self.overdue.pop(line_of(event), []):
            if one.interrupt.sequence > event.fields["sequence"]:
                kept.append(one)
                continue
            wait = (event.at - one.since) / NANOSECONDS_PER_MS
            self.settled.append(
                replace(
                    one.interrupt,
                    state=InterruptState.DELIVERED,
                    acknowledged=event,
                    wait_ms=wait,
                    after_fence=True,
                )
            )
        if kept:
            self.overdue[line_of(event)] = kept

    def _give_up(self, line: Line | None = None, vm: str = "") -> None:
        """Count as lost what a fence has missed, and nothing has acknowledged: of one line, one VM, or everywhere."""
        for key in [line] if line is not None else list(self.overdue):
            if vm and any(one.vm != vm for one in self.overdue[key]):
                continue
            self.settled += [
                replace(
                    one.interrupt,
                    state=InterruptState.LOST,
                    why=loss_reason(self.timeline, one.interrupt, one.fence),
                )
                for one in self.overdue.pop(key, [])
            ]

    def _mask(self, event: Event) -> None:
        line = line_of(event)
        if event.name == "mask":
            self.masked[line] = event.at
        else:
            self.masked.pop(line, None)
            self.unmasked_at[line] = event.at


def account_for(history: MigrationHistory) -> InterruptAccount:
    """Return what became of every interrupt of the run."""
    abandoned = history.abandoned()
    ledger = _InterruptLedger(
        history.timeline,
        frozenset(migration.destination for migration in history.migrations),
        starved=starvation(history.timeline),
    )
    for position, event in enumerate(history.timeline):
        if event.actor == LAB or event.actor not in abandoned:
            ledger.note(position, event)
    return ledger.account()
