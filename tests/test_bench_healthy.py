# SPDX-License-Identifier: GPL-2.0-or-later
"""What is right for a healthy build, cell by cell, and what is counted as unexplained."""

from __future__ import annotations

import pytest

from bench.healthy import expected, known_faults, tally
from qpatch.cells.key import CellKey, Stage
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.definitions.machine import machine_names
from qpatch.lab.definitions.profile import profile_names
from qpatch.lab.definitions.scenario import scenario_names
from qpatch.lab.model import Observation, Verdict


def result(verdict: Verdict, tree: str, machine: str, profile: str, scenario: str) -> TestedResult:
    """Return a cell with one run."""
    key = CellKey("baseline", tree, "qemu", Stage.TESTED, "preload", machine, profile, scenario)
    return TestedResult(key=key, runs=(TestedRun(run=1, observation=Observation(verdict, "so"), wall_s=1),))


@pytest.mark.parametrize(
    ("verdict", "cell", "is_right"),
    [
        ("delivered", ("qemu-10.2", "q35", "plain", "once"), True),
        ("recovered", ("qemu-10.2", "q35", "plain", "fail-destination-write"), True),
        ("not-applicable", ("qemu-5.2", "q35", "plain", "iommufd"), True),
        ("lost", ("qemu-10.2", "q35", "plain", "once"), False),
        ("lost", ("qemu-5.2", "q35", "irq-eager", "once"), True),
        ("delivered", ("qemu-5.2", "q35", "irq-eager", "once"), False),
        ("delivered", ("qemu-5.2", "q35", "irq-eager", "file"), True),
        ("lost", ("qemu-7.2", "q35", "interrupt-swallowed", "once"), True),
        ("delivered", ("qemu-7.2", "q35", "interrupt-swallowed", "once"), False),
    ],
)
def test_what_is_right_for_a_cell(verdict: str, cell: tuple[str, str, str, str], is_right: bool) -> None:
    counted = tally([result(Verdict(verdict), *cell)])
    assert counted.verdicts == {verdict: 1}
    assert bool(counted.unexplained) is not is_right


def test_a_cell_that_could_not_be_run_is_unexplained() -> None:
    key = result(Verdict.LOST, "qemu-10.2", "q35", "plain", "once").key
    assert tally([TestedResult(key=key, status="failed", reason="does not build")]).unexplained


def test_known_faults_name_what_there_is() -> None:
    for known in known_faults():
        assert set(known.machines) <= set(machine_names())
        assert set(known.profiles) <= set(profile_names())
        assert set(known.scenarios) <= set(scenario_names())
        assert Verdict.INCONSISTENT not in known.verdicts
        assert expected(result(Verdict.LOST, "qemu-10.2", "q35", "plain", "once"))
