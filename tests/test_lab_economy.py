# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU does too late, too early or too often in a migration that ends well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import delivered, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.economy import set_up_again, wasted
from qpatch.lab.observer.migrations import parse_migrations

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = ["stops-afterwards", "batched-vectors"]


def told(timeline: TimelineBuilder) -> list[str]:
    return list(wasted(parse_migrations(timeline.events)))


class Run:
    """A migration, told step by step."""

    def __init__(self, thrift: list[str] | None = None) -> None:
        self.timeline = TimelineBuilder()
        for vm, role in (("qemu0", "source"), ("qemu1", "destination")):
            self.timeline.lab("machine", vm=vm, read_only=[], thrift=ALL if thrift is None else thrift)
            self.timeline.start(vm, role)

    def begins(self) -> None:
        self.timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
        self.dirty("start")
        self.timeline.state("qemu0", "pre-copy")
        self.timeline.state("qemu1", "resuming")

    def dirty(self, operation: str, pages: int = 0, errno: int = 0) -> None:
        self.timeline.uapi("qemu0", "dirty", by="device", operation=operation, pages=pages, errno=errno)

    def begins_pass(self, number: int) -> None:
        self.timeline.qmp("qemu0", "MIGRATION_PASS", **{"pass": number})

    def reaches(self, state: str) -> None:
        self.timeline.trace("qemu0", "vfio_migration_set_state", "dev0", state=state)

    def saves(self, name: str) -> None:
        self.timeline.trace("qemu0", "vmstate_save", id=name, vmsd=name)

    def sets_up(self, vm: str, first: int, count: int, enabled: int | None = None) -> None:
        enabled = count if enabled is None else enabled
        what: dict[str, Any] = {"start": first, "count": count, "enabled": enabled}
        self.timeline.uapi(vm, "set-irqs", index="msix", action="trigger", data="eventfd", errno=0, **what)

    def ends(self, **fields: Any) -> list[str]:
        self.timeline.migrated(**fields)
        return told(self.timeline)


def test_a_second_pass_without_a_question_for_dirty_pages() -> None:
    run = Run()
    run.begins()
    run.begins_pass(1)
    run.begins_pass(2)
    run.dirty("report")
    run.timeline.state("qemu0", "stop-copy")
    said = "qemu0 sends memory again and has not asked which pages devices have written (migration 1)"
    assert run.ends() == [said]


@pytest.mark.parametrize("how", ["asked", "one-pass", "untracked", "stopped"])
def test_what_is_no_second_pass_without_one(how: str) -> None:
    run = Run()
    run.begins()
    if how == "untracked":
        run.dirty("stop")
    run.begins_pass(1)
    if how == "asked":
        run.dirty("report")
    if how == "stopped":
        run.timeline.state("qemu0", "stop-copy")
    if how != "one-pass":
        run.begins_pass(2)
    assert run.ends() == []


def test_bits_that_are_read_and_kept() -> None:
    run = Run()
    run.begins()
    run.dirty("peek")
    assert run.ends() == []
    run = Run()
    run.begins()
    run.dirty("peek", pages=1)
    assert run.ends() == [
        "qemu0 reads which pages are dirty and does not clear that: it sends them each time (migration 1)"
    ]


@pytest.mark.parametrize(
    ("reported", "writes", "is_told"), [(64, 0, False), (65, 0, True), (68, 1, False), (69, 1, True)]
)
def test_far_more_dirty_pages_than_were_written(reported: int, writes: int, is_told: bool) -> None:
    run = Run()
    run.begins()
    for _ in range(writes):
        run.timeline.uapi("qemu0", "dma-write", page=0, sequence=1, iova=0x1000, errno=0)
    run.dirty("report", pages=reported)
    said = f"{reported} pages were dirty for qemu0, and devices have written {writes} times to one (migration 1)"
    assert run.ends() == ([said] if is_told else [])


@pytest.mark.parametrize(("passes", "sent"), [(1, 134), (2, 136), (3, 149), (3, 151)])
def test_memory_that_is_sent_again(passes: int, sent: int) -> None:
    run = Run()
    run.begins()
    run.timeline.uapi("qemu0", "dma-write", page=0, sequence=1, iova=0x1000, errno=0)
    run.dirty("report", pages=20)
    for number in range(passes):
        run.begins_pass(number + 1)
    said = [
        f"qemu0 has sent {sent} pages of the 100 that the VM has, going through them {passes} times; devices were said "
        "to write 20 (migration 1)"
    ]
    assert run.ends(sent_pages=sent, ram_pages=100) == (said if sent in (136, 151) else [])


