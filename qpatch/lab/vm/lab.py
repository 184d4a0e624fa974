# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: which kernels it boots, with what, and where it keeps what came of it."""

from __future__ import annotations

import shutil
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.errors import UserError
from qpatch.lab.protocol import Limit
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.vm.boot import default_emulator
from qpatch.lab.vm.devices import kernel_device, kernel_devices
from qpatch.lab.vm.kernels import built_kernel, debian_kernel, default_packages
from qpatch.lab.vm.suite import VirtualMachine, run_suite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.plan import RunPlan
    from qpatch.lab.protocol import PreparedLab
    from qpatch.lab.selftests.kernels import KernelBuild, KernelSuite
    from qpatch.lab.vm.kernels import Kernel, PackageStore
    from qpatch.trees.progress import Progress

NAME = "vm"


class VmLab:
    """A real kernel under TCG, with its own VFIO and a mediated device that needs no hardware."""

    @property
    def name(self) -> str:
        """The name in labs.yaml."""
        return NAME

    @property
    def title(self) -> str:
        """One line for lists."""
        return "A real kernel in a virtual machine, under TCG, with its own VFIO and a mediated device"

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What limits.yaml lists."""
        text = resources.files(__package__).joinpath("limits.yaml").read_text(encoding="utf-8")
        return tuple(Limit(**entry) for entry in yaml.load(text, yaml.CSafeLoader))

    def prepare(self, plans: Sequence[RunPlan], progress: Progress) -> PreparedLab:
        """Raise UserError: there are suites only."""
        del plans, progress
        raise UserError("usage", "the vm lab migrates nothing yet: it runs a --suite")

    def run_kernel_suites(
        self, builds: Sequence[KernelBuild], device: str, output: Path, progress: Progress
    ) -> list[KernelSuite]:
        """Run the tests of the uAPI on `device` ('': the first of devices.yaml) of each kernel.

        Raises UserError `unknown-device`, EnvironmentFault where something is missing.
        """
        chosen, name = kernel_device(device), device or next(iter(kernel_devices()))
        programs = compiled_programs(progress, static=True)
        packages, emulator = default_packages(progress), default_emulator(progress)
        suites = []
        for build in builds:
            directory = output / build.strategy / build.tree.replace("/", "-") / NAME / "uapi" / name
            shutil.rmtree(directory, ignore_errors=True)
            machine = VirtualMachine(packages.busybox(), emulator, directory)
            title = f"{name}, {build.strategy} on {build.tree}"
            kernel = _kernel(build, packages)
            suites.append(run_suite(kernel, chosen, programs, machine, title, progress, build.options))
        return suites


def _kernel(build: KernelBuild, packages: PackageStore) -> Kernel:
    """Return the kernel that was built, or Debian's with the modules that were."""
    backend = kernel_backend(build.release, build.target, 0)
    if isinstance(backend, ModulesBackend):
        assert isinstance(backend.headers, DebianHeaders)
        return debian_kernel(backend.headers, build.products, packages)
    return built_kernel(f"{build.strategy} on {build.tree}, with the lab's configuration", build.products)
