# SPDX-License-Identifier: GPL-2.0-or-later
"""From a run's timeline to what is reported of it: the verdict, and what was measured on the last destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource, Observation
from qpatch.lab.observer.bounds import slower
from qpatch.lab.observer.findings import find
from qpatch.lab.observer.measures import downtime_ms, incoming
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Sequence


def observe(timeline: Sequence[Event], failure: str = "") -> Observation:
    """Return what `timeline` shows; what the scenario expects is in it, in the lab's event `migrate`.

    `failure` is what the lab waited for without success, as RunRecord has it. Where the lab says that all takes so many
    times as long there, so it may.
    """
    said = (event.fields["times"] for event in timeline if event.origin is EventSource.LAB and event.name == "slower")
    with slower(float(next(said, 1))):
        return _observe(timeline, failure)


def _observe(timeline: Sequence[Event], failure: str) -> Observation:
    findings = find(timeline, failure)
    verdict, reason = judge(findings)
    last = findings.last
    if last is None:
        return Observation(verdict, reason, findings.account.totals(), errors=findings.errors)
    if findings.by_lab and "the lab" not in reason:
        reason += f"; the lab {' and '.join(findings.by_lab)}"
    history = parse_migrations(timeline)
    measured = incoming(history, last)
    return Observation(
        verdict,
        reason,
        findings.account.totals(),
        measured.order,
        measured.config_bytes,
        measured.config_writes,
        measured.set_irqs,
        measured.data_bytes,
        downtime_ms(history, last),
        measured.irq_setup_ms,
        findings.errors,
        findings.states.get(last.source, ""),
        findings.states.get(last.destination, ""),
        findings.by_lab,
    )
