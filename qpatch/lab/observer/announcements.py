# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether each QEMU told by an event (MIGRATION) how its migration ended: what manages it waits for that.

The lab asks as well, and so goes on without the event. A destination that has failed may have died with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.migrations import CANCELLED, COMPLETED, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_ENDS = (COMPLETED, FAILED, CANCELLED)


def unannounced(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each end of a migration that a QEMU did not tell by an event, where it sends such events."""
    for migration in history.migrations:
        ends = [(migration.source, migration.source_status)] if migration.source_status in _ENDS else []
        ends += [(migration.destination, COMPLETED)] if migration.outcome == COMPLETED else []
        for vm, status in ends:
            told = _told(history, migration, vm)
            if told and told[-1] != status:
                yield (
                    f"migration {migration.number}: {vm} is done ({status}), and never sent the event of that; its "
                    f"last event MIGRATION said {told[-1]}"
                )


def _told(history: MigrationHistory, migration: MigrationSpan, vm: str) -> list[str]:
    return [
        str(event.fields.get("status", ""))
        for _, event in history.events(vm, migration.begin, migration.stop)
        if event.origin is EventSource.QMP and event.name == "MIGRATION"
    ]
