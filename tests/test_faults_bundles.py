# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles of real QEMUs with a fault: each word is reproduced with it, and not with the same build without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from lab_bundle_support import impatient, reproduce
from lab_support import observation

from bench.faults.catalogue import load_faults, parse_cell
from bench.faults.running import planned_cell, planted_programs
from qpatch.lab.campaign.programs import Programs, UnavailableProgram
from qpatch.lab.definitions.machine import load_machine
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.definitions.scenario import load_scenario
from qpatch.lab.model import START, Event, EventSource, Verdict
from qpatch.lab.plan import RunPlan, RunRecord
from qpatch.lab.preload.artifacts import prepare
from qpatch.lab.preload.bundle import Bundle
from qpatch.strategy.load import load_strategy
from qpatch.strategy.places import STRATEGIES, shipped
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.plan import QemuProgram

RELEASE, OLD_RELEASE, MACHINE, OLD_MACHINE = "qemu-10.2", "qemu-5.2", "virt-gicv3-its", "virt-gicv2"
RUNS_AT_A_TIME = 3
# For each word a fault of tests/faults/qemu.yaml, in the first of its cells.
FAULTS = {
    Verdict.STORM: "irq-storm",
    Verdict.HUNG: "intx-level-lost",
    Verdict.CRASHED: "crash-destination",
    Verdict.FAILED: "load-fails",
    Verdict.STRANDED: "guest-stranded",
    Verdict.MISORDERED: "state-no-p2p",
    Verdict.UNNOTICED: "data-truncated",
    Verdict.DMA_FAILED: "dma-readonly",
    Verdict.CORRUPTED: "config-subsystem",
    Verdict.STALE: "dirty-never",
    Verdict.MISROUTED: "irq-swapped",
    Verdict.LOST: "irq-once",
    Verdict.DUPLICATED: "irq-injected",
    Verdict.LATE: "irq-late",
    Verdict.SLOW: "slow-load-one-second",
    Verdict.NOISY: "noisy-destination",
}
# No fault of QEMU gives these, which say nothing about it: a script runs the healthy QEMU, and loses lines of its log
# or leaves out its devices.
SCRIPTS = {
    Verdict.INCONSISTENT: """exec "$QEMU" "$@" 2>&1 | grep --line-buffered -v '"event":"irq-consume"'""",
    Verdict.LAB_ERROR: """for word; do shift
case $word in -device | vfio-pci,*) ;; *) set -- "$@" "$word" ;; esac; done; exec "$QEMU" "$@" """,
}


@dataclass(frozen=True)
class Case:
    """A word, a plan that gives it, and a QEMU that does not."""

    word: Verdict
    plan: RunPlan
    healthy: QemuProgram

    def wrong(self, directory: Path) -> str:
        """Return '', or what the bundle said that it should not have."""
        artifacts = prepare({self.plan.machine.guest}, NoProgress())
        start = Event(0, "lab", EventSource.LAB, START, fields={"vm": "qemu0"})
        record = RunRecord(directory, (start,), {}, 1.0)
        bundle = Bundle(self.plan, artifacts, record, observation(self.word)).write(directory / "bundle")
        assert bundle is not None
        if self.word is Verdict.HUNG:
            impatient(bundle)
        again = reproduce(bundle)
        healthy = reproduce(bundle, "--times", "1", "--qemu", str(self.healthy.command[0]))
        right = "\nreproduced: " in again.stdout and not again.returncode
        mended = healthy.stdout.endswith(f"\nnot reproduced: {self.word} in 0 of 1 runs\n") and healthy.returncode == 1
        said = (again.stdout, again.stderr, healthy.stdout, healthy.stderr)
        return "" if right and mended else f"{self.word}: {''.join(said)}"


def of_fault(word: Verdict, name: str, programs: Mapping[str, QemuProgram]) -> Case:
    (fault,) = (one for one in load_faults() if one.name == name)
    cell = parse_cell(fault.entry.cells[0], MACHINE)
    return Case(word, planned_cell(fault, cell, programs).plan, programs[MACHINE])


def of_script(word: Verdict, script: str, healthy: QemuProgram, directory: Path) -> Case:
    file = directory / f"{word}.sh"
    file.write_text(f"#!/bin/sh\nQEMU={healthy.command[0]}\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    program = replace(healthy, command=(str(file),))
    return Case(word, plan_of(program, MACHINE, "plain"), healthy)


def of_builds(word: Verdict, strategy: str, profile: str) -> Case:
    """Return a word that a strategy has on the old release, and its baseline has not."""
    loaded = load_strategy(shipped() / STRATEGIES / f"{strategy}.yaml")
    target = load_machine(OLD_MACHINE).target
    found = Programs(NoProgress()).of_tree(OLD_RELEASE, [loaded, None], [target])
    built = [program for program in found if not isinstance(program, UnavailableProgram)]
    assert len(built) == len(found)
    return Case(word, plan_of(built[0], OLD_MACHINE, profile), built[1])


def plan_of(program: QemuProgram, machine: str, profile: str) -> RunPlan:
    return RunPlan(program, program, load_machine(machine), load_profile(profile), load_scenario("once"))


@pytest.mark.lab
@pytest.mark.releases(RELEASE, OLD_RELEASE)
def test_every_word_is_reproduced_with_its_fault_alone(tmp_path: Path) -> None:
    programs = planted_programs([MACHINE], RELEASE, NoProgress())
    cases = [
        *(of_fault(word, name, programs) for word, name in FAULTS.items()),
        *(of_script(word, script, programs[MACHINE], tmp_path) for word, script in SCRIPTS.items()),
        of_builds(Verdict.REFUSED, "save-state", "config-first"),
    ]
    assert {case.word for case in cases} == {word for word in Verdict if not word.is_green} - {Verdict.NOT_APPLICABLE}
    with ThreadPoolExecutor(RUNS_AT_A_TIME) as pool:
        wrong = pool.map(lambda case: case.wrong(tmp_path / case.word), cases)
    assert [text for text in wrong if text] == []
