# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the guest goes on as fast after its migrations as before: by how long it takes for its answers to the lab.

A processor that QEMU goes on throttling after a migration has failed runs, and is never late by the bounds for single
interrupts. Compared are commands that were given before and after, each by the median of its times.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import crawl_ms, crawl_ratio
from qpatch.lab.observer.commands import waiting_words
from qpatch.lab.observer.spent import Spent
from qpatch.lab.observer.starvation import starvation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory
    from qpatch.lab.observer.starvation import Starvation


def crawls(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each migration after which the guest was slow, until the next one."""
    if not history.migrations:
        return
    starved = starvation(history.timeline)
    before = _answer_times(history.timeline[: history.migrations[0].begin], starved)
    for migration in history.migrations:
        after = _answer_times(history.timeline[migration.reported : migration.stop], starved)
        common = (before.keys() & after.keys()) - waiting_words()
        took, had = (sum(median(times[word]) for word in common) for times in (after, before))
        if had and took > had * crawl_ratio() and took - had > crawl_ms():
            yield (
                f"the guest was slow after migration {migration.number}: {len(common)} kinds of commands took it "
                f"{took:.0f} ms together, and {had:.0f} ms before it was migrated"
            )


def _answer_times(events: Sequence[Event], starved: Starvation) -> Mapping[str, list[float]]:
    """Return for each word of a command how long each of its answers took, in ms, without what the host took."""
    asked: dict[str, Event] = {}
    times: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event.origin is not EventSource.SERIAL:
            continue
        if event.name == "command":
            asked[event.actor] = event
        elif event.name == "answer" and event.actor in asked:
            command = asked.pop(event.actor)
            spent = Spent(command.at, event.at, event.at - command.at)
            times[str(command.fields["line"]).split()[0]].append(spent.by_qemu_ms(events, starved))
    return times
