# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is taken away from a device while it runs."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.mappings import memory_taken_away

PAGE = 0x40003000


def unmap(timeline: TimelineBuilder, vm: str, iova: int = 0x40000000, errno: int = 0) -> None:
    timeline.uapi(vm, "dma-unmap", device="", iova=iova, size=0x10000, errno=errno)


@pytest.mark.parametrize("state", ["running", "pre-copy", "running-p2p", "pre-copy-p2p"])
def test_states_in_which_a_device_accesses_memory(state: str) -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-read", page=3, iova=PAGE, errno=0)
    timeline.state("qemu0", state)
    unmap(timeline, "qemu0")
    assert len(list(memory_taken_away(timeline.events))) == 1


@pytest.mark.parametrize("state", ["stop", "stop-copy", "resuming"])
def test_states_in_which_it_does_not(state: str) -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-read", page=3, iova=PAGE, errno=0)
    timeline.state("qemu0", state)
    unmap(timeline, "qemu0")
    assert list(memory_taken_away(timeline.events)) == []


def test_a_destination_has_the_addresses_that_the_driver_gave_to_the_device_on_the_source() -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.start("qemu1", "destination")
    timeline.uapi("qemu0", "dma-read", page=3, iova=PAGE, errno=0)
    unmap(timeline, "qemu1")
    assert list(memory_taken_away(timeline.events)) == []
    timeline.state("qemu1", "resuming")
    timeline.state("qemu1", "running")
    unmap(timeline, "qemu1")
    assert len(list(memory_taken_away(timeline.events))) == 1


@pytest.mark.parametrize(
    ("iova", "errno", "ends"), [(0x50000000, 0, False), (0x40000000, 22, False), (0x40000000, 0, True)]
)
def test_other_memory_a_failure_and_the_end_of_a_process_are_nothing(iova: int, errno: int, ends: bool) -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-read", page=3, iova=PAGE, errno=0)
    if ends:
        timeline.lab("state", vm="qemu0", status="running")
    unmap(timeline, "qemu0", iova, errno)
    assert list(memory_taken_away(timeline.events)) == []


@pytest.mark.parametrize(("before", "told"), [("config-write", 0), ("dma-log", 1)])
def test_what_the_guest_takes_away_by_its_config_space_is_its_own(before: str, told: int) -> None:
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-write", page=3, iova=PAGE, errno=0)
    timeline.uapi("qemu0", before, offset=4, size=2, errno=0)
    unmap(timeline, "qemu0", 0x50000000)
    unmap(timeline, "qemu0")
    assert len(list(memory_taken_away(timeline.events))) == told


def test_the_verdict_is_dma_failed() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.uapi("qemu0", "dma-read", page=3, iova=PAGE, errno=0)
    unmap(timeline, "qemu0")
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.verify()
    timeline.end()
    told = "qemu0 unmapped 0x10000 bytes at 0x40000000, which dev0 uses, while that device runs"
    assert reason(timeline, Verdict.DMA_FAILED) == told
