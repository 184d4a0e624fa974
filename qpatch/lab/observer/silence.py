# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a migration that failed is explained by each QEMU that failed in it, to people and to what manages it.

A source that calls completed what has failed on the destination may do so where it cannot know, and with a return path
it can.

A QEMU says so in its log, or, if it is the source, in query-migrate. That of a device which gave an error has to name
that device or that error; another has to say anything. In 330 failed migrations of 5.2, 7.2, 10.0, 10.2 and 11.1
each of them did. One that was cancelled, or that the lab has ended, owes nothing.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.logs import ERROR, is_harmless
from qpatch.lab.observer.migrations import COMPLETED, FAILED, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.observer.errors import DeviceError
    from qpatch.lab.observer.migrations import MigrationHistory, MigrationSpan

_DEVICE = re.compile(r"\bdev\d+\b|/vfio\b")  # by its id, or by the name under which QEMU migrates it


def silent(history: MigrationHistory, errors: Sequence[DeviceError]) -> Iterator[str]:
    """Yield a sentence for each QEMU that failed a migration and does not say why; `errors` are those of devices."""
    describes = _describing(history)
    for migration in history.migrations:
        if migration.outcome != FAILED:
            continue
        if migration.return_path and migration.source_status == COMPLETED:
            yield (
                f"migration {migration.number} failed on {migration.destination}, and {migration.source} says that it "
                "has completed, although the return path told it"
            )
        for vm in (migration.source, migration.destination):
            if _has_failed(history, migration, vm):
                own = [error for error in errors if (error.migration, error.event.actor) == (migration.number, vm)]
                yield from _unexplained(migration, vm, _said(history, migration, vm), own)
        if migration.source in describes and migration.source_status == FAILED and not migration.error:
            yield (
                f"migration {migration.number} failed, and query-migrate of {migration.source} does not say why "
                "(error-desc), as its release does"
            )


def _unexplained(migration: MigrationSpan, vm: str, said: Sequence[str], own: Sequence[DeviceError]) -> Iterator[str]:
    cause = f": {own[0].what}" if own else ""
    if not said:
        yield f"migration {migration.number} failed, and {vm}, its {migration.role_of(vm)}, printed no error{cause}"
    elif own and not any(_names(message, own) for message in said):
        yield (
            f"migration {migration.number} failed, and {vm}, its {migration.role_of(vm)}, names neither the device "
            f"nor its error in {said[0]!r}{cause}"
        )


def _names(message: str, own: Sequence[DeviceError]) -> bool:
    numbers = {int(error.event.fields.get("errno", 0)) for error in own}
    return _DEVICE.search(message) is not None or any(
        os.strerror(number) in message or re.search(rf"(?<!\w)-{number}\b", message) for number in numbers
    )


def _said(history: MigrationHistory, migration: MigrationSpan, vm: str) -> list[str]:
    """Return the errors that `vm` printed in `migration`, and what it gave as the reason on its monitor."""
    printed = [
        str(event.fields["text"])
        for _, event in history.events(vm, migration.begin, migration.stop)
        if event.origin is EventSource.MESSAGE and event.name == ERROR and not is_harmless(str(event.fields["text"]))
    ]
    return printed + ([migration.error] if migration.error and vm == migration.source else [])


def _has_failed(history: MigrationHistory, migration: MigrationSpan, vm: str) -> bool:
    """Tell whether `vm` says that `migration` failed; a destination says so by its end, too."""
    if migration.role_of(vm) == SOURCE:
        return migration.source_status == FAILED
    return any(
        _is_failed_end(event) if event.actor == vm else _ended_itself(event, vm)
        for event in history.timeline[migration.begin : migration.stop]
    )


def _is_failed_end(event: Event) -> bool:
    return event.origin is EventSource.QMP and event.name == "MIGRATION" and event.fields.get("status") == FAILED


def _ended_itself(event: Event, vm: str) -> bool:
    ended = event.origin is EventSource.LAB and event.name == "exit" and event.fields.get("vm") == vm
    return ended and not event.fields.get("signal") and bool(event.fields.get("code"))


def _describing(history: MigrationHistory) -> frozenset[str]:
    """Return the processes whose release gives the reason of every migration that failed in query-migrate."""
    return frozenset(
        str(event.fields["vm"])
        for event in history.timeline
        if event.origin is EventSource.LAB and event.name == "phases" and event.fields.get("describes")
    )
