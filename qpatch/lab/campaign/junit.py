"""The results as JUnit's XML, which CI systems show: a suite for each cell, a case for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.campaign.reports import CellReport
    from qpatch.lab.model import RunResult


def write_junit(reports: Sequence[CellReport], file: Path) -> None:
    """Write the results to `file`. Raises OSError."""
    document = JUnitXml("qpatch test")
    for report in reports:
        suite = TestSuite(report.name)
        for case in _cases(report):
            suite.add_testcase(case)
        document.add_testsuite(suite)
    file.parent.mkdir(parents=True, exist_ok=True)
    document.write(str(file), pretty=True)


def _cases(report: CellReport) -> list[TestCase]:
    if report.results:
        return [_case(report, result) for result in report.results]
    case = TestCase(report.status, report.name)
    case.result = [Skipped(report.reason) if report.is_skipped else Error(report.reason, report.status)]
    return [case]


def _case(report: CellReport, result: RunResult) -> TestCase:
    seen = result.observation
    case = TestCase(f"run-{result.run}", report.name, result.wall_seconds)
    if seen.verdict is Verdict.NOT_APPLICABLE:
        case.result = [Skipped(seen.reason)]
    elif seen.verdict is Verdict.HARNESS:
        case.result = [Error(seen.reason, str(seen.verdict))]
    elif not seen.verdict.is_green:
        case.result = [Failure(seen.reason, str(seen.verdict))]
    if result.timeline is not None:
        case.system_out = str(result.timeline)
    return case
