# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is taken away from a device while it runs."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder
from lab_verdict_support import delivered, reason

from qpatch.lab.model import Verdict
from qpatch.lab.observer.mappings import memory_left_mapped, memory_left_writeable, memory_taken_away

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


BAR = 0x80_00010000


def write(timeline: TimelineBuilder, offset: int, value: int, vm: str = "qemu0", size: int = 4) -> None:
    timeline.uapi(vm, "config-write", "dev1", offset=offset, size=size, value=value, errno=0)


def shared() -> TimelineBuilder:
    """dev0 has written to dev1's BAR 2 and to the guest's memory."""
    timeline = TimelineBuilder()
    timeline.start("qemu0", "source")
    for offset, value in ((4, 0), (0x18, BAR & 0xFFFFFFFF), (0x1C, BAR >> 32), (4, 6)):
        write(timeline, offset, value)
    timeline.uapi("qemu0", "dma-map", device="", iova=BAR, size=0x10000, errno=0)
    for place in (PAGE, BAR + 8):
        timeline.uapi("qemu0", "dma-write", page=3, iova=place, errno=0)
    return timeline


SLEEP, WAKE, HIDE, SHOW = (0x74, 0xB0B), (0x74, 0xB08), (4, 0), (4, 6)
AWAY = (0x1C, 0x81)
TOLD = "qemu0 unmapped 0x10000 bytes at 0x8000010000 (dev1's BAR 2), which dev0 uses, while that device runs"


@pytest.mark.parametrize("writes", [[HIDE], [SLEEP], [HIDE, AWAY, SHOW], [AWAY], [HIDE, (0x18, 0xFFFFFFFF)]])
def test_a_bar_that_the_guest_takes_away_is_its_own_whatever_other_threads_do(writes: list[tuple[int, int]]) -> None:
    timeline = shared()
    for offset, value in writes:
        write(timeline, offset, value)
    timeline.uapi("qemu0", "irq-raise", index="msix", vector=0, sequence=1, sent=True)
    unmap(timeline, "qemu0", BAR)
    assert list(memory_taken_away(timeline.events)) == []


@pytest.mark.parametrize("writes", [[], [(0x62, 0x8000)], [HIDE, SHOW], [SLEEP, WAKE], [HIDE, (0x1C, 0x80), SHOW]])
def test_a_bar_that_the_guest_has_left_in_its_place_is_taken_away(writes: list[tuple[int, int]]) -> None:
    timeline = shared()
    for offset, value in writes:
        write(timeline, offset, value)
    unmap(timeline, "qemu0", BAR)
    assert list(memory_taken_away(timeline.events)) == [TOLD]


@pytest.mark.parametrize("written", [HIDE, SHOW, SLEEP, AWAY])
def test_other_memory_that_goes_with_a_write_to_config_space_is_taken_away(written: tuple[int, int]) -> None:
    timeline = shared()
    write(timeline, *written)
    unmap(timeline, "qemu0", BAR - 0x10000)  # nobody's
    unmap(timeline, "qemu0")
    assert len(list(memory_taken_away(timeline.events))) == 1


def test_a_bar_is_where_the_guest_has_placed_it_before_it_came() -> None:
    timeline = shared()
    timeline.start("qemu1", "destination")
    for offset in (4, 0x18, 0x1C):  # a reset
        write(timeline, offset, 0, "qemu1")
    timeline.state("qemu1", "resuming")
    write(timeline, *SHOW, "qemu1")
    timeline.state("qemu1", "running")
    unmap(timeline, "qemu1", BAR)
    assert list(memory_taken_away(timeline.events)) == [TOLD.replace("qemu0", "qemu1")]
    write(timeline, *HIDE, "qemu1")
    unmap(timeline, "qemu1", BAR)
    assert len(list(memory_taken_away(timeline.events))) == 1


LEFT = "qemu0 still maps 0x10000 bytes at 0x8000010000 for devices, where no BAR is any more"


@pytest.mark.parametrize("writes", [[HIDE], [HIDE, AWAY, SHOW], [AWAY]])
def test_a_mapping_that_stays_where_no_bar_is_any_more_is_told(writes: list[tuple[int, int]]) -> None:
    timeline = shared()
    timeline.fence("qemu0")
    for offset, value in writes:
        write(timeline, offset, value)
    timeline.fence("qemu0")
    assert list(memory_left_mapped(timeline.events)) == [LEFT]


