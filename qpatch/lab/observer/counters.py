# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what a device counts goes on where it has moved to: how much it has raised, and the guest acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event

_COUNTERS = ("raised", "acked", "spurious")


def counters_gone_back(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each counter that the guest reads lower than before, though nobody has reset the device."""
    known: dict[tuple[str, str], int] = {}  # by device and counter
    for event in timeline:
        if event.origin is EventSource.UAPI and event.name == "reset":
            known = {key: value for key, value in known.items() if key[0] != event.device}
        elif event.origin is EventSource.LAB and event.name == "check" and "raised" in event.fields:
            device, vm = str(event.fields["device"]), event.fields["vm"]
            for name in _COUNTERS:
                now, before = int(event.fields[name]), known.get((device, name), 0)
                if now < before:
                    yield f"{device} on {vm}: its count of what was {name} is {now}, and has been {before}"
                known[device, name] = now
