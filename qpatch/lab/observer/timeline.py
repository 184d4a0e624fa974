# SPDX-License-Identifier: GPL-2.0-or-later
"""One timeline of a run: what the processes logged and what the lab saw, merged by time. Its file has one a line.

The order within one process is that of its log file, whatever its clock readings say.
"""

from __future__ import annotations

import heapq
import json
from typing import TYPE_CHECKING

from qpatch.errors import Location, UserError
from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.logs import read_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from qpatch.lab.plan import RunRecord

FILE_NAME = "timeline.jsonl"


def read_timeline(record: RunRecord) -> tuple[Event, ...]:
    """Return all events of a run, earliest first. A log that was never written (QEMU did not start) adds none."""
    logs = [read_log(log, actor) for actor, log in sorted(record.logs.items()) if log.exists()]
    return merge([sorted(record.events, key=lambda event: event.at), *logs])


def merge(streams: Iterable[Sequence[Event]]) -> tuple[Event, ...]:
    """Return the events of all `streams` by time; the order within each stream stays."""
    return tuple(heapq.merge(*streams, key=lambda event: event.at))


def save_timeline(timeline: Iterable[Event], file: Path) -> None:
    """Write `timeline` to `file`, a JSON object on each line."""
    with file.open("w", encoding="utf-8") as output:
        output.writelines(f"{json.dumps(event.as_json(), default=str)}\n" for event in timeline)


def load_timeline(file: Path) -> tuple[Event, ...]:
    """Return the timeline that `save_timeline` has written. Raises UserError `bad-timeline`."""
    events = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found = json.loads(line)
                events.append(
                    Event(
                        found["at"],
                        found["actor"],
                        EventSource(found["origin"]),
                        found["name"],
                        found["device"],
                        found["fields"],
                    )
                )
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    "bad-timeline", f"this is no event of a timeline: {error}", where=Location(str(file), number)
                ) from error
    return tuple(events)
