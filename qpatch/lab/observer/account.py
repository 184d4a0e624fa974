# SPDX-License-Identifier: GPL-2.0-or-later
"""An interrupt of a device, what became of it, and the account of all of a run; `interrupts` draws that up."""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, InterruptCounts
from qpatch.lab.observer.bounds import late_ms, late_often, late_once_ms

if TYPE_CHECKING:
    from typing import TypeAlias

    Line: TypeAlias = tuple[str, str, int]

NANOSECONDS_PER_MS = 1_000_000
INTX = "intx"


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
    interrupts that QEMU took from the device and that the device had not sent. `begins` are the positions at which
    migrations began, in order.
    """

    interrupts: tuple[Interrupt, ...] = ()
    duplicates: tuple[Event, ...] = ()
    unwanted: tuple[Interrupt, ...] = ()
    unsent: tuple[Event, ...] = ()
    begins: tuple[int, ...] = ()

    def in_state(self, state: InterruptState) -> tuple[Interrupt, ...]:
        """Return the interrupts that ended in `state`."""
        return tuple(interrupt for interrupt in self.interrupts if interrupt.state is state)

    @property
    def late(self) -> tuple[Interrupt, ...]:
        """The interrupts that came after the bound, and those that took too long if they are many, or one far too long.

        A busy host delays one now and then, for a while: many are as many between two migrations.
        """
        slow = [interrupt for interrupt in self.interrupts if interrupt.gap_ms > late_ms()]
        stretches = Counter(bisect_right(self.begins, interrupt.position) for interrupt in slow)
        often = max(stretches.values(), default=0) >= late_often()
        counts = often or any(interrupt.gap_ms > late_once_ms() for interrupt in slow)
        return tuple(one for one in self.interrupts if one.is_late or (counts and one in slow))

    def totals(self) -> InterruptCounts:
        """Return how many ended in which state."""
        return InterruptCounts(
            len(self.in_state(InterruptState.DELIVERED)),
            len(self.in_state(InterruptState.LOST)),
            len(self.duplicates),
            len(self.late),
        )


def line_name(event: Event) -> str:
    """Return what to call in a sentence the line of a device that the interrupt `event` is about."""
    return "INTx" if event.fields.get("index") == INTX else f"vector {event.fields.get('vector', 0)}"


def line_of(event: Event) -> Line:
    """Return the line of a device that `event` is about; MSI and MSI-X have the same ones."""
    index = event.fields.get("index", "")
    return event.device, INTX if index == INTX else "message", int(event.fields.get("vector", 0))
