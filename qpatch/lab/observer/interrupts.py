# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts for every interrupt of a run, across processes: delivered, lost and why, duplicated, late.

An interrupt is delivered when the guest has acknowledged it, on whichever side; the device's counters migrate with it.
It is lost when a fence of the VM that runs the guest comes first, unless its driver has masked the vector: it waits
then for the fence after the driver has unmasked it. One that comes after the fence, but before the guest is asked for
anything else, is late: the lab gives it time. What a device raises on a destination in which the
guest never ran was never to be delivered, and is left out.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.model import Event, EventSource, InterruptCounts
from qpatch.lab.observer.bounds import late_ms, late_often, late_once_ms
from qpatch.lab.observer.migrations import LAB, RESUMING, RUNNING, RUNNING_STATES, device_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from qpatch.lab.observer.migrations import MigrationHistory

    Line: TypeAlias = tuple[str, str, int]

NANOSECONDS_PER_MS = 1_000_000
INTX = "intx"
_NO_INTERRUPTS = frozenset({"err", "req"})  # indices that tell the VMM of errors and requests


class InterruptState(enum.StrEnum):
    """What became of an interrupt; `unsettled`: the run ended before that was decided."""

    DELIVERED = "delivered"
    LOST = "lost"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class Interrupt:
    """One interrupt that a device raised, at `position` of the timeline; `sequence` counts those of its vector.

    `wait_ms` is the time until the guest acknowledged it, from the moment at which it could, where a migration had set
    the device running and no fence has come since, or after a fence that came before it (`after_fence`); elsewhere 0,
    since only a busy host can have delayed it there. `gap_ms` is the time that the guest took for it alone, anywhere:
    since it was sent, or since the guest had acknowledged the one before. `why` says of a lost one where it was lost.
    """

    raised: Event
    position: int
    sequence: int = 0
    state: InterruptState = InterruptState.UNSETTLED
    acknowledged: Event | None = None
    wait_ms: float = 0.0
    after_fence: bool = False
    gap_ms: float = 0.0
    why: str = ""

    @property
    def is_late(self) -> bool:
        """Whether it was delivered after the bound, or after a fence."""
        return self.state is InterruptState.DELIVERED and (self.after_fence or self.wait_ms > late_ms())

    @property
    def delay_ms(self) -> float:
        """How long it took to come."""
        return max(self.wait_ms, self.gap_ms)

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        number = f" {self.sequence}" if self.sequence else ""
        return f"interrupt{number} of {self.raised.device}'s {line_name(self.raised)}"


