# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares downtimes within one campaign: what is green and far slower than the baseline beside it is slow.

Durations of this lab mean nothing by themselves (no KVM, a shared host); next to the same cell of the baseline, run in
the same campaign, a downtime that is many times longer does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.lab.model import Verdict
from qpatch.lab.observer.bounds import slow_ms, slow_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.cells.key import CellKey
    from qpatch.lab.campaign.results import TestedResult, TestedRun


def compared(results: Sequence[TestedResult]) -> list[TestedResult]:
    """Return `results`, in which runs are slow that are so next to their baseline: its key differs in the strategy."""
    fastest: dict[CellKey | None, float] = {
        result.key: min(times)
        for result in results
        if result.key.strategy == BASELINE and (times := _downtimes(result))
    }
    return [_against(result, fastest.get(_of_baseline(result.key))) for result in results]


def _of_baseline(key: CellKey) -> CellKey | None:
    """Return the key of the baseline's cell beside `key`, None for a baseline and for migrations between builds."""
    return None if key.strategy == BASELINE or key.peer else replace(key, strategy=BASELINE)


def _downtimes(result: TestedResult) -> list[float]:
    times = [run.observation.downtime_ms for run in result.runs if run.observation.verdict.is_green]
    return [time for time in times if time is not None]


def _against(result: TestedResult, baseline: float | None) -> TestedResult:
    if baseline is None:
        return result
    runs = tuple(_judged(run, baseline) for run in result.runs)
    return result if runs == result.runs else result.model_copy(update={"runs": runs})


def _judged(run: TestedRun, baseline: float) -> TestedRun:
    """Return the run, as slow where its downtime exceeds both bounds."""
    time = run.observation.downtime_ms
    if time is None or not run.observation.verdict.is_green:
        return run
    if time <= baseline * slow_ratio() or time - baseline <= slow_ms():
        return run
    figures = f"the guest stood still for {time:.0f} ms, and with the baseline for {baseline:.0f} ms"
    reason = f"{figures}; {run.observation.reason}"
    return run.model_copy(update={"observation": replace(run.observation, verdict=Verdict.SLOW, reason=reason)})
