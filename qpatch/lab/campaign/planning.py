# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the user asks for to cells: strategies x trees x machines x profiles x scenarios, with their programs."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.errors import QpatchError, UserError
from qpatch.lab.campaign.artifacts import prepare
from qpatch.lab.campaign.programs import UnavailableProgram, binary_program, release_numbers
from qpatch.lab.campaign.reports import FAILED, CellReport
from qpatch.lab.campaign.runner import PlannedCell
from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.machine import load_machine
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.definitions.release import table
from qpatch.lab.model import Cell
from qpatch.lab.plan import Artifacts, QemuProgram, RunPlan
from qpatch.lab.runtime.applicability import age

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from qpatch.lab.campaign.programs import Programs
    from qpatch.lab.definitions.machine import Machine
    from qpatch.lab.definitions.profile import Profile
    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.strategy.load import LoadedStrategy


class Defaults(LabModel):
    """What defaults.yaml says: machines in the order of preference."""

    profile: str
    scenario: str
    machines: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """The destination where it is another build: a strategy (None: the baseline) on a tree."""

    strategy: LoadedStrategy | None
    tree: str


@dataclass(frozen=True)
class TestRequest:
    """What the user asks for; `machines` and `profiles` may be empty, for the defaults.

    `strategies` holds None for the baseline; `binary` is a QEMU to run instead of those of trees.
    """

    strategies: Sequence[LoadedStrategy | None]
    trees: Sequence[str]
    machines: Sequence[Machine]
    profiles: Sequence[Profile]
    scenarios: Sequence[Scenario]
    peer: Peer | None = None
    binary: Path | None = None


@dataclass(frozen=True)
class _CellCase:
    """One cell with its source, not yet with artifacts; `tree` is the user's word for it."""

    source: QemuProgram | UnavailableProgram
    tree: str
    machine: Machine
    profile: Profile
    scenario: Scenario

    @property
    def cell(self) -> Cell:
        return Cell(self.source.strategy, self.source.tree, self.machine.name, self.profile.name, self.scenario.name)

    @property
    def asked(self) -> Cell:
        """The cell in the user's words."""
        return Cell(self.source.strategy, self.tree, self.machine.word, self.profile.word, self.scenario.word)


@cache
def defaults() -> Defaults:
    """Return what is run where the user does not say."""
    return datafile.read(resources.files(__package__).joinpath("defaults.yaml"), Defaults)


def plan_cells(wanted: TestRequest, programs: Programs) -> list[PlannedCell | CellReport]:
    """Return a plan for each cell, or a report of why there is nothing to run; the lab's own artifacts is compiled.

    Raises UserError where what is wanted does not go together, and EnvironmentFault as `prepare` does.
    """
    if wanted.peer is None:
        for scenario in wanted.scenarios:
            if scenario.programs != "same":
                raise UserError(
                    "usage", f"the scenario {scenario.name} migrates between two builds: name the other one with --peer"
                )
    found = _CellPlanner(wanted, programs)
    cases = [case for name in (wanted.trees if wanted.binary is None else [""]) for case in found.cases(name)]
    pairs = [found.paired(case) for case in cases]
    guests = {case.machine.guest for case, ends in zip(cases, pairs, strict=True) if isinstance(ends, tuple)}
    artifacts = prepare(guests, programs.progress) if guests else None
    planned = [
        _planned(case, ends, artifacts) if isinstance(ends, tuple) else ends
        for case, ends in zip(cases, pairs, strict=True)
    ]
    _require_distinct_places(planned)
    return planned


