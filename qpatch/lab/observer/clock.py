# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the guest's clock goes on as the host's does while the guest runs, from one VM to the next.

The lab asks the guest for it at every check (event `clock`: `ms`, and `asked`, when it was asked, in ns). Under TCG the
guest's counter is QEMU's virtual clock, which follows the host's and stands still while the VM is stopped.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.bounds import clock_rate, clock_slack_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event


def clock_faults(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each time at which the guest's clock went back or jumped ahead."""
    for before, after, _ in _checked(timeline):
        passed = _passed(before, after)
        most = (after.at - int(before.fields["asked"])) / NANOSECONDS_PER_MS
        if passed < 0:
            yield f"the guest's clock on {after.fields['vm']} went back by {-passed} ms {_since(before)}"
        elif passed > most * clock_rate() + clock_slack_ms():
            yield f"the guest's clock on {after.fields['vm']} went {passed} ms ahead in {most:.0f} ms {_since(before)}"


def clock_delays(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each time at which the guest's clock fell behind: it stood still, or the guest did."""
    for before, after, stopped_ms in _checked(timeline):
        passed = _passed(before, after)
        least = (int(after.fields["asked"]) - before.at) / NANOSECONDS_PER_MS - stopped_ms
        if 0 <= passed < least / clock_rate() - clock_slack_ms():
            vm = after.fields["vm"]
            yield f"the guest's clock on {vm} went only {passed} ms ahead in {least:.0f} ms {_since(before)}"


def _checked(timeline: Sequence[Event]) -> Iterator[tuple[Event, Event, float]]:
    """Yield each two events `clock` that follow each other, and for how long no VM ran between them, in ms."""
    places = [
        place for place, event in enumerate(timeline) if event.origin is EventSource.LAB and event.name == "clock"
    ]
    for first, second in pairwise(places):
        yield timeline[first], timeline[second], _stopped_ms(timeline[first:second])


def _passed(before: Event, after: Event) -> int:
    return int(after.fields["ms"]) - int(before.fields["ms"])


def _since(before: Event) -> str:
    return f"since the check before, on {before.fields['vm']}"


def _stopped_ms(events: Sequence[Event]) -> float:
    """Return for how long no VM ran, from each that stopped to the next that ran."""
    stopped: int | None = None
    total = 0
    for event in events:
        if event.origin is not EventSource.QMP or event.name not in ("STOP", "RESUME"):
            continue
        if event.name == "STOP" and stopped is None:
            stopped = event.at
        elif event.name == "RESUME" and stopped is not None:
            total += event.at - stopped
            stopped = None
    return total / NANOSECONDS_PER_MS
