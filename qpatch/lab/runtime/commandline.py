# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of one QEMU of the lab, and its environment, written so that both can be pasted into a shell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.lab.definitions.release import Value, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.plan import QemuProgram, RunPlan

MONITOR = "qmp.sock"
SERIAL = "serial.sock"
_IOMMUFD = "iommufd0"


@dataclass(frozen=True)
class AttachedDevices:
    """The devices that a lab gives to one QEMU: their sysfs directories, and variables that QEMU needs for them."""

    sysfs: tuple[Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VmPaths:
    """Where one QEMU finds things: the directory of its sockets, and the guest by a short path."""

    sockets: Path
    guest: Path

    @property
    def monitor(self) -> Path:
        """The socket of QMP."""
        return self.sockets / MONITOR

    @property
    def serial(self) -> Path:
        """The socket of the guest's serial line."""
        return self.sockets / SERIAL


@dataclass(frozen=True)
class CommandLine:
    """A program, its arguments, and the variables that are set for it alone."""

    environment: dict[str, str]
    program: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All of it as one command. `env` sets the variables, so that they are QEMU's alone."""
        return ("env", *(f"{name}={value}" for name, value in self.environment.items()), *self.program)


def command_line(
    plan: RunPlan, program: QemuProgram, devices: AttachedDevices, paths: VmPaths, *, incoming: bool, paused: bool
) -> CommandLine:
    """Return how QEMU is started for `plan`: as a destination (`incoming`), and whether it waits to be continued."""
    mixed = plan.source.release != plan.destination.release
    machine = plan.machine.type_for(min(plan.source.release, plan.destination.release) if mixed else None)
    arguments = (
        *program.command,
        *program.arguments,
        *table().arguments,
        "-M",
        machine,
        "-smp",
        str(plan.cpus),
        *(word.replace("{guest}", str(paths.guest)) for word in plan.machine.arguments),
        *_socket("-qmp", "monitor", paths.monitor),
        *_socket("-serial", "serial", paths.serial),
        *(("-object", f"iommufd,id={_IOMMUFD}") if plan.scenario.iommu == "iommufd" else ()),
        *(
            word
            for number in range(len(devices.sysfs))
            for word in ("-device", _device(plan, program, devices.sysfs[number], number))
        ),
        *(word for pattern in table().trace for word in ("--trace", pattern)),
        *(("-incoming", "defer") if incoming else ()),
        *(("-S",) if paused else ()),
    )
    return CommandLine({**devices.environment, **program.environment}, arguments)


def option_value(value: Value) -> str:
    """Return `value` as QEMU's options have it; a comma in it is doubled."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace(",", ",,")


def _socket(option: str, name: str, path: Path) -> tuple[str, ...]:
    backend = f"socket,id={name},path={option_value(str(path))},server=on,wait=off"
    if option == "-qmp":
        return ("-chardev", backend, "-mon", f"chardev={name},mode=control")
    return ("-chardev", backend, option, f"chardev:{name}")


def _device(plan: RunPlan, program: QemuProgram, sysfs: Path, number: int) -> str:
    properties: dict[str, Value] = {
        "id": f"dev{number}",
        "bus": plan.machine.bus,
        "addr": f"0x{plan.machine.slot + number:x}",
        "sysfsdev": str(sysfs),
        **table().properties(program.release),
        **plan.scenario.properties,
    }
    if plan.scenario.iommu == "iommufd":
        properties["iommufd"] = _IOMMUFD
    return ",".join(("vfio-pci", *(f"{name}={option_value(value)}" for name, value in properties.items())))
