# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that every timeline fulfils, whatever QEMU does: one that breaks a rule was read or written wrongly.

Each violation is a sentence. Where a lab numbers the events of the devices (`n`, from 0 on in each process), any two of
them that have changed places are noticed, and any that is missing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.model import START, Event, EventSource
from qpatch.lab.observer.migrations import (
    RESUMING,
    RUNNING,
    MigrationHistory,
    device_state,
    parse_migrations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    Rule: TypeAlias = Callable[[MigrationHistory], Iterator[str]]

_INITIAL = RUNNING
_NEW_STATE = ("reset", "open", "close")
_READABLE = {"pre-copy": ("pre-copy", "pre-copy-p2p"), "stop-copy": ("stop-copy",)}
_MAX_VIOLATIONS = 10  # of one rule that are reported; the rest follow from them


def contradictions(timeline: Sequence[Event]) -> tuple[str, ...]:
    """Return a sentence for each rule that `timeline` breaks, at most ten of a kind."""
    history = parse_migrations(timeline)
    found: list[str] = []
    for rule in _RULES:
        found += [sentence for _, sentence in zip(range(_MAX_VIOLATIONS), rule(history), strict=False)]
    return tuple(found)


def numbers_have_no_gaps(history: MigrationHistory) -> Iterator[str]:
    """Check the numbers of the devices' events, in each process in which they have any.

    They count from 0 on; a wrapper script that runs QEMU starts as well, and has no other event.
    """
    events = list(_device_events(history))
    numbered = {event.actor for event in events if "n" in event.fields}
    expected: dict[str, int] = defaultdict(int)
    for event in (event for event in events if event.actor in numbered):
        number = event.fields.get("n")
        if event.name == START and number == 0 and expected[event.actor] <= 1:
            expected[event.actor] = 0
        if number != expected[event.actor]:
            yield f"event {number} of {event.actor} ({event.name}) stands where event {expected[event.actor]} should"
        expected[event.actor] = (number if isinstance(number, int) else expected[event.actor]) + 1


def times_never_go_back(history: MigrationHistory) -> Iterator[str]:
    """Check that the devices' events are in the order of their times, across processes: they have one clock."""
    latest: Event | None = None
    for event in _device_events(history):
        if latest is not None and event.at < latest.at:
            yield (
                f"{event.name} of {event.actor} was {latest.at - event.at} ns before {latest.name} of "
                f"{latest.actor}, and stands after it"
            )
        latest = event if latest is None or event.at >= latest.at else latest


def states_are_a_chain(history: MigrationHistory) -> Iterator[str]:
    """Check that a device leaves the state that it has reached before."""
    present: dict[tuple[str, str], str] = {}
    for event in _device_events(history):
        key = (event.actor, event.device)
        if event.name in _NEW_STATE and event.fields.get("what", "device") in ("device", "cdev"):
            present.pop(key, None)
        if event.name != "state":
            continue
        left, known = str(event.fields["from"]), present.get(key, _INITIAL)
        if known and left != known:
            yield f"{event.device} of {event.actor} leaves {left}, but it was in {known}"
        present[key] = device_state(event)  # '' after a failure: it may have stopped anywhere on the way


def data_flows_in_its_states(history: MigrationHistory) -> Iterator[str]:
    """Check that data is written to a device that resumes, and read from one in the phase that the event names."""
    present: dict[tuple[str, str], str] = {}
    for event in _device_events(history):
        key = (event.actor, event.device)
        if event.name == "state":
            present[key] = device_state(event)
        state = present.get(key, _INITIAL)
        if not state or event.fields.get("errno", 0):
            continue
        if event.name == "data-write" and state != RESUMING:
            yield f"data is written to {event.device} of {event.actor}, which is not resuming but {state}"
        phase = str(event.fields.get("phase", ""))
        if event.name == "data-read" and phase in _READABLE and state not in _READABLE[phase]:
            yield f"data of {phase} is read from {event.device} of {event.actor}, which is in {state}"


def data_adds_up(history: MigrationHistory) -> Iterator[str]:
    """Check that each transfer's total is the last one and its own bytes; a new stream begins at 0."""
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for event in _device_events(history):
        if event.name not in ("data-read", "data-write") or event.fields.get("errno", 0) or "total" not in event.fields:
            continue
        key = (event.actor, event.device, event.name)
        size, total = int(event.fields["bytes"]), int(event.fields["total"])
        if total not in (size, totals[key] + size):
            yield (
                f"{event.name} of {size} bytes of {event.device} of {event.actor} makes {total} bytes in all, "
                f"after {totals[key]}"
            )
        totals[key] = total


@dataclass
class _Vector:
    """What is known of one vector of a device: the numbers raised in each process."""

    raised: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def error(self, event: Event) -> str:
        """Record `event`; return what is wrong with it, or ''."""
        number = int(event.fields.get("sequence", 0))
        if event.name == "irq-raise":
            self.raised[event.actor].add(number)
        elif event.name == "irq-renumber":
            shift = number - int(event.fields["local"])
            self.raised[event.actor] |= {number + shift for number in self.raised[event.actor]}
        elif (
            event.name == "irq-ack"
            and not event.fields.get("spurious")
            and not any(number in numbers for numbers in self.raised.values())
        ):
            return f"has the guest acknowledge interrupt {number} before it was raised"
        return ""


def effects_follow_causes(history: MigrationHistory) -> Iterator[str]:
    """Check that interrupts are acknowledged after they were raised."""
    vectors: dict[tuple[str, bool, int], _Vector] = defaultdict(_Vector)
    for event in _device_events(history):
        if not event.name.startswith("irq-") or event.fields.get("index") in ("err", "req"):
            continue
        number = int(event.fields.get("vector", 0))
        error = vectors[event.device, event.fields.get("index") == "intx", number].error(event)
        if error:
            yield f"{event.actor} {error} (vector {number} of {event.device})"


def processes_were_started(history: MigrationHistory) -> Iterator[str]:
    """Check that only processes which the lab has started have a log."""
    started = {
        event.fields.get("vm") for event in history.timeline if event.origin is EventSource.LAB and event.name == START
    }
    for actor in sorted({event.actor for event in _device_events(history)} - started):
        yield f"there are events of {actor}, which was never started"


def _device_events(history: MigrationHistory) -> Iterator[Event]:
    return (event for event in history.timeline if event.origin is EventSource.UAPI)


_RULES: tuple[Rule, ...] = (
    numbers_have_no_gaps,
    times_never_go_back,
    states_are_a_chain,
    data_flows_in_its_states,
    data_adds_up,
    effects_follow_causes,
    processes_were_started,
)
