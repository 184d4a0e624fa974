# SPDX-License-Identifier: GPL-2.0-or-later
"""The mediated devices that a kernel of the lab can have: devices.yaml. They are made and removed through sysfs."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from pydantic import Field

from qpatch.errors import UserError
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.release import Value
from qpatch.suggest import did_you_mean
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUS = "/sys/bus/mdev/devices"
_NAME = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1{:03}"


class KernelDevice(LabModel):
    """One entry of devices.yaml: see there."""

    title: str
    modules: tuple[str, ...]
    parent: str
    type: str
    built: bool = False
    settings: str = ""
    debug: str = ""
    requested: str = ""
    stepped: str = ""
    properties: dict[str, Value] = Field(default_factory=dict)
    requires: tuple[str, ...] = ()

    def creation(self, uuid: str) -> str:
        """Return the shell command that makes the device `uuid`."""
        return f"echo {uuid} >{self.creator}"

    @property
    def creator(self) -> str:
        """The file in sysfs to which the UUID of a new device is written."""
        return f"/sys/class/mdev_bus/{self.parent}/mdev_supported_types/{self.type}/create"


def device_name(number: int) -> str:
    """Return the UUID that the lab gives to the device `number`."""
    return _NAME.format(number + 1)


def device_path(uuid: str) -> str:
    """Return where the device `uuid` is in sysfs."""
    return f"{_BUS}/{uuid}"


def removal(uuid: str) -> str:
    """Return the shell command that removes the device `uuid`."""
    return f"echo 1 >{device_path(uuid)}/remove"


@cache
def kernel_devices() -> Mapping[str, KernelDevice]:
    """Return all devices by their names, the default first."""
    content = read_yaml_file(resources.files(__package__).joinpath("devices.yaml"), "bad-lab-data")
    return {name: KernelDevice.model_validate(entry) for name, entry in content.items()}


def kernel_device(name: str) -> KernelDevice:
    """Return the device `name`, '' for the default. Raises UserError `unknown-device`."""
    known = kernel_devices()
    if not name:
        return next(iter(known.values()))
    if name not in known:
        raise UserError("unknown-device", f"the vm lab has no device {name!r}", hint=did_you_mean(name, known))
    return known[name]
