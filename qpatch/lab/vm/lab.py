# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself: which kernels it boots, with what, and where it keeps what came of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.builds.backend import BuildFailed
from qpatch.builds.builder import BASELINE
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.device import device_module
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.builds.strategy import build_strategy
from qpatch.errors import UserError
from qpatch.lab.preload.artifacts import prepare
from qpatch.lab.protocol import Limit
from qpatch.lab.selftests.kernels import KernelBuild
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.vm.boot import default_emulator
from qpatch.lab.vm.devices import kernel_device, kernel_devices
from qpatch.lab.vm.kernels import built_kernel, debian_kernel, default_packages
from qpatch.lab.vm.labfile import lab_file
from qpatch.lab.vm.pairs import PreparedVmLab, device_of
from qpatch.lab.vm.suite import VirtualMachine, run_suite
from qpatch.series.open_tree import opened_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.plan import RunPlan
    from qpatch.lab.selftests.kernels import KernelSuite
    from qpatch.lab.vm.kernels import Kernel, PackageStore
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

NAME = "vm"


@dataclass(frozen=True)
class VmLab:
    """A real kernel under TCG, with its own VFIO and a mediated device that needs no hardware.

    QEMUs are migrated on `tree` ('': that of lab.yaml) with the series of `strategy` (None: as it is).
    """

    strategy: LoadedStrategy | None = None
    tree: str = ""

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

    def on_kernel(self, strategy: LoadedStrategy | None, tree: str) -> VmLab:
        """Return this lab with another kernel: `tree`, with the series of `strategy` (None: as it is)."""
        return VmLab(strategy, tree)

    def prepare(self, plans: Sequence[RunPlan], progress: Progress) -> PreparedVmLab:
        """Build the modules of the kernel, and the guests of the plans' machines.

        Raises UserError and EnvironmentFault where there is no kernel, BuildFailed where it does not build.
        """
        packages, emulator = default_packages(progress), default_emulator(progress)
        devices = [device_of(plan) for plan in plans]
        build = built(self.strategy, self.tree or lab_file().kernel, progress)
        kernel = _kernel(build, packages, with_device=any(device.built for device in devices))
        guests = prepare({plan.machine.guest for plan in plans}, progress).guests
        return PreparedVmLab(kernel, packages.busybox(), emulator, guests)

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
            kernel = _kernel(build, packages, with_device=chosen.built)
            suites.append(run_suite(kernel, chosen, programs, machine, title, progress, build.options))
        return suites


def _own_device(headers: DebianHeaders, packages: PackageStore) -> dict[str, Path]:
    from filelock import FileLock  # only here: a moment's import

    directory = packages.directory / f"device-{headers.directory().name}"
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "lock"):
        made = device_module(headers, directory / "made", progress=packages.progress)
    return {made.name: made}


def built(strategy: LoadedStrategy | None, tree: str, progress: Progress) -> KernelBuild:
    """Build the modules of a kernel tree, or its kernel where the release has no others.

    Raises UserError where there is no such tree or no series on it, BuildFailed where it does not build.
    """
    name = strategy.name if strategy else BASELINE
    with opened_tree(tree) as opened:
        info = opened.info
        if info.kind != "linux":
            raise UserError("usage", f"{tree} is a tree of {info.kind}, and the lab boots a kernel")
        backend = kernel_backend(info.release, "", 0)
        found = build_strategy(strategy, opened, {}, backend, progress)
    if found.result is None:
        assert found.tried is not None
        decision = found.tried.decision
        raise UserError("usage", f"{name} has no series on {tree}: {decision.status}: {decision.reason}")
    if found.result.product is None:
        raise BuildFailed(
            "build-failed", f"{name} does not build on {tree}", hint=f"`qpatch build {name} --tree {tree}` shows why."
        )
    options = strategy.model.linux.globals if strategy and strategy.model.linux else {}
    settings = {option: str(value) for option, value in options.items()}
    return KernelBuild(name, info.name, info.release, backend.directory, found.result.product.files, settings)


def _kernel(build: KernelBuild, packages: PackageStore, *, with_device: bool) -> Kernel:
    """Return the kernel that was built, or Debian's with the modules that were; `with_device`: and the project's own.

    Raises UserError for a kernel for which there is no such device, BuildFailed where it does not compile.
    """
    backend = kernel_backend(build.release, build.target, 0)
    if isinstance(backend, ModulesBackend):
        assert isinstance(backend.headers, DebianHeaders)
        own = _own_device(backend.headers, packages) if with_device else {}
        return debian_kernel(backend.headers, {**build.products, **own}, packages)
    if with_device:
        raise UserError("usage", "the lab's own device is compiled for Debian's kernels alone: `--target modules`")
    return built_kernel(f"{build.strategy} on {build.tree}, with the lab's configuration", build.products)
