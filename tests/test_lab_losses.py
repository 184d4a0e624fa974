# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an interrupt that never reached the guest was lost."""

from __future__ import annotations

import pytest
from lab_interrupts_support import moved, totals
from lab_timeline_support import STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.definitions.machine import load_machine, machine_names
from qpatch.lab.model import InterruptCounts
from qpatch.lab.observer.account import InterruptState
from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.losses import controllers
from qpatch.lab.observer.migrations import parse_migrations


def why(timeline: TimelineBuilder) -> str:
    (lost,) = account_for(parse_migrations(timeline.events)).in_state(InterruptState.LOST)
    return lost.why


def test_an_interrupt_that_was_taken_before_the_controller_was_loaded_is_lost_and_it_is_said_where() -> None:
    told = migration(STOCK_5_2, eager=True, lost=True)
    assert totals(told) == InterruptCounts(delivered=2, lost=1)
    assert why(told) == "QEMU took vector 0's eventfd 2.0 ms before arm_gic was loaded"


def test_an_interrupt_for_which_no_eventfd_was_set_says_so() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5, sent=False)
    timeline.fence("qemu1")
    assert why(timeline) == "the device could not send it: no eventfd was set"


def test_the_devices_own_reason_is_given() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5, sent=False, reason="masked")
    timeline.fence("qemu1")
    assert why(timeline) == "the device could not send it: masked"


def test_an_eventfd_that_was_never_read_is_named_with_its_process() -> None:
    timeline = moved()
    timeline.raised("qemu1", 5, cause="set-irqs")
    timeline.run()
    timeline.consumed("qemu1", 4)  # another one
    timeline.fence("qemu1")
    assert why(timeline) == "its eventfd was never read by qemu1"


@pytest.mark.parametrize("told_as_raised", [False, True])
def test_an_interrupt_that_the_device_swallows_counts_once(told_as_raised: bool) -> None:
    timeline = moved()
    timeline.run()
    if told_as_raised:
        timeline.raised("qemu1", 5, sent=False)
    timeline.uapi("qemu1", "irq-swallow", index="msix", vector=5)
    timeline.fence("qemu1")
    assert totals(timeline) == InterruptCounts(delivered=1, lost=1)
    assert why(timeline) == "it was swallowed by the device"


def test_an_interrupt_that_the_guest_ignores_is_lost_in_the_guest() -> None:
    timeline = moved()
    timeline.run()
    timeline.raised("qemu1", 5)
    timeline.consumed("qemu1", 5)
    timeline.fence("qemu1")
    assert why(timeline) == "QEMU took vector 5's eventfd, but the guest never acknowledged it"


def test_the_controllers_of_every_machine_are_known() -> None:
    for name in machine_names():
        assert set(load_machine(name).controllers) <= controllers()
