# SPDX-License-Identifier: GPL-2.0-or-later
"""What each QEMU process gets of the lab: the preloaded library, its devices.conf, and a sysfs directory a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.definitions.release import table
from qpatch.lab.preload.log import PRE_COPY_READ, has_loaded
from qpatch.lab.runtime.commandline import AttachedDevices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.definitions.profile import DeviceSettings
    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.preload.artifacts import Artifacts

CONFIGURATION = "devices.conf"
_FIRST_GROUP = 100
# The library opens the device itself; what is here only has to be the number of a character device: /dev/null's.
_ANY_DEVICE = "1:3\n"


@dataclass(frozen=True)
class EmulatedDevices:
    """The devices of one QEMU: the file that the library reads, and a sysfs directory for each device."""

    configuration: Path
    sysfs: tuple[Path, ...]


@dataclass(frozen=True)
class PreloadedDevices:
    """The devices of a run of `plan` (see `runtime.fleet.DeviceBackend`)."""

    plan: RunPlan
    artifacts: Artifacts
    pre_copy_read: tuple[str, ...] = PRE_COPY_READ

    @property
    def guest(self) -> Path:
        """The guest that the lab has compiled for the machine."""
        return self.artifacts.guests[self.plan.machine.guest]

    @property
    def files(self) -> tuple[Path, ...]:
        """The library: a path with a space or a colon cannot be preloaded."""
        return (self.artifacts.library,)

    def attach(
        self, program: QemuProgram, directory: Path, files: Mapping[Path, Path], faults: tuple[str, ...]
    ) -> AttachedDevices:
        """Write the devices of one QEMU into `directory`, and have the library loaded before `program`."""
        devices = write_devices(
            directory, self.plan.scenario.devices, table().protocol(program.release), self.plan.device, faults
        )
        library = files[self.artifacts.library]
        return AttachedDevices(devices.sysfs, {"LD_PRELOAD": str(library), "QPATCH_EMU": str(devices.configuration)})

    def has_loaded(self, log: Path) -> bool:
        """Tell whether the library has begun to write into `log`."""
        return has_loaded(log)


def write_devices(
    directory: Path, count: int, protocol: str, settings: DeviceSettings, faults: tuple[str, ...], *, faulty: int = 1
) -> EmulatedDevices:
    """Write `count` devices that speak `protocol` (v1, v2) into `directory`, which exists.

    `faults` hit the first `faulty` of them.

    Each device has a seed of its own, so that a mix-up of two of them shows. Only the last one pauses: all others have
    given all their state by then, and what the destination makes of it does not depend on how fast it is.
    """
    without_pause = settings.model_copy(update={"stop_copy_pause": 0})
    sections = (
        _section(
            number, protocol, settings if number == count - 1 else without_pause, faults if number < faulty else ()
        )
        for number in range(count)
    )
    configuration = directory / CONFIGURATION
    configuration.write_text("\n".join(sections), encoding="utf-8")
    return EmulatedDevices(configuration, tuple(_sysfs(directory, number) for number in range(count)))


def configuration_entries(settings: DeviceSettings) -> dict[str, str]:
    """Return `settings` as keys and values of devices.conf."""
    shown = settings.model_dump(by_alias=True, exclude_none=True)
    return {key: _word(value) for key, value in shown.items()}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _section(number: int, protocol: str, settings: DeviceSettings, faults: tuple[str, ...]) -> str:
    group = _FIRST_GROUP + number
    values = {
        "name": f"dev{number}",
        "group": str(group),
        "cdev": f"vfio{group}",
        "protocol": protocol,
        **configuration_entries(settings),
        "seed": str(settings.seed + number),
    }
    lines = [*(f"{key}={value}" for key, value in values.items()), *(f"fault={fault}" for fault in faults)]
    return "[device]\n" + "\n".join(lines) + "\n"


def _sysfs(directory: Path, number: int) -> Path:
    """Make what QEMU looks for in a device's sysfs directory: the link to its group, and its character device."""
    group = _FIRST_GROUP + number
    device = directory / f"dev{number}"
    character_device = device / "vfio-dev" / f"vfio{group}"
    character_device.mkdir(parents=True)
    (character_device / "dev").write_text(_ANY_DEVICE, encoding="utf-8")
    (device / "iommu_group").symlink_to(f"../../groups/{group}")
    return device
