# SPDX-License-Identifier: GPL-2.0-or-later
"""What one run needs, and what it leaves: the plan that goes in and the record that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.definitions.machine import Machine
    from qpatch.lab.definitions.profile import DeviceSettings, Profile
    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.lab.model import Event


@dataclass(frozen=True)
class QemuProgram:
    """How one build of QEMU is run.

    `strategy` is what was built (`baseline` for a release as it is), `release` its version as numbers, such as (10, 2).
    `command` begins the command line, `arguments` follow it (where the firmware is), `environment` is added.
    `built_from` is the id of the git tree that it was built from, '' where nobody knows: a distribution's, or a file.
    """

    strategy: str
    tree: str
    release: tuple[int, int]
    target: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    built_from: str = ""


@dataclass(frozen=True)
class RunPlan:
    """One run: which QEMU begins, which one takes over, on what machine, with which device, in what scenario."""

    source: QemuProgram
    destination: QemuProgram
    machine: Machine
    profile: Profile
    scenario: Scenario

    @property
    def built_from(self) -> tuple[str, str]:
        """The git trees that the source and the destination were built from."""
        return self.source.built_from, self.destination.built_from

    @property
    def cpus(self) -> int:
        """How many processors the guest has."""
        return self.scenario.cpus or self.machine.cpus

    @property
    def device(self) -> DeviceSettings:
        """The device: the profile's, with what the scenario wants otherwise."""
        return self.profile.device.overridden_by(self.scenario.device)


@dataclass(frozen=True)
class RunRecord:
    """What a run left: the lab's own events (lab, qmp, serial), and each process's log by its actor.

    `failure` says what the lab waited for without success, or '' where the scenario was carried out to its end.
    """

    directory: Path
    events: tuple[Event, ...]
    logs: Mapping[str, Path]
    wall_seconds: float
    failure: str = ""
