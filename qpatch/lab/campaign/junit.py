# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as JUnit's XML, which CI systems show: a suite for each cell, a case for each run."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.campaign.reports import CellReport
    from qpatch.lab.model import RunResult

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(reports: Sequence[CellReport]) -> str:
    """Return the document, with what XML cannot hold left out."""
    document = JUnitXml("qpatch test")
    for report in reports:
        suite = TestSuite(report.name)
        for case in _cases(report):
            suite.add_testcase(case)
        document.add_testsuite(suite)
    written = io.BytesIO()
    document.write(written, pretty=True)
    return written.getvalue().decode()


def _cases(report: CellReport) -> list[TestCase]:
    if report.results:
        return [_case(report, result) for result in report.results]
    case = TestCase(report.status, report.name)
    reason = _clean(report.reason)
    case.result = [Skipped(reason) if report.is_skipped else Error(reason, report.status)]
    return [case]


def _case(report: CellReport, result: RunResult) -> TestCase:
    seen, reason = result.observation, _clean(result.observation.reason)
    case = TestCase(f"run-{result.run}", report.name, result.wall_seconds)
    if seen.verdict is Verdict.NOT_APPLICABLE:
        case.result = [Skipped(reason)]
    elif seen.verdict is Verdict.LAB_ERROR:
        case.result = [Error(reason, str(seen.verdict))]
    elif not seen.verdict.is_green:
        case.result = [Failure(reason, str(seen.verdict))]
    if result.timeline is not None:
        case.system_out = str(result.timeline)
    return case


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)
