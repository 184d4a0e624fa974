# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a device has said how much it still has to save once it is stopped (VFIO_DEVICE_FEATURE_MIG_DATA_SIZE).

QEMU stops the VM as soon as what all devices tell fits into the downtime that it may take. A device that tells of much
less than it has is stopped too early, and its guest stands still for longer than its administrator allows. What a
device tells is an estimate (linux/vfio.h), and does not hold what is left of pre-copy, which does not count here. A
device that does not run when the migration begins is not judged: it has no pre-copy.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import estimate_ratio
from qpatch.lab.observer.migrations import COMPLETED, RUNNING_STATES, device_state
from qpatch.lab.observer.phases import PRE_COPY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan


def underestimates(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each device that saved far more after it was stopped than it had told while it ran."""
    for migration in history.migrations:
        if migration.outcome == COMPLETED:
            yield from _underestimates(history, migration)


def _underestimates(history: MigrationHistory, migration: MigrationSpan) -> Iterator[str]:
    devices: dict[str, _Sizes] = defaultdict(_Sizes)
    for position, event in history.events(migration.source, 0, migration.stop):
        if event.origin is EventSource.UAPI and (position >= migration.begin or event.name == "state"):
            devices[event.device].note(event)
    for device, sizes in devices.items():
        if sizes.left is None and sizes.told is not None and sizes.saved > sizes.told:
            yield (
                f"{migration.source} reads nothing of what {device} gives in PRE_COPY before it stops it (migration "
                f"{migration.number})"
            )
        added = sizes.added
        if sizes.told is not None and added is not None and added > sizes.told * estimate_ratio():
            yield (
                f"{device} saved {added} bytes that stop-copy added, and had told of {sizes.told} while it ran: so "
                f"QEMU stops it too early (migration {migration.number})"
            )


@dataclass
class _Sizes:
    """What one device told while it ran, what it saved once it was stopped, and what was left of pre-copy then.

    `left` is None where nothing was read of pre-copy, `told` where the device told nothing.
    """

    told: int | None = None
    saved: int = 0
    left: int | None = 0
    runs: bool = True

    @property
    def added(self) -> int | None:
        """What stop-copy has added, None where that is not known."""
        return None if self.left is None else self.saved - self.left

    def note(self, event: Event) -> None:
        """Take `event` of the device into account."""
        if event.name == "state":
            self.runs = device_state(event) in RUNNING_STATES
            self.left = None if device_state(event) == PRE_COPY else self.left
        elif event.name == "data-size" and self.runs:
            self.told = int(event.fields["bytes"])
        elif event.name == "data-read" and "left" in event.fields:
            self.left = int(event.fields["left"])
        elif event.name == "data-read":
            self.saved += int(event.fields["bytes"])
