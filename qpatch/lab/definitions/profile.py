# SPDX-License-Identifier: GPL-2.0-or-later
"""A device profile: how an emulated device behaves, whichever lab emulates it.

Words, numbers and limits are the device's own: devicewords.py reads them from its sources.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel, Name
from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.definitions.steps import Steps

KIND = "profile"
MAX_FAULTS = device_words().limits["MAX_FAULTS"]


def _checked_fault(text: str) -> str:
    words = device_words()
    operation, _, rest = text.partition(":")
    number, _, result = rest.partition(":")
    if operation not in words.operations:
        wrong = f"{operation!r} is no operation"
    elif result in words.results_of(operation) and number.isascii() and number.isdigit() and number[0] != "0":
        return text
    else:
        wrong = f"{rest!r} is no number from 1 with one of {', '.join(words.results_of(operation))} behind a colon"
    raise ValueError(f"{text!r} is no fault OPERATION:NTH:RESULT: {wrong}")


# OPERATION:NTH:RESULT: the NTH (from 1) such operation has the RESULT instead of success.
Fault = Annotated[str, AfterValidator(_checked_fault)]


def _one_of(words: tuple[str, ...]) -> AfterValidator:
    """Return a check for one of `words`."""

    def checked(word: str) -> str:
        if word not in words:
            raise ValueError(f"{word!r} is none of {', '.join(words)}")
        return word

    return AfterValidator(checked)


def _power_of_two(number: int) -> int:
    if number & (number - 1):
        raise ValueError(f"{number} is no power of two")
    return number


def _number(key: str) -> Any:
    """Return the field of a key that is a number: bytes, milliseconds, counts; default and limits are the device's."""
    number = device_words().numbers[key]
    return Field(default=number.default, ge=number.least, le=number.most)


Trait = Annotated[str, _one_of(device_words().traits)]
Requirement = Annotated[str, _one_of(device_words().requirements)]
Moment = Annotated[str, _one_of(device_words().moments)]
DirtyReport = Annotated[str, _one_of(device_words().dirty_reports)]


class DeviceSettings(LabModel):
    """What the device is and does; bytes, milliseconds, counts.

    `traits` are what its migration has besides stop-copy. `require` names what must have happened on the destination
    before the device takes its data: `config` (stop-copy data wants PCI_COMMAND written first), `config-any` (any data
    does), `irqs` (stop-copy data wants SET_IRQS first), or must not have happened: `no-config`, `no-irqs`. `raise` says
    when a device that is a destination raises vector `raise-vector` by itself. `stop-copy-pause` is slept once on the
    source, in the second read of stop-copy data: with QEMU 5.2, config space has left the source by then.
    `dirty-report: drop` hides pages that it wrote. With `quiet-reports` it writes nothing by itself until it was asked
    for dirty pages so many times in a migration. `reinit-bytes` of the pre-copy data are there only when all others
    were read, as new initial data; only for a QEMU that can be told so (VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, from
    11.1 on). With `config-first` the device says that it wants config space before its data, as the strategy
    vendor-query asks it; what it does is up to `require`.
    """

    seed: int = _number("seed")
    vectors: int = _number("vectors")
    msi_vectors: Annotated[int, AfterValidator(_power_of_two)] = _number("msi-vectors")
    interrupt_pin: int = _number("interrupt-pin")
    traits: tuple[Trait, ...] = device_words().traits
    pre_copy_bytes: int = _number("pre-copy-bytes")
    reinit_bytes: int = _number("reinit-bytes")
    stop_copy_bytes: int = _number("stop-copy-bytes")
    region_mmap: bool = True
    memory_mmap: bool = True
    dma_logging: bool = True
    dirty_report: DirtyReport = "true"
    quiet_reports: int = _number("quiet-reports")
    require: Requirement | None = None
    self_contained: bool = False
    config_first: bool = False
    raise_: tuple[Moment, ...] = ()
    raise_vector: int = _number("raise-vector")
    stop_copy_pause: int = _number("stop-copy-pause")

    def overridden_by(self, other: DeviceSettings) -> DeviceSettings:
        """Return these settings with those of `other` that its author wrote down."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


class Faults(LabModel):
    """What fails: on the VM that begins, and on every VM that takes over. A device remembers `MAX_FAULTS`."""

    source: tuple[Fault, ...] = Field(default=(), max_length=MAX_FAULTS)
    destination: tuple[Fault, ...] = Field(default=(), max_length=MAX_FAULTS)


class DriverInterrupts(LabModel):
    """What kind of interrupts the guest's driver uses, and how many vectors of them (None: all)."""

    kind: Literal["msix", "msi", "intx"] = "msix"
    vectors: int | None = None


class Profile(LabModel):
    """One of profiles/*.yaml: a device, faults of its own, what its driver does in each pre-copy phase.

    `control` names the verdict that this profile exists to provoke, as a negative control; '' is an honest device.
    `caveat` is what a reader of its results has to know of the device, as sentences for a letter. `kernel-device` names
    a device of a kernel that a lab boots ('': a lab emulates one): guests have no driver for it. `harmless` is a
    regular expression for what QEMU prints as an error of such a device, and which tells of nothing wrong.
    """

    name: Name
    title: str
    caveat: str = ""
    device: DeviceSettings = DeviceSettings()
    interrupts: DriverInterrupts = DriverInterrupts()
    faults: Faults = Faults()
    meanwhile: Steps = ()
    requires: tuple[str, ...] = ()
    control: str = ""
    kernel_device: str = ""
    harmless: str = ""


def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that ship."""
    return datafile.shipped_names(KIND)


def emulated_profile_names() -> tuple[str, ...]:
    """Return the names of those whose device a lab emulates."""
    return tuple(name for name in profile_names() if not load_profile(name).kernel_device)


def load_profile(name: str) -> Profile:
    """Return the profile `name`, or what the file `name` has. Raises UserError `unknown-profile`, `bad-lab-data`."""
    return datafile.load(KIND, name, Profile)
