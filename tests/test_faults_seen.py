# SPDX-License-Identifier: GPL-2.0-or-later
"""Real migrations with planted faults: the lab sees a sample among its tests, all of them by `make test-faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.faults.catalogue import OWN, Fault, load_faults
from bench.faults.judging import Standing, judge_fault
from bench.faults.report import details
from bench.faults.running import HEALTHY, run_faults
from qpatch.lab.campaign.runner import CampaignSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RELEASE, MACHINE = "qemu-10.2", "virt-gicv3-its"
RUNS_AT_A_TIME = 3
FAULTS = [fault for fault in load_faults() if not fault.entry.unseen]


def not_seen(faults: Sequence[Fault], directory: Path) -> list[str]:
    """Return what the lab says of each of `faults` that it does not see, or that has a wrong word."""
    outcome = run_faults(faults, OWN, MACHINE, RELEASE, CampaignSettings(directory, jobs=RUNS_AT_A_TIME))
    return [
        details(judged, outcome)
        for judged in (judge_fault(one, outcome.shown[one.name], outcome.shown[HEALTHY]) for one in faults)
        if judged.standing is not Standing.SEEN
    ]


@pytest.mark.lab
@pytest.mark.releases(RELEASE)
def test_the_lab_sees_a_sample_of_faults(tmp_path: Path) -> None:
    sample = [fault for fault in FAULTS if fault.entry.sample]
    assert len({fault.entry.kind for fault in sample}) >= 8
    assert not_seen(sample, tmp_path) == []


@pytest.mark.faults
@pytest.mark.releases(RELEASE)
def test_the_lab_sees_every_fault(tmp_path: Path) -> None:
    assert not_seen(FAULTS, tmp_path) == []
