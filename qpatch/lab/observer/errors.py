# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors of a run: who reported what and when; which of the device's own belong to which migration; faults."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource, ReportedError
from qpatch.lab.observer.logs import ERROR, is_harmless
from qpatch.lab.observer.migrations import LAB, RUNNING, SOURCE, device_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

DEVICE = "device"
SHORT = "short"

# Operations whose failure is the device's answer to QEMU, and not QEMU's asking what there is.
_OPERATIONS = frozenset({"state", "data-read", "data-write", "set-irqs", "config-read", "config-write", "reset"})
_SHORT = {"set-irqs": "SET_IRQS", "state": "change of state"}
_RULES = {
    "config": "its config space first",
    "config-any": "its config space first",
    "irqs": "its interrupts first",
    "no-config": "its config space later",
    "no-irqs": "its interrupts later",
}
_PROBED = frozenset({"err", "req"})  # QEMU tries whether the device has these interrupts


# By what QEMU's messages name a device: its id on the command line.
DEVICE_ID = re.compile(r"\bdev\d+\b")


@dataclass(frozen=True)
class DeviceError:
    """An error that the device gave, in migration number `migration` (0: none) by the profile's `rule`, if any.

    A transfer that it cut short is one, too, where the migration failed; QEMU may as well go on with the rest.
    """

    event: Event
    migration: int
    rule: str = ""

    @property
    def what(self) -> str:
        """What the device did, in words."""
        if self.event.fields.get("result") == SHORT:
            return f"{self.event.device} on {self.event.actor} completed only half of {_operation(self.event)}"
        return f"{self.event.device} on {self.event.actor} answered {_operation(self.event)} with {self._name}"

    @property
    def short(self) -> str:
        """The same in two words or three: the operation and the error."""
        name = "refuses data" if self.rule else self.event.name
        return f"{_SHORT.get(name, name)}: {self._name}"

    @property
    def _name(self) -> str:
        number = int(self.event.fields.get("errno", 0))
        return errno.errorcode.get(number, str(number))

    @property
    def because(self) -> str:
        """Which rule of the profile is behind it, as the end of a sentence; '' where none is."""
        return f", because it requires {_RULES.get(self.rule, self.rule)}" if self.rule else ""


def device_errors(history: MigrationHistory) -> tuple[DeviceError, ...]:
    """Return the errors that devices gave; one that a rule of the profile is behind comes once, with that rule."""
    found = []
    refused: set[tuple[str, str, str]] = set()
    injected: set[tuple[str, str, str]] = set()
    for position, event in enumerate(history.timeline):
        if event.origin is not EventSource.UAPI:
            continue
        operation = (event.actor, event.device, str(event.fields.get("operation", event.name)))
        if event.name == "refuse":
            refused.add(operation)
            found.append(DeviceError(event, _migration_of(history, position), str(event.fields.get("reason", ""))))
        elif _is_fault(event):
            injected |= {operation} if event.fields.get("result") != SHORT else set()
        elif _is_failure(event, injected=operation in injected):
            if operation not in refused:
                found.append(DeviceError(event, _migration_of(history, position)))
            refused.discard(operation)
            injected.discard(operation)
    return tuple(found)


def cut_short(history: MigrationHistory) -> tuple[DeviceError, ...]:
    """Return the transfers that a device's faults cut short: no errors, but QEMU may stumble over them."""
    return tuple(
        DeviceError(event, _migration_of(history, position))
        for position, event in enumerate(history.timeline)
        if _is_fault(event) and event.fields.get("result") == SHORT
    )


def unused_faults(history: MigrationHistory) -> tuple[str, ...]:
    """Return the faults that the lab set up for some process, as the profile writes them, and that none had."""
    fired = {_fired(event) for event in history.timeline if _is_fault(event)}
    given = [
        str(fault)
        for event in history.timeline
        if event.origin is EventSource.LAB and event.name == "faults"
        for fault in event.fields["faults"]
    ]
    return tuple(fault for fault in dict.fromkeys(given) if _fault_in_log(fault) not in fired)


