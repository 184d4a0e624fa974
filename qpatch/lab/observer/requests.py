# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether QEMU still hears of what a device has for it, and not for the guest: errors, and a request to give it back.

The kernel tells of them by the indices ERR and REQ (linux/vfio.h, VFIO_PCI_ERR_IRQ_INDEX and VFIO_PCI_REQ_IRQ_INDEX),
for which QEMU sets up eventfds when it opens a device. Without, an administrator cannot take a device away from a
guest, and a guest goes on with a device that has failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory

_WHAT = {"err": "errors", "req": "the request to give it back"}


def unheard(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each device and index that QEMU has set up, and has not any more when a guest answers."""
    heard: dict[tuple[str, str, str], bool] = {}  # by process, device and index
    told: set[tuple[str, str, str]] = set()
    for event in history.timeline:
        if event.origin is EventSource.UAPI and event.name == "set-irqs" and not event.fields.get("errno"):
            if event.fields["index"] in _WHAT and event.fields["action"] == "trigger":
                heard[event.actor, event.device, str(event.fields["index"])] = bool(event.fields["enabled"])
        elif event.origin is EventSource.LAB and event.name == "fence":
            for key, on in heard.items():
                actor, device, index = key
                if actor == event.fields["vm"] and not on and key not in told:
                    told.add(key)
                    yield f"{actor} has turned off by what {device} tells of {_WHAT[index]} (index {index.upper()})"
