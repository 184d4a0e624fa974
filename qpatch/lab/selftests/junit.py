# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of the uAPI's tests as JUnit's XML: a suite for each device, a case for each test."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from qpatch.lab.selftests.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.selftests.results import DeviceOutcome, TestOutcome


def junit(outcomes: Sequence[DeviceOutcome]) -> str:
    """Return the document."""
    whole = JUnitXml("qpatch test")
    for outcome in outcomes:
        suite = TestSuite(outcome.device)
        for test in outcome.tests:
            suite.add_testcase(_case(test))
        whole.add_testsuite(suite)
    written = io.BytesIO()
    whole.write(written, pretty=True)
    return written.getvalue().decode()


def _case(test: TestOutcome) -> TestCase:
    case = TestCase(test.test or "(the program)", test.program)
    reason = "".join(character for character in test.reason if character.isprintable() or character == "\n")
    if test.outcome is Outcome.SKIPPED:
        case.result = [Skipped(reason)]
    elif test.outcome is Outcome.FAILED:
        failure = Failure(reason.partition("\n")[0])
        failure.text = reason
        case.result = [failure]
    return case
