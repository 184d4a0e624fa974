# SPDX-License-Identifier: GPL-2.0-or-later
"""A run for each verdict, told in events, and what the observer says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, Teller, migration

from qpatch.lab.model import Verdict
from qpatch.lab.observer.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable


def prepared(expect: str = "completed") -> Teller:
    teller = Teller()
    teller.prepare()
    teller.begin(expect=expect)
    teller.stop()
    return teller


def finished(teller: Teller, **check: Any) -> Teller:
    teller.load()
    teller.run()
    teller.told()
    teller.verify(**check)
    teller.end()
    return teller


def delivered() -> Teller:
    return migration(SAVE_STATE_5_2, eager=True)


def lab_error() -> Teller:
    teller = delivered()
    teller.lab("failure", message="waited 20 s for the guest's answer to 'hello' of qemu1")
    return teller


def inconsistent() -> Teller:
    teller = delivered()
    one, other = [place for place, event in enumerate(teller.events) if "from" in event.fields][-2:]
    teller.events[one], teller.events[other] = teller.events[other], teller.events[one]
    return teller


def crashed() -> Teller:
    teller = prepared()
    teller.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    return teller


def refused(*, resumed: bool = False, status: str = "failed") -> Teller:
    teller = prepared()
    teller.uapi("qemu1", "refuse", operation="data-write", reason="irqs", errno=22)
    teller.write("qemu1", errno=22)
    teller.give_up(source_status=status)
    if resumed:
        teller.lab("resume", vm="qemu0")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def failed() -> Teller:
    teller = prepared()
    teller.give_up(said="Unable to write to socket: Broken pipe")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def unnoticed() -> Teller:
    teller = prepared()
    teller.load(("data", "arm_gicv3", "config"))
    teller.uapi("qemu1", "fault", operation="set-irqs", nth=1, result="EINVAL")
    teller.set_irqs("qemu1", errno=22)
    teller.message("qemu1", "vfio: failed to enable vectors, -22")
    teller.run()
    teller.told()
    teller.raised("qemu1", sent=False)
    teller.fence("qemu1")
    teller.end()
    return teller


def corrupted() -> Teller:
    return finished(prepared(), state="error")


def stale() -> Teller:
    return finished(prepared(), stale=3)


def lost() -> Teller:
    return migration(STOCK_5_2, eager=True, lost=True, pause=100)


def duplicated() -> Teller:
    teller = delivered()
    teller.acked("qemu1", spurious=True)
    return teller


def late() -> Teller:
    teller = prepared()
    teller.load()
    teller.run()
    teller.told()
    teller.raised("qemu1")
    teller.wait(101)
    teller.acked("qemu1")
    teller.verify()
    teller.end()
    return teller


def recovered(outcome: str = "failed", *, resumed: bool = False) -> Teller:
    teller = prepared(outcome)
    teller.uapi("qemu1", "fault", operation="data-write", nth=2, result="EIO")
    teller.write("qemu1", errno=5)
    teller.give_up(status=outcome)
    if resumed:
        teller.lab("resume", vm="qemu0")
    teller.verify("qemu0")
    teller.lab("state", vm="qemu0", status="running")
    return teller


def not_applicable() -> Teller:
    teller = Teller()
    teller.lab("not-applicable", reason="QEMU emulates a GICv3 ITS without KVM from 6.2 on")
    return teller


STORIES: dict[Verdict, Callable[[], Teller]] = {
    Verdict.LAB_ERROR: lab_error,
    Verdict.INCONSISTENT: inconsistent,
    Verdict.CRASHED: crashed,
    Verdict.REFUSED: refused,
    Verdict.FAILED: failed,
    Verdict.UNNOTICED: unnoticed,
    Verdict.CORRUPTED: corrupted,
    Verdict.STALE: stale,
    Verdict.LOST: lost,
    Verdict.DUPLICATED: duplicated,
    Verdict.LATE: late,
    Verdict.RECOVERED: recovered,
    Verdict.DELIVERED: delivered,
    Verdict.NOT_APPLICABLE: not_applicable,
}


def reason(teller: Teller, verdict: Verdict) -> str:
    seen = observe(teller.events)
    assert seen.verdict is verdict, seen.reason
    return seen.reason
