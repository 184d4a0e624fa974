# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that QEMU takes away from a device while it runs, leaves to it when it is gone, or lets it write to wrongly.

Be it away for a moment only, a real device may use it just then. What is left where a BAR was lets devices reach what
the guest does not have there any more, and is in the way of what it places there next.

The emulated device works in the threads of those who call it, so that it does not notice what QEMU does while it holds
the lock that they need. A BAR that the guest itself has moved or hidden, as by putting its device to sleep, is its own
affair: peers must not use that memory then.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bars import Bars
from qpatch.lab.observer.migrations import P2P_STATES, RESUMING, RUNNING, RUNNING_STATES, device_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from qpatch.lab.model import Event

    _Key: TypeAlias = tuple[str, str]  # process and device

ACCESSES = ("dma-read", "dma-write")
_ENDS = ("state", "exit")  # of a VM: the lab asks it to end, or it has


def memory_taken_away(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each range with memory that a device has used, taken away while that device runs."""
    used: dict[_Key, set[int]] = defaultdict(set)
    states: dict[_Key, str] = {}
    ending: set[str] = set()
    bars = Bars()
    for event in timeline:
        key = event.actor, event.device
        bars.note(event)
        if event.origin is EventSource.LAB and event.name in _ENDS:
            ending.add(str(event.fields.get("vm")))
        if event.origin is not EventSource.UAPI:
            continue
        if event.name in ACCESSES and not event.fields.get("errno"):
            used[key].add(int(event.fields.get("iova", 0)))
        elif event.name == "state":
            states[key] = device_state(event)
            if states[key] == RUNNING:  # with the addresses that its driver had given to it elsewhere
                used[key] |= {
                    place for (_, device), places in used.items() if device == event.device for place in places
                }
        elif event.name == "dma-unmap" and event.actor not in ending and not event.fields.get("errno"):
            yield from _taken_away(event, used, states, bars)


def memory_left_writeable(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each range that devices can write to though nothing may, such as firmware."""
    read_only: list[tuple[int, int]] = []
    for event in timeline:
        if event.origin is EventSource.LAB and event.name == "machine":
            read_only = event.fields["read_only"]
        elif event.name == "dma-map" and event.fields.get("write") and not event.fields.get("errno"):
            start, size = int(event.fields["iova"]), int(event.fields["size"])
            for place, length in read_only:
                if start < place + length and place < start + size:
                    yield f"{event.actor} lets devices write to {length:#x} bytes at {place:#x}, which are read-only"


def _taken_away(event: Event, used: Mapping[_Key, set[int]], states: Mapping[_Key, str], bars: Bars) -> Iterator[str]:
    start, size = int(event.fields["iova"]), int(event.fields["size"])
    if bars.is_given_up(event.actor, start, size):
        return
    what = f" ({owner})" if (owner := bars.at(start)) else ""
    for (actor, device), places in used.items():
        runs = states.get((actor, device), RUNNING) in RUNNING_STATES | P2P_STATES
        if actor == event.actor and runs and any(start <= place < start + size for place in places):
            yield f"{actor} unmapped {size:#x} bytes at {start:#x}{what}, which {device} uses, while that device runs"


def memory_left_mapped(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each BAR that QEMU still maps when the guest that took it away answers again."""
    mapped: dict[tuple[str, int], int] = {}  # by process and address: how much
    bars = Bars()
    for event in timeline:
        if event.name == "state" and device_state(event) == RESUMING:
            bars.arrive(event.actor, event.device)
        elif event.fields.get("state") != RESUMING:  # then it is QEMU that writes, and the guest has moved nothing
            bars.note(event)
        if event.origin is EventSource.LAB and event.name == "fence":
            for (actor, start), size in mapped.items():
                if actor == event.fields["vm"] and bars.is_gone(actor, start, size):
                    yield f"{actor} still maps {size:#x} bytes at {start:#x} for devices, where no BAR is any more"
        elif event.origin is EventSource.UAPI and not event.fields.get("errno"):
            _note_mapping(event, mapped)


def _note_mapping(event: Event, mapped: dict[tuple[str, int], int]) -> None:
    if event.name == "dma-map":
        mapped[event.actor, int(event.fields["iova"])] = int(event.fields["size"])
    elif event.name == "dma-unmap":
        start, end = int(event.fields["iova"]), int(event.fields["iova"]) + int(event.fields["size"])
        for key in [one for one in mapped if one[0] == event.actor and start <= one[1] < end]:
            del mapped[key]