@dataclass(frozen=True)
class InterruptAccount:
    """All interrupts in the order in which they were raised, and acknowledgements when nothing was outstanding.

    `unwanted` are those that were raised and reached the guest while its driver had the vector masked, `unsent` the
    interrupts that QEMU took from the device and that the device had not sent.
    """

    interrupts: tuple[Interrupt, ...] = ()
    duplicates: tuple[Event, ...] = ()
    unwanted: tuple[Interrupt, ...] = ()
    unsent: tuple[Event, ...] = ()

    def in_state(self, state: InterruptState) -> tuple[Interrupt, ...]:
        """Return the interrupts that ended in `state`."""
        return tuple(interrupt for interrupt in self.interrupts if interrupt.state is state)

    @property
    def late(self) -> tuple[Interrupt, ...]:
        """The interrupts that came after the bound, and those that took too long if they are many, or one far too long.

        A busy host delays one now and then, for a while.
        """
        slow = [interrupt for interrupt in self.interrupts if interrupt.gap_ms > late_ms()]
        counts = len(slow) >= late_often() or any(interrupt.gap_ms > late_once_ms() for interrupt in slow)
        return tuple(one for one in self.interrupts if one.is_late or (counts and one in slow))

    def totals(self) -> InterruptCounts:
        """Return how many ended in which state."""
        return InterruptCounts(
            len(self.in_state(InterruptState.DELIVERED)),
            len(self.in_state(InterruptState.LOST)),
            len(self.duplicates),
            len(self.late),
        )


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

    `migrates`: the first migration has begun. `held`: until the next fence, the lab decides when interrupts can come,
    since a processor of the guest took none: how long they wait says nothing.
    """

    timeline: Sequence[Event]
    destinations: frozenset[str]
    settled: list[Interrupt] = field(default_factory=list)
    outstanding: dict[Line, list[Interrupt]] = field(default_factory=lambda: defaultdict(list))
    overdue: dict[Line, list[_Overdue]] = field(default_factory=lambda: defaultdict(list))
    duplicates: list[Event] = field(default_factory=list)
    running_since: dict[tuple[str, str], int] = field(default_factory=dict)
    migrates: bool = False
    resuming: set[tuple[str, str]] = field(default_factory=set)
    taken_over: set[tuple[str, str]] = field(default_factory=set)
    masked: dict[Line, int] = field(default_factory=dict)
    unwanted: list[Interrupt] = field(default_factory=list)
    unmasked_at: dict[Line, int] = field(default_factory=dict)
    last_answer: dict[str, int] = field(default_factory=dict)
    unread: dict[tuple[str, Line], int] = field(default_factory=lambda: defaultdict(int))
    unsent: list[Event] = field(default_factory=list)
    held: bool = False

    def note(self, position: int, event: Event) -> None:
        """Update the account by `event`."""
        if event.origin is EventSource.LAB:
            self.migrates = self.migrates or event.name == "migrate"
            if event.name == "fence":
                self._fence(position, str(event.fields["vm"]))
            elif event.name == "check":
                self._give_up(vm=str(event.fields["vm"]))
            elif event.name in ("mask", "unmask"):
                self._mask(event)
            elif event.name == "irqs-off":
                self.held = True
        elif event.origin is not EventSource.UAPI:
            return
        elif event.name == "state":
            self._state(event)
        elif event.name == "reset":
            self._reset(event)
        elif event.fields.get("index") not in _NO_INTERRUPTS:
            self._interrupt(position, event)

    def account(self) -> InterruptAccount:
        """Return the account; what is still outstanding stays unsettled."""
        self._give_up()
        left = [interrupt for line in self.outstanding.values() for interrupt in line]
        return InterruptAccount(
            tuple(sorted([*self.settled, *left], key=lambda interrupt: interrupt.position)),
            tuple(self.duplicates),
            tuple(self.unwanted),
            tuple(self.unsent),
        )

    def _signal(self, event: Event) -> None:
        """Count what a device sends, and what is read of that: several sent at once may be read as one."""
        key = event.actor, _line(event)
        if event.name == "irq-resend" or (event.name == "irq-raise" and event.fields.get("sent", True)):
            self.unread[key] += 1
        elif event.name == "irq-consume" and self.unread[key] > 0:
            self.unread[key] -= 1
        elif event.name == "irq-consume":
            self.unsent.append(event)

    def _interrupt(self, position: int, event: Event) -> None:
        self._signal(event)
        if event.name == "irq-raise":
            self._give_up(_line(event))
            self.outstanding[_line(event)].append(Interrupt(event, position, int(event.fields.get("sequence", 0))))
        elif event.name == "irq-swallow":
            self._swallow(position, event)
        elif event.name == "irq-renumber":
            self._renumber(event)
        elif event.name == "irq-ack":
            self._acknowledge(event)

    def _renumber(self, event: Event) -> None:
        """Renumber what a destination raised before it had the source's counters, which have come now."""
        shift = int(event.fields["sequence"]) - int(event.fields["local"])
        line = _line(event)
        self.outstanding[line] = [
            replace(interrupt, sequence=interrupt.sequence + shift)
            if interrupt.raised.actor == event.actor
            else interrupt
            for interrupt in self.outstanding[line]
        ]

    def _swallow(self, position: int, event: Event) -> None:
        """Count an interrupt that the device swallows; it may have been logged as raised, too."""
        line = self.outstanding[_line(event)]
        if not any(
            interrupt.raised.actor == event.actor and not interrupt.raised.fields.get("sent", True)
            for interrupt in line
        ):
            line.append(Interrupt(event, position))

    def _acknowledge(self, event: Event) -> None:
        if event.fields.get("spurious"):
            self.duplicates.append(event)
            return
        sequence = event.fields["sequence"]
        self._come_late(event)
        line = self.outstanding[_line(event)]
        answered = [interrupt for interrupt in line if interrupt.sequence <= sequence]
        self.outstanding[_line(event)] = [interrupt for interrupt in line if interrupt not in answered]
        since = self.running_since.get((event.actor, event.device))
        masked = self.masked.get(_line(event))
        self.unwanted += [one for one in answered if masked is not None and one.raised.at > masked]
        for interrupt in answered:
            possible = max(interrupt.raised.at, since or 0, self.unmasked_at.get(_line(event), 0))
            waited = event.at - possible if since is not None else 0
            self.settled.append(
                replace(
                    interrupt,
                    state=InterruptState.DELIVERED,
                    acknowledged=event,
                    wait_ms=max(0, waited) / NANOSECONDS_PER_MS,
                    gap_ms=self._gap_ms(interrupt, event, possible),
                )
            )
        self.last_answer[event.actor] = event.at

    def _gap_ms(self, interrupt: Interrupt, answer: Event, possible: int) -> float:
        """Return how long the guest took for one interrupt, 0 for what has moved with it or was not sent at once."""
        if self.held or interrupt.raised.actor != answer.actor or not interrupt.raised.fields.get("sent", True):
            return 0
        return max(0, answer.at - max(possible, self.last_answer.get(answer.actor, 0))) / NANOSECONDS_PER_MS

    def _state(self, event: Event) -> None:
        key = (event.actor, event.device)
        reached = device_state(event)
        if reached == RESUMING:
            self.resuming.add(key)
        elif self.migrates and reached == RUNNING and event.fields["from"] not in RUNNING_STATES:
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

    def _come_late(self, event: Event) -> None:
        """Count as delivered what a fence has missed, and `event` acknowledges."""
        kept = []
        for one in self.overdue.pop(_line(event), []):
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
            self.overdue[_line(event)] = kept

    def _give_up(self, line: Line | None = None, vm: str = "") -> None:
        """Count as lost what a fence has missed, and nothing has acknowledged: of one line, one VM, or everywhere."""
        for key in [line] if line is not None else list(self.overdue):
            if vm and any(one.vm != vm for one in self.overdue[key]):
                continue
            self.settled += [
                replace(
                    one.interrupt,
                    state=InterruptState.LOST,
                    why=_loss_reason(self.timeline, one.interrupt, one.fence),
                )
                for one in self.overdue.pop(key, [])
            ]

    def _mask(self, event: Event) -> None:
        line = _line(event)
        if event.name == "mask":
            self.masked[line] = event.at
        else:
            self.masked.pop(line, None)
            self.unmasked_at[line] = event.at


