# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices as the kernel saw them: what their drivers say in the kernel's log, as events.

The project's own driver says what its device does, as in other labs. One that is not the project's names the state that
it is asked for, then each step to it before it is made. That a step has failed shows in
the next request, which begins elsewhere; the last one's end is not told, and counts as reached.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.vm.console import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.vm.devices import KernelDevice

# enum vfio_device_mig_state of linux/vfio.h
STATES = ("error", "stop", "running", "stop-copy", "resuming", "running-p2p", "pre-copy", "pre-copy-p2p")
_LINE = re.compile(r"^\[ *(?P<seconds>\d+)\.(?P<micro>\d{6})\](?:\[[^\]]*\])? (?P<text>.*)$", re.MULTILINE)
_CLOCK = re.compile(rf"{MARK}clock (?P<ns>\d+)")
_TOLD = '{"event":'  # begins what the project's device says
_DEVICE = "dev0"
REFUSED = "state-refused"  # the event of a state that was not reached: the kernel's log does not say why


@dataclass
class _Request:
    at: int
    to: int
    steps: list[tuple[int, int]] = field(default_factory=list)


def device_events(log: str, device: KernelDevice, actors: Sequence[tuple[str, str]]) -> tuple[Event, ...]:
    """Return what the kernel's `log` tells of devices; `actors` are their names and who has them.

    Of the project's own device that is all that it tells in other labs, too; of another one, its changes of state.

    Empty where the log does not say which time it is on the timeline's clock.
    """
    lines = [
        (int(line["seconds"]) * 1_000_000_000 + int(line["micro"]) * 1000, line["text"]) for line in _LINE.finditer(log)
    ]
    offset = next((int(clock["ns"]) - at for at, text in lines if (clock := _CLOCK.search(text))), None)
    if offset is None:
        return ()
    found: list[Event] = []
    for uuid, actor in actors:
        own = [(at + offset, text) for at, text in lines if uuid in text]
        if device.built:
            found += [event for at, text in own if (event := _told(at, text, actor)) is not None]
        elif device.requested:
            found += _events(list(_requests(own, device)), actor)
    return tuple(sorted(found, key=lambda event: event.at))


def _told(at: int, text: str, actor: str) -> Event | None:
    """Return the event that a line of the project's device tells of, None where it is cut short."""
    start = text.find(_TOLD)
    try:
        fields = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return None
    name = fields.pop("event", "")
    return Event(at, actor, EventSource.UAPI, name, _DEVICE, fields) if name else None


def _requests(lines: Sequence[tuple[int, str]], device: KernelDevice) -> Iterator[_Request]:
    request: _Request | None = None
    for at, text in lines:
        if asked := re.search(device.requested, text):
            if request:
                yield request
            request = _Request(at, int(asked["to"]))
        elif request and (step := re.search(device.stepped, text)):
            request.steps.append((int(step["from"]), int(step["to"])))
    if request:
        yield request


def _events(requests: Sequence[_Request], actor: str) -> Iterator[Event]:
    before = STATES.index("running")  # of a new device
    for number, request in enumerate(requests):
        following = requests[number + 1 : number + 2]
        after = _begin(following[0]) if following else request.to
        reached = after == request.to
        fields = {"from": STATES[before], "to": STATES[request.to], **({"errno": 0} if reached else {})}
        yield Event(request.at, actor, EventSource.UAPI, "state" if reached else REFUSED, _DEVICE, fields)
        before = after


def _begin(request: _Request) -> int:
    """Return the state in which a request found its device: the one that it wants, if no step was needed."""
    return request.steps[0][0] if request.steps else request.to
