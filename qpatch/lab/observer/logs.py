# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the log of one QEMU process: the library's lines, trace events and messages, in the order of their writing.

The library writes a line of JSON at once; QEMU may write its lines in pieces, so that one of the library can stand in
the middle of one of QEMU's. Trace events and messages carry the wall clock, which the library's first line relates to
the monotonic clock; their times are kept between those of the library's lines around them, for the order in the file is
exact.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.lab.model import Event, EventSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

ERROR = "error"
WARNING = "warning"
INFORMATION = "info"
START = "start"

_LIBRARY = '{"emu":1,'
_NOT_FIELDS = frozenset({"emu", "t", "device", "event"})
_THREADED = re.compile(r"\d+@(\d+)\.(\d{6}):(\w+) (.*)")  # QEMU up to 10.0: trace events have thread and time
_STAMPED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z (.*)")  # with -msg timestamp=on
_TRACE = re.compile(r"([a-z]\w*) (.*)")  # newer QEMU: after the stamp; a message has a program's name and a colon there
_PROGRAM = re.compile(r"[^\s:]+: (.*)")
_SEVERITY = re.compile(r"(warning|info): (.*)")
_DEVICE = re.compile(r"\s?\(([^),]+)[),].*")
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)")


@dataclass
class _LogEntry:
    """One line of the log; `stamp` is the wall clock in ns, `time` the library's monotonic one, None: not given."""

    origin: EventSource
    name: str
    device: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    stamp: int | None = None
    time: int | None = None


@dataclass(frozen=True)
class _Reading:
    """What traces.yaml says of QEMU's output."""

    arguments: Mapping[str, re.Pattern[str]]
    config_load: frozenset[str]
    harmless: re.Pattern[str]


def read_log(log: Path, actor: str) -> tuple[Event, ...]:
    """Return the events of the process `actor` in the order of its `log`; times but the library's never go back."""
    return parse_log(log.read_text(encoding="utf-8", errors="replace").splitlines(), actor)


def parse_log(lines: Iterable[str], actor: str) -> tuple[Event, ...]:
    """Return the events that `lines` tell of, as `read_log` does."""
    entries = list(_entries(_whole_lines(lines)))
    times = _times(entries, _offset(entries))
    return tuple(
        Event(at, actor, entry.origin, entry.name, entry.device, entry.fields)
        for at, entry in zip(times, entries, strict=True)
    )


def config_load_traces() -> frozenset[str]:
    """Return the names of the trace events that begin the load of a device's config space."""
    return _reading().config_load


def is_harmless(text: str) -> bool:
    """Return whether the message `text` of QEMU tells of nothing wrong."""
    return _reading().harmless.search(text) is not None


def _whole_lines(lines: Iterable[str]) -> Iterator[str]:
    """Put the pieces of QEMU's lines together that lines of the library have torn apart."""
    piece = ""
    for line in lines:
        start = line.find(_LIBRARY)
        if start >= 0:
            piece += line[:start]
            yield line[start:]
        elif piece or line:
            yield piece + line
            piece = ""
    if piece:
        yield piece


def _entries(lines: Iterable[str]) -> Iterator[_LogEntry]:
    last: _LogEntry | None = None  # of QEMU
    for line in lines:
        entry = _library(line) or _trace(line) or _message(line)
        if entry.origin is EventSource.UAPI:
            yield entry
        elif last is not None and _continues(last, entry, line):
            last.fields["text"] += f"\n{line}"
        else:
            last = entry
            yield entry


def _continues(last: _LogEntry, entry: _LogEntry, line: str) -> bool:
    """Return whether `line` goes on with the entry before it: some trace events and all hints have more lines."""
    if entry.stamp is not None:
        return False
    return line.startswith(" ") or (last.origin is EventSource.MESSAGE and last.stamp is not None)


def _library(line: str) -> _LogEntry | None:
    if not line.startswith(_LIBRARY):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None  # cut short: QEMU was killed while it was written
    fields = {key: value for key, value in found.items() if key not in _NOT_FIELDS}
    return _LogEntry(EventSource.UAPI, found["event"], found.get("device", ""), fields, time=found["t"])


def _trace(line: str) -> _LogEntry | None:
    threaded = _THREADED.fullmatch(line)
    if threaded:
        seconds, microseconds, name, arguments = threaded.groups()
        stamp = int(seconds) * 1_000_000_000 + int(microseconds) * 1000
    else:
        wall, rest = _stamp(line)
        trace = _TRACE.fullmatch(rest)
        if wall is None or trace is None:
            return None
        stamp = wall
        name, arguments = trace.groups()
    device = _DEVICE.fullmatch(arguments) if name.startswith("vfio_") else None
    return _LogEntry(EventSource.TRACE, name, device[1] if device else "", _arguments(name, arguments.strip()), stamp)


def _arguments(name: str, text: str) -> dict[str, Any]:
    pattern = _reading().arguments.get(name)
    match = pattern.fullmatch(text) if pattern else None
    named = match.groupdict() if match else {}
    return {"text": text} | {key: _value(value) for key, value in named.items() if value is not None}


def _value(text: str) -> int | str:
    return int(text, 0) if _NUMBER.fullmatch(text) else text


def _message(line: str) -> _LogEntry:
    stamp, text = _stamp(line)
    if stamp is not None:
        program = _PROGRAM.fullmatch(text)
        text = program[1] if program else text
    severity = _SEVERITY.fullmatch(text)
    name, text = severity.groups() if severity else (ERROR, text)
    return _LogEntry(EventSource.MESSAGE, name, fields={"text": text}, stamp=stamp)


def _stamp(line: str) -> tuple[int | None, str]:
    """Return the time that `line` begins with, and what follows; of two, which torn lines can have, the last."""
    stamp = None
    while match := _STAMPED.fullmatch(line):
        when = datetime.fromisoformat(f"{match[1]}+00:00")
        stamp = int(when.replace(microsecond=0).timestamp()) * 1_000_000_000 + when.microsecond * 1000
        line = match[2]
    return stamp, line


def _offset(entries: Iterable[_LogEntry]) -> int:
    """Return what takes the wall clock to the monotonic one; where the library never started, as it is here and now."""
    for entry in entries:
        if entry.origin is EventSource.UAPI and entry.name == START:
            return int(entry.fields["mono_ns"]) - int(entry.fields["real_ns"])
    return time.monotonic_ns() - time.time_ns()


def _times(entries: list[_LogEntry], offset: int) -> list[int]:
    """Return a time for each entry: the library's as they are, the others between them and never going back."""
    times: list[int] = []
    for entry, end in zip(entries, _next_library_times(entries), strict=True):
        before = times[-1] if times else None
        if entry.time is not None:
            times.append(entry.time)
            continue
        at = before if entry.stamp is None else entry.stamp + offset
        bounds = [one for one in (before, at) if one is not None]
        latest = max(bounds) if bounds else None
        ends = [one for one in (latest, end) if one is not None]
        times.append(min(ends) if ends else time.monotonic_ns())
    return times


def _next_library_times(entries: list[_LogEntry]) -> list[int | None]:
    ends: list[int | None] = []
    end: int | None = None
    for entry in reversed(entries):
        end = entry.time if entry.time is not None else end
        ends.append(end)
    return ends[::-1]


@cache
def _reading() -> _Reading:
    text = resources.files(__package__).joinpath("traces.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, yaml.CSafeLoader)
    return _Reading(
        {name: re.compile(pattern) for name, pattern in content["arguments"].items()},
        frozenset(content["config-load"]),
        re.compile("|".join(content["harmless"])),
    )
