# SPDX-License-Identifier: GPL-2.0-or-later
"""What the picture of a migration is made of: its time, its marks, the ways of interrupts, and how it writes times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lab_timeline_support import MS, STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.observer.interrupts import InterruptState, account_for
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.picture_content import Lane, milliseconds, picture_content

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


def test_the_picture_ends_with_the_fence_that_settles_interrupts() -> None:
    builder = migration()
    shown = picture_content(builder.events)
    assert shown is not None
    fences = [event.at for event in builder.events if event.name == "fence"]
    migrated = next(event.at for event in builder.events if event.name == "migrated")
    assert shown.end == next(at for at in fences if at > migrated)


def test_what_the_destination_loads_is_marked_by_its_kind() -> None:
    shown = picture_content(migration(STOCK_5_2).events)
    assert shown is not None
    texts = [mark.text for mark in shown.marks if mark.lane is Lane.DESTINATION]
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
    assert ("report", "migration completed") in marked(builder)


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
