# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a source stops its VM while the scenario holds the migration in pre-copy, to cancel it there.

What holds it is that not all fits into the downtime that QEMU may take (see `held` of qemu.yaml, and the scenario
`does-not-fit`), so that a source which stops all the same exceeds it. The lab then waits in vain for a guest that is
gone, which is not the lab's fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.migrations import CANCELLED, command_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_CANCEL = "migrate_cancel"
_WAITS = "pre-switchover"


def stopped_early(history: MigrationHistory) -> Iterator[str]:
    """Yield a sentence for each source that stops its VM in a migration before the lab cancels it, as it is to."""
    for migration in history.migrations:
        if migration.expect == CANCELLED and _stops_first(history, migration):
            yield (
                f"{migration.source} stops its VM though more is left than fits into the downtime (migration "
                f"{migration.number})"
            )


def _stops_first(history: MigrationHistory, migration: MigrationSpan) -> bool:
    for event in history.timeline[migration.begin : migration.stop]:
        if command_of(event) == (migration.source, _CANCEL):
            return False
        if event.actor != migration.source or event.origin is not EventSource.QMP:
            continue
        if event.name == "MIGRATION" and event.fields.get("status") == _WAITS:
            return False
        if event.name == "STOP":
            return True
    return False
