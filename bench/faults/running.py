# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs faults over cells: each with the build that has it, or with its own device and guest, several at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bench.faults.catalogue import STRATEGIES, cells_of
from bench.faults.sources import planted_sources
from qpatch.builds.prebuilt.catalogue import release_of
from qpatch.cells.key import CellKey, Stage
from qpatch.errors import EnvironmentFault
from qpatch.lab.campaign.planning import COMPONENT
from qpatch.lab.campaign.programs import Programs, UnavailableProgram, release_numbers
from qpatch.lab.campaign.runner import PlannedCell, run_campaign
from qpatch.lab.definitions.machine import load_machine
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.definitions.release import table
from qpatch.lab.definitions.scenario import load_scenario
from qpatch.lab.plan import RunPlan
from qpatch.lab.preload.artifacts import prepare
from qpatch.lab.preload.lab import NAME, PreloadLab, PreparedPreloadLab
from qpatch.strategy.load import load_strategy
from qpatch.trees.places import cache_directory
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bench.faults.catalogue import Cell, Fault
    from qpatch.lab.campaign.runner import CampaignSettings
    from qpatch.lab.model import Event, Observation, Verdict
    from qpatch.lab.plan import QemuProgram, RunRecord
    from qpatch.trees.progress import Progress

HEALTHY = "healthy"
SWITCH = "QPATCH_FAULT"


@dataclass(frozen=True)
class Shown:
    """What the lab said of one run: the verdict, the sentence that says why, and how long it took."""

    verdict: Verdict
    reason: str
    seconds: float


@dataclass
class Outcome:
    """What each cell showed, by the fault's name (HEALTHY: none), the cell, and the number of the run."""

    shown: dict[str, dict[Cell, list[Shown]]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True)
class FaultLab:
    """The preload lab with another device or guest for some faults; `labs` has those by the faults' names."""

    healthy: PreparedPreloadLab
    labs: Mapping[str, PreparedPreloadLab]

    def reason_against(self, plan: RunPlan) -> str:
        """Return ''."""
        return self.healthy.reason_against(plan)

    async def run(self, plan: RunPlan, directory: Path) -> RunRecord:
        """Carry out `plan` with the device and the guest of its fault."""
        return await self.labs.get(plan.source.strategy, self.healthy).run(plan, directory)

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        """Return what was recorded."""
        return self.healthy.timeline(record)

    def write_bundle(
        self, plan: RunPlan, record: RunRecord, observation: Observation, place: Path, *, binaries: bool
    ) -> Path | None:
        """Write the bundle, with the device and the guest of the fault; the switch is in its command lines."""
        lab = self.labs.get(plan.source.strategy, self.healthy)
        return lab.write_bundle(plan, record, observation, place, binaries=binaries)


def run_faults(faults: Sequence[Fault], cells: str, machine: str, tree: str, settings: CampaignSettings) -> Outcome:
    """Run each of `faults` over the set `cells` and over its own ones, and what is healthy over all of them, on `tree`.

    `machine` is that of cells that name none. Every run has the build with `planted-faults`, which is made if it is not
    there: what is healthy differs from it by the switch alone. Raises EnvironmentFault where something cannot be built.
    """
    by_fault = [(fault, cells_of(fault, cells, machine)) for fault in faults]
    every = tuple(dict.fromkeys(cell for _, of_fault in by_fault for cell in of_fault))
    wanted: list[tuple[Fault | None, tuple[Cell, ...]]] = [(None, every), *by_fault]
    programs = planted_programs({cell.machine for cell in every}, tree, NoProgress())
    planned = [
        (fault.name if fault else HEALTHY, cell, planned_cell(fault, cell, programs))
        for fault, of_fault in wanted
        for cell in of_fault
    ]
    lab = _prepared(faults, [one for _, _, one in planned], settings.output)
    outcome = Outcome()
    results = run_campaign([one for _, _, one in planned], lab, settings)
    for (name, cell, _), result in zip(planned, results, strict=True):
        outcome.shown[name][cell] = [
            Shown(run.observation.verdict, run.observation.reason, run.wall_s) for run in result.runs
        ]
    return outcome


def planted_programs(machines: Iterable[str], tree: str, progress: Progress) -> dict[str, QemuProgram]:
    """Return the build with planted faults for each of `machines`."""
    strategy = load_strategy(planted_strategy(tree))
    targets = {name: load_machine(name).target for name in machines}
    found = {}
    for target in sorted(set(targets.values())):
        (program,) = Programs(progress).of_tree(tree, [strategy], [target])
        if isinstance(program, UnavailableProgram):
            raise EnvironmentFault("faults-not-built", f"the build with planted faults on {tree}: {program.reason}")
        found[target] = program
    return {name: found[target] for name, target in targets.items()}


def planted_strategy(tree: str) -> Path:
    """Return the file of the strategy that plants faults on `tree`."""
    return STRATEGIES[table().protocol(release_of_tree(tree))]


def release_of_tree(tree: str) -> tuple[int, int]:
    """Return the release of a tree by its name. Raises UserError for an unknown one."""
    return release_numbers(release_of(tree)[1])


def planned_cell(fault: Fault | None, cell: Cell, programs: Mapping[str, QemuProgram]) -> PlannedCell:
    """Return the cell under the fault's name, with the switch set where it is one of QEMU's."""
    name = fault.name if fault else HEALTHY
    environment = {SWITCH: name} if fault is not None and fault.place == "qemu" else {}
    program = programs[cell.machine]
    program = replace(program, strategy=name, environment={**program.environment, **environment})
    plan = RunPlan(
        program, program, load_machine(cell.machine), load_profile(cell.profile), load_scenario(cell.scenario)
    )
    key = CellKey(name, program.tree, COMPONENT, Stage.TESTED, NAME, cell.machine, cell.profile, cell.scenario)
    return PlannedCell(key, plan)


def _prepared(faults: Sequence[Fault], planned: Sequence[PlannedCell], output: Path) -> FaultLab:
    healthy = PreloadLab().prepare([one.plan for one in planned], NoProgress())
    store = cache_directory() / "lab-faults"  # not the lab's own: who wants that has not to wait for these
    labs = {}
    for fault in faults:
        if fault.entry.edits:
            guests = {one.plan.machine.guest for one in planned if one.plan.source.strategy == fault.name}
            sources = planted_sources(fault, output / "sources" / fault.name)
            labs[fault.name] = PreparedPreloadLab(prepare(guests, NoProgress(), sources=sources, store=store))
    return FaultLab(healthy, labs)
