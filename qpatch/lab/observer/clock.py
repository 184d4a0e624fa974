# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the guest's clock goes on as the host's does while the guest runs, from one VM to the next.

The lab asks the guest for it again and again (event `clock`: `ns`, `asked`, when it was asked, in ns, and `measured`).
Under TCG the guest's counter is QEMU's virtual clock, which follows the host's and stands still while no VM runs. The
guest reads it between the lab's question and its answer: from one reading to another it must go on by no more than the
host's clock from question to answer, and by no less than from answer to question. So a busy host makes the bounds wide
by itself; only how exactly it is known when a VM stopped or ran is a matter of measuring (bounds.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS
from qpatch.lab.observer.bounds import clock_drift, clock_rate, clock_slack_ms
from qpatch.lab.observer.runtimes import run_times
from qpatch.lab.observer.starvation import starvation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event
    from qpatch.lab.observer.runtimes import RunTimes
    from qpatch.lab.observer.starvation import Starvation


@dataclass(frozen=True)
class _Reading:
    """The guest's clock on `vm` shows `ns`; between `asked` and `answered` a VM has run for `earliest` to `latest`."""

    vm: str
    ns: int
    asked: int
    answered: int
    earliest: int
    latest: int
    measured: bool


@dataclass(frozen=True)
class _Rate:
    """How many times as fast as the host's the guest's clock goes: between two bounds."""

    least: float
    most: float


@dataclass(frozen=True)
class _Slack:
    """By how many milliseconds more the guest's clock may be behind, or ahead."""

    behind_ms: float
    ahead_ms: float


def clock_faults(timeline: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each reading of the guest's clock that shows what it cannot, after another one."""
    times = run_times(timeline)
    starved = starvation(timeline)
    readings = list(_readings(timeline, times))
    rate = _rate_at_first(timeline, readings)
    for number, after in enumerate(readings):
        for before in reversed(readings[:number]):
            wrong = _wrong(before, after, rate, _slack(before, after, times, starved))
            if wrong:
                yield f"the guest's clock on {after.vm} {wrong}, on {before.vm}"
                break


def _wrong(before: _Reading, after: _Reading, rate: _Rate, slack: _Slack) -> str:
    """Return what is wrong with the time that the guest says has passed between two readings, or ''."""
    passed = (after.ns - before.ns) / NANOSECONDS_PER_MS
    least = max(0, after.earliest - before.latest) / NANOSECONDS_PER_MS
    most = (after.latest - before.earliest) / NANOSECONDS_PER_MS
    if passed < 0:
        return f"went back by {-passed:.1f} ms since the reading before"
    if passed < least * rate.least - slack.behind_ms:
        return f"went only {passed:.1f} ms ahead in {least:.1f} ms in which it should have run since a reading before"
    if passed > most * rate.most + slack.ahead_ms:
        return f"went {passed:.1f} ms ahead in {most:.1f} ms since a reading before"
    return ""


def _slack(before: _Reading, after: _Reading, times: RunTimes, starved: Starvation) -> _Slack:
    """Return how inexactly it is known for how long a VM ran between two readings: less exactly on a busy host."""
    changes = times.between(before.asked, after.answered)
    waited = [(change, starved.at_ms(change.actor, change.at)) for change in changes]
    return _Slack(
        clock_slack_ms() + sum(ms for change, ms in waited if not change.exact),
        clock_slack_ms() + sum(ms for _, ms in waited),
    )


def _rate_at_first(timeline: Sequence[Event], readings: Sequence[_Reading]) -> _Rate:
    """Return how fast the guest's clock went before the first migration: a guest that measures it can be far off."""
    if not any(reading.measured for reading in readings):
        return _Rate(1 - clock_drift(), 1 + clock_drift())
    begin = next((event.at for event in timeline if event.origin is EventSource.LAB and event.name == "migrate"), 0)
    first = [reading for reading in readings if reading.answered < begin]
    if len(first) < 2 or first[-1].earliest <= first[0].latest:
        return _Rate(1 / clock_rate(), clock_rate())
    passed = first[-1].ns - first[0].ns
    least = passed / (first[-1].latest - first[0].earliest)
    most = passed / (first[-1].earliest - first[0].latest)
    return _Rate(max(least, 1 / clock_rate()), min(most, clock_rate()))


def _readings(timeline: Sequence[Event], times: RunTimes) -> Iterator[_Reading]:
    for event in timeline:
        if event.origin is EventSource.LAB and event.name == "clock":
            asked = int(event.fields["asked"])
            yield _Reading(
                str(event.fields["vm"]),
                int(event.fields["ns"]),
                asked,
                event.at,
                times.until(asked),
                times.until(event.at),
                bool(event.fields.get("measured")),
            )