def account_for(history: MigrationHistory) -> InterruptAccount:
    """Return what became of every interrupt of the run."""
    abandoned = history.abandoned()
    ledger = _InterruptLedger(history.timeline, frozenset(migration.destination for migration in history.migrations))
    for position, event in enumerate(history.timeline):
        if event.actor == LAB or event.actor not in abandoned:
            ledger.note(position, event)
    return ledger.account()


@cache
def controllers() -> frozenset[str]:
    """Return the names under which interrupt controllers migrate."""
    text = resources.files(__package__).joinpath("controllers.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.load(text, yaml.CSafeLoader)["controllers"])


def controller_loaded(event: Event) -> str:
    """Return the name of the interrupt controller whose state `event` begins to load, or ''."""
    if event.origin is not EventSource.TRACE or event.name != "vmstate_load":
        return ""
    name = str(event.fields.get("id", ""))
    return name if name in controllers() else ""


def line_name(event: Event) -> str:
    """Return what to call in a sentence the line of a device that the interrupt `event` is about."""
    return "INTx" if event.fields.get("index") == INTX else f"vector {event.fields.get('vector', 0)}"


def _line(event: Event) -> Line:
    index = event.fields.get("index", "")
    return event.device, INTX if index == INTX else "message", int(event.fields.get("vector", 0))


def _loss_reason(timeline: Sequence[Event], lost: Interrupt, fence: int) -> str:
    """Return where an interrupt was lost, from what the process did in which it was raised."""
    raised = lost.raised
    later = [event for event in timeline[lost.position + 1 : fence] if event.actor == raised.actor]
    if raised.name == "irq-swallow" or any(_same(event, raised, "irq-swallow") for event in later[:2]):
        return "it was swallowed by the device"
    if not raised.fields.get("sent", True):
        return f"the device could not send it: {raised.fields.get('reason') or 'no eventfd was set'}"
    taken = next((number for number, event in enumerate(later) if _same(event, raised, "irq-consume")), None)
    if taken is None:
        return f"its eventfd was never read by {raised.actor}"
    return _after_taking(raised, later[taken], later[taken:])


def _after_taking(raised: Event, taken: Event, later: Sequence[Event]) -> str:
    what = f"{line_name(raised)}'s"
    loaded = next(((event, name) for event in later if (name := controller_loaded(event))), None)
    if loaded is None:
        return f"QEMU took {what} eventfd, but the guest never acknowledged it"
    event, name = loaded
    return f"QEMU took {what} eventfd {(event.at - taken.at) / NANOSECONDS_PER_MS:.1f} ms before {name} was loaded"


def _same(event: Event, raised: Event, name: str) -> bool:
    return event.origin is EventSource.UAPI and event.name == name and _line(event) == _line(raised)
