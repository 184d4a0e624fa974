# SPDX-License-Identifier: GPL-2.0-or-later
"""The pytest plugin of a test run in a copy of the project: it runs the tests it is told to, in that order.

The environment names three things: QPATCH_MUTATION_TESTS, a JSON file with the ids of the tests and the seconds each
may take (not set: all tests run); QPATCH_MUTATION_REPORT, the JSON file to write, with the seconds each test took and
the tests that failed; QPATCH_MUTATION_MEMORY, the bytes that the run may have.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections import defaultdict
from pathlib import Path

import hypothesis
import pytest

import qpatch

OTHER_CODE = 90  # the exit code where the code under test is not the copy's
_limits: dict[str, float] = {}
_seconds: defaultdict[str, float] = defaultdict(float)
_failed: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Bound the memory, make random tests repeatable and short, and see whose code is tested."""
    if not Path(qpatch.__file__).is_relative_to(config.rootpath):
        pytest.exit(f"the tests would run {qpatch.__file__}, which is not in {config.rootpath}", OTHER_CODE)
    memory = int(os.environ["QPATCH_MUTATION_MEMORY"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process, whatever it is at
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        max_examples=20,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")
    if "QPATCH_MUTATION_TESTS" in os.environ:
        _limits.update(json.loads(Path(os.environ["QPATCH_MUTATION_TESTS"]).read_text(encoding="utf-8")))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that were asked for, in the order asked."""
    if _limits:
        places = {name: place for place, name in enumerate(_limits)}
        items[:] = sorted((item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid])


def pytest_runtest_logstart(nodeid: str) -> None:
    """Say which test runs, and let the process be ended when it has taken too long."""
    Path(os.environ["QPATCH_MUTATION_REPORT"]).write_text(json.dumps({"failed": [nodeid]}), encoding="utf-8")
    signal.setitimer(signal.ITIMER_REAL, _limits.get(nodeid, 0))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the time and the result of one phase of a test."""
    _seconds[report.nodeid] += report.duration
    if report.failed:
        _failed.append(report.nodeid)


def pytest_runtest_logfinish() -> None:
    """Take back what was said at the start of the test."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def pytest_sessionfinish() -> None:
    """Write down what was noted."""
    report = {"seconds": _seconds, "failed": _failed}
    Path(os.environ["QPATCH_MUTATION_REPORT"]).write_text(json.dumps(report), encoding="utf-8")
