# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long a guest stood still while its devices ran, or while nobody can see what they do.

Five things tell of it: QEMU's own downtime, which begins before the devices stop; how long the guest took for each
answer since its first migration began; how long one that was at work did nothing, or a source went on in pre-copy while
the guest was asked nothing (work.py); and how long QEMU left the lab's questions on its monitor unanswered in a
migration (event `answered`): what waits there waits for the lock that the guest's own accesses to devices need. What
the host took is taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import idle_ms, standstill_ms
from qpatch.lab.observer.commands import long_words, slow_commands
from qpatch.lab.observer.measures import downtime_ms
from qpatch.lab.observer.runtimes import run_times
from qpatch.lab.observer.spent import Spent
from qpatch.lab.observer.starvation import starvation
from qpatch.lab.observer.work import idle_times, unasked_times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.model import Event
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan


def standstills(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each stretch in which the guest stood still for too long, or QEMU did."""
    starved = starvation(history.timeline)
    for migration in history.migrations:
        waited = starved.ms(migration.at, history.timeline[migration.stop - 1].at)
        for what, spent in (
            (f"{migration.source} counted %d ms of downtime more than its devices had", _before(history, migration)),
            *(
                (f"{vm} left a question on its monitor unanswered for %d ms", spent)
                for vm, spent in _answered(history, migration)
            ),
        ):
            if spent is not None and spent - waited > standstill_ms():
                yield f"{what % spent} (migration {migration.number}); the bound is {standstill_ms():g} ms"
    yield from idle_times(history)
    yield from _slow_answers(history)
    yield from unasked_times(history)
    yield from slow_commands(history.timeline)


def _before(history: MigrationHistory, migration: MigrationSpan) -> float | None:
    seen = downtime_ms(history, migration)
    return migration.downtime_ms - seen if migration.downtime_ms is not None and seen is not None else None


def _slow_answers(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each answer that the guest took too long for while its VM ran."""
    starved, times = starvation(history.timeline), run_times(history.timeline)
    begin = history.migrations[0].begin if history.migrations else len(history.timeline)
    asked: dict[str, Event] = {}
    for event in history.timeline[begin:]:
        if event.origin is not EventSource.SERIAL:
            continue
        if event.name == "command":
            asked[event.actor] = event
        elif event.name == "answer" and (question := asked.pop(event.actor, None)) is not None:
            line = str(question.fields["line"])
            spent = Spent(question.at, event.at, times.until(event.at) - times.until(question.at))
            ms = spent.by_qemu_ms(history.timeline, starved)
            if line.split()[0] not in long_words() and ms > idle_ms():
                yield (f"the guest on {event.actor} took {ms:.0f} ms to answer {line!r}; the bound is {idle_ms():g} ms")


def _answered(history: MigrationHistory, migration: MigrationSpan) -> list[tuple[str, float]]:
    """Return for how long each VM let a question wait in the migration, in milliseconds."""
    return [
        (str(event.fields["vm"]), float(event.fields["ms"]))
        for event in history.timeline[migration.begin : migration.stop]
        if event.origin is EventSource.LAB and event.name == "answered"
    ]
