# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether devices went through their states as a migration must take them, both sides together.

The rules are those of the uAPI (linux/vfio.h, enum vfio_device_mig_state) and of what a migration is for: one side's
device runs at a time, and a device runs only when all that came for it was loaded. Each violation is a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.migrations import COMPLETED, RESUMING, RUNNING, RUNNING_STATES, device_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_LOADING = {"data-write": "data", "config-write": "config space"}


def disorders(history: MigrationHistory) -> tuple[str, ...]:
    """Return a sentence for each step of a device that came too early, or that never came."""
    found: list[str] = []
    for migration in history.migrations:
        if migration.outcome == COMPLETED:
            found += _both_running(history, migration)
            found += _loaded_while_running(history, migration)
        else:
            found += _left_behind(history, migration)
    return tuple(found)


def _both_running(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that run on the destination before the source has stopped them."""
    stopped: set[str] = set()
    resuming: set[str] = set()
    for event in history.timeline[migration.begin : migration.stop]:
        reached = device_state(event)
        if event.actor == migration.source and reached:
            (stopped.discard if reached in RUNNING_STATES else stopped.add)(event.device)
        elif event.actor == migration.destination and reached == RESUMING:
            resuming.add(event.device)
        elif (
            event.actor == migration.destination
            and reached == RUNNING
            and event.device in resuming
            and event.device not in stopped
        ):
            yield (
                f"{event.device} runs on {migration.destination} before {migration.source} has stopped it "
                f"(migration {migration.number})"
            )


def _loaded_while_running(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield what the destination loads into a device that runs already, before the guest runs there."""
    resumed: set[str] = set()
    running: set[str] = set()
    for _, event in history.events(migration.destination, migration.begin, migration.stop):
        if event.origin is EventSource.QMP and event.name == "RESUME":
            return
        reached = device_state(event)
        if reached == RESUMING:
            resumed.add(event.device)
        elif reached == RUNNING and event.device in resumed:
            running.add(event.device)
        elif _is_loading(event) and event.device in running:
            yield (
                f"{event.device} of {migration.destination} runs before its {_LOADING[event.name]} is loaded "
                f"(migration {migration.number})"
            )
            running.discard(event.device)


def _is_loading(event: Event) -> bool:
    return event.origin is EventSource.UAPI and event.name in _LOADING


def _left_behind(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that do not run again on a source whose guest does."""
    running = False
    states: dict[str, str] = {}
    for event in history.timeline[migration.begin : migration.stop]:
        if event.origin is EventSource.LAB and event.name == "state" and event.fields.get("vm") == migration.source:
            break  # It is about to end, and stops its devices for that.
        if event.actor != migration.source:
            continue
        if event.origin is EventSource.QMP and event.name in ("RESUME", "STOP"):
            running = event.name == "RESUME"
        elif reached := device_state(event):
            states[event.device] = reached
    for device, state in states.items():
        if running and state not in RUNNING_STATES:
            yield (
                f"{device} is left in {state} on {migration.source}, whose guest runs again "
                f"(migration {migration.number})"
            )
