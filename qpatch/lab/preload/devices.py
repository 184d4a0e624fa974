# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes what one QEMU process needs of its emulated devices: devices.conf, and a fake sysfs directory for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.definitions.profile import DeviceSettings

CONFIGURATION = "devices.conf"
_FIRST_GROUP = 100
# The library opens the device itself; what is here only has to be the number of a character device: /dev/null's.
_ANY_DEVICE = "1:3\n"


@dataclass(frozen=True)
class EmulatedDevices:
    """The devices of one QEMU: the file that the library reads, and a sysfs directory for each device."""

    configuration: Path
    sysfs: tuple[Path, ...]


def write_devices(
    directory: Path, count: int, protocol: str, settings: DeviceSettings, faults: tuple[str, ...]
) -> EmulatedDevices:
    """Write `count` devices that speak `protocol` (v1, v2) into `directory`, which exists; `faults` hit the first one.

    Each device has a seed of its own, so that a mix-up of two of them shows. Only the last one pauses: all others have
    given all their state by then, and what the destination makes of it does not depend on how fast it is.
    """
    brisk = settings.model_copy(update={"stop_copy_pause": 0})
    sections = (
        _section(number, protocol, settings if number == count - 1 else brisk, faults if number == 0 else ())
        for number in range(count)
    )
    configuration = directory / CONFIGURATION
    configuration.write_text("\n".join(sections), encoding="utf-8")
    return EmulatedDevices(configuration, tuple(_sysfs(directory, number) for number in range(count)))


def _section(number: int, protocol: str, settings: DeviceSettings, faults: tuple[str, ...]) -> str:
    group = _FIRST_GROUP + number
    entries = {
        "name": f"dev{number}",
        "group": str(group),
        "cdev": f"vfio{group}",
        "protocol": protocol,
        **settings.entries(),
        "seed": str(settings.seed + number),
    }
    lines = [*(f"{key}={value}" for key, value in entries.items()), *(f"fault={fault}" for fault in faults)]
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