def test_a_device_that_leaves_stop_copy_while_state_is_saved() -> None:
    run = Run()
    run.begins()
    run.saves("ram")
    run.reaches("STOP_COPY")
    run.reaches("STOP")
    run.saves("apic")
    run.saves("ioapic")
    said = "qemu0 has dev0 leave STOP_COPY before it saves apic, and waits for that as long as it takes the device"
    assert run.ends() == [f"{said} (migration 1)"]


@pytest.mark.parametrize(("thrift", "first"), [([], "stop"), (ALL, "save")])
def test_releases_that_do_so_and_those_that_leave_it_afterwards(thrift: list[str], first: str) -> None:
    run = Run(thrift)
    run.begins()
    run.reaches("STOP_COPY")
    steps: list[Callable[[], None]] = [lambda: run.reaches("STOP"), lambda: run.saves("apic")]
    for step in steps if first == "stop" else steps[::-1]:
        step()
    assert run.ends() == []


@pytest.mark.parametrize(("calls", "thrift", "is_told"), [(8, ALL, False), (9, ALL, True), (9, [], False)])
def test_vectors_that_are_set_up_one_by_one(calls: int, thrift: list[str], is_told: bool) -> None:
    run = Run(thrift)
    run.sets_up("qemu0", 0, 65)
    run.begins()
    for vector in range(calls):
        run.sets_up("qemu1", vector, 1)
    run.timeline.state("qemu1", "running")
    said = [f"qemu1 sets up the vectors of dev0 by {calls} calls of SET_IRQS (migration 1)"] if is_told else []
    assert run.ends() == said


def test_more_vectors_than_the_source_had_set_up() -> None:
    run = Run()
    run.sets_up("qemu0", 0, 8)
    run.sets_up("qemu0", 0, 0)
    run.sets_up("qemu0", 0, 2)
    run.sets_up("qemu0", 5, 1)
    run.begins()
    run.sets_up("qemu1", 0, 8, enabled=3)
    run.timeline.state("qemu1", "running")
    assert told(run.timeline) == run.ends() == []
    run = Run()
    run.sets_up("qemu0", 0, 3)
    run.begins()
    run.sets_up("qemu1", 0, 8, enabled=4)
    run.timeline.state("qemu1", "running")
    assert run.ends() == ["qemu1 sets up 4 vectors of dev0, which had 3 on qemu0 (migration 1)"]


@pytest.mark.parametrize(
    ("ran", "command", "index", "data", "is_told"),
    [
        (True, "cont", "msix", "none", True),
        (True, "cont", "msi", "none", True),
        (False, "cont", "msix", "none", False),
        (True, "stop", "msix", "none", False),
        (True, "cont", "intx", "none", False),
        (True, "cont", "msix", "eventfd", False),
    ],
)
def test_interrupts_that_are_set_up_anew_when_a_vm_goes_on(
    ran: bool, command: str, index: str, data: str, is_told: bool
) -> None:
    timeline = TimelineBuilder()
    if ran:
        timeline.fence("qemu0")
    timeline.command("qemu0", command)
    what: dict[str, Any] = {"index": index, "data": data, "count": 0 if data == "none" else 8}
    timeline.uapi("qemu1", "set-irqs", **what)
    timeline.uapi("qemu0", "set-irqs", **what)
    said = "qemu0 sets up dev0's interrupts anew when its VM goes on"
    assert list(set_up_again(timeline.events)) == ([said] if is_told else [])


def test_what_its_guest_does_afterwards_is_its_own_affair() -> None:
    timeline = TimelineBuilder()
    timeline.fence("qemu0")
    timeline.command("qemu0", "cont")
    timeline.lab("obeyed", vm="qemu0", command="cont", asked=timeline.now)
    timeline.uapi("qemu0", "set-irqs", index="msix", data="none", count=0)
    assert list(set_up_again(timeline.events)) == []


def test_a_failed_migration_is_not_judged() -> None:
    run = Run()
    run.begins()
    run.dirty("peek", pages=1)
    assert run.ends(status="failed") == []


def test_such_a_run_is_slow() -> None:
    timeline = delivered()
    place = next(i for i, event in enumerate(timeline.events) if event.name == "migrated")
    event = timeline.events[place]
    timeline.events[place] = replace(event, fields={**event.fields, "sent_pages": 300, "ram_pages": 100})
    assert "qemu0 has sent 300 pages of the 100" in reason(timeline, Verdict.SLOW)
