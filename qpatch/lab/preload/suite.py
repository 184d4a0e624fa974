# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests of the uAPI with the library in the place of the kernel's VFIO."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.lab.preload.devices import write_devices
from qpatch.lab.selftests.programs import PREFIX
from qpatch.lab.selftests.running import DEVICES, Devices, run_programs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.lab.selftests.results import DeviceOutcome
    from qpatch.lab.selftests.running import EmulatedPair


def run_emulated(library: Path, programs: Iterable[Path], pair: EmulatedPair) -> DeviceOutcome:
    """Run `programs` on the devices of `pair`."""
    with tempfile.TemporaryDirectory(prefix="qpatch-") as directory:
        return run_programs(programs, emulated_devices(library, Path(directory), pair))


def emulated_devices(library: Path, directory: Path, pair: EmulatedPair) -> Devices:
    """Write the devices of `pair` into `directory`, which exists, and return how programs come by them."""
    written = write_devices(directory, DEVICES, pair.protocol, pair.settings, pair.faults, faulty=DEVICES)
    environment = {
        "LD_PRELOAD": str(library),
        "QPATCH_EMU": str(written.configuration),
        "QPATCH_EMU_PROGRAM": PREFIX,
    }
    return Devices(pair.title, tuple(map(str, written.sysfs)), environment)
