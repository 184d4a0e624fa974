# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for all tests: nothing of the user's or this machine's configuration reaches them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from home_support import use_home
from hypothesis import HealthCheck, settings
from release_support import MISSING, need_all

from qpatch.trees.places import cache_directory
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from pathlib import Path

# A busy machine is no fault of what is tested.
settings.register_profile("qpatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qpatch")
ON_REAL_TREES = ("tree", "build", "lab", "faults", "vm")


@pytest.fixture(autouse=True)
def releases(request: pytest.FixtureRequest, isolated: Path) -> None:
    """Skip a test on real trees where a release is missing that a parameter or the mark `releases` names."""
    if not any(request.node.get_closest_marker(marker) for marker in ON_REAL_TREES):
        return
    parameters = set(map(str, getattr(getattr(request.node, "callspec", None), "params", {}).values()))
    named = {name for mark in request.node.iter_markers("releases") for name in mark.args}
    if "--prebuilt" not in parameters:  # Debian's own binaries need no source
        named |= parameters & set(release_names())
    need_all(named)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a run which releases were missing, and how many tests that has cost."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    missing = Counter(reason.partition(MISSING)[2].split()[0] for reason in reasons if MISSING in reason)
    if missing:
        terminalreporter.section("RELEASES THAT ARE MISSING", sep="!", red=True, bold=True)
        for name, tests in sorted(missing.items()):
            terminalreporter.line(
                f"{name}: {tests} tests were skipped; `qpatch tree fetch {name}` says why it is missing"
            )


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give every test a home of its own; tests on real trees keep the cache that holds these."""
    home = tmp_path_factory.mktemp("home")
    on_real_trees = any(request.node.get_closest_marker(marker) for marker in ON_REAL_TREES)
    use_home(monkeypatch, home, cache_directory() if on_real_trees else None)
    return home
