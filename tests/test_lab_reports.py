# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs come to: labels, exit codes, KTAP, JUnit, figures."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from lab_support import CELL, LOST, cell_key, result

from qpatch.api.results import result_from_json
from qpatch.cells.base import ErrorReport
from qpatch.cells.exit_codes import overall_exit_code
from qpatch.errors import EnvironmentFault, ExitCode, UserError
from qpatch.lab.campaign.durations import durations
from qpatch.lab.campaign.junit import junit
from qpatch.lab.campaign.ktap import ktap
from qpatch.lab.campaign.reports import document
from qpatch.lab.campaign.results import TestedResult
from qpatch.lab.model import Verdict

OTHER = cell_key("save-state", "qemu-10.2", "q35", "plain", "once")
LANDED = TestedResult(key=OTHER, status="landed", reason="config_in_save_state is there")
FAULT = EnvironmentFault("program-missing", "no\ncompiler")
BROKEN = TestedResult(
    key=replace(OTHER, tree="qemu-7.2"), status="failed", reason=FAULT.message, error=ErrorReport.of(FAULT)
)
WRONG = TestedResult(key=OTHER, status="failed", error=ErrorReport.of(UserError("usage", "")))
NOT_BUILT = TestedResult(key=OTHER, status="failed")
DELIVERED, LAB_ERROR, INCONSISTENT = Verdict.DELIVERED, Verdict.LAB_ERROR, Verdict.INCONSISTENT
NOT_APPLICABLE, RECOVERED = Verdict.NOT_APPLICABLE, Verdict.RECOVERED


def test_a_label_names_the_gravest_first() -> None:
    assert result(DELIVERED, Verdict.LOST, DELIVERED).label == "lost 1/3, delivered 2/3"
    assert result(*[Verdict.LOST] * 15).label == "lost 15/15"
    assert LANDED.label == "landed"


def test_the_telling_run_is_the_first_of_the_gravest() -> None:
    shown_run = result(DELIVERED, Verdict.LATE, Verdict.LOST, Verdict.LOST).shown_run
    assert shown_run is not None
    assert shown_run.run == 3
    assert LANDED.shown_run is None


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([result(DELIVERED), result(RECOVERED)], ExitCode.OK),
        ([result(DELIVERED), result(DELIVERED, Verdict.LOST)], ExitCode.CHECKS_FAILED),
        ([result(DELIVERED), result(INCONSISTENT)], ExitCode.CHECKS_FAILED),
        ([result(Verdict.LATE)], ExitCode.CHECKS_FAILED),
        ([result(Verdict.LOST), result(LAB_ERROR, DELIVERED)], ExitCode.ENVIRONMENT),
        ([result(Verdict.LOST), BROKEN], ExitCode.ENVIRONMENT),
        ([result(DELIVERED), NOT_BUILT], ExitCode.BUILD_FAILED),
        ([result(DELIVERED), WRONG], ExitCode.USAGE),
        ([result(DELIVERED), LANDED], ExitCode.OK),
        ([result(DELIVERED), result(NOT_APPLICABLE)], ExitCode.OK),
        ([result(NOT_APPLICABLE), LANDED], ExitCode.NOTHING_APPLIED),
        ([result(Verdict.LOST), TestedResult(key=OTHER, status="drifted")], ExitCode.DRIFT),
        ([], ExitCode.NOTHING_APPLIED),
    ],
)
def test_exit_codes(results: list[TestedResult], code: ExitCode) -> None:
    assert overall_exit_code(results) is code


def test_ktap() -> None:
    text = ktap([result(Verdict.LOST, DELIVERED), result(DELIVERED), result(NOT_APPLICABLE), LANDED, BROKEN])
    assert (
        text
        == f"""\
KTAP version 1
1..5
  KTAP version 1
  # Subtest: baseline/qemu-5.2/virt-gicv2/irq-eager/once
  1..2
  # run-1: lost: {LOST}
  not ok 1 run-1
  # run-2: delivered: it is delivered
  ok 2 run-2
not ok 1 baseline/qemu-5.2/virt-gicv2/irq-eager/once
  KTAP version 1
  # Subtest: baseline/qemu-5.2/virt-gicv2/irq-eager/once
  1..1
  # run-1: delivered: it is delivered
  ok 1 run-1
ok 2 baseline/qemu-5.2/virt-gicv2/irq-eager/once
  KTAP version 1
  # Subtest: baseline/qemu-5.2/virt-gicv2/irq-eager/once
  1..1
  ok 1 run-1 # SKIP it is not-applicable
ok 3 baseline/qemu-5.2/virt-gicv2/irq-eager/once # SKIP it is not-applicable
ok 4 save-state/qemu-10.2/q35/plain/once # SKIP landed: config_in_save_state is there
# save-state/qemu-7.2/q35/plain/once: failed: no compiler
not ok 5 save-state/qemu-7.2/q35/plain/once
"""
    )


