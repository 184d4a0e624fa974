# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the user asks for to cells: strategies x trees x machines x profiles x scenarios, with their programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, ClassVar

from qpatch.arguments import check_name
from qpatch.builds.builder import BASELINE
from qpatch.cells.base import ErrorReport, Status
from qpatch.cells.key import CellKey, Stage
from qpatch.errors import QpatchError, UserError
from qpatch.lab.campaign.applicability import age
from qpatch.lab.campaign.cellsets import load_cells
from qpatch.lab.campaign.programs import UnavailableProgram, binary_program, release_numbers
from qpatch.lab.campaign.results import TestedResult
from qpatch.lab.campaign.runner import PlannedCell
from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.machine import load_machine
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.definitions.release import table
from qpatch.lab.definitions.scenario import load_scenario
from qpatch.lab.plan import QemuProgram, RunPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from qpatch.lab.campaign.programs import Programs
    from qpatch.lab.definitions.machine import Machine
    from qpatch.lab.definitions.profile import Profile
    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.strategy.load import LoadedStrategy

COMPONENT = "qemu"  # the component of a strategy that a lab runs


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

    def __post_init__(self) -> None:
        """Refuse what is no name of a tree; raises UserError `bad-argument`."""
        check_name(self.tree, "the tree of the peer")


@dataclass(frozen=True)
class TestRequest:
    """What the user asks for; `machines` may be empty, for the defaults.

    `strategies` holds None for the baseline; `cells` are the profile and the scenario of each cell; `binary` is a QEMU
    to run instead of those of trees.
    """

    __test__: ClassVar[bool] = False  # pytest: no test

    strategies: Sequence[LoadedStrategy | None]
    trees: Sequence[str]
    machines: Sequence[Machine]
    cells: Sequence[tuple[Profile, Scenario]]
    peer: Peer | None = None
    binary: Path | None = None

    @classmethod
    def of_names(
        cls,
        strategies: Sequence[LoadedStrategy | None],
        trees: Iterable[str],
        machines: Iterable[str] = (),
        profiles: Iterable[str] = (),
        scenarios: Iterable[str] = (),
        peer: Peer | None = None,
        binary: Path | None = None,
        cells: str = "",
    ) -> TestRequest:
        """Return the request for things by their names, or by paths of YAML files; what is named twice counts once.

        `cells` names a set of cells in the place of profiles and scenarios. Raises UserError `unknown-machine`,
        `unknown-profile`, `unknown-scenario`, `unknown-cells`, `bad-lab-data`, and `usage` for both.
        """
        loaded = [load_machine(name) for name in dict.fromkeys(machines)]
        if cells and (tuple(profiles) or tuple(scenarios)):
            raise UserError("usage", "a set of cells has its own profiles and scenarios")
        pairs = load_cells(cells, between_builds=peer is not None) if cells else _every(profiles, scenarios)
        return cls(strategies, list(dict.fromkeys(trees)), loaded, pairs, peer, binary)


@dataclass(frozen=True)
class _CellCase:
    """One cell of the lab `lab` with its source; `tree` is the user's word for it."""

    lab: str
    source: QemuProgram | UnavailableProgram
    tree: str
    machine: Machine
    profile: Profile
    scenario: Scenario

    @property
    def key(self) -> CellKey:
        return self._key(self.source.tree, self.machine.name, self.profile.name, self.scenario.name)

    @property
    def asked(self) -> CellKey:
        """The cell in the user's words."""
        return self._key(self.tree, self.machine.word, self.profile.word, self.scenario.word)

    def _key(self, tree: str, machine: str, profile: str, scenario: str) -> CellKey:
        return CellKey(self.source.strategy, tree, COMPONENT, Stage.TESTED, self.lab, machine, profile, scenario)


@cache
def defaults() -> Defaults:
    """Return what is run where the user does not say."""
    return datafile.read(resources.files(__package__).joinpath("defaults.yaml"), Defaults)


def plan_cells(request: TestRequest, programs: Programs, lab: str) -> list[PlannedCell | TestedResult]:
    """Return a plan for each cell of the lab called `lab`, or the result of a cell that has nothing to run.

    Raises UserError where what is asked for does not go together.
    """
    if request.peer is None:
        for _, scenario in request.cells:
            if scenario.programs != "same":
                raise UserError(
                    "usage", f"the scenario {scenario.name} migrates between two builds: name the other one with --peer"
                )
    planner = _CellPlanner(request, programs, lab)
    cases = [case for name in (request.trees if request.binary is None else [""]) for case in planner.cases(name)]
    planned = [planner.planned(case) for case in cases]
    _require_distinct_places(planned)
    return planned


