# SPDX-License-Identifier: GPL-2.0-or-later
"""A scenario: how the two QEMUs are set up, what is done to them step by step, how the migration is meant to end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel, Name
from qpatch.lab.definitions.machine import MAX_CPUS
from qpatch.lab.definitions.profile import DeviceSettings, Faults, Trait
from qpatch.lab.definitions.steps import Steps
from qpatch.lab.model import MigrationOutcome

KIND = "scenario"


class Scenario(LabModel):
    """One of scenarios/*.yaml.

    `programs` tells whether both sides run the same build, or different ones. `profile` is the device where the user
    names none. `cpus` is how many processors the guest has (None: as many as the machine says). `properties` are added
    to every `-device vfio-pci`, `capabilities` and `parameters` are the migration's, on both sides. `device` overrides
    keys of the profile, `faults` come on top of its faults. `requires` are features of qemu.yaml that both sides must
    have, `traits` those the device must have.
    """

    name: Name
    title: str
    programs: Literal["same", "old-to-new", "new-to-old"] = "same"
    profile: str = "plain"
    devices: int = Field(default=1, ge=1, le=8)
    cpus: int | None = Field(default=None, ge=1, le=MAX_CPUS)
    iommu: Literal["container", "iommufd"] = "container"
    properties: dict[str, bool | int | str] = Field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    parameters: dict[str, bool | int | str] = Field(default_factory=dict)
    device: DeviceSettings = DeviceSettings()
    faults: Faults = Faults()
    requires: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    expect: MigrationOutcome = MigrationOutcome.COMPLETED
    steps: Steps = Field(min_length=1)


def scenario_names() -> tuple[str, ...]:
    """Return the names of the scenarios that ship."""
    return datafile.shipped_names(KIND)


def load_scenario(name: str) -> Scenario:
    """Return the scenario `name`, or what the file `name` has. Raises UserError `unknown-scenario`, `bad-lab-data`."""
    return datafile.load(KIND, name, Scenario)
