# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether devices went through their states as a migration must take them, both sides together.

The rules are those of the uAPI (linux/vfio.h, enum vfio_device_mig_state) and of what a migration is for: one side's
device runs at a time, it runs only when all that came for it was loaded, and its state comes from STOP_COPY. Each
violation is a sentence. What is optional in the uAPI is in phases.py, devices of VMs that stand still are in halted.py,
what a migration leaves behind is in leftovers.py, and when a device may transfer data in transfers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.halted import running_while_halted
from qpatch.lab.observer.leftovers import left_over, memory_left
from qpatch.lab.observer.logs import saving_traces
from qpatch.lab.observer.migrations import (
    COMPLETED,
    P2P_STATES,
    RESUMING,
    RUNNING,
    RUNNING_STATES,
    device_state,
)
from qpatch.lab.observer.phases import skipped_phases
from qpatch.lab.observer.transfers import transfers_of_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_LOADING = {"data-write": "data", "config-write": "config space", "set-irqs": "interrupts"}
_STOP_COPY = "stop-copy"
_OF_THE_GUEST = ((EventSource.SERIAL, "answer"), (EventSource.UAPI, "irq-ack"))


def disorders(history: MigrationHistory) -> tuple[str, ...]:
    """Return a sentence for each step of a device that came too early, or that never came; each one once."""
    found: list[str] = []
    for migration in history.migrations:
        found += _both_running(history, migration)
        if migration.outcome == COMPLETED:
            found += _loaded_while_running(history, migration)
            found += _stopped_late(history, migration)
            found += _never_stopped(history, migration)
            found += _left_in_stop_copy(history, migration)
        else:
            found += _left_behind(history, migration)
    found += _idle(history)
    found += _left_behind_the_guest(history)
    found += running_while_halted(history)
    found += skipped_phases(history)
    found += left_over(history)
    found += memory_left(history)
    found += transfers_of_stopped(history)
    return tuple(dict.fromkeys(found))


