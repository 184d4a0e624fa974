# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether devices transfer data by DMA only in states in which they may.

A device does in RUNNING and PRE_COPY. In a peer-to-peer state one that cannot tell its transfers to peers from others
has to stop all of them (linux/vfio.h, enum vfio_device_mig_state), and the lab's devices cannot; in all others it
stands still. What counts is the state that it was told to enter: where that has failed, none is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.mappings import ACCESSES
from qpatch.lab.observer.migrations import RUNNING_STATES, device_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory

_VERBS = {"dma-read": "reads from", "dma-write": "writes to"}


def transfers_of_stopped(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each device and state in which it transferred data and may not."""
    states: dict[tuple[str, str], str] = {}
    for event in history.timeline:
        if event.origin is not EventSource.UAPI:
            continue
        key = (event.actor, event.device)
        if event.name in ("state", "reset"):
            states[key] = device_state(event)
        elif event.name in ACCESSES and (state := states.get(key, "")) and state not in RUNNING_STATES:
            yield f"{event.device} {_VERBS[event.name]} guest memory on {event.actor} in {state}, in which it may not"
