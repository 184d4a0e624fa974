# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests of the uAPI on devices that this machine has, or seems to have."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.selftests.results import DeviceOutcome, Outcome, TestOutcome, read_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from qpatch.lab.definitions.profile import DeviceSettings

DEVICES = 2  # that a program can be given
PATIENCE_S = 300  # with a program; each of its tests ends itself before that
_LAST = 500  # characters of what a program printed besides


@dataclass(frozen=True)
class EmulatedPair:
    """Two devices that a lab is to emulate: both with these settings, and both with all `faults`."""

    title: str
    protocol: str
    settings: DeviceSettings
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Devices:
    """What the programs are run on: `arguments` name the devices, `environment` is what they need to be there."""

    title: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def run_programs(programs: Iterable[Path], devices: Devices) -> DeviceOutcome:
    """Run `programs` one after the other: each wants the devices for itself."""
    tests = [test for program in programs for test in _run(program, devices)]
    return DeviceOutcome(devices.title, tuple(tests))


def _run(program: Path, devices: Devices) -> tuple[TestOutcome, ...]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VFIO_SELFTESTS_")}
    try:
        done = subprocess.run(
            [program, *devices.arguments],
            env={**environment, **devices.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return (TestOutcome(program.name, "", Outcome.FAILED, f"not done after {PATIENCE_S} s"),)
    tests = read_program(program.name, done.stdout.decode(errors="replace"), done.returncode)
    if tests and tests[-1].test == "" and tests[-1].outcome is Outcome.FAILED:
        said = done.stderr.decode(errors="replace").strip()[-_LAST:]
        last = tests[-1]
        return (*tests[:-1], TestOutcome(last.program, "", last.outcome, f"{last.reason}\n{said}".strip()))
    return tests
