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

    from qpatch.lab.campaign.results import TestedResult, TestedRun

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[TestedResult]) -> str:
    """Return the document, with what XML cannot hold left out."""
    document = JUnitXml("qpatch test")
    for result in results:
        suite = TestSuite(result.name)
        for case in _cases(result):
            suite.add_testcase(case)
        document.add_testsuite(suite)
    written = io.BytesIO()
    document.write(written, pretty=True)
    return written.getvalue().decode()


def _cases(result: TestedResult) -> list[TestCase]:
    if result.runs:
        return [_case(result, run) for run in result.runs]
    case = TestCase(result.status, result.name)
    reason = _without_control_characters(result.reason)
    case.result = [Skipped(reason) if result.is_skipped else Error(reason, result.status)]
    return [case]


def _case(result: TestedResult, run: TestedRun) -> TestCase:
    verdict, reason = run.observation.verdict, _without_control_characters(run.observation.reason)
    case = TestCase(f"run-{run.run}", result.name, run.wall_s)
    if verdict is Verdict.NOT_APPLICABLE:
        case.result = [Skipped(reason)]
    elif verdict is Verdict.LAB_ERROR:
        case.result = [Error(reason, str(verdict))]
    elif not verdict.is_green:
        case.result = [Failure(reason, str(verdict))]
    case.system_out = "\n".join(filter(None, (f"{verdict}: {reason}", run.timeline)))
    return case


def _without_control_characters(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