class _CellPlanner:
    def __init__(self, request: TestRequest, programs: Programs, lab: str) -> None:
        self._request = request
        self._programs = programs
        self._lab = lab
        self._peers: dict[str, QemuProgram | UnavailableProgram] = {}

    def cases(self, tree: str) -> Iterator[_CellCase]:
        """Yield the cells of one tree, or of the binary."""
        request = self._request
        machines, found = self._binary(request.binary) if request.binary else self._tree(tree)
        for strategy in request.strategies:
            for machine in machines:
                for profile, scenario in request.cells:
                    source = found[strategy.name if strategy else BASELINE, machine.target]
                    yield _CellCase(self._lab, source, tree, machine, profile, scenario)

    def planned(self, case: _CellCase) -> PlannedCell | TestedResult:
        """Return the plan of a cell; a scenario may ask for the two builds the other way round."""
        if isinstance(case.source, UnavailableProgram):
            return _unavailable(case, case.source)
        if self._request.peer is None:
            return _planned(case, case.source, case.source)
        peer = self._peer(self._request.peer, case.machine.target)
        if isinstance(peer, UnavailableProgram):
            return _unavailable(case, peer, f"the destination, {peer.strategy} on {peer.tree}: ")
        backwards = {"old-to-new": age(case.source) > age(peer), "new-to-old": age(case.source) < age(peer)}
        if backwards.get(case.scenario.programs, False):
            return _planned(case, peer, case.source)
        return _planned(case, case.source, peer)

    def _binary(self, file: Path) -> tuple[list[Machine], dict[tuple[str, str], QemuProgram | UnavailableProgram]]:
        program = binary_program(file)
        machines = list(self._request.machines) or [default_machine(program.release, program.target)]
        return machines, {(BASELINE, machine.target): program for machine in machines}

    def _tree(self, tree: str) -> tuple[list[Machine], dict[tuple[str, str], QemuProgram | UnavailableProgram]]:
        from qpatch.builds.prebuilt.catalogue import release_of

        strategies = self._request.strategies
        names = [strategy.name if strategy else BASELINE for strategy in strategies]
        try:
            name, release = release_of(tree)
        except QpatchError as error:
            machines = list(self._request.machines) or [load_machine(defaults().machines[0])]
            return machines, {
                (strategy, machine.target): UnavailableProgram(
                    strategy, tree, machine.target, Status.FAILED, error.message, error
                )
                for strategy in names
                for machine in machines
            }
        machines = list(self._request.machines) or [default_machine(release_numbers(release))]
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


def _every(profiles: Iterable[str], scenarios: Iterable[str]) -> list[tuple[Profile, Scenario]]:
    """Return every one of `profiles` (none: the default) with every one of `scenarios` (none: the default)."""
    devices = [load_profile(name) for name in dict.fromkeys(profiles)]
    done = [load_scenario(name) for name in dict.fromkeys(scenarios) or [defaults().scenario]]
    return [(profile, scenario) for scenario in done for profile in devices or [_default_profile(scenario)]]


def _default_profile(scenario: Scenario) -> Profile:
    own = "profile" in scenario.model_fields_set
    return load_profile(scenario.profile if own else defaults().profile)


def _unavailable(case: _CellCase, unavailable: UnavailableProgram, about: str = "") -> TestedResult:
    return TestedResult(
        key=case.key,
        status=unavailable.status,
        reason=about + unavailable.reason,
        error=ErrorReport.of(unavailable.error) if unavailable.error else None,
        asked=case.asked,
    )


def _planned(case: _CellCase, source: QemuProgram, destination: QemuProgram) -> PlannedCell:
    peer = "" if source is destination else _label(destination)
    key = replace(case.key, strategy=source.strategy, tree=source.tree, peer=peer)
    return PlannedCell(key, RunPlan(source, destination, case.machine, case.profile, case.scenario), case.asked)


def _require_distinct_places(planned: Iterable[PlannedCell | TestedResult]) -> None:
    """Raise UserError for two cells whose results would go into one directory."""
    asked: dict[CellKey, CellKey] = {}
    for cell in planned:
        words = cell.asked or cell.key
        if isinstance(cell, PlannedCell) and (other := asked.setdefault(cell.key, words)) != words:
            raise UserError(
                "usage",
                "two cells are called the same, and their results would go into one directory: "
                f"{_words(other)} and {_words(words)}",
                hint="Names are in the files.",
            )


def _words(asked: CellKey) -> str:
    return " ".join(filter(None, (asked.strategy, asked.tree, asked.machine, asked.profile, asked.scenario)))


def _label(program: QemuProgram) -> str:
    return program.tree if program.strategy == BASELINE else f"{program.strategy}@{program.tree}"
