# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrates a device with strategies on trees, in a lab."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.api.strategies import checked_choice
from qpatch.arguments import check_name, check_path, check_settings_map, check_type, items_of
from qpatch.errors import UserError
from qpatch.lab.campaign.entry import run_tests
from qpatch.lab.campaign.planning import Peer, TestRequest
from qpatch.lab.campaign.programs import BinaryChoice, Programs
from qpatch.lab.campaign.runner import CampaignSettings
from qpatch.lab.protocol import KernelLab
from qpatch.lab.registry import registry
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qpatch.lab.campaign.results import TestedResult
    from qpatch.lab.campaign.runner import RunListener
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

_SILENT = NoProgress()


@dataclass(frozen=True)
class TestChoices:
    """What is tested, and in which lab ('': the default).

    `machines`, `profiles` and `scenarios` are names, or paths of YAML files; empty for the defaults. `cells` names a
    set of cells in the place of profiles and scenarios. `peer` is the destination where it is another build. `binary`
    is a QEMU to run instead of the baselines of trees, `baseline` says which binary is taken for these. `kernel` is the
    kernel of a lab that boots one. `parameters` are the strategies'.
    """

    __test__ = False  # pytest: no test

    machines: Sequence[str] = ()
    profiles: Sequence[str] = ()
    scenarios: Sequence[str] = ()
    cells: str = ""
    peer: Peer | None = None
    binary: Path | None = None
    baseline: BinaryChoice = BinaryChoice.AUTOMATIC
    lab: str = ""
    kernel: Peer | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not of its type; raises UserError `bad-argument`."""
        for what in ("machines", "profiles", "scenarios"):
            items_of(getattr(self, what), str, what)
        check_type(self.peer, (Peer, type(None)), "peer")
        check_type(self.kernel, (Peer, type(None)), "kernel")
        check_type(self.baseline, BinaryChoice, "baseline")
        if self.binary is not None:
            check_path(self.binary, "binary")
        check_name(self.lab, "lab")
        check_name(self.cells, "cells")
        check_settings_map(self.parameters, "parameters")


def test(
    strategies: Sequence[LoadedStrategy | None],
    trees: Sequence[str],
    settings: CampaignSettings,
    choices: TestChoices = TestChoices(),
    *,
    progress: Progress = _SILENT,
    listener: RunListener | None = None,
) -> tuple[TestedResult, ...]:
    """Migrate a device with every strategy (None: the baseline) on every tree, and return a result for each cell.

    What is not built is built. `settings` say how often cells are run, and where what was seen is kept; `progress` is
    told of what is built, `listener` of each run as it ends. Raises UserError for an unknown name or parameter, or
    where the choices do not go together; EnvironmentFault where the lab cannot be prepared.
    """
    check_type(settings, CampaignSettings, "settings")
    check_type(choices, TestChoices, "choices")
    strategies, trees = checked_choice(strategies, trees, choices.parameters)
    lab = registry().get(choices.lab or registry().default)
    if choices.kernel:
        if not isinstance(lab, KernelLab):
            raise UserError("usage", f"the lab {lab.name} boots no kernel")
        lab = lab.on_kernel(choices.kernel.strategy, choices.kernel.tree)
    request = TestRequest.of_names(
        strategies,
        trees,
        choices.machines,
        choices.profiles,
        choices.scenarios,
        choices.peer,
        choices.binary,
        choices.cells,
    )
    programs = Programs(progress, choices.baseline, choices.parameters)
    return run_tests(request, programs, settings, lab, listener)
