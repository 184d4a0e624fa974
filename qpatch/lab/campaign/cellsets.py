# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of cells that have a name, from cells.yaml: pairs of a profile and a scenario, each once."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from qpatch.errors import UserError
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.profile import emulated_profile_names, load_profile
from qpatch.lab.definitions.scenario import load_scenario, scenario_names
from qpatch.suggest import did_you_mean
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from qpatch.lab.definitions.profile import Profile
    from qpatch.lab.definitions.scenario import Scenario


class CellBlock(LabModel):
    """Every one of `profiles` with every one of `scenarios`: names, or `all` that ship."""

    profiles: tuple[str, ...] | Literal["all"]
    scenarios: tuple[str, ...] | Literal["all"]


class CellSet(LabModel):
    """A set: one line for lists, and the blocks that it is of."""

    title: str
    of: tuple[CellBlock, ...]


def titles() -> dict[str, str]:
    """Return the title of each set by its name."""
    return {name: one.title for name, one in _sets().items()}


def load_cells(name: str, *, between_builds: bool) -> tuple[tuple[Profile, Scenario], ...]:
    """Return the profile and the scenario of each cell of the set `name`.

    Scenarios that want two builds are left out unless `between_builds`. Raises UserError `unknown-cells`.
    """
    if name not in _sets():
        raise UserError("unknown-cells", f"there is no set of cells {name!r}", hint=did_you_mean(name, _sets()))
    profiles = {profile: load_profile(profile) for profile in emulated_profile_names()}
    scenarios = {scenario: load_scenario(scenario) for scenario in scenario_names()}
    pairs = {
        (profile, scenario): None
        for block in _sets()[name].of
        for profile in (profiles if block.profiles == "all" else block.profiles)
        for scenario in (scenarios if block.scenarios == "all" else block.scenarios)
        if between_builds or scenarios[scenario].programs == "same"
    }
    return tuple((profiles[profile], scenarios[scenario]) for profile, scenario in pairs)


@cache
def _sets() -> dict[str, CellSet]:
    file = resources.files(__package__).joinpath("cells.yaml")
    return TypeAdapter(dict[str, CellSet]).validate_python(read_yaml_file(file, "bad-lab-data"))
