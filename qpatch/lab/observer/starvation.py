# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long the threads of a run's processes waited for a processor: what the host took is not QEMU's.

From the lab's events `starved` (vm, ms, since): in the time from `since` to the event, waits ended that came to so
many milliseconds; one that ended there can have begun before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.migrations import LAB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qpatch.lab.model import Event

STARVED = "starved"


@dataclass(frozen=True)
class _Wait:
    """Waits of `actor` that ended between `since` and `end`, and can have begun at `begin`."""

    actor: str
    begin: int
    since: int
    end: int
    ms: float


@dataclass(frozen=True)
class Starvation:
    """All waits of a run, in the order in which they were seen."""

    waits: tuple[_Wait, ...] = ()

    def ms(self, begin: int, end: int) -> float:
        """Return how many milliseconds between two times (ns) at most the host took, where the lab saw both of them.

        The lab's own waits count at both ends: it asks late, and it reads late.
        """
        ends = self.at_ms(LAB, begin) + self.at_ms(LAB, end)
        return min(self.of_vms_ms(begin, end) + ends, (end - begin) / NANOSECONDS_PER_MS)

    def of_vms_ms(self, begin: int, end: int) -> float:
        """Return for how many milliseconds at most a VM's threads waited between two times (ns).

        Of several that waited in the same short while, the one that did so longest.
        """
        longest: dict[int, float] = defaultdict(float)
        for wait in self.waits:
            if wait.actor != LAB and wait.begin < end and wait.end > begin:
                overlap = (min(wait.end, end) - max(wait.begin, begin)) / NANOSECONDS_PER_MS
                longest[wait.since] = max(longest[wait.since], min(wait.ms, overlap))
        return min(sum(longest.values()), (end - begin) / NANOSECONDS_PER_MS)

    def at_ms(self, actor: str, at: int) -> float:
        """Return how many milliseconds the process `actor` can have waited at the time `at` (ns) without a break."""
        return max((wait.ms for wait in self.waits if wait.actor == actor and wait.begin <= at <= wait.end), default=0)


def starvation(timeline: Iterable[Event]) -> Starvation:
    """Return what the run was starved of."""
    return Starvation(tuple(_waits(timeline)))


def _waits(timeline: Iterable[Event]) -> Iterator[_Wait]:
    for event in timeline:
        if event.origin is EventSource.LAB and event.name == STARVED:
            ms, since = float(event.fields["ms"]), int(event.fields["since"])
            yield _Wait(str(event.fields["vm"]), since - int(ms * NANOSECONDS_PER_MS), since, event.at, ms)
