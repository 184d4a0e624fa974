# SPDX-License-Identifier: GPL-2.0-or-later
"""All VMs of a run: makes the files and the socket directory of each, starts them, and ends whatever is left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qpatch.lab.definitions.release import table
from qpatch.lab.runtime.commandline import VmPaths, command_line
from qpatch.lab.runtime.devices import write_devices
from qpatch.lab.runtime.vm import VirtualMachine

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.definitions.release import Value
    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.runtime.devices import EmulatedDevices
    from qpatch.lab.runtime.recorder import Recorder

LOG = "log"


class Fleet:
    """The VMs of the run `plan`: their files are in `directory`, their sockets in `short`, whose path is short.

    A path with a space cannot be preloaded, and one with more than 107 bytes is no socket: hence `short`, which holds
    links to the library and the guest as well.
    """

    def __init__(self, plan: RunPlan, directory: Path, short: Path, recorder: Recorder) -> None:
        self.plan = plan
        self.directory = directory
        self.short = short
        self.vms: list[VirtualMachine] = []
        self._recorder = recorder
        self._library = _link(short / plan.artifacts.library.name, plan.artifacts.library)
        guest = plan.artifacts.guests[plan.machine.guest]
        self._guest = _link(short / guest.name, guest)

    async def launch(self, program: QemuProgram, *, paused: bool) -> VirtualMachine:
        """Start one more VM: the first is the source, every other a destination; return it when it can be talked to.

        `paused` keeps a destination paused after its migration. The source is always paused, until its serial line is
        connected. Raises EnvironmentFault `qemu-died`, ProcessError.
        """
        number = len(self.vms)
        actor = f"qemu{number}"
        directory, sockets = self.directory / actor, self.short / actor
        for path in (directory, sockets):
            path.mkdir(parents=True)
        vm = VirtualMachine(actor, program, "destination" if number else "source", directory / LOG, self._recorder)
        self.vms.append(vm)
        (directory / LOG).touch()
        places = VmPaths(sockets, self._library, self._guest)
        await vm.start(
            command_line(
                self.plan,
                program,
                self._devices(directory, program, number),
                places,
                incoming=number > 0,
                paused=paused or number == 0,
            ),
            places,
        )
        await self._set_up(vm)
        return vm

    async def quit(self) -> None:
        """Ask all VMs to end, side by side. Raises WaitedInVainError where one does not, when all others have."""
        ends = await asyncio.gather(*(vm.quit() for vm in self.vms), return_exceptions=True)
        for failure in filter(None, ends):
            raise failure

    async def end(self) -> None:
        """Kill what still runs."""
        await asyncio.gather(*(vm.end(expected=True) for vm in self.vms))

    def _devices(self, directory: Path, program: QemuProgram, number: int) -> EmulatedDevices:
        profile, scenario = self.plan.profile, self.plan.scenario
        faults = [
            fault for one in (profile.faults, scenario.faults) for fault in (one.destination if number else one.source)
        ]
        if faults:
            self._recorder.lab("faults", vm=f"qemu{number}", faults=faults)
        return write_devices(
            directory, scenario.devices, table().protocol(program.release), self.plan.device, tuple(faults)
        )

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
