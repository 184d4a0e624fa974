# SPDX-License-Identifier: GPL-2.0-or-later
"""What the picture of a migration is made of: its time, its marks, the ways of interrupts, and how it writes times."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from lab_timeline_support import MS, STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.observer.account import InterruptState
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.picture_content import milliseconds, picture_content
from qpatch.lab.observer.picture_marks import TIMES, Lane

if TYPE_CHECKING:
    from qpatch.lab.model import Event


def without(builder: TimelineBuilder, name: str, field: str) -> list[Event]:
    """Return the events of the timeline, those called `name` without `field`."""
    return [
        replace(event, fields={key: value for key, value in event.fields.items() if key != field})
        if event.name == name
        else event
        for event in builder.events
    ]


def test_the_picture_ends_with_the_last_that_is_done_with_the_guest() -> None:
    builder = migration()
    shown = picture_content(builder.events)
    assert shown is not None
    states = [place for place, event in enumerate(builder.events) if event.name == "state" and event.actor == "lab"]
    (ended,) = (place for place in states if builder.events[place].fields["vm"] == "qemu1")
    assert shown.end == builder.events[ended - 1].at


def shown_after(builder: TimelineBuilder, *marks: str) -> list[tuple[str, bool]]:
    """Return the marks of these kinds after the migration's end: their labels, and whether they are red."""
    shown = picture_content(builder.events)
    assert shown is not None
    end = next(event.at for event in builder.events if event.name == "migrated")
    return [(mark.label, mark.bad) for mark in shown.marks if mark.what in marks and mark.begin > end]


def moved() -> TimelineBuilder:
    """A migration that has just ended."""
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    builder.stop()
    builder.load()
    builder.run()
    builder.migrated()
    return builder


def test_what_the_guest_finds_is_in_the_picture_good_or_bad() -> None:
    builder = moved()
    builder.verify()
    builder.verify(state="wrong", stale=2)
    assert shown_after(builder, "check", "error") == [
        ("all is whole", False),
        ("all is whole", False),
        ("its state is wrong, 2 pages are old", True),
        ("all is whole", False),
    ]


def test_a_loss_long_after_the_migration_is_in_the_picture() -> None:
    builder = moved()
    builder.verify()
    builder.raised("qemu1", 3)
    builder.fence("qemu1")
    assert shown_after(builder, "raise")[-1] == ("raises vector 3: lost", True)
    shown = picture_content(builder.events)
    assert shown is not None
    assert [path.bad for path in shown.paths] == [True]


def test_accesses_that_fail_and_masks_are_marked() -> None:
    builder = moved()
    for _ in range(3):
        builder.uapi("qemu1", "dma-write", iova=4096, errno=14)
    builder.uapi("qemu1", "dma-read", iova=4096, errno=1)  # EPERM: by the device itself, which does not run
    builder.lab("mask", vm="qemu1", device="dev0", vector=1)
    builder.lab("unmask", vm="qemu1", device="dev0", vector=1)
    builder.verify()
    assert shown_after(builder, "failed-access", "mask", "unmask", "told") == [
        (f"dma-write: EFAULT {TIMES}3", True),
        ("masks vector 1", False),
        ("unmasks vector 1", False),
    ]


@pytest.mark.parametrize(
    ("name", "fields", "label"),
    [
        ("hung", {"vm": "qemu1", "what": "qemu1 does not answer"}, "qemu1 does not answer"),
        ("hung", {"vm": "", "what": "the guest's answer never came"}, "the guest's answer never came"),
        ("stopped", {"vm": "qemu1", "status": "internal-error"}, "stops: internal-error"),
        ("failure", {"message": "waited 20 s"}, "the lab gives up"),
        ("exit", {"vm": "qemu1", "signal": 11, "expected": False}, "dies"),
    ],
)
def test_what_ends_a_run_is_marked(name: str, fields: dict[str, Any], label: str) -> None:
    builder = moved()
    builder.lab(name, **fields)
    assert shown_after(builder, "error") == [(label, True)]


def test_what_was_wrong_before_the_migration_is_in_the_picture() -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.raised("qemu0", 3)
    builder.fence("qemu0")
    builder.begin()
    builder.give_up()
    shown = picture_content(builder.events)
    assert shown is not None
    assert "raises vector 3: lost" in [mark.label for mark in shown.marks]


def test_a_storm_is_one_mark_and_is_soon_drawn() -> None:
    builder = moved()
    builder.step = 1000
    for _ in range(20_000):
        builder.acked("qemu1", spurious=True)
    started = time.process_time()
    assert shown_after(builder, "handle") == [(f"handles spurious vector 0 {TIMES}20000", True)]
    assert time.process_time() - started < 10  # of the processor; a second where it is idle