def test_junit() -> None:
    document = junit([result(Verdict.LOST, DELIVERED, LAB_ERROR, NOT_APPLICABLE), LANDED, BROKEN])
    runs, landed, broken = JUnitXml.fromstring(document.encode())
    assert (runs.name, runs.tests, runs.failures, runs.errors, runs.skipped) == (
        "baseline/qemu-5.2/virt-gicv2/irq-eager/once",
        4,
        1,
        1,
        1,
    )
    outcomes = [case.result[0] if case.result else None for case in runs]
    assert [type(outcome) for outcome in outcomes] == [Failure, type(None), Error, Skipped]
    assert isinstance(outcomes[0], Failure)
    assert (outcomes[0].type, outcomes[0].message) == ("lost", LOST)
    assert (landed.skipped, broken.errors) == (1, 1)


def test_what_xml_cannot_hold_is_left_out_of_junit() -> None:
    (cell,) = JUnitXml.fromstring(
        junit([BROKEN.model_copy(update={"reason": "it said \x1b[31mno\x00\ufffe"})]).encode()
    )
    assert [case.result[0].message for case in cell] == ["it said [31mno"]


def test_junit_says_what_a_green_run_rests_on() -> None:
    assert "delivered: it is delivered" in junit([result(DELIVERED)])


def test_junit_names_the_timeline() -> None:
    cell = result(DELIVERED)
    run = cell.runs[0].model_copy(update={"timeline": "results/timeline.jsonl"})
    assert "results/timeline.jsonl" in junit([cell.model_copy(update={"runs": (run,)})])


def test_durations() -> None:
    assert durations([]) is None
    one = durations([1.5])
    assert one is not None
    assert (one.runs, one.median, one.percentile_95) == (1, 1.5, 1.5)
    twenty = durations([float(number) for number in range(20, 0, -1)])
    assert twenty is not None
    assert (twenty.median, twenty.percentile_95) == (10.5, 19.0)


def test_the_document_has_every_key_of_the_contract() -> None:
    content = document([result(Verdict.LOST, DELIVERED, seconds=(1.0, 2.0)), LANDED])
    assert content["version"] == 1
    results, cells = content["results"], content["cells"]
    assert isinstance(results, list)
    assert isinstance(cells, list)
    contract = {
        "strategy",
        "tree",
        "lab",
        "machine",
        "scenario",
        "profile",
        "run",
        "verdict",
        "interrupts",
        "order",
        "config_bytes",
        "config_writes",
        "set_irqs",
        "downtime_ms",
        "irq_setup_ms",
        "errors",
        "wall_s",
        "timeline",
    }
    assert all(contract <= set(run) for run in results)
    assert [(run["run"], run["verdict"]) for run in results] == [(1, "lost"), (2, "delivered"), (0, "landed")]
    assert results[0]["interrupts"] == {"delivered": 2, "lost": 1, "duplicated": 0, "late": 0}
    assert (results[0]["strategy"], results[0]["tree"], results[0]["lab"]) == (CELL.strategy, CELL.tree, "preload")
    assert cells[0]["wall"] == {"runs": 2, "median_s": 1.5, "p95_s": 2.0}
    assert cells[0]["verdicts"] == {"lost": 1, "delivered": 1}
    assert (cells[1]["status"], cells[1]["wall"]) == ("landed", None)


def test_the_cells_of_the_document_are_read_back_and_a_run_that_never_was_has_the_error() -> None:
    tested = (result(Verdict.LOST, DELIVERED), LANDED, BROKEN)
    content = json.loads(json.dumps(document(tested)))
    assert tuple(map(result_from_json, content["cells"])) == tested
    assert [run.get("error", {}).get("code") for run in content["results"]] == [None, None, None, "program-missing"]
