# SPDX-License-Identifier: GPL-2.0-or-later
"""Downtimes next to those of the baseline in the same campaign."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lab_campaign_support import ScriptedLab
from lab_support import CELL, observation

from qpatch.lab.campaign import runner
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.campaign.slowness import compared
from qpatch.lab.model import Verdict
from qpatch.lab.observer.bounds import slow_ms, slow_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.cells.key import CellKey

STRATEGY = replace(CELL, strategy="save-state")


def cell(key: CellKey, *downtimes: float | None, verdict: Verdict = Verdict.DELIVERED) -> TestedResult:
    runs = [
        TestedRun(run=number, observation=observation(verdict, time), wall_s=1.0)
        for number, time in enumerate(downtimes, start=1)
    ]
    return TestedResult(key=key, runs=tuple(runs))


def words(results: Sequence[TestedResult], place: int = 1) -> list[str]:
    return [str(run.observation.verdict) for run in compared(results)[place].runs]


@pytest.mark.parametrize(
    ("baseline", "downtime", "word"),
    [
        (10, 10 + slow_ms(), "delivered"),
        (10, 11 + slow_ms(), "slow"),
        (2000, 2000 * slow_ratio(), "delivered"),
        (2000, 2000 * slow_ratio() + 1, "slow"),
        (10, None, "delivered"),
        (None, 9999, "delivered"),
    ],
)
def test_a_run_is_slow_by_both_bounds(baseline: float | None, downtime: float | None, word: str) -> None:
    assert words([cell(CELL, baseline), cell(STRATEGY, downtime)]) == [word]


def test_the_fastest_run_of_the_baseline_counts_and_each_run_is_judged() -> None:
    assert words([cell(CELL, 9000, 10, 7000), cell(STRATEGY, 20, 5000, 30)]) == ["delivered", "slow", "delivered"]


def test_the_reason_has_both_figures() -> None:
    _, slow = compared([cell(CELL, 10), cell(STRATEGY, 5000)])
    said = "the guest stood still for 5000 ms, and with the baseline for 10 ms; it is delivered"
    assert slow.runs[0].observation.reason == said


@pytest.mark.parametrize(
    "other",
    [CELL, replace(STRATEGY, tree="qemu-10.2"), replace(STRATEGY, profile="plain"), replace(STRATEGY, peer="qemu-7.2")],
)
def test_only_the_same_cell_of_the_baseline_is_compared(other: CellKey) -> None:
    assert words([cell(CELL, 10), cell(other, 5000)]) == ["delivered"]


def test_what_is_not_green_keeps_its_word() -> None:
    assert words([cell(CELL, 10), cell(STRATEGY, 5000, verdict=Verdict.LOST)]) == ["lost"]
    assert words([cell(CELL, 10, verdict=Verdict.LOST), cell(STRATEGY, 5000)]) == ["delivered"]


def test_the_file_of_a_slow_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ScriptedLab(tmp_path, monkeypatch)

    def all_slow(results: Sequence[TestedResult]) -> list[TestedResult]:
        return [
            one.model_copy(
                update={
                    "runs": tuple(run.model_copy(update={"observation": observation(Verdict.SLOW)}) for run in one.runs)
                }
            )
            for one in results
        ]

    monkeypatch.setattr(runner, "compared", all_slow)
    assert lab.campaign(lab.cell()) == [{"slow": 1}]
    assert json.loads((lab.place() / "1" / "result.json").read_text())["verdict"] == "slow"