def test_of_very_many_marks_those_that_are_alike_are_one_in_each_phase() -> None:
    builder = moved()
    builder.verify()
    for number in range(200):
        builder.raised("qemu1", number % 2)
        builder.acked("qemu1", number % 2)
        builder.lab("mask", vm="qemu1", device="dev0", vector=5)
        builder.lab("unmask", vm="qemu1", device="dev0", vector=5)
    builder.step = 10 * MS
    builder.fence("qemu1")
    builder.check("qemu1", state="wrong")
    shown = picture_content(builder.events)
    assert shown is not None
    assert len(shown.marks) < 40
    found = shown_after(builder, "raise", "mask", "error", "fence")
    assert (f"raises vectors 0 to 1 {TIMES}200", False) in found
    assert (f"masks vector 5 {TIMES}200", False) in found
    assert found[-1] == ("its state is wrong", True)
    assert [label for label, _ in found].count("fence") == 3


def test_a_destination_that_has_ended_has_no_state_any_more() -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    builder.state("qemu1", "resuming")
    builder.lab("exit", vm="qemu1", code=1, signal=0, expected=True)
    ended = builder.events[-1].at
    builder.give_up()
    builder.verify("qemu0")
    shown = picture_content(builder.events)
    assert shown is not None
    assert [bar.end for bar in shown.bars if bar.lane is Lane.DESTINATION][-1] == ended


def test_what_the_destination_loads_is_marked_by_its_kind() -> None:
    shown = picture_content(migration(STOCK_5_2).events)
    assert shown is not None
    texts = [mark.text for mark in shown.marks if mark.lane is Lane.DESTINATION and mark.text != "takes"]
    assert [text for text in texts if text.startswith(("data", "config", "SET_IRQS", "arm_gic"))] == texts
    assert {text.split(" ")[0] for text in texts} == {"data", "config", "SET_IRQS", "arm_gic"}


def test_an_interrupt_that_is_taken_and_handled_in_one_moment_goes_through_qemu() -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    builder.raised("qemu0", 3)
    builder.consumed("qemu0", 3)
    builder.step = 0
    builder.acked("qemu0", 3)
    builder.step = 10_000
    builder.stop()
    builder.load()
    builder.run()
    builder.migrated()
    builder.verify()
    builder.end()
    shown = picture_content(builder.events)
    assert shown is not None
    assert [lane for lane, _ in shown.paths[0].stops] == [Lane.DEVICE, Lane.SOURCE, Lane.GUEST]


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (MS // 8, "0.12 ms"),
        (MS, "1.0 ms"),
        (MS * 199 // 2, "99.5 ms"),
        (100 * MS, "100 ms"),
        (1234 * MS, "1234 ms"),
    ],
)
def test_durations_have_as_many_digits_as_say_something(duration: int, text: str) -> None:
    assert milliseconds(duration) == text


def test_a_log_that_does_not_tell_of_sending_counts_it_as_sent() -> None:
    builder = migration(STOCK_5_2, eager=True, lost=True)
    events = without(builder, "irq-raise", "sent")
    (lost,) = account_for(parse_migrations(events)).in_state(InterruptState.LOST)
    assert "before arm_gic was loaded" in lost.why
    unread = [event for event in events if event.name != "irq-consume" or event.actor != "qemu1"]
    (lost,) = account_for(parse_migrations(unread)).in_state(InterruptState.LOST)
    assert lost.why == "its eventfd was never read by qemu1"


def test_a_migration_goes_to_another_vm_unless_it_is_said_to_where() -> None:
    builder = migration()
    (whole,) = parse_migrations(builder.events).migrations
    assert parse_migrations(without(builder, "migrate", "to")).migrations == (whole,)


def marked(builder: TimelineBuilder) -> list[tuple[str, str]]:
    """Return what each mark of the picture is and says."""
    shown = picture_content(builder.events)
    assert shown is not None
    return [(mark.what, mark.text) for mark in shown.marks]


def test_pauses_and_the_end_of_the_migration_are_marked() -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    builder.uapi("qemu0", "pause", ms=7)
    builder.stop()
    builder.load()
    builder.run()
    builder.migrated()
    builder.verify()
    builder.end()
    assert ("pause", "pauses 7 ms") in marked(builder)
    assert ("told", "migration completed") in marked(builder)


@pytest.mark.parametrize(("length", "shown"), [(44, "x" * 44), (45, "x" * 43 + "…")])
def test_messages_are_cut_where_they_are_too_long(length: int, shown: str) -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    builder.message("qemu0", "x" * length)
    builder.give_up()
    builder.verify("qemu0")
    assert ("error", shown) in marked(builder)


def test_of_many_interrupts_those_that_were_lost_are_shown() -> None:
    builder = TimelineBuilder()
    builder.prepare()
    builder.begin()
    for _ in range(30):
        builder.interrupt("qemu0", 2)
    builder.stop()
    builder.load(STOCK_5_2, eager=True)
    builder.run()
    builder.migrated()
    builder.verify()
    builder.end()
    shown = picture_content(builder.events)
    assert shown is not None
    assert [path.bad for path in shown.paths] == [True]
