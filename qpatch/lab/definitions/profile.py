# SPDX-License-Identifier: GPL-2.0-or-later
"""A device profile: how the emulated device behaves. Its keys are those of the library's devices.conf."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel, Name
from qpatch.lab.definitions.steps import Steps

KIND = "profile"
MOST_FAULTS = 16  # EMU_MAX_FAULTS of the emulated device

_STATES = "stop|running|stop-copy|resuming|running-p2p|pre-copy|pre-copy-p2p"
_OPERATIONS = (
    f"state/(?:{_STATES})|data-read(?:/(?:pre-copy|stop-copy))?|data-write|set-irqs(?:/destination)?|"
    "config-write|config-read|reset|raise|state-byte"
)
_RESULTS = "EIO|EINVAL|ENOSPC|ENOMEM|EBUSY|short|swallow|flip"
_FAULT = re.compile(rf"(?:{_OPERATIONS}):[1-9][0-9]*:(?:{_RESULTS})")


def _checked_fault(text: str) -> str:
    if not _FAULT.fullmatch(text):
        operation, _, rest = text.partition(":")
        wrong = (
            f"{operation!r} is no operation"
            if not re.fullmatch(_OPERATIONS, operation)
            else (f"{rest!r} is no number from 1 with one of {_RESULTS.replace('|', ', ')} behind a colon")
        )
        raise ValueError(f"{text!r} is no fault OPERATION:NTH:RESULT: {wrong}")
    return text


# OPERATION:NTH:RESULT, as devices.conf has it: the NTH (from 1) such operation has the RESULT instead of success.
Fault = Annotated[str, AfterValidator(_checked_fault)]


class DeviceSettings(LabModel):
    """The device as devices.conf describes it; bytes, milliseconds, counts.

    `traits` are what its migration has besides stop-copy. `require` names what must have happened on the destination
    before the device takes its data: `config` (stop-copy data wants PCI_COMMAND written first), `config-any` (any
    data does), `irqs` (stop-copy data wants SET_IRQS first). `raise` says when a device that is a destination raises
    vector `raise-vector` by itself. `stop-copy-pause` is slept once on the source, in the second read of stop-copy
    data: with QEMU 5.2, config space has left the source by then. `dirty-report: drop` hides pages that it wrote.
    """

    seed: int = 1
    vectors: int = Field(default=8, ge=1, le=2048)
    msi_vectors: Literal[1, 2, 4, 8, 16, 32] = 4
    interrupt_pin: Literal[0, 1] = 1
    traits: tuple[Literal["pre-copy", "p2p"], ...] = ("pre-copy", "p2p")
    pre_copy_bytes: int = Field(default=393_216, ge=0)
    stop_copy_bytes: int = Field(default=131_072, ge=0)
    region_mmap: bool = True
    memory_mmap: bool = True
    dma_logging: bool = True
    dirty_report: Literal["true", "drop"] = "true"
    require: Literal["config", "config-any", "irqs"] | None = None
    self_contained: bool = False
    raise_: tuple[Literal["set-irqs", "running", "running-p2p"], ...] = ()
    raise_vector: int = 0
    stop_copy_pause: int = Field(default=0, ge=0)

    def overridden_by(self, other: DeviceSettings) -> DeviceSettings:
        """Return these settings with those of `other` that its author wrote down."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})

    def entries(self) -> dict[str, str]:
        """Return the settings as keys and values of devices.conf."""
        shown = self.model_dump(by_alias=True, exclude_none=True)
        return {key: _word(value) for key, value in shown.items()}


class Faults(LabModel):
    """What fails: on the VM that begins, and on every VM that takes over. A device remembers `MOST_FAULTS`."""

    source: tuple[Fault, ...] = Field(default=(), max_length=MOST_FAULTS)
    destination: tuple[Fault, ...] = Field(default=(), max_length=MOST_FAULTS)


class DriverInterrupts(LabModel):
    """What kind of interrupts the guest's driver uses, and how many vectors of them (None: all)."""

    kind: Literal["msix", "msi", "intx"] = "msix"
    vectors: int | None = None


class Profile(LabModel):
    """One of profiles/*.yaml: a device, faults of its own, what its driver does in each pre-copy phase.

    `control` names the verdict that this profile exists to provoke, as a negative control; '' is an honest device.
    """

    name: Name
    title: str
    device: DeviceSettings = DeviceSettings()
    interrupts: DriverInterrupts = DriverInterrupts()
    faults: Faults = Faults()
    meanwhile: Steps = ()
    requires: tuple[str, ...] = ()
    control: str = ""


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that ship."""
    return datafile.shipped_names(KIND)


def load_profile(name: str) -> Profile:
    """Return the profile `name`, or what the file `name` has. Raises UserError `unknown-profile`, `bad-lab-data`."""
    return datafile.load(KIND, name, Profile)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