@pytest.mark.parametrize(
    "writes", [[], [HIDE, SHOW], [SLEEP], [SLEEP, WAKE], [HIDE, AWAY, SHOW, HIDE, (0x1C, 0x80), SHOW]]
)
def test_one_where_the_bar_is_or_its_device_sleeps_is_not(writes: list[tuple[int, int]]) -> None:
    timeline = shared()
    for offset, value in writes:
        write(timeline, offset, value)
    timeline.fence("qemu0")
    assert list(memory_left_mapped(timeline.events)) == []


@pytest.mark.parametrize(("iova", "size"), [(BAR, 0x10000), (0, 1 << 48)])
def test_one_that_was_unmapped_alone_or_with_all_others_is_not(iova: int, size: int) -> None:
    timeline = shared()
    write(timeline, *HIDE)
    timeline.uapi("qemu0", "dma-unmap", device="", iova=iova, size=size, errno=0)
    timeline.fence("qemu0")
    assert list(memory_left_mapped(timeline.events)) == []


def test_what_qemu_writes_when_it_loads_config_space_takes_no_bar_away() -> None:
    timeline = shared()
    timeline.start("qemu1", "destination")
    write(timeline, 4, 0, "qemu1")  # a reset
    timeline.uapi("qemu1", "dma-map", device="", iova=BAR, size=0x10000, errno=0)
    timeline.state("qemu1", "resuming", "dev1")
    timeline.uapi("qemu1", "config-write", "dev1", offset=4, size=2, value=0, state="resuming", errno=0)
    timeline.state("qemu1", "running", "dev1")
    timeline.fence("qemu1")
    assert list(memory_left_mapped(timeline.events)) == []
    write(timeline, *HIDE, "qemu1")
    timeline.fence("qemu1")
    assert list(memory_left_mapped(timeline.events)) == [LEFT.replace("qemu0", "qemu1")]


def test_what_is_left_mapped_is_dma_failed() -> None:
    timeline = shared()
    write(timeline, *HIDE)
    timeline.fence("qemu0")
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.verify()
    timeline.end()
    assert reason(timeline, Verdict.DMA_FAILED) == LEFT


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


FIRMWARE = [0xFFFF0000, 0x10000]


@pytest.mark.parametrize(
    ("iova", "size", "write", "errno", "told"),
    [
        (0xFFFF0000, 0x10000, True, 0, True),
        (0xFFFE0000, 0x10001, True, 0, True),
        (0xFFFFF000, 0x1000, True, 0, True),
        (0xFFFF0000, 0x10000, False, 0, False),
        (0xFFFF0000, 0x10000, True, 17, False),
        (0xFFFE0000, 0x10000, True, 0, False),
        (0x100000000, 0x10000, True, 0, False),
    ],
)
def test_what_no_device_may_write_to_is_mapped_read_only(
    iova: int, size: int, write: bool, errno: int, told: bool
) -> None:
    timeline = TimelineBuilder()
    timeline.lab("machine", vm="qemu0", read_only=[FIRMWARE])
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-map", device="", iova=iova, size=size, write=write, errno=errno)
    said = "qemu0 lets devices write to 0x10000 bytes at 0xffff0000, which are read-only"
    assert list(memory_left_writeable(timeline.events)) == ([said] if told else [])


def test_a_machine_without_such_memory_has_no_such_rule() -> None:
    timeline = TimelineBuilder()
    timeline.lab("machine", vm="qemu0", read_only=[])
    timeline.start("qemu0", "source")
    timeline.uapi("qemu0", "dma-map", device="", iova=0xFFFF0000, size=0x10000, write=True, errno=0)
    assert list(memory_left_writeable(timeline.events)) == []


def test_the_word_for_firmware_that_devices_can_write_to() -> None:
    timeline = delivered()
    timeline.lab("machine", vm="qemu1", read_only=[FIRMWARE])
    timeline.uapi("qemu1", "dma-map", device="", iova=FIRMWARE[0], size=FIRMWARE[1], write=True, errno=0)
    assert "qemu1 lets devices write to" in reason(timeline, Verdict.DMA_FAILED)
