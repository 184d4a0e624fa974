# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what QEMU prints, trace events and messages, in the order in which it was written; shared by all labs.

A lab that has its own lines in the same log hands them over as entries among QEMU's lines. Trace events and messages
carry the wall clock; their times are kept between those of the lab's own entries around them, which have the monotonic
clock: the order in the file is exact.
"""

from __future__ import annotations

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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ERROR = "error"
WARNING = "warning"
INFORMATION = "info"

_THREADED = re.compile(r"\d+@(\d+)\.(\d{6}):(\w+) (.*)")  # QEMU up to 10.0: trace events have thread and time
_STAMPED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z (.*)")  # with -msg timestamp=on
_TRACE = re.compile(r"([a-z]\w*) (.*)")  # newer QEMU: after the stamp; a message has a program's name and a colon there
# What QEMU puts before a message (util/error-report.c): `[TIME ][GUEST ][PROGRAM: ][LOCATION: ][warning: |info: ]`, but
# for the first three while it carries out a command of the monitor. A location is an option as it was given, or a file
# and a line. A program's name that is none of QEMU's own is known by the time before it.
_PROGRAM = re.compile(r"(?:[^:]* )?qemu[\w.+-]*: (.*)")
_OTHER_PROGRAM = re.compile(r"[^\s:]+: (.*)")
_SEVERITY = re.compile(r"(?:--?[\w-]+(?: .*?)?: |[^\s:]+:\d+: )?(warning|info): (.*)")
_DEVICE = re.compile(r"\s?\(([^),]+)[),].*")
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)")


@dataclass
class LogEntry:
    """One entry of a log; `stamp` is the wall clock, `at` the monotonic clock, both in ns; None where not given."""

    origin: EventSource
    name: str
    device: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    stamp: int | None = None
    at: int | None = None


@dataclass(frozen=True)
class _Reading:
    """What traces.yaml says of QEMU's output."""

    arguments: Mapping[str, re.Pattern[str]]
    config_load: frozenset[str]
    saving: frozenset[str]
    harmless: re.Pattern[str]
    lost_peer: re.Pattern[str]


def parse_entries(lines: Iterable[LogEntry | str]) -> Iterator[LogEntry]:
    """Yield an entry for each line of QEMU's in `lines`; entries among them are the lab's own, and are passed on."""
    last: LogEntry | None = None  # of QEMU
    for line in lines:
        if isinstance(line, LogEntry):
            yield line
            continue
        entry = _message(line) if _names_program(line) else _trace(line) or _message(line)
        if last is not None and _continues(last, entry, line):
            last.fields["text"] += f"\n{line}"
        else:
            last = entry
            yield entry


def events_of(entries: Sequence[LogEntry], actor: str, clock_offset: int) -> tuple[Event, ...]:
    """Return the events of the process `actor` in the order of `entries`.

    `clock_offset` takes the wall clock to the monotonic one (ns). Times of QEMU's entries never go back.
    """
    times = _times(entries, clock_offset)
    return tuple(
        Event(at, actor, entry.origin, entry.name, entry.device, entry.fields)
        for at, entry in zip(times, entries, strict=True)
    )


def config_load_traces() -> frozenset[str]:
    """Return the names of the trace events that begin the load of a device's config space."""
    return _reading().config_load


def saving_traces() -> frozenset[str]:
    """Return the names of the trace events that begin to save what is left when a VM has stopped."""
    return _reading().saving


def is_harmless(text: str) -> bool:
    """Return whether the message `text` of QEMU tells of nothing wrong."""
    return _reading().harmless.search(text) is not None


def tells_of_lost_peer(text: str) -> bool:
    """Return whether the message `text` of QEMU says no more than that the other side has gone."""
    return _reading().lost_peer.search(text) is not None


def _continues(last: LogEntry, entry: LogEntry, line: str) -> bool:
    """Return whether `line` continues the entry before it: some trace events and all hints have more lines."""
    if entry.stamp is not None or entry.name in (WARNING, INFORMATION) or _names_program(line):
        return False
    return line.startswith(" ") or (last.origin is EventSource.MESSAGE and last.stamp is not None)


def _names_program(line: str) -> bool:
    """Return whether QEMU's name stands in `line` as before a message; a guest's there looks like a trace event."""
    return "qemu" in line and _PROGRAM.fullmatch(_stamp(line)[1]) is not None


def _trace(line: str) -> LogEntry | None:
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
    return LogEntry(EventSource.TRACE, name, device[1] if device else "", _arguments(name, arguments.strip()), stamp)


def _arguments(name: str, text: str) -> dict[str, Any]:
    pattern = _reading().arguments.get(name)
    match = pattern.fullmatch(text) if pattern else None
    named = match.groupdict() if match else {}
    return {"text": text} | {key: _value(value) for key, value in named.items() if value is not None}


def _value(text: str) -> int | str:
    return int(text, 0) if _NUMBER.fullmatch(text) else text


def _message(line: str) -> LogEntry:
    stamp, text = _stamp(line)
    program = _PROGRAM.fullmatch(text) or (_OTHER_PROGRAM.fullmatch(text) if stamp is not None else None)
    text = program[1] if program else text
    severity = _SEVERITY.fullmatch(text)
    name, text = severity.groups() if severity else (ERROR, text)
    return LogEntry(EventSource.MESSAGE, name, fields={"text": text}, stamp=stamp)


def _stamp(line: str) -> tuple[int | None, str]:
    """Return the time that `line` begins with, and what follows; of two, which torn lines can have, the last."""
    stamp = None
    while match := _STAMPED.fullmatch(line):
        when = datetime.fromisoformat(f"{match[1]}+00:00")
        stamp = int(when.replace(microsecond=0).timestamp()) * 1_000_000_000 + when.microsecond * 1000
        line = match[2]
    return stamp, line


def _times(entries: Sequence[LogEntry], clock_offset: int) -> list[int]:
    """Return a time for each entry: the lab's own as they are, QEMU's between them and never going back."""
    times: list[int] = []
    for entry, end in zip(entries, _next_exact_times(entries), strict=True):
        before = times[-1] if times else None
        if entry.at is not None:
            times.append(entry.at)
            continue
        at = before if entry.stamp is None else entry.stamp + clock_offset
        earliest = max((bound for bound in (before, at) if bound is not None), default=None)
        bounds = [bound for bound in (earliest, end) if bound is not None]
        times.append(min(bounds) if bounds else time.monotonic_ns())
    return times


def _next_exact_times(entries: Sequence[LogEntry]) -> list[int | None]:
    """Return for each entry the monotonic time of the next one that has it, itself included."""
    times: list[int | None] = []
    following: int | None = None
    for entry in reversed(entries):
        following = entry.at if entry.at is not None else following
        times.append(following)
    return times[::-1]


@cache
def _reading() -> _Reading:
    text = resources.files(__package__).joinpath("traces.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, yaml.CSafeLoader)
    return _Reading(
        {name: re.compile(pattern) for name, pattern in content["arguments"].items()},
        frozenset(content["config-load"]),
        frozenset(content["saving"]),
        re.compile("|".join(content["harmless"])),
        re.compile("|".join(content["lost-peer"])),
    )
