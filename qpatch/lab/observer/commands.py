# SPDX-License-Identifier: GPL-2.0-or-later
"""How long QEMU takes for what it is commanded on its monitor: to answer, and until the command has taken effect.

From the lab's events `obeyed` (vm, command, asked), which come with the answer; commands.yaml says what is to happen
then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.model import EventSource
from qpatch.lab.observer.bounds import command_ms
from qpatch.lab.observer.migrations import device_state
from qpatch.lab.observer.spent import Spent
from qpatch.lab.observer.starvation import starvation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from qpatch.lab.model import Event


@dataclass(frozen=True)
class _Effect:
    """What shows that a command was carried out: an event of the monitor, and states that its devices reach."""

    event: str
    status: frozenset[str]
    devices: frozenset[str]


def slow_commands(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each command that took longer than it should, the host's part taken off."""
    starved = starvation(timeline)
    for position, event in enumerate(timeline):
        if event.origin is not EventSource.LAB or event.name != "obeyed":
            continue
        asked = int(event.fields["asked"])
        for end, what in ((event.at, "to be answered"), *_effects(timeline, position)):
            if (ms := Spent(asked, end, end - asked).by_qemu_ms(timeline, starved)) > command_ms():
                vm, command = (event.fields[name] for name in ("vm", "command"))
                yield f"{command} took {ms:.0f} ms {what} on {vm}; the bound is {command_ms():g} ms"
                break


def waiting_words() -> frozenset[str]:
    """Return the commands for the guest in which it waits for interrupts."""
    return frozenset(_content()["waits"])


def long_words() -> frozenset[str]:
    """Return the commands for the guest that can take long without a fault of anybody's."""
    return waiting_words() | frozenset(_content()["many"])


def _effects(timeline: Sequence[Event], position: int) -> Iterator[tuple[int, str]]:
    """Yield when what the command at `position` is to bring about happened, and what that is."""
    command = timeline[position]
    effect = _known().get(str(command.fields["command"]))
    if effect is None:
        return
    vm, asked = str(command.fields["vm"]), int(command.fields["asked"])
    later = [event for event in _until_next(timeline, position, vm) if event.actor == vm and event.at >= asked]
    told = next((event for event in later if _tells(event, effect)), None)
    if told is not None:
        yield told.at, f"until {told.name} was told"
    reached: set[str] = set()
    for event in later:
        if device_state(event) in effect.devices and event.device not in reached:
            reached.add(event.device)
            yield event.at, f"until {event.device} was in {device_state(event).upper()}"


def _until_next(timeline: Sequence[Event], position: int, vm: str) -> Iterator[Event]:
    """Yield what happened from the command at `position` on to the next one for that VM, or its next migration.

    What happened before the answer stands before the event.
    """
    asked = int(timeline[position].fields["asked"])
    begin = position
    while begin and timeline[begin - 1].at >= asked:
        begin -= 1
    yield from timeline[begin:position]
    for event in timeline[position + 1 :]:
        if event.origin is EventSource.LAB and (
            event.name == "migrate" or (event.name == "command" and event.fields["vm"] == vm)
        ):
            return
        yield event


def _tells(event: Event, effect: _Effect) -> bool:
    if event.origin is not EventSource.QMP or event.name != effect.event:
        return False
    return not effect.status or event.fields.get("status") in effect.status


@cache
def _known() -> dict[str, _Effect]:
    return {
        command: _Effect(given["event"], frozenset(given.get("status", ())), frozenset(given.get("devices", ())))
        for command, given in _content()["effects"].items()
    }


@cache
def _content() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("commands.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return content
