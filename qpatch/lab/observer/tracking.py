# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the tracking of dirty pages ends with the migration that it was started for.

It costs every transfer of the device something, so that a VM which goes on after a cancelled or failed migration has it
stopped (memory_global_dirty_log_stop() in system/memory.c, which QEMU calls when the migration is over). A tracker is
the device itself, or what the lab's library calls its container or page table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory

_BY_DEVICE = "device"


def tracked_without_end(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each tracker that is on when a VM's guest answers that has no migration going on.

    A migration is reported shortly before QEMU has cleaned up after it: what was just reported counts only from the
    guest's second answer on.
    """
    tracking: dict[tuple[str, str, str], int] = {}  # by process, tracker and device: answers since a migration ended
    migrating = ""
    for event in history.timeline:
        if event.origin is EventSource.UAPI and event.name == "close":
            tracking.pop((event.actor, _BY_DEVICE, event.device), None)
        elif event.origin is EventSource.UAPI and event.name == "dirty" and not event.fields.get("errno"):
            key = (event.actor, str(event.fields["by"]), event.device)
            if event.fields["operation"] == "start":
                tracking[key] = 0
            elif event.fields["operation"] == "stop":
                tracking.pop(key, None)
        elif event.origin is EventSource.LAB and event.name in ("migrate", "migrated"):
            migrating = str(event.fields["source"]) if event.name == "migrate" else ""
        elif event.origin is EventSource.LAB and event.name == "fence" and event.fields["vm"] != migrating:
            for actor, by, device in [key for key in tracking if key[0] == event.fields["vm"]]:
                tracking[actor, by, device] += 1
                if tracking[actor, by, device] == 2:
                    what = f"{device} itself" if by == _BY_DEVICE else f"the {by}"
                    yield f"{what} still tracks dirty pages on {actor}, where no migration goes on"
