# SPDX-License-Identifier: GPL-2.0-or-later
"""A run for each verdict, told in events, and what the observer says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, TimelineBuilder, migration

from qpatch.lab.model import Verdict
from qpatch.lab.observer.bounds import stall_ms, storm_size
from qpatch.lab.observer.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable


def prepared(expect: str = "completed", **fields: Any) -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect=expect, **fields)
    timeline.stop()
    return timeline


def finished(timeline: TimelineBuilder, **check: Any) -> TimelineBuilder:
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.verify(**check)
    timeline.end()
    return timeline


def delivered() -> TimelineBuilder:
    return migration(SAVE_STATE_5_2, eager=True)


def lab_error() -> TimelineBuilder:
    timeline = delivered()
    timeline.lab("failure", message="waited 20 s for the guest's answer to 'hello' of qemu1")
    return timeline


def storm() -> TimelineBuilder:
    timeline = delivered()
    for _ in range(storm_size()):
        timeline.acked("qemu1", spurious=True)
    return timeline


def hung() -> TimelineBuilder:
    timeline = prepared()
    timeline.lab("hung", vm="qemu1", what="qemu1 does not answer on its monitor any more")
    timeline.lab("failure", message="waited 60 s for the end of the migration of qemu0; its log is empty")
    return timeline


def stranded() -> TimelineBuilder:
    timeline = prepared("failed")
    timeline.read("qemu0", errno=5)
    timeline.message("qemu0", "dev0: vfio_save_buffer failed")
    timeline.state("qemu0", "running")
    timeline.migrated(status="failed", source_status="failed")
    timeline.lab("resume", vm="qemu0")
    timeline.interrupt("qemu0", 1)
    timeline.verify("qemu0")
    timeline.end(qemu0="running")
    return timeline


def misordered() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    return finished(timeline)


def noisy() -> TimelineBuilder:
    timeline = delivered()
    timeline.message("qemu1", "vfio: something is wrong")
    return timeline


def inconsistent() -> TimelineBuilder:
    timeline = delivered()
    one, other = [place for place, event in enumerate(timeline.events) if "from" in event.fields][-2:]
    timeline.events[one], timeline.events[other] = timeline.events[other], timeline.events[one]
    return timeline


def crashed() -> TimelineBuilder:
    timeline = prepared()
    timeline.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    return timeline


def _back_on_the_source(timeline: TimelineBuilder, *, resumed: bool) -> TimelineBuilder:
    """Let the guest run on there, by QEMU or `resumed` by the lab."""
    if resumed:
        timeline.lab("resume", vm="qemu0")
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    return timeline


def refused(*, resumed: bool = False, status: str = "failed") -> TimelineBuilder:
    timeline = prepared()
    timeline.uapi("qemu1", "refuse", operation="data-write", reason="irqs", errno=22)
    timeline.write("qemu1", errno=22)
    timeline.give_up(said="load of migration failed: Invalid argument", source_status=status)
    return _back_on_the_source(timeline, resumed=resumed)


def failed() -> TimelineBuilder:
    timeline = prepared()
    timeline.give_up(said="Unable to write to socket: Broken pipe")
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    return timeline


def unnoticed() -> TimelineBuilder:
    timeline = prepared()
    timeline.load(("data", "arm_gicv3", "config"))
    timeline.uapi("qemu1", "fault", operation="set-irqs", nth=1, result="EINVAL")
    timeline.set_irqs("qemu1", errno=22)
    timeline.message("qemu1", "vfio: failed to enable vectors, -22")
    timeline.run()
    timeline.migrated()
    timeline.raised("qemu1", sent=False)
    timeline.fence("qemu1")
    timeline.end()
    return timeline


def dma_failed(operation: str = "dma-write", errno: int = 14) -> TimelineBuilder:
    timeline = delivered()
    timeline.uapi("qemu1", operation, page=3, iova=0x40003000, errno=errno)
    return timeline


def corrupted() -> TimelineBuilder:
    return finished(prepared(), state="error")


def stale() -> TimelineBuilder:
    return finished(prepared(), stale=3)


def lost() -> TimelineBuilder:
    return migration(STOCK_5_2, eager=True, lost=True, pause=100)


def misrouted() -> TimelineBuilder:
    timeline = delivered()
    timeline.lab("mask", vm="qemu1", device="dev0", vector=1)
    timeline.interrupt("qemu1", 1)
    return timeline


def duplicated() -> TimelineBuilder:
    timeline = delivered()
    timeline.acked("qemu1", spurious=True)
    return timeline


def late() -> TimelineBuilder:
    timeline = prepared()
    timeline.load()
    timeline.run()
    timeline.migrated()
    timeline.raised("qemu1")
    timeline.wait(201)
    timeline.acked("qemu1")
    timeline.verify()
    timeline.end()
    return timeline


def slow() -> TimelineBuilder:
    timeline = prepared()
    timeline.wait(stall_ms() + 1)
    return finished(timeline)


def recovered(outcome: str = "failed", *, resumed: bool = False) -> TimelineBuilder:
    timeline = prepared(outcome)
    timeline.uapi("qemu1", "fault", operation="data-write", nth=2, result="EIO")
    timeline.write("qemu1", errno=5)
    timeline.give_up(status=outcome, source_status="completed" if resumed else outcome)
    return _back_on_the_source(timeline, resumed=resumed)


def not_applicable() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.lab("not-applicable", reason="QEMU emulates a GICv3 ITS without KVM from 6.2 on")
    return timeline


EXAMPLES: dict[Verdict, Callable[[], TimelineBuilder]] = {
    Verdict.STORM: storm,
    Verdict.HUNG: hung,
    Verdict.LAB_ERROR: lab_error,
    Verdict.INCONSISTENT: inconsistent,
    Verdict.CRASHED: crashed,
    Verdict.REFUSED: refused,
    Verdict.FAILED: failed,
    Verdict.STRANDED: stranded,
    Verdict.MISORDERED: misordered,
    Verdict.UNNOTICED: unnoticed,
    Verdict.DMA_FAILED: dma_failed,
    Verdict.CORRUPTED: corrupted,
    Verdict.STALE: stale,
    Verdict.MISROUTED: misrouted,
    Verdict.LOST: lost,
    Verdict.DUPLICATED: duplicated,
    Verdict.LATE: late,
    Verdict.SLOW: slow,
    Verdict.NOISY: noisy,
    Verdict.RECOVERED: recovered,
    Verdict.DELIVERED: delivered,
    Verdict.NOT_APPLICABLE: not_applicable,
}


def reason(timeline: TimelineBuilder, verdict: Verdict) -> str:
    seen = observe(timeline.events)
    assert seen.verdict is verdict, seen.reason
    return seen.reason