def _both_running(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that run on both sides at a time: the destination's too early, or the source's again."""
    stopped: set[str] = set()
    resuming: set[str] = set()
    taken_over: set[str] = set()
    for event in history.timeline[migration.begin : migration.stop]:
        reached = device_state(event)
        if _has_ended(event, migration.destination):
            return
        if event.actor == migration.source and reached:
            (stopped.discard if reached in RUNNING_STATES else stopped.add)(event.device)
            if reached in RUNNING_STATES and event.device in taken_over:
                yield (
                    f"{event.device} runs on {migration.source} again, while it runs on {migration.destination} "
                    f"(migration {migration.number})"
                )
        elif event.actor == migration.destination and reached == RESUMING:
            resuming.add(event.device)
        elif event.actor == migration.destination and reached == RUNNING and event.device in resuming:
            taken_over.add(event.device)
            if event.device not in stopped:
                yield (
                    f"{event.device} runs on {migration.destination} before {migration.source} has stopped it "
                    f"(migration {migration.number})"
                )
        elif event.actor == migration.destination and reached:
            taken_over.discard(event.device)


def _loaded_while_running(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield what the destination loads into a device that runs already, before the guest runs there."""
    resumed: set[str] = set()
    running: set[str] = set()
    for _, event in history.events(migration.destination, migration.begin, migration.stop):
        if _guest_runs(event):
            return
        reached = device_state(event)
        if reached == RESUMING:
            resumed.add(event.device)
        elif reached == RUNNING and event.device in resumed:
            running.add(event.device)
        elif _is_loading(event) and event.device in running:
            what = _LOADING[event.name]
            yield (
                f"{event.device} of {migration.destination} runs before its {what} {'are' if what[-1] == 's' else 'is'}"
                f" {'set up' if event.name == 'set-irqs' else 'loaded'} (migration {migration.number})"
            )
            running.discard(event.device)


def _guest_runs(event: Event) -> bool:
    """Tell whether the guest runs from `event` on; that QEMU says so may come to be known late."""
    return (event.origin is EventSource.QMP and event.name == "RESUME") or (
        event.origin is EventSource.UAPI and event.name == "irq-ack"
    )


def _is_loading(event: Event) -> bool:
    if event.origin is not EventSource.UAPI or event.name not in _LOADING:
        return False
    # A level that is let through again, and what is taken down, is no set-up.
    return event.name != "set-irqs" or (event.fields.get("action") == "trigger" and bool(event.fields.get("count")))


def _stopped_late(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the source's devices that do not stop with the guest, but later.

    QEMU says that its VM has stopped when it has stopped all devices; that may come to be known late, but never early.
    """
    running: dict[str, str] = {}
    stopped = False
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        if event.origin is EventSource.QMP and event.name in ("STOP", "RESUME"):
            stopped = event.name == "STOP"
        if event.origin is EventSource.TRACE and event.name in saving_traces() and event.device in running:
            yield (
                f"{event.device} is in {running.pop(event.device)} on {migration.source} when the rest of its state is "
                f"saved (migration {migration.number})"
            )
        if not (reached := device_state(event)):
            continue
        if reached in RUNNING_STATES | P2P_STATES:
            running[event.device] = reached
        elif (state := running.pop(event.device, "")) and stopped:
            yield (
                f"{event.device} still was in {state} on {migration.source} when its guest had stopped "
                f"(migration {migration.number})"
            )


def _never_stopped(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices whose state the source never gave from STOP_COPY, or that the destination never took.

    Left out are devices whose change of state failed, which is another finding, and those without any state in the
    timeline: not every lab tells them.
    """
    for vm, state in ((migration.source, _STOP_COPY), (migration.destination, RESUMING)):
        changes = [(place, event) for place, event in history.events(vm, 0, migration.stop) if event.name == "state"]
        tried = {
            event.device for place, event in changes if place > migration.begin and device_state(event) in (state, "")
        }
        for device in sorted({event.device for _, event in changes} - tried):
            yield f"{device} was never in {state} on {vm} (migration {migration.number} completed)"


def _left_in_stop_copy(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that a source which has given its guest away leaves in STOP_COPY, to the end of its process."""
    states = {
        event.device: reached
        for _, event in history.events(migration.source, migration.begin, len(history.timeline))
        if (reached := device_state(event))
    }
    for device, state in states.items():
        if state == _STOP_COPY:
            yield f"{device} is left in {state} on {migration.source} (migration {migration.number} completed)"


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


def _idle(history: MigrationHistory) -> Iterator[str]:
    """Yield the devices that do not run at a fence of their VM, which its guest has answered.

    PRE_COPY is right while a migration goes on, and no longer. Not known is the state of a device whose change of state
    has failed.
    """
    states: dict[tuple[str, str], str] = {}
    migrating = ""
    for event in history.timeline:
        if event.origin is EventSource.UAPI and event.name in ("state", "reset"):
            states[event.actor, event.device] = device_state(event)
        elif event.origin is EventSource.LAB and event.name in ("migrate", "migrated"):
            migrating = str(event.fields["source"]) if event.name == "migrate" else ""
        elif event.origin is EventSource.LAB and event.name == "fence":
            vm = str(event.fields["vm"])
            right = RUNNING_STATES if vm == migrating else {RUNNING}
            for (actor, device), state in states.items():
                if actor == vm and state and state not in right:
                    yield f"{device} is in {state} on {actor}, whose guest runs"


def _left_behind_the_guest(history: MigrationHistory) -> Iterator[str]:
    """Yield the devices of a destination that do not run yet when its guest does: by its answer, or its handler's work.

    What a guest says is read later than it was said, so that a device which runs by then may have been late as well.
    """
    behind: dict[tuple[str, str], str] = {}  # by process and device: the state of one that was RESUMING and has not run
    for event in history.timeline:
        if event.origin is EventSource.UAPI and event.name in ("state", "reset"):
            place, reached = (event.actor, event.device), device_state(event)
            if reached == RESUMING or (place in behind and reached in P2P_STATES):
                behind[place] = reached
            else:
                behind.pop(place, None)
        elif (event.origin, event.name) in _OF_THE_GUEST:
            for (actor, device), state in behind.items():
                if actor == event.actor:
                    yield f"{device} is in {state} on {actor}, whose guest runs"


def _has_ended(event: Event, vm: str) -> bool:
    return event.origin is EventSource.LAB and event.name == "exit" and event.fields.get("vm") == vm
