# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab is: something that carries out run plans and gives a timeline for each.

Campaigns, the observer and all reports know labs by these protocols alone. A lab is a package in qpatch/lab that
implements both, and an entry in labs.yaml; docs/labs.md describes the events that a timeline has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.model import Event, Observation
    from qpatch.lab.plan import RunPlan, RunRecord
    from qpatch.lab.selftests.kernels import KernelBuild, KernelSuite
    from qpatch.lab.selftests.results import DeviceOutcome
    from qpatch.lab.selftests.running import EmulatedPair
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

SCRIPT = "reproduce"  # of a bundle: what people run to repeat the run


@dataclass(frozen=True)
class Limit:
    """Something that a lab cannot show: what it is in a few words, and a sentence that says why."""

    subject: str
    reason: str

    def __str__(self) -> str:
        """Join both, as reports and letters quote them."""
        return f"{self.subject}: {self.reason}"


class Lab(Protocol):
    """A way to run builds of QEMU with a device.

    `name` is the lab's name in labs.yaml, `title` says in one line what it is, `limits` is what no result of it shows.
    """

    @property
    def name(self) -> str:
        """The name that `qpatch test --lab` takes."""

    @property
    def title(self) -> str:
        """One line for lists."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What no result of this lab shows."""

    def prepare(self, plans: Sequence[RunPlan], progress: Progress) -> PreparedLab:
        """Make ready all that `plans` need, once for all their runs: compile, start, look up.

        Raises EnvironmentFault where something is missing on this machine.
        """


@runtime_checkable
class SuiteLab(Protocol):
    """A lab that can also run programs on its devices, without a QEMU: `qpatch test --suite`."""

    def run_suite(
        self, programs: Sequence[Path], pairs: Sequence[EmulatedPair], progress: Progress
    ) -> list[DeviceOutcome]:
        """Run all `programs` on each of `pairs`. Raises EnvironmentFault where something is missing."""


@runtime_checkable
class KernelLab(Protocol):
    """A lab in which QEMUs run on a kernel that it boots."""

    def on_kernel(self, strategy: LoadedStrategy | None, tree: str) -> Lab:
        """Return this lab with another kernel: `tree`, with the series of `strategy` (None: as it is)."""


@runtime_checkable
class KernelSuiteLab(Protocol):
    """A lab that can boot what was built of a kernel tree, and run programs on a device of that kernel."""

    def run_kernel_suites(
        self, builds: Sequence[KernelBuild], device: str, output: Path, progress: Progress
    ) -> list[KernelSuite]:
        """Run all tests of the uAPI on a device of each kernel ('': the lab's default); logs are kept in `output`.

        Raises UserError `unknown-device`, EnvironmentFault where something is missing.
        """


class PreparedLab(Protocol):
    """A lab that is ready for the plans it was prepared for. Runs may be carried out side by side."""

    def reason_against(self, plan: RunPlan) -> str:
        """Return why this lab cannot carry out `plan`, as a sentence, or ''.

        What QEMU's release or the scenario rules out is checked before, for every lab (`campaign.applicability`).
        """

    async def run(self, plan: RunPlan, directory: Path) -> RunRecord:
        """Carry out `plan` once; what it leaves is kept in `directory`, which is new. Nothing is left running.

        What a QEMU does wrong is in the record, and raises nothing. Raises EnvironmentFault, or whatever else
        broke the run off: it counts as an error of the lab.
        """

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        """Return all events of a run that this lab has carried out, in order."""

    def write_bundle(
        self, plan: RunPlan, record: RunRecord, observation: Observation, place: Path, *, binaries: bool
    ) -> Path | None:
        """Write a directory `place` whose SCRIPT repeats the run without qpatch; return the directory.

        `binaries` asks for copies of the QEMU programs. None where there is nothing to repeat, or where this lab
        cannot do so. While it is written, it has another name beside `place`: a dot, the name of `place` and a dash.
        """
