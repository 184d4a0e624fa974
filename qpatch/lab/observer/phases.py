# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a QEMU takes its devices through the states that are optional, PRE_COPY and the peer-to-peer ones.

Which of them both a QEMU and its devices have is in the lab's event `phases`; where a lab does not say so, nothing is
asked for. The uAPI (linux/vfio.h) has the peer-to-peer states for several devices: none may start transfers of its own
before those that it could reach run, so that all of a VM enter them before any goes on to stop, or to run.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.migrations import (
    COMPLETED,
    P2P_STATES,
    RESUMING,
    RUNNING,
    RUNNING_STATES,
    STOPPED_STATES,
    STOPPING_STATES,
    command_of,
    device_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

PRE_COPY = "pre-copy"
P2P = "p2p"
_PRE_COPY_STATES = frozenset({"pre-copy", "pre-copy-p2p"})
_STOP_COPY = "stop-copy"


def skipped_phases(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each step of a device that leaves out a state which both it and its QEMU have."""
    given = _given(history)
    for migration in history.migrations:
        if migration.outcome == COMPLETED and _refuses(history, migration.source):
            yield (
                f"{migration.source} migrates several devices without peer-to-peer states, which its release refuses "
                f"(migration {migration.number})"
            )
        if PRE_COPY in given.get(migration.source, ()) and migration.outcome == COMPLETED:
            yield from _without_pre_copy(history, migration)
        if migration.outcome == COMPLETED:
            yield from _without_initial_data(history, migration)
    for vm, phases in given.items():
        if P2P in phases:
            yield from _without_p2p(history, vm)


def _given(history: MigrationHistory) -> dict[str, tuple[str, ...]]:
    return {
        str(event.fields["vm"]): tuple(event.fields["phases"])
        for event in history.timeline
        if event.origin is EventSource.LAB and event.name == "phases"
    }


def _refuses(history: MigrationHistory, vm: str) -> bool:
    """Tell whether the release that `vm` runs should have refused its devices."""
    return any(
        event.origin is EventSource.LAB
        and event.name == "phases"
        and event.fields["vm"] == vm
        and bool(event.fields.get("refuses"))
        for event in history.timeline
    )


def _without_pre_copy(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices of a source that ran when its migration began, and were in STOP_COPY before any PRE_COPY."""
    begun = _stopped_before(history, migration)
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        reached = device_state(event)
        if reached in _PRE_COPY_STATES:
            begun.add(event.device)
        elif reached == _STOP_COPY and event.device not in begun:
            begun.add(event.device)
            yield (
                f"{event.device} was never in PRE_COPY on {migration.source}, although it and this QEMU have that "
                f"(migration {migration.number})"
            )


def _without_initial_data(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that the source stops before the destination's has the initial data that it has to wait for.

    How much that is stands in the lab's event `initial-data`; it is what PRE_COPY gives (linux/vfio.h,
    VFIO_MIG_GET_PRECOPY_INFO).
    """
    wanted = 0
    loaded: dict[str, int] = defaultdict(int)
    for event in history.timeline:
        if event.origin is EventSource.LAB and event.name == "initial-data":
            wanted = int(event.fields["bytes"]) if event.fields["vm"] == migration.destination else wanted
        elif event.actor == migration.destination and event.name == "data-write" and not event.fields.get("errno", 0):
            loaded[event.device] += int(event.fields["bytes"])
        elif event.actor == migration.source and _leaves_pre_copy(event) and loaded[event.device] < wanted:
            yield (
                f"{migration.source} stops {event.device} when {migration.destination} has {loaded[event.device]} "
                f"bytes of its initial {wanted}, although it is to wait for all of them (migration {migration.number})"
            )


def _leaves_pre_copy(event: Event) -> bool:
    return event.name == "state" and event.fields["from"] == PRE_COPY and device_state(event) in STOPPING_STATES


def _stopped_before(history: MigrationHistory, migration: MigrationSpan) -> set[str]:
    """Return the source's devices that do not run when the migration begins: somebody has stopped the VM."""
    states = {
        event.device: reached
        for _, event in history.events(migration.source, 0, migration.begin)
        if (reached := device_state(event))
    }
    return {device for device, state in states.items() if state in STOPPED_STATES}


def _without_p2p(history: MigrationHistory, vm: str) -> Iterator[str]:
    """Yield the steps of the devices of `vm` past the peer-to-peer states, and those ahead of other devices.

    A device whose change of state has failed, or that was reset, may be in any state until the next one is reached. On
    the way back from a migration that failed, only a destination's devices are looked at: what a source's QEMU has
    stopped runs again in no order that is documented, unless the lab has to continue the VM.
    """
    states: dict[str, str] = {}
    continued: set[str] = set()  # devices that have not changed their state since the lab's `cont`
    for event in history.timeline:
        if command_of(event) == (vm, "cont"):
            continued = set(states)
        elif event.actor != vm or event.origin is not EventSource.UAPI:
            continue
        elif event.name == "reset" or (event.name == "open" and event.fields["what"] == "device"):
            states[event.device] = ""
        elif event.name == "state":
            states[event.device] = device_state(event)
            yield from _wrong_step(event, states, continued=event.device in continued)
            continued.discard(event.device)


def _wrong_step(event: Event, states: Mapping[str, str], *, continued: bool) -> Iterator[str]:
    left, reached, vm = str(event.fields["from"]), states[event.device], event.actor
    stops = left in RUNNING_STATES and reached in STOPPED_STATES
    resumes = reached == RUNNING and (left == RESUMING or (continued and left in STOPPED_STATES))
    if stops or resumes:
        yield f"{event.device} goes from {left} to {reached} on {vm} without a peer-to-peer state, although it has one"
    if reached in STOPPED_STATES and left in P2P_STATES:
        yield from (
            f"{event.device} stops on {vm} while {other} still is in {state}"
            for other, state in states.items()
            if state in RUNNING_STATES
        )
    elif reached == RUNNING and left in P2P_STATES:
        yield from (
            f"{event.device} runs on {vm} while {other} still is in {state}"
            for other, state in states.items()
            if state == RESUMING or state in STOPPED_STATES
        )
