# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a guest has placed BARs."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import delivered, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.bars import Bars

PLACE = 0x10010000


def placed(*writes: tuple[int, int, int], mapped: tuple[int, ...] = ()) -> Bars:
    """BARs after writes (offset, size, value) to config space and mappings of 64 KiB."""
    timeline = TimelineBuilder()
    for offset, size, value in writes:
        timeline.uapi("qemu0", "config-write", "dev1", offset=offset, size=size, value=value, errno=0)
    for iova in mapped:
        timeline.uapi("qemu0", "dma-map", "", iova=iova, size=0x10000, errno=0)
    bars = Bars()
    for event in timeline.events:
        bars.note(event)
    return bars


@pytest.mark.parametrize(
    ("writes", "address", "bar"),
    [
        ([(0x10, 4, PLACE)], PLACE, 0),
        ([(0x10, 4, 0xFFFFFFFF), (0x10, 4, PLACE | 8)], PLACE, 0),
        ([(0x18, 4, 0), (0x1C, 4, 0x80)], 0x80_00000000, 2),
        ([(0x18, 4, 0x30000), (0x1C, 4, 0x80)], 0x80_00030000, 2),
        ([(0x18, 4, 0x30000), (0x1C, 4, 0)], 0x30000, 2),
        ([(0x10, 4, 0x20000), (0x14, 4, PLACE)], PLACE, 1),
        ([(0x10, 4, 0x20000), (0x14, 4, PLACE)], 0x20000, 0),
    ],
)
def test_bars_are_placed_by_writes_and_hold_when_memory_is_decoded(
    writes: list[tuple[int, int, int]], address: int, bar: int
) -> None:
    for command in ((4, 2, 6), (4, 1, 2), (4, 4, 2)):
        bars = placed(*writes, command, mapped=(address,))
        assert (bars.at(address - 1), bars.at(address)) == ("", f"dev1's BAR {bar}")
        assert (bars.at(address + 0xFFFF), bars.at(address + 0x10000)) == (f"dev1's BAR {bar}", "")
    assert placed(*writes, (4, 2, 4), mapped=(address,)).at(address) == ""


@pytest.mark.parametrize("write", [(0x10, 4, 0x1001), (0x10, 4, 0xFFFFFFFF), (0x10, 4, 0), (0x30, 4, PLACE)])
def test_ports_probes_and_nothing_are_no_places(write: tuple[int, int, int]) -> None:
    assert placed(write, (4, 2, 6), mapped=(write[2], PLACE)).at(write[2]) == ""


def test_a_bar_that_has_moved_keeps_its_size() -> None:
    bars = placed((0x10, 4, PLACE), (4, 2, 6), mapped=(PLACE,))
    timeline = TimelineBuilder()
    for offset, value in ((4, 0), (0x10, PLACE + 0x20000), (4, 6)):
        timeline.uapi("qemu1", "config-write", "dev1", offset=offset, size=4, value=value, errno=0)
        bars.note(timeline.events[-1])
    assert (bars.at(PLACE), bars.at(PLACE + 0x2FFFF)) == ("", "dev1's BAR 0")


def test_an_access_that_failed_names_whose_memory_it_was() -> None:
    timeline = delivered()
    for offset, value in ((0x10, PLACE), (4, 6)):
        timeline.uapi("qemu0", "config-write", "dev1", offset=offset, size=4, value=value, errno=0)
    timeline.uapi("qemu0", "dma-map", "", iova=PLACE, size=0x10000, errno=0)
    timeline.uapi("qemu1", "dma-write", page=3, iova=PLACE + 8, errno=14)
    told = "dev0 on qemu1 could not write dev1's BAR 0 at 0x10010008: EFAULT"
    assert reason(timeline, Verdict.DMA_FAILED) == told
