# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults that are planted, and the cells that are run for them: tests/faults/*.yaml, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from qpatch.lab.campaign.cellsets import load_cells
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.profile import profile_names
from qpatch.lab.definitions.scenario import scenario_names
from qpatch.yamltext import read_yaml_file

DATA = Path(__file__).parents[2] / "tests" / "faults"
STRATEGIES = {
    "v1": DATA / "strategies" / "planted-faults-v1.yaml",
    "v2": DATA / "strategies" / "planted-faults.yaml",
}
TEMPLATES = DATA / "templates" / "planted-faults"
_SWITCH = re.compile(r'qpatch_(?:fault|arrived)\("([^"]+)"\)|\{ "([a-z-]+)", PCI_')
_TEMPLATE = re.compile(r"add-template: planted-faults/(\S+)")
OWN = "own"  # no cells but those that a fault names

Kind = Literal["dma", "vectors", "config", "pending", "pages", "processors", "states", "data", "recovery", "time"]
Place = Literal["qemu", "device", "guest"]
PLACES: tuple[Place, ...] = ("qemu", "device", "guest")


class Replacement(LabModel):
    """Text of a file of the lab's own C sources that a fault changes: `old` must be there exactly once."""

    file: str
    old: str
    new: str


class FaultEntry(LabModel):
    """What a file of faults says of one.

    `words` are the verdicts that are right for it, `cells` (PROFILE/SCENARIO, or MACHINE/PROFILE/SCENARIO) those that
    have to show one of them. `unseen` says why the lab cannot see it, '' where it can. `edits` are those of faults in
    the lab's own sources. `sample` puts it among the few that every CI run tries.
    """

    kind: Kind
    what: str
    words: tuple[str, ...]
    cells: tuple[str, ...]
    unseen: str = ""
    edits: tuple[Replacement, ...] = ()
    sample: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault by its name, and where it is planted."""

    name: str
    place: Place
    entry: FaultEntry


@dataclass(frozen=True, order=True)
class Cell:
    """Which machine, profile and scenario are run."""

    machine: str
    profile: str
    scenario: str

    @property
    def exists(self) -> bool:
        """Whether the lab has this profile and this scenario."""
        return self.profile in profile_names() and self.scenario in scenario_names()

    def __str__(self) -> str:
        """Return the cell as the data files write it."""
        return f"{self.machine}/{self.profile}/{self.scenario}"


def load_faults(data: Path = DATA) -> tuple[Fault, ...]:
    """Return all faults: of QEMU, the device and the guest. Raises ValueError where a file is wrong."""
    entries = TypeAdapter(dict[str, FaultEntry])
    return tuple(
        Fault(name, place, entry)
        for place in PLACES
        for name, entry in entries.validate_python(read_yaml_file(data / f"{place}.yaml", "bad-lab-data")).items()
    )


def switched_by(strategy: Path) -> frozenset[str]:
    """Return the names of the faults that a strategy switches."""
    text = strategy.read_text(encoding="utf-8")
    texts = [text, *((TEMPLATES / name).read_text(encoding="utf-8") for name in _TEMPLATE.findall(text))]
    return frozenset(name or other for one in texts for name, other in _SWITCH.findall(one))


def parse_cell(text: str, machine: str) -> Cell:
    """Return the cell that a data file writes as `text`; `machine` is the one where it names none."""
    *named, profile, scenario = text.split("/")
    return Cell(named[0] if named else machine, profile, scenario)


def cells_of(fault: Fault, chosen: str, machine: str) -> tuple[Cell, ...]:
    """Return the cells of the set `chosen` and those that the fault names, each once."""
    named = [parse_cell(text, machine) for text in fault.entry.cells]
    return tuple(dict.fromkeys([*(cell for cell in named if cell.exists), *cells_of_set(chosen, machine)]))


def cells_of_set(chosen: str, machine: str) -> tuple[Cell, ...]:
    """Return the cells of a set of the lab's by its name, or those of `own`: none. Raises UserError `unknown-cells`."""
    if chosen == OWN:
        return ()
    return tuple(
        Cell(machine, profile.name, scenario.name) for profile, scenario in load_cells(chosen, between_builds=False)
    )
