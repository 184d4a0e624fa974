# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether devices stand still as long as their VM does, because somebody stopped it or has not continued it yet.

A VM is halted from the event STOP of its monitor, or its start with `-S`, until the lab's command `cont`, and goes on
to be where it is migrated to (migration/global_state.c); QEMU reports
STOP when it has stopped all devices (do_vm_stop() in system/cpus.c), and that may come to be known late, but never
early. Likewise it waits before a switchover only when its VM has stopped (migration_completion_precopy()).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.migrations import (
    P2P_STATES,
    RESUMING,
    RUNNING_STATES,
    STOPPED_STATES,
    command_of,
    device_state,
    starts_paused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory

_ACTIVE_STATES = RUNNING_STATES | P2P_STATES
_PRE_SWITCHOVER = "pre-switchover"

_DeviceStates = dict[tuple[str, str], str]  # by process and device; '' is not known


def running_while_halted(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each device that is active while its VM is halted, or waits before a switchover."""
    states: _DeviceStates = {}
    stopping: set[str] = set()
    halted = {vm for event in history.timeline if (vm := starts_paused(event))}
    for event in history.timeline:
        if event.origin is EventSource.UAPI and event.name in ("state", "reset"):
            if event.actor in halted and _starts(states.get((event.actor, event.device), ""), device_state(event)):
                yield f"{event.device} is set to {device_state(event)} on {event.actor}, whose VM is stopped"
            states[event.actor, event.device] = device_state(event)
        elif event.origin is EventSource.LAB and event.name == "migrate" and event.fields["source"] in halted:
            halted.add(str(event.fields["destination"]))
        elif (commanded := command_of(event))[0]:
            vm, command = commanded
            (stopping.add if command == "stop" else stopping.discard)(vm)
            if command == "cont":
                halted.discard(vm)
        elif event.origin is EventSource.QMP and event.name == "STOP" and event.actor in stopping:
            halted.add(event.actor)
            yield from _active(states, event.actor, "whose VM was told to stop, and says that it has")
        elif _waits_before_switchover(event):
            yield from _active(states, event.actor, "which waits before its switchover")
    yield from _never_stopped(history)


def _starts(left: str, reached: str) -> bool:
    """Tell whether a device is set going; as it was opened, before any change of its state, it runs."""
    return (left in STOPPED_STATES or left == RESUMING) and reached in _ACTIVE_STATES


def _waits_before_switchover(event: Event) -> bool:
    return (
        event.origin is EventSource.QMP and event.name == "MIGRATION" and event.fields.get("status") == _PRE_SWITCHOVER
    )


def _active(states: Mapping[tuple[str, str], str], vm: str, why: str) -> Iterator[str]:
    for (actor, device), state in states.items():
        if actor == vm and state in _ACTIVE_STATES:
            yield f"{device} is in {state} on {vm}, {why}"


def _never_stopped(history: MigrationHistory) -> Iterator[str]:
    """Yield the devices that did not stop while their VM did: from the time it ran before to when it runs again.

    One whose change of state has failed may have stopped: that is another finding.
    """
    running: dict[tuple[str, str], bool] = {}  # whether it has never stopped since its VM ran
    stopped: set[str] = set()
    for event in history.timeline:
        key = (event.actor, event.device)
        if event.origin is EventSource.UAPI and event.name == "state":
            runs = device_state(event) not in {*STOPPED_STATES, ""}
            running[key] = runs and running.get(key, True)
        elif event.origin is EventSource.QMP and event.name == "STOP":
            stopped.add(event.actor)
        elif event.origin is EventSource.QMP and event.name == "RESUME":
            for actor, device in [key for key in running if key[0] == event.actor]:
                if event.actor in stopped and running[actor, device]:
                    yield f"{device} went on running on {actor}, whose guest was stopped"
                running[actor, device] = True
            stopped.discard(event.actor)
