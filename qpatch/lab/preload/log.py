# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the log of one QEMU process of this lab: lines of the preloaded library among those of QEMU.

The library writes a line of JSON with one call; QEMU may write its lines in pieces, so that one of the library can
stand in the middle of one of QEMU's. The library's first line has both clocks, which relates QEMU's time stamps to the
monotonic clock.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING

from qpatch.lab.model import START, Event, EventSource
from qpatch.lab.observer.bounds import log_bytes
from qpatch.lab.observer.logs import LogEntry, events_of, parse_entries
from qpatch.lab.observer.timeline import merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qpatch.lab.plan import RunRecord

# What the library's line has that says of pre-copy data that QEMU has read it.
PRE_COPY_READ = ('"event":"data-read"', '"phase":"pre-copy"')

_LIBRARY = '{"emu":1,'  # begins each line of the library
_NOT_FIELDS = frozenset({"emu", "t", "device", "event"})


def timeline_of(record: RunRecord) -> tuple[Event, ...]:
    """Return what the lab recorded and what is in the logs; a log that was never written adds nothing."""
    logs = [read_log(log, actor) for actor, log in sorted(record.logs.items()) if log.exists()]
    return merge([sorted(record.events, key=lambda event: event.at), *logs])


def has_loaded(log: Path) -> bool:
    """Tell whether the process that wrote `log` has loaded the library, whose first line says that it was."""
    return _LIBRARY.encode() in log.read_bytes()


def read_log(log: Path, actor: str, bound: int = 0) -> tuple[Event, ...]:
    """Return the events of the process `actor` in the order of its `log`; times but the library's never go back.

    Of a log with more than `bound` bytes (0: that of bounds.yaml) the rest is not read: the event `log-cut` says so.
    """
    bound = bound or log_bytes()
    events = parse_log(_lines(log, bound), actor)
    size = log.stat().st_size
    if size <= bound or not events:
        return events
    (most, times), *_ = Counter(event.name for event in events).most_common(1)
    fields = {"vm": actor, "bytes": size, "read": bound, "most": most, "times": times}
    return (*events, Event(events[-1].at, "lab", EventSource.LAB, "log-cut", "", fields))


def _lines(log: Path, bound: int) -> Iterator[str]:
    """Yield the lines in the first `bound` bytes of `log`; one that goes on behind them is cut off."""
    with log.open("rb") as file:
        while line := file.readline(bound - file.tell()):
            yield from line.decode(errors="replace").splitlines()


def parse_log(lines: Iterable[str], actor: str) -> tuple[Event, ...]:
    """Return the events that `lines` tell of, as `read_log` does."""
    entries = list(parse_entries(_separated(lines)))
    return events_of(entries, actor, _clock_offset(entries))


def _separated(lines: Iterable[str]) -> Iterator[LogEntry | str]:
    """Yield the library's lines as entries and QEMU's as text, whose pieces are put together again."""
    piece = ""
    for line in lines:
        start = line.find(_LIBRARY)
        if start >= 0:
            piece += line[:start]
            yield _library_entry(line[start:]) or line[start:]
        elif piece or line:
            yield piece + line
            piece = ""
    if piece:
        yield piece


def _library_entry(line: str) -> LogEntry | None:
    """Return the entry of a line of the library, None where it was cut short: QEMU was killed while it was written."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    fields = {key: value for key, value in found.items() if key not in _NOT_FIELDS}
    return LogEntry(EventSource.UAPI, found["event"], found.get("device", ""), fields, at=found["t"])


def _clock_offset(entries: Iterable[LogEntry]) -> int:
    """Return the monotonic clock minus the wall clock (ns): the library's, or this process's where it never started."""
    for entry in entries:
        if entry.origin is EventSource.UAPI and entry.name == START:
            return int(entry.fields["mono_ns"]) - int(entry.fields["real_ns"])
    return time.monotonic_ns() - time.time_ns()
