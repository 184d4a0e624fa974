# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long a guest stood still in a migration while its devices ran, or while nobody can see what they do.

Four things tell of it: QEMU's own downtime, which begins before the devices stop; the guest's clock, which does not
go on; the time from the last device that runs to the guest's first answer; and how long QEMU left the lab's questions
on its monitor unanswered (event `answered`): what waits there waits for the lock that the guest's own accesses to
devices need. The last two differ: questions end with the migration, and a processor of the guest can stand still while
QEMU answers them; the guest is asked on the destination alone, and not while it runs on the source in pre-copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.bounds import standstill_ms
from qpatch.lab.observer.clock import clock_delays
from qpatch.lab.observer.measures import downtime_ms, ran_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan


def standstills(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each stretch of a migration in which the guest stood still for too long."""
    for migration in history.migrations:
        starved = sum(spent for _, spent in _told(history, migration, "starved"))
        for what, spent in (
            (f"{migration.source} counted %d ms of downtime more than its devices had", _before(history, migration)),
            (
                f"the guest on {migration.destination} answered first %d ms after its devices ran",
                _after(history, migration),
            ),
            *(
                (f"{vm} left a question on its monitor unanswered for %d ms", spent)
                for vm, spent in _told(history, migration, "answered")
            ),
        ):
            if spent is not None and spent - starved > standstill_ms():
                yield f"{what % spent} (migration {migration.number}); the bound is {standstill_ms():g} ms"
    yield from clock_delays(history.timeline)


def _before(history: MigrationHistory, migration: MigrationSpan) -> float | None:
    seen = downtime_ms(history, migration)
    return migration.downtime_ms - seen if migration.downtime_ms is not None and seen is not None else None


def _after(history: MigrationHistory, migration: MigrationSpan) -> float | None:
    """Return how long the guest took for its first answer to the lab after the devices ran there, None without one."""
    ran = ran_at(history, migration)
    asked = ran
    for _, event in history.events(migration.destination, migration.begin, len(history.timeline)):
        if ran is None or asked is None or event.origin is not EventSource.SERIAL:
            continue
        if event.name == "command":
            asked = max(event.at, ran)
        elif event.name == "answer" and event.at >= ran:
            return (event.at - asked) / NANOSECONDS_PER_MS
    return None


def _told(history: MigrationHistory, migration: MigrationSpan, name: str) -> list[tuple[str, float]]:
    """Return the VM and the milliseconds of each of the lab's events called `name` in the migration."""
    return [
        (str(event.fields["vm"]), float(event.fields["ms"]))
        for event in history.timeline[migration.begin : migration.stop]
        if event.origin is EventSource.LAB and event.name == name
    ]
