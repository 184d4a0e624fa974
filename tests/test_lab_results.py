# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of tested cells: what JSON keeps of them, and what their runs come to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_support import CELL, cell_key, result

from qpatch.api.results import result_from_json
from qpatch.cells.base import ERROR_CODES, ErrorReport
from qpatch.errors import ExitCode, UserError
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import InterruptCounts, Observation, ReportedError, Verdict

TEXT = st.text(max_size=5)
NUMBER = st.integers(0, 10**9)
MILLISECONDS = st.none() | st.floats(0, 1e9)
OBSERVATIONS = st.builds(
    Observation,
    st.sampled_from(Verdict),
    TEXT,
    st.builds(InterruptCounts, NUMBER, NUMBER, NUMBER, NUMBER),
    st.lists(TEXT, max_size=3).map(tuple),
    *(NUMBER,) * 4,
    MILLISECONDS,
    MILLISECONDS,
    st.lists(st.builds(ReportedError, TEXT, TEXT, NUMBER), max_size=2).map(tuple),
    TEXT,
    TEXT,
)
RUNS = st.builds(
    TestedRun,
    run=NUMBER,
    observation=OBSERVATIONS,
    wall_s=st.floats(0, 1e6),
    timeline=TEXT,
    bundle=TEXT,
    no_bundle=TEXT,
)
KEYS = st.builds(cell_key, TEXT, TEXT, TEXT, TEXT, TEXT, peer=TEXT, lab=TEXT)
RESULTS = st.builds(
    TestedResult,
    key=KEYS,
    status=st.sampled_from(["", "landed", "drifted", "failed"]),
    reason=TEXT,
    error=st.none()
    | st.builds(ErrorReport, code=TEXT, message=TEXT, hint=TEXT, exit_code=st.sampled_from(sorted(ERROR_CODES))),
    runs=st.lists(RUNS, max_size=3).map(tuple),
    asked=st.none() | KEYS,
)


@given(RESULTS)
@settings(max_examples=60)
def test_json_gives_back_what_was_written(tested: TestedResult) -> None:
    written = json.dumps(tested.as_json())
    assert result_from_json(json.loads(written)) == tested
    assert json.dumps(result_from_json(json.loads(written)).as_json()) == written


def test_a_run_has_the_keys_of_its_observation_among_its_own() -> None:
    (run,) = result(Verdict.LOST).as_json()["runs"]
    assert list(run)[:4] == ["run", "verdict", "reason", "interrupts"]
    assert (run["verdict"], run["wall_s"]) == ("lost", 1.0)


def test_a_run_took_milliseconds_and_no_less() -> None:
    assert result(Verdict.DELIVERED, seconds=[0.12345]).runs[0].wall_s == 0.123


@pytest.mark.parametrize(
    "change",
    [
        {"runs": [{"run": 1, "verdict": "won", "reason": "", "wall_s": 1}]},
        {"runs": [{"run": 1, "verdict": "lost", "reason": "", "wall_s": 1, "speed": 3}]},
        {"runs": [{"verdict": "lost", "reason": "", "wall_s": 1}]},
        {"runs": [{"run": 1, "observation": {"verdict": "lost", "reason": ""}, "wall_s": 1}]},
        {"mood": "fine"},
        {"verdicts": {"delivered": 1}},
        {"wall": None},
        {"status": "frob"},
        {"status": "rendered"},
    ],
)
def test_what_is_no_result_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        result_from_json({**result(Verdict.LOST).as_json(), **change})
    assert caught.value.code == "bad-result"


def test_the_default_lab_is_not_in_the_name_and_others_are() -> None:
    assert result().name == "baseline/qemu-5.2/virt-gicv2/irq-eager/once"
    other = cell_key("baseline", "qemu-5.2", "virt-gicv2", "irq-eager", "once", lab="vm", peer="qemu-7.2")
    assert result(key=other).name == "baseline/qemu-5.2-to-qemu-7.2/vm/virt-gicv2/irq-eager/once"


def test_an_error_of_the_lab_comes_before_what_other_runs_showed() -> None:
    assert result(Verdict.LOST, Verdict.LAB_ERROR, key=CELL).exit_code is ExitCode.ENVIRONMENT
    assert result(Verdict.LOST, Verdict.NOT_APPLICABLE).exit_code is ExitCode.CHECKS_FAILED
    assert result().exit_code is ExitCode.NOTHING_APPLIED