def reported_errors(history: MigrationHistory) -> tuple[ReportedError, ...]:
    """Return every error that somebody reported, in order; what QEMU prints when nothing is wrong is left out.

    What the source reports on its monitor after it printed the same is left out, too.
    """
    devices = {id(error.event): error for error in device_errors(history)}
    reported: list[ReportedError] = []
    for position, event in enumerate(history.timeline):
        if id(event) in devices:
            error = devices[id(event)]
            reported.append(ReportedError(DEVICE, error.what + error.because, event.at))
        elif event.origin is EventSource.MESSAGE and event.name == ERROR and not is_harmless(str(event.fields["text"])):
            reported.append(ReportedError(history.role_at(event.actor, position), str(event.fields["text"]), event.at))
        elif event.origin is EventSource.LAB:
            begin = _begin_of(history, position)
            printed = {error.message for error in reported if error.by == SOURCE and error.at >= begin}
            reported += [error for error in _of_lab(event) if error.by != SOURCE or error.message not in printed]
    return tuple(reported)


def _of_lab(event: Event) -> Iterator[ReportedError]:
    if event.name == "failure":
        yield ReportedError(LAB, str(event.fields.get("message", "")), event.at)
    elif event.name == "migrated" and event.fields.get("error"):
        yield ReportedError(SOURCE, str(event.fields["error"]), event.at)
    elif event.name == "refused":
        yield ReportedError(SOURCE, f"{event.fields.get('command')}: {event.fields.get('error')}", event.at)


def _is_fault(event: Event) -> bool:
    return event.origin is EventSource.UAPI and event.name == "fault"


def _fault_in_log(fault: str) -> tuple[str, int, str]:
    """Return operation, number and result of `fault` as `_fired` does."""
    operation, number, result = fault.split(":")
    return operation if operation.startswith("state/") else operation.partition("/")[0], int(number), result


def _fired(event: Event) -> tuple[str, int, str]:
    """Return operation, number and result of a fault that occurred; of states, the event says to which one."""
    operation, to = str(event.fields["operation"]), event.fields.get("to")
    return f"{operation}/{to}" if to else operation, int(event.fields["nth"]), str(event.fields["result"])


def _begin_of(history: MigrationHistory, position: int) -> int:
    """Return the time of the command of the migration that the event at `position` is in, 0 before the first."""
    migration = history.migration_at(position)
    return migration.at if migration is not None else 0


def _is_failure(event: Event, *, injected: bool) -> bool:
    """Return whether the device failed; what any device answers so is no failure, unless a fault is behind it."""
    number = event.fields.get("errno", 0)
    if event.name not in _OPERATIONS or not number:
        return False
    return injected or not (_is_probe(event) or (event.name == "data-read" and number == errno.ENOMSG))


def _is_probe(event: Event) -> bool:
    """Return whether QEMU asks for interrupts that a device need not have, or takes down what is not set up."""
    fields = event.fields
    return fields.get("index") in _PROBED or (event.name == "set-irqs" and not fields.get("count", 1))


def _migration_of(history: MigrationHistory, position: int) -> int:
    """Return the number of the migration that the event at `position` is part of, 0 if it is none's."""
    migration = history.migration_at(position)
    if migration is None or not migration.role_of(history.timeline[position].actor):
        return 0
    return migration.number if position < _settled(history, migration) else 0


def _settled(history: MigrationHistory, migration: MigrationSpan) -> int:
    """Return the position from which on errors are no longer the migration's: it is over, and the destination runs."""
    runs = [
        position
        for position, event in history.events(migration.destination, migration.begin, migration.stop)
        if device_state(event) == RUNNING
    ]
    return max(runs[-1] + 1, min(migration.reported, migration.stop)) if runs else migration.stop


def _operation(event: Event) -> str:
    fields = event.fields
    name = str(fields.get("operation", "")) if event.name in ("refuse", "fault") else event.name
    if name == "state":
        return f"the change of its state from {fields.get('from')} to {fields.get('to')}"
    if name == "set-irqs":
        return f"SET_IRQS ({fields.get('index')})"
    return {
        "data-read": "a read of its data",
        "data-write": "a write of its data",
        "reset": "a reset",
        "config-read": "a read of its config space",
        "config-write": "a write of its config space",
    }.get(name, name)
