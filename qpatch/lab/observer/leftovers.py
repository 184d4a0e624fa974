# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what a migration has begun ends with it: tracking of dirty pages, the file of a device's data, memory.

Tracking costs every transfer of the device something, so that a VM which goes on after a cancelled or failed migration
has it stopped (memory_global_dirty_log_stop() in system/memory.c, which QEMU calls when the migration is over). A
tracker is the device itself, or what the lab's library calls its container or page table. The file of a device's data
is that of one migration (linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE): one that is left open is a descriptor
less, and what the kernel holds for it, each time. Memory is what a process has of its own at the end, the guest's
included: how much of its memory a guest has touched differs, but no guest touches more than it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.migrations import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory

_BY_DEVICE = "device"
_DEVICE = ("device", "cdev")  # what the library calls its file
_DATA = "migration"


def left_over(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for what has not ended when a VM's guest answers that has no migration going on.

    A migration is reported shortly before QEMU has cleaned up after it: what was begun by then counts only from the
    guest's second answer on.
    """
    begun: dict[tuple[str, str], int] = {}  # by process and what it is: answers of the guest since a migration ended
    migrating = ""
    for event in history.timeline:
        if event.origin is EventSource.UAPI:
            _note(event, begun)
        elif event.origin is EventSource.LAB and event.name in ("migrate", "migrated"):
            migrating = str(event.fields["source"]) if event.name == "migrate" else ""
        elif event.origin is EventSource.LAB and event.name == "fence" and event.fields["vm"] != migrating:
            for actor, what in [key for key in begun if key[0] == event.fields["vm"]]:
                begun[actor, what] += 1
                if begun[actor, what] == 2:
                    yield f"{what} on {actor}, where no migration goes on"


def _note(event: Event, begun: dict[tuple[str, str], int]) -> None:
    """Take notice of what `event` begins and ends."""
    tracked = f"{event.device} itself still tracks dirty pages"
    if event.name == "dirty" and not event.fields.get("errno"):
        by = str(event.fields["by"])
        what = tracked if by == _BY_DEVICE else f"the {by} still tracks dirty pages"
        if event.fields["operation"] == "start":
            begun[event.actor, what] = 0
        elif event.fields["operation"] == "stop":
            begun.pop((event.actor, what), None)
    elif event.name in ("open", "close") and event.fields["what"] == _DATA:
        what = f"a file of {event.device}'s data (descriptor {event.fields['fd']}) is still open"
        if event.name == "open":
            begun[event.actor, what] = 0
        else:
            begun.pop((event.actor, what), None)
    elif event.name == "close" and event.fields["what"] in _DEVICE:
        begun.pop((event.actor, tracked), None)


def memory_left(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each destination that has more memory at the end than its source and the whole guest."""
    memory = {
        str(event.fields["vm"]): int(event.fields["memory"])
        for event in history.timeline
        if event.origin is EventSource.LAB and event.name == "state" and event.fields.get("memory")
    }
    for migration in history.migrations:
        here, there = memory.get(migration.source), memory.get(migration.destination)
        if migration.outcome != COMPLETED or not here or not there:
            continue
        ram = int(history.timeline[migration.reported].fields.get("ram_bytes", 0))
        if ram and there > here + ram:
            yield (
                f"{migration.destination} has {there >> 20} MiB of memory of its own at the end, and "
                f"{migration.source}, from which its guest came, {here >> 20} MiB (migration {migration.number})"
            )
