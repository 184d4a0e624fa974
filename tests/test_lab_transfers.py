# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices transfer data by DMA only in states in which they may."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder, disordered


def access(timeline: TimelineBuilder, vm: str, operation: str = "dma-write", device: str = "dev0") -> None:
    timeline.uapi(vm, operation, device, iova=0x40001000, errno=0)


def begun() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    access(timeline, "qemu0")
    timeline.begin()
    access(timeline, "qemu0")
    return timeline


def ended(timeline: TimelineBuilder) -> tuple[str, ...]:
    timeline.run()
    access(timeline, "qemu1")
    timeline.migrated()
    timeline.verify()
    return disordered(timeline)


def test_a_device_that_runs_or_is_in_pre_copy_may() -> None:
    timeline = begun()
    timeline.stop()
    timeline.load()
    assert ended(timeline) == ()


@pytest.mark.parametrize(("operation", "does"), [("dma-read", "reads from"), ("dma-write", "writes to")])
@pytest.mark.parametrize("state", ["pre-copy-p2p", "stop-copy"])
def test_one_that_stops_or_has_stopped_may_not(state: str, operation: str, does: str) -> None:
    timeline = begun()
    timeline.state("qemu0", "pre-copy-p2p")
    if state == "stop-copy":
        timeline.state("qemu0", state)
    access(timeline, "qemu0", operation)
    timeline.stop()
    timeline.load()
    assert ended(timeline) == (f"dev0 {does} guest memory on qemu0 in {state}, in which it may not",)


@pytest.mark.parametrize("state", ["resuming", "running-p2p"])
def test_one_that_is_resuming_or_not_quite_running_may_not(state: str) -> None:
    timeline = begun()
    timeline.stop()
    timeline.load()
    if state != "resuming":
        timeline.state("qemu1", state)
    access(timeline, "qemu1")
    assert ended(timeline) == (f"dev0 writes to guest memory on qemu1 in {state}, in which it may not",)


def test_of_a_state_that_is_not_known_nothing_is_said() -> None:
    timeline = begun()
    timeline.state("qemu0", "stop-copy", errno=5)
    access(timeline, "qemu0")
    timeline.stop()
    timeline.load()
    assert ended(timeline) == ()


def test_another_devices_state_is_its_own() -> None:
    timeline = begun()
    timeline.state("qemu0", "stop-copy")
    access(timeline, "qemu0", device="dev1")
    timeline.stop()
    timeline.load()
    assert ended(timeline) == ()
