# SPDX-License-Identifier: GPL-2.0-or-later
"""The timeline of a run: what the processes logged and what the lab recorded, merged by time, and the file of it.

The order within one stream, such as the log of one process, stays as it is, whatever its clock readings say.
"""

from __future__ import annotations

import heapq
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from qpatch.lab.model import Event

FILE_NAME = "timeline.jsonl"


def merge(streams: Iterable[Sequence[Event]]) -> tuple[Event, ...]:
    """Return the events of all `streams` by time; the order within each stream stays."""
    return tuple(heapq.merge(*streams, key=lambda event: event.at))


def save_timeline(timeline: Iterable[Event], file: Path) -> None:
    """Write `timeline` to `file`, a JSON object on each line."""
    with file.open("w", encoding="utf-8") as output:
        output.writelines(f"{json.dumps(event.as_json(), default=str)}\n" for event in timeline)
