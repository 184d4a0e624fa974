# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's vocabulary: events of a run, the words of a verdict, what is reported of a run.

It needs nothing but the standard library: bundles carry it, with all that judges a run.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

# The event with which a device's log begins, and which tells that the lab started a process.
START = "start"

# Of what pydantic reads back from results: a key that is not known is an error.
_FROM_JSON = {"extra": "forbid"}


class EventSource(enum.StrEnum):
    """Where an event was seen."""

    UAPI = "uapi"  # the device: what QEMU asks of it, and what it does by itself
    TRACE = "trace"  # a trace event of QEMU
    MESSAGE = "message"  # what QEMU printed: errors and warnings
    QMP = "qmp"  # an event or an answer on the monitor
    SERIAL = "serial"  # a line to or from the guest
    LAB = "lab"  # what the lab did: a process started, a migration begun


@dataclass(frozen=True)
class Event:
    """One thing seen: `at` is CLOCK_MONOTONIC in nanoseconds; `actor` the process (`qemu0`) or `lab`."""

    at: int
    actor: str
    origin: EventSource
    name: str
    device: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the event as a line of timeline.jsonl has it."""
        return {
            "at": self.at,
            "actor": self.actor,
            "origin": str(self.origin),
            "name": self.name,
            "device": self.device,
            "fields": dict(self.fields),
        }


class MigrationOutcome(enum.StrEnum):
    """How a migration ends."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verdict(enum.StrEnum):
    """What a run showed, the first in this order that applies; docs/labs.md explains each."""

    STORM = "storm"  # the guest was busy with interrupts that nobody raised
    HUNG = "hung"  # a QEMU, or the guest in one that runs, does not answer any more
    LAB_ERROR = "lab-error"  # the lab itself failed: says nothing about QEMU
    INCONSISTENT = "inconsistent"  # the timeline contradicts itself: nothing can be concluded
    CRASHED = "crashed"  # a QEMU process died
    REFUSED = "refused"  # the device refused data or a state by its profile's rule, and the migration failed
    FAILED = "failed"  # the migration failed for another reason, and it should not have
    STRANDED = "stranded"  # the source's migration failed, and QEMU did not let the guest run on: the lab had to
    MISORDERED = "misordered"  # a device was taken through its states in a wrong order, or left in one
    UNNOTICED = "unnoticed"  # the device reported an error, and the migration was reported as completed
    DMA_FAILED = "dma-failed"  # the device could not reach guest memory that was given to it
    CORRUPTED = "corrupted"  # the device's state, or its memory, differs on the destination
    STALE = "stale"  # guest memory that the device wrote is older on the destination
    MISROUTED = "misrouted"  # an interrupt reached another vector or processor than its own, or a masked vector
    LOST = "lost"  # an interrupt never reached the guest
    DUPLICATED = "duplicated"  # an interrupt reached the guest more often than it was raised
    LATE = "late"  # every interrupt was delivered, one of them after the bound
    SLOW = "slow"  # nothing is wrong, and the guest stood still for much longer than it need
    NOISY = "noisy"  # nothing is wrong, and QEMU printed an error
    RECOVERED = "recovered"  # the migration failed as the scenario expects; the source ran on and nothing was lost
    DELIVERED = "delivered"  # completed; every interrupt delivered once; state and memory intact
    NOT_APPLICABLE = "not-applicable"  # this QEMU or machine cannot do what the scenario or profile asks for

    @property
    def is_green(self) -> bool:
        """Whether the run showed nothing wrong."""
        return self in (Verdict.RECOVERED, Verdict.DELIVERED)


@dataclass(frozen=True)
class InterruptCounts:
    """How many interrupts ended how; `late` ones are counted as delivered, too."""

    __pydantic_config__: ClassVar = _FROM_JSON
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    late: int = 0


@dataclass(frozen=True)
class ReportedError:
    """An error somebody reported: `by` is device, source, destination or lab; `at` as in Event."""

    __pydantic_config__: ClassVar = _FROM_JSON
    by: str
    message: str
    at: int = 0


@dataclass(frozen=True)
class Observation:
    """What a run's timeline shows, and the verdict on it. Durations are milliseconds, 'emulated, no KVM'.

    `reason` says in one sentence why the verdict is what it is; `order` names, in the order in which they happened on
    the last destination, `data`, `config`, `set_irqs` and the interrupt controllers loaded (by their vmstate names).
    `by_lab` is what the lab did in QEMU's place when a migration had not completed: all else QEMU did by itself.
    """

    __pydantic_config__: ClassVar = _FROM_JSON
    verdict: Verdict
    reason: str
    interrupts: InterruptCounts = InterruptCounts()
    order: tuple[str, ...] = ()
    config_bytes: int = 0
    config_writes: int = 0
    set_irqs: int = 0
    data_bytes: int = 0
    downtime_ms: float | None = None
    irq_setup_ms: float | None = None
    errors: tuple[ReportedError, ...] = ()
    source_state: str = ""
    destination_state: str = ""
    by_lab: tuple[str, ...] = ()
