# SPDX-License-Identifier: GPL-2.0-or-later
"""What makes a migration, or the time for which its guest stands still, longer than it need be, though all ends well.

A migration has two phases so that little is left to be done when the VM is stopped. What could have been done before is
left until then if QEMU does not ask which pages a device has written while it runs. What is done then though it could
wait is a device's way out of STOP_COPY, which may take long (vfio_save_cleanup() in hw/vfio/migration.c). What is done
too often is SET_IRQS, vector by vector (dc580d51f7 of QEMU 7.1), and to send pages that are dirty only because that was
not cleared. Which of it a release can do better is in the lab's event `machine`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import dirty_pages, dirty_ratio, resent_share, set_irqs_calls
from qpatch.lab.observer.migrations import COMPLETED, STOPPING_STATES, device_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

LEAVES_LATE = "stops-afterwards"
BATCHES = "batched-vectors"
STOP_COPY = "STOP_COPY"  # as QEMU prints it


def wasted(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each thing that QEMU does too late, too early or too often in a completed migration."""
    can = {
        str(event.fields["vm"]): tuple(event.fields.get("thrift", ()))
        for event in history.timeline
        if event.origin is EventSource.LAB and event.name == "machine"
    }
    for migration in history.migrations:
        if migration.outcome != COMPLETED:
            continue
        found = [*_not_asked(history, migration), *_not_cleared(history, migration)]
        found += _sent_again(history, migration)
        if LEAVES_LATE in can.get(migration.source, ()):
            found += _left_early(history, migration)
        if BATCHES in can.get(migration.destination, ()):
            found += _too_often(history, migration)
        for what in found:
            yield f"{what} (migration {migration.number})"


def set_up_again(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each VM whose guest ran before, and whose devices lose their interrupts when it goes on.

    They are set up again then, all of them, each time; what comes in between is nobody's.
    """
    ran: set[str] = set()
    continues = ""
    for event in timeline:
        if event.origin is EventSource.LAB and event.name == "fence":
            ran.add(str(event.fields["vm"]))
        elif event.origin is EventSource.LAB and event.name in ("command", "obeyed"):
            vm, is_cont = str(event.fields["vm"]), event.fields["command"] == "cont"
            continues = vm if is_cont and event.name == "command" and vm in ran else ""
        elif event.name == "set-irqs" and event.actor == continues and _takes_down(event):
            yield f"{continues} sets up {event.device}'s interrupts anew when its VM goes on"
            continues = ""


def _takes_down(event: Event) -> bool:
    return event.fields["index"] in ("msi", "msix") and event.fields["data"] == "none" and not event.fields["count"]


def _calls(history: MigrationHistory, migration: MigrationSpan, actor: str) -> Iterator[Event]:
    """Yield what QEMU calls in `migration`, and what its devices do."""
    for _, event in history.events(actor, migration.begin, migration.stop):
        if event.origin is EventSource.UAPI and not event.fields.get("errno"):
            yield event


def _not_asked(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield that a second pass over memory begins while a device runs whose dirty pages were not asked for."""
    tracks = False
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        if event.name == "dirty":
            if event.fields["operation"] in ("report", "peek"):
                return
            tracks = event.fields["operation"] == "start"
        elif device_state(event) in STOPPING_STATES:
            return
        elif event.name == "MIGRATION_PASS" and tracks and int(event.fields["pass"]) > 1:
            yield f"{migration.source} sends memory again and has not asked which pages devices have written"
            return


def _not_cleared(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield that the bits of dirty pages are read and kept, or that far more pages are said to be written than were."""
    reported = written = 0
    for event in _calls(history, migration, migration.source):
        if event.name == "dma-write":
            written += 1
        elif event.name == "dirty" and event.fields["operation"] == "peek" and event.fields["pages"]:
            yield f"{migration.source} reads which pages are dirty and does not clear that: it sends them each time"
            return
        elif event.name == "dirty":
            reported += int(event.fields["pages"])
    if reported > written * dirty_ratio() + dirty_pages():
        yield f"{reported} pages were dirty for {migration.source}, and devices have written {written} times to one"


def _sent_again(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield that, by QEMU's own count, more pages were sent than guest and devices can write in so many passes."""
    if migration.reported == len(history.timeline):
        return
    event = history.timeline[migration.reported]
    sent, whole = event.fields.get("sent_pages", 0), event.fields.get("ram_pages", 0)
    events = [event for _, event in history.events(migration.source, migration.begin, migration.reported)]
    passes = max((int(one.fields["pass"]) for one in events if one.name == "MIGRATION_PASS"), default=1)
    reported = sum(int(one.fields["pages"]) for one in events if one.name == "dirty")
    if sent > whole * (1 + resent_share() * max(passes - 1, 1)) + reported:
        yield (
            f"{migration.source} has sent {sent} pages of the {whole} that the VM has, going through them {passes} "
            f"times; devices were said to write {reported}"
        )


def _left_early(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices that leave STOP_COPY while their QEMU still has state to save.

    Both are told by QEMU, so that their order is certain: a kernel's log has a clock of its own.
    """
    stopped: set[str] = set()
    left: list[str] = []
    for _, event in history.events(migration.source, migration.begin, migration.stop):
        if event.name == "vfio_migration_set_state":
            if event.device in stopped and event.fields["state"] != STOP_COPY:
                left.append(event.device)
            (stopped.add if event.fields["state"] == STOP_COPY else stopped.discard)(event.device)
        elif event.name == "vmstate_save" and left:
            for device in left:
                yield (
                    f"{migration.source} has {device} leave STOP_COPY before it saves {event.fields['id']}, and waits "
                    "for that as long as it takes the device"
                )
            return


def _too_often(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    """Yield the devices whose MSI-X vectors the destination sets up by many calls, or more of them than there were."""
    calls: dict[str, int] = defaultdict(int)
    given = _given(history, migration)
    incoming = history.incoming(migration)
    for _, event in history.events(migration.destination, incoming.start, incoming.stop):
        if event.name == "set-irqs" and event.fields["index"] == "msix" and event.fields["action"] == "trigger":
            calls[event.device] += 1
            if event.fields["enabled"] > len(given[event.device]):
                yield (
                    f"{migration.destination} sets up {event.fields['enabled']} vectors of {event.device}, which had "
                    f"{len(given[event.device])} on {migration.source}"
                )
    for device, number in calls.items():
        if number > set_irqs_calls():
            yield f"{migration.destination} sets up the vectors of {device} by {number} calls of SET_IRQS"


def _given(history: MigrationHistory, migration: MigrationSpan) -> dict[str, set[int]]:
    """Return for each device which MSI-X vectors its source has set up; where a call leaves some out, all of its."""
    given: dict[str, set[int]] = defaultdict(set)
    for _, event in history.events(migration.source, 0, migration.begin):
        if event.name != "set-irqs" or event.fields["index"] != "msix" or event.fields["action"] != "trigger":
            continue
        first, count = int(event.fields["start"]), int(event.fields["count"])
        if not count:
            given[event.device].clear()
        elif event.fields["enabled"]:
            given[event.device] |= set(range(first, first + count))
    return given
