# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs come to: labels, exit codes, KTAP, JUnit, figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from lab_support import CELL, LOST, report

from qpatch.errors import EnvironmentFault, ExitCode, UserError
from qpatch.lab.campaign.durations import durations
from qpatch.lab.campaign.junit import junit
from qpatch.lab.campaign.ktap import ktap
from qpatch.lab.campaign.reports import FAILED, CellReport, document, exit_code
from qpatch.lab.model import Cell, Verdict

OTHER = Cell("save-state", "qemu-10.2", "q35", "plain", "once")
LANDED = CellReport(OTHER, status="landed", reason="config_in_save_state is there")
FAULT = EnvironmentFault("program-missing", "no\ncompiler")
BROKEN = CellReport(replace(OTHER, tree="qemu-7.2"), status=FAILED, reason=FAULT.message, error=FAULT)
DELIVERED, HARNESS, INCONSISTENT = Verdict.DELIVERED, Verdict.LAB_ERROR, Verdict.INCONSISTENT
NOT_APPLICABLE, RECOVERED = Verdict.NOT_APPLICABLE, Verdict.RECOVERED


def test_a_label_names_the_gravest_first() -> None:
    assert report(DELIVERED, Verdict.LOST, DELIVERED).label == "lost 1/3, delivered 2/3"
    assert report(*[Verdict.LOST] * 15).label == "lost 15/15"
    assert LANDED.label == "landed"


def test_the_telling_run_is_the_first_of_the_gravest() -> None:
    shown_run = report(DELIVERED, Verdict.LATE, Verdict.LOST, Verdict.LOST).shown_run
    assert shown_run is not None
    assert shown_run.run == 3
    assert LANDED.shown_run is None


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([report(DELIVERED), report(RECOVERED)], ExitCode.OK),
        ([report(DELIVERED), report(DELIVERED, Verdict.LOST)], ExitCode.CHECKS_FAILED),
        ([report(DELIVERED), report(INCONSISTENT)], ExitCode.CHECKS_FAILED),
        ([report(Verdict.LATE)], ExitCode.CHECKS_FAILED),
        ([report(Verdict.LOST), report(HARNESS, DELIVERED)], ExitCode.ENVIRONMENT),
        ([report(Verdict.LOST), BROKEN], ExitCode.ENVIRONMENT),
        ([report(DELIVERED), CellReport(OTHER, status=FAILED)], ExitCode.BUILD_FAILED),
        ([report(DELIVERED), CellReport(OTHER, status=FAILED, error=UserError("usage", ""))], ExitCode.USAGE),
        ([report(DELIVERED), LANDED], ExitCode.OK),
        ([report(DELIVERED), report(NOT_APPLICABLE)], ExitCode.OK),
        ([report(NOT_APPLICABLE), LANDED], ExitCode.NOTHING_APPLIED),
        ([report(Verdict.LOST), CellReport(OTHER, status="drifted")], ExitCode.DRIFT),
        ([], ExitCode.NOTHING_APPLIED),
    ],
)
def test_exit_codes(reports: list[CellReport], code: ExitCode) -> None:
    assert exit_code(reports) is code


def test_ktap() -> None:
    text = ktap([report(Verdict.LOST, DELIVERED), report(DELIVERED), report(NOT_APPLICABLE), LANDED, BROKEN])
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
    document = junit([report(Verdict.LOST, DELIVERED, HARNESS, NOT_APPLICABLE), LANDED, BROKEN])
    runs, landed, broken = JUnitXml.fromstring(document.encode())
    assert (runs.name, runs.tests, runs.failures, runs.errors, runs.skipped) == (
        "baseline/qemu-5.2/virt-gicv2/irq-eager/once",
        4,
        1,
        1,
        1,
    )
    results = [case.result[0] if case.result else None for case in runs]
    assert [type(result) for result in results] == [Failure, type(None), Error, Skipped]
    assert isinstance(results[0], Failure)
    assert (results[0].type, results[0].message) == ("lost", LOST)
    assert (landed.skipped, broken.errors) == (1, 1)


def test_what_xml_cannot_hold_is_left_out_of_junit() -> None:
    (cell,) = JUnitXml.fromstring(junit([replace(BROKEN, reason="it said \x1b[31mno\x00\ufffe")]).encode())
    assert [case.result[0].message for case in cell] == ["it said [31mno"]


def test_junit_names_the_timeline() -> None:
    cell = report(DELIVERED)
    kept = replace(cell, results=(replace(cell.results[0], timeline=Path("results/timeline.jsonl")),))
    assert "results/timeline.jsonl" in junit([kept])


def test_durations() -> None:
    assert durations([]) is None
    one = durations([1.5])
    assert one is not None
    assert (one.runs, one.median, one.percentile_95) == (1, 1.5, 1.5)
    twenty = durations([float(number) for number in range(20, 0, -1)])
    assert twenty is not None
    assert (twenty.median, twenty.percentile_95) == (10.5, 19.0)


def test_the_document_has_every_key_of_the_contract() -> None:
    content = document([report(Verdict.LOST, DELIVERED, seconds=(1.0, 2.0)), LANDED])
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
    assert all(contract <= set(result) for result in results)
    assert [(result["run"], result["verdict"]) for result in results] == [(1, "lost"), (2, "delivered"), (0, "landed")]
    assert results[0]["interrupts"] == {"delivered": 2, "lost": 1, "duplicated": 0, "late": 0}
    assert (results[0]["strategy"], results[0]["tree"], results[0]["lab"]) == (CELL.strategy, CELL.tree, "preload")
    assert cells[0]["wall"] == {"runs": 2, "median_s": 1.5, "p95_s": 2.0}
    assert (cells[1]["status"], cells[1]["wall"]) == ("landed", None)
