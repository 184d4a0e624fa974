# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that every timeline fulfils: true stories break none, and each kind of untruth is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, STOCK_10_2, TimelineBuilder, migration

from qpatch.lab.model import Event, EventSource, Verdict
from qpatch.lab.observer.consistency import contradictions
from qpatch.lab.observer.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable

TIMELINE = tuple(migration(STOCK_5_2, eager=True, lost=True, pause=100).events)
DEVICE_EVENTS = [position for position, event in enumerate(TIMELINE) if event.origin is EventSource.UAPI]


@pytest.mark.parametrize("order", [STOCK_5_2, SAVE_STATE_5_2, STOCK_10_2])
@pytest.mark.parametrize("eager", [False, True])
def test_a_true_story_breaks_no_rule(order: tuple[str, ...], eager: bool) -> None:
    assert contradictions(migration(order, eager=eager).events) == ()


def test_a_failed_migration_breaks_no_rule() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.write("qemu1", errno=22)
    timeline.give_up()
    timeline.verify("qemu0")
    assert contradictions(timeline.events) == ()


@given(st.lists(st.sampled_from(DEVICE_EVENTS), min_size=2, max_size=2, unique=True))
def test_any_two_events_of_the_library_that_changed_places_are_noticed(places: list[int]) -> None:
    swapped = list(TIMELINE)
    one, other = places
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert contradictions(swapped)
    assert observe(swapped).verdict is Verdict.INCONSISTENT


@given(st.sampled_from(DEVICE_EVENTS[:-1]))
def test_an_event_that_is_missing_is_noticed(place: int) -> None:
    last = {event.actor: position for position, event in enumerate(TIMELINE) if position in DEVICE_EVENTS}
    if place not in last.values():  # nothing shows that a process did not go on
        assert contradictions(TIMELINE[:place] + TIMELINE[place + 1 :])


def change(name: str, actor: str, number: int = -1, **fields: Any) -> tuple[Event, ...]:
    """The history with other fields in the last (or `number`) event of that name and process."""
    found = [place for place, event in enumerate(TIMELINE) if (event.name, event.actor) == (name, actor)][number]
    changed = replace(TIMELINE[found], fields={**TIMELINE[found].fields, **fields})
    return (*TIMELINE[:found], changed, *TIMELINE[found + 1 :])


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (lambda: change("state", "qemu1", -1, **{"from": "stop"}), "dev0 of qemu1 leaves stop, but it was in resuming"),
        (lambda: change("data-write", "qemu1", total=5), "makes 5 bytes in all"),
        (lambda: change("irq-ack", "qemu1", sequence=9), "acknowledge interrupt 9 before it was raised"),
        (lambda: change("data-read", "qemu0", phase="pre-copy"), "data of pre-copy is read"),
        (lambda: change("start", "lab", vm="qemu7"), "qemu1, which was never started"),
        (lambda: change("state", "qemu1", number=0, to="stop"), "which is not resuming but stop"),
    ],
)
def test_each_rule_says_what_is_wrong(history: Callable[[], tuple[Event, ...]], told: str) -> None:
    assert any(told in sentence for sentence in contradictions(history())), contradictions(history())


def test_a_wrapper_that_starts_qemu_is_no_gap() -> None:
    timeline = TimelineBuilder()
    timeline.lab("start", vm="qemu0", role="source")
    for _ in range(3):  # a shell, what it runs, and QEMU
        timeline.numbers["qemu0"] = 0
        timeline.uapi("qemu0", "start", "", mono_ns=1, real_ns=1, pid=1)
    timeline.uapi("qemu0", "open", what="device")
    assert contradictions(timeline.events) == ()


def test_interrupts_that_were_renumbered_are_known_by_their_new_number() -> None:
    timeline = migration(STOCK_5_2)
    timeline.uapi(
        "qemu1", "irq-raise", index="msix", vector=3, sequence=1, cause="set-irqs", sent=True, state="resuming"
    )
    timeline.uapi("qemu1", "irq-renumber", index="msix", vector=3, local=1, sequence=5)
    timeline.uapi("qemu1", "irq-ack", index="msix", vector=3, sequence=5, spurious=False)
    assert contradictions(timeline.events) == ()


def test_no_more_than_ten_of_a_kind_are_told() -> None:
    timeline = TimelineBuilder()
    timeline.lab("start", vm="qemu0", role="source")
    for number in range(40):
        timeline.numbers["qemu0"] = number * 2 + 1
        timeline.uapi("qemu0", "reset")
    assert len(contradictions(timeline.events)) == 10
