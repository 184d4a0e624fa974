# SPDX-License-Identifier: GPL-2.0-or-later
"""How long something took that QEMU is to answer for: without the pauses of devices, and without what the host took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.bounds import short_stall_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.model import Event
    from qpatch.lab.observer.starvation import Starvation


@dataclass(frozen=True)
class Spent:
    """`ns` of the time between `begin` and `end` (all in ns); `seen`: the lab saw when that was, and not QEMU's log."""

    begin: int
    end: int
    ns: int
    seen: bool = True

    def by_qemu_ms(self, timeline: Sequence[Event], starved: Starvation) -> float:
        """Return the milliseconds that are left of it."""
        ms = self.ns / NANOSECONDS_PER_MS
        if ms <= short_stall_ms():  # no bound is below it: who took no longer need not be asked why
            return ms
        taken = (starved.ms if self.seen else starved.of_vms_ms)(self.begin, self.end)
        return max(0.0, ms - self._paused_ms(timeline) - taken)

    def _paused_ms(self, timeline: Sequence[Event]) -> float:
        return sum(
            float(event.fields.get("ms", 0))
            for event in timeline
            if event.origin is EventSource.UAPI and event.name == "pause" and self.begin <= event.at < self.end
        )
