# SPDX-License-Identifier: GPL-2.0-or-later
"""All VMs of a run: makes the files and the socket directory of each, starts them, and ends whatever is left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions.release import table
from qpatch.lab.runtime.commandline import VmPaths, command_line
from qpatch.lab.runtime.vm import DevicesRefusedError, VirtualMachine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.definitions.release import Value
    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.runtime.commandline import AttachedDevices, CommandLine
    from qpatch.lab.runtime.recorder import Recorder

LOG = "log"


class DeviceBackend(Protocol):
    """What a lab adds to the QEMU processes of a run: the guest, files that they load, and their devices."""

    @property
    def guest(self) -> Path:
        """The file of the guest that boots."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that QEMU is to find under short paths without special characters."""

    @property
    def pre_copy_read(self) -> tuple[str, ...]:
        """Words that a line of QEMU's log has when QEMU has read pre-copy data of a device."""

    def attach(
        self, program: QemuProgram, directory: Path, files: Mapping[Path, Path], faults: tuple[str, ...]
    ) -> AttachedDevices:
        """Make the devices of one QEMU that runs `program`, in its `directory`; `faults` hit the first of them.

        `files` are the short paths of the backend's files.
        """

    def has_loaded(self, log: Path) -> bool:
        """Tell whether the QEMU that wrote `log` has loaded what it was given: else it finds no device."""


class CommandLineMaker(Protocol):
    """Makes the command line of one QEMU, as `commandline.command_line` does."""

    def __call__(
        self,
        plan: RunPlan,
        program: QemuProgram,
        devices: AttachedDevices,
        paths: VmPaths,
        /,
        *,
        incoming: bool,
        paused: bool,
    ) -> CommandLine:
        """Return it."""


class Fleet:
    """The VMs of the run `plan`: their files are in `directory`, their sockets in `short`, whose path is short.

    A path with more than 107 bytes is no socket: hence `short`, which holds links to the files of `backend` as well.
    `line` makes the command line of each VM.
    """

    def __init__(
        self,
        plan: RunPlan,
        backend: DeviceBackend,
        directory: Path,
        short: Path,
        recorder: Recorder,
        line: CommandLineMaker = command_line,
    ) -> None:
        self.plan = plan
        self.directory = directory
        self.short = short
        self.backend = backend
        self.vms: list[VirtualMachine] = []
        self._recorder = recorder
        self._line = line
        self._files = {file: _link(short / file.name, file) for file in (*backend.files, backend.guest)}

    async def launch(self, program: QemuProgram, *, paused: bool) -> VirtualMachine:
        """Start one more VM: the first is the source, every other a destination; return it when it can be talked to.

        `paused` keeps a destination paused after its migration. The source is always paused, until its serial line is
        connected. Raises EnvironmentFault `qemu-died` and `not-loaded`, ProcessError, DevicesRefusedError.
        """
        number = len(self.vms)
        actor = f"qemu{number}"
        directory, sockets = self.directory / actor, self.short / actor
        for path in (directory, sockets):
            path.mkdir(parents=True)
        vm = VirtualMachine(actor, program, "destination" if number else "source", directory / LOG, self._recorder)
        self.vms.append(vm)
        refuses = bool(table().refusal(self.plan.scenario.devices, self.plan.device.traits, program.release))
        describes = not table().missing(["error-desc"], program.release)
        self._recorder.lab("phases", vm=actor, phases=self._phases(program), refuses=refuses, describes=describes)
        thrift = [name for name in table().thrift if not table().missing([name], program.release)]
        read_only = [list(one) for one in self.plan.machine.read_only]
        self._recorder.lab("machine", vm=actor, read_only=read_only, thrift=thrift)
        (directory / LOG).touch()
        paths = VmPaths(sockets, self._files[self.backend.guest])
        devices, waits = self._devices(directory, program, number), paused or number == 0
        line = self._line(self.plan, program, devices, paths, incoming=number > 0, paused=waits)
        await self._start(vm, line, paths, paused=waits)
        await self._set_up(vm)
        return vm

    async def _start(self, vm: VirtualMachine, line: CommandLine, paths: VmPaths, *, paused: bool) -> None:
        """Start `vm`; one that has not loaded the lab's devices has no reason to find any."""
        try:
            await vm.start(line, paths, paused=paused)
        except DevicesRefusedError as error:
            if self.backend.has_loaded(vm.log):
                raise
            files = ", ".join(file.name for file in self.backend.files)
            raise EnvironmentFault("not-loaded", f"{vm.actor} did not load {files}: {vm.said()}") from error

    async def quit(self) -> None:
        """Ask all VMs to end, side by side. Raises WaitTimeout where one does not, when all others have."""
        ends = await asyncio.gather(*(vm.quit() for vm in self.vms), return_exceptions=True)
        for failure in filter(None, ends):
            raise failure

    async def end(self) -> None:
        """Kill what still runs."""
        await asyncio.gather(*(vm.end(expected=True) for vm in self.vms))

    def _phases(self, program: QemuProgram) -> list[str]:
        """Return the optional states through which `program` takes the devices: those that both have."""
        return [
            trait
            for trait in self.plan.device.traits
            if trait in table().features and not table().missing([trait], program.release)
        ]

    def _devices(self, directory: Path, program: QemuProgram, number: int) -> AttachedDevices:
        faults = [
            fault
            for given in (self.plan.profile.faults, self.plan.scenario.faults)
            for fault in (given.destination if number else given.source)
        ]
        if faults:
            self._recorder.lab("faults", vm=f"qemu{number}", faults=faults)
        return self.backend.attach(program, directory, self._files, tuple(faults))

    async def _set_up(self, vm: VirtualMachine) -> None:
        capabilities = [
            {"capability": name, "state": True} for name in (*table().capabilities, *self.plan.scenario.capabilities)
        ]
        await vm.execute("migrate-set-capabilities", {"capabilities": capabilities})
        await vm.execute("migrate-set-parameters", migration_parameters(self.plan.scenario))


def migration_parameters(scenario: Scenario) -> dict[str, Value]:
    """Return the parameters of every migration of `scenario`, but for the time in which it is held in pre-copy."""
    return {**table().parameters, **scenario.parameters}


def _link(link: Path, target: Path) -> Path:
    link.symlink_to(target.resolve())
    return link