class _CellPlanner:
    def __init__(self, wanted: TestRequest, programs: Programs) -> None:
        self._wanted = wanted
        self._programs = programs
        self._peers: dict[str, QemuProgram | UnavailableProgram] = {}

    def cases(self, tree: str) -> Iterator[_CellCase]:
        """Yield the cells of one tree, or of the binary."""
        wanted = self._wanted
        machines, found = self._binary(wanted.binary) if wanted.binary else self._tree(tree)
        for strategy in wanted.strategies:
            for machine in machines:
                for scenario in wanted.scenarios:
                    for profile in wanted.profiles or [_default_profile(scenario)]:
                        source = found[strategy.name if strategy else BASELINE, machine.target]
                        yield _CellCase(source, tree, machine, profile, scenario)

    def paired(self, case: _CellCase) -> tuple[QemuProgram, QemuProgram] | CellReport:
        """Return source and destination of a cell; a scenario may want them the other way round."""
        if isinstance(case.source, UnavailableProgram):
            return _report(case, case.source)
        if self._wanted.peer is None:
            return case.source, case.source
        peer = self._peer(self._wanted.peer, case.machine.target)
        if isinstance(peer, UnavailableProgram):
            return _report(case, peer, f"the destination, {peer.strategy} on {peer.tree}: ")
        ends = (case.source, peer)
        backwards = {"old-to-new": age(case.source) > age(peer), "new-to-old": age(case.source) < age(peer)}.get(
            case.scenario.programs, False
        )
        return ends[::-1] if backwards else ends

    def _binary(self, file: Path) -> tuple[list[Machine], dict[tuple[str, str], QemuProgram | UnavailableProgram]]:
        program = binary_program(file)
        machines = list(self._wanted.machines) or [default_machine(program.release, program.target)]
        return machines, {(BASELINE, machine.target): program for machine in machines}

    def _tree(self, tree: str) -> tuple[list[Machine], dict[tuple[str, str], QemuProgram | UnavailableProgram]]:
        from qpatch.builds.prebuilt.catalogue import release_of

        strategies = self._wanted.strategies
        names = [strategy.name if strategy else BASELINE for strategy in strategies]
        try:
            name, release = release_of(tree)
        except QpatchError as error:
            machines = list(self._wanted.machines) or [load_machine(defaults().machines[0])]
            return machines, {
                (strategy, machine.target): UnavailableProgram(
                    strategy, tree, machine.target, FAILED, error.message, error
                )
                for strategy in names
                for machine in machines
            }
        machines = list(self._wanted.machines) or [default_machine(release_numbers(release))]
        targets = tuple(dict.fromkeys(machine.target for machine in machines))
        found = self._programs.of_tree(tree, strategies, targets)
        keys = [(strategy, target) for strategy in names for target in targets]
        return machines, {
            key: replace(one, tree=name) if isinstance(one, UnavailableProgram) else one
            for key, one in zip(keys, found, strict=True)
        }

    def _peer(self, peer: Peer, target: str) -> QemuProgram | UnavailableProgram:
        if target not in self._peers:
            (self._peers[target],) = self._programs.of_tree(peer.tree, [peer.strategy], [target])
        return self._peers[target]


def default_machine(release: tuple[int, int], target: str = "") -> Machine:
    """Return the machine where the user names none: the first that `release`, built for `target`, can do."""
    machines = [load_machine(name) for name in defaults().machines]
    fitting = [
        machine
        for machine in machines
        if machine.target == (target or machine.target) and not table().missing(machine.requires, release)
    ]
    if not fitting:
        raise UserError("unknown-machine", f"there is no machine for {target} by default", hint="Name one: --machine.")
    return fitting[0]


def _default_profile(scenario: Scenario) -> Profile:
    own = "profile" in scenario.model_fields_set
    return load_profile(scenario.profile if own else defaults().profile)


def _report(case: _CellCase, unavailable: UnavailableProgram, about: str = "") -> CellReport:
    return CellReport(
        case.cell,
        status=unavailable.status,
        reason=about + unavailable.reason,
        error=unavailable.error,
        asked=case.asked,
    )


def _planned(case: _CellCase, ends: tuple[QemuProgram, QemuProgram], artifacts: Artifacts | None) -> PlannedCell:
    assert artifacts is not None
    source, destination = ends
    cell = replace(case.cell, strategy=source.strategy, tree=source.tree)
    plan = RunPlan(source, destination, case.machine, case.profile, case.scenario, artifacts)
    return PlannedCell(cell, plan, "" if source is destination else _label(destination), case.asked)


def _require_distinct_places(found: Iterable[PlannedCell | CellReport]) -> None:
    """Raise UserError for two cells whose results would go into one directory."""
    asked: dict[tuple[Cell, str], Cell | None] = {}
    for one in found:
        if isinstance(one, PlannedCell) and (other := asked.setdefault((one.cell, one.peer), one.asked)) != one.asked:
            raise UserError(
                "usage",
                "two cells are called the same, and their results would go into one directory: "
                f"{_words(other)} and {_words(one.asked)}",
                hint="Names are in the files.",
            )


def _words(cell: Cell | None) -> str:
    return " ".join(filter(None, astuple(cell))) if cell else ""


def _label(program: QemuProgram) -> str:
    return program.tree if program.strategy == BASELINE else f"{program.strategy}@{program.tree}"
