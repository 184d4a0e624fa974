# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: what it prepares, how it carries out a run, where the timeline comes from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.preload.artifacts import Artifacts, prepare
from qpatch.lab.preload.bundle import Bundle
from qpatch.lab.preload.devices import PreloadedDevices
from qpatch.lab.preload.log import timeline_of
from qpatch.lab.preload.suite import run_emulated
from qpatch.lab.protocol import Limit
from qpatch.lab.runtime.run import run_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.model import Event, Observation
    from qpatch.lab.plan import RunPlan, RunRecord
    from qpatch.lab.selftests.results import DeviceOutcome
    from qpatch.lab.selftests.running import EmulatedPair
    from qpatch.trees.progress import Progress

NAME = "preload"


class PreloadLab:
    """QEMU as it is, with the device and the kernel's VFIO in a library that is loaded before it."""

    @property
    def name(self) -> str:
        """The name in labs.yaml."""
        return NAME

    @property
    def title(self) -> str:
        """One line for lists."""
        return "QEMU as it is, under TCG; the kernel's VFIO and the device are a library that is loaded before it"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What limits.yaml lists."""
        text = resources.files(__package__).joinpath("limits.yaml").read_text(encoding="utf-8")
        return tuple(Limit(**entry) for entry in yaml.load(text, yaml.CSafeLoader))

    def prepare(self, plans: Sequence[RunPlan], progress: Progress) -> PreparedPreloadLab:
        """Compile the library and the guests of the plans' machines. Raises EnvironmentFault as `artifacts.prepare`."""
        return PreparedPreloadLab(prepare({plan.machine.guest for plan in plans}, progress))

    def run_suite(
        self, programs: Sequence[Path], pairs: Sequence[EmulatedPair], progress: Progress
    ) -> list[DeviceOutcome]:
        """Run the tests of the uAPI on emulated devices. Raises EnvironmentFault as `artifacts.prepare`."""
        library = prepare((), progress).library
        return [run_emulated(library, programs, pair) for pair in pairs]


@dataclass(frozen=True)
class PreparedPreloadLab:
    """The lab with the artifacts that it has compiled."""

    artifacts: Artifacts

    def reason_against(self, plan: RunPlan) -> str:
        """Return why there is no such device here, or '': whatever QEMU can do can be tried."""
        device = plan.profile.kernel_device
        return f"the device {device} is a kernel's, and this lab emulates its own" if device else ""

    async def run(self, plan: RunPlan, directory: Path) -> RunRecord:
        """Carry out `plan` in `directory`. Raises as `run_once` does."""
        return await run_once(plan, directory, PreloadedDevices(plan, self.artifacts))

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        """Return what the lab recorded and what is in the logs; a log that was never written adds nothing."""
        return timeline_of(record)

    def write_bundle(
        self, plan: RunPlan, record: RunRecord, observation: Observation, place: Path, *, binaries: bool
    ) -> Path | None:
        """Write the bundle, unless no QEMU was started."""
        return Bundle(plan, self.artifacts, record, observation, binaries).write(place)
