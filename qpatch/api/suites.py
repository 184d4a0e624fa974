# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs suites that test a device's side of VFIO by itself, without a QEMU."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.arguments import items_of
from qpatch.errors import UserError
from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.preload.artifacts import prepare
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.selftests.running import DEVICES, Devices, emulated_devices, run_programs
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.definitions.profile import Profile
    from qpatch.lab.selftests.results import DeviceOutcome
    from qpatch.trees.progress import Progress

DEFAULT_PROFILE = "plain"
_SILENT = NoProgress()


def run_suite(
    profiles: Sequence[str] = (), devices: Sequence[str] = (), *, progress: Progress = _SILENT
) -> list[DeviceOutcome]:
    """Run the tests of VFIO's uAPI, on emulated devices of `profiles` (names or files), with either protocol.

    Or on one or two `devices` of this machine that are bound to VFIO: PCI addresses, or directories in sysfs. Raises
    UserError `unknown-profile`, `bad-lab-data`, `usage`, and EnvironmentFault where something is missing.
    """
    items_of(profiles, str, "profiles")
    items_of(devices, str, "devices")
    if len(devices) > DEVICES or (devices and profiles):
        raise UserError("usage", f"the suite takes profiles, or up to {DEVICES} devices of this machine")
    loaded = [load_profile(name) for name in profiles or (() if devices else (DEFAULT_PROFILE,))]
    programs = compiled_programs(progress)
    if devices:
        return [run_programs(programs, Devices(" and ".join(devices), tuple(devices)))]
    library = prepare((), progress).library
    with tempfile.TemporaryDirectory(prefix="qpatch-") as scratch:
        emulated = _emulated(library, Path(scratch), loaded)
        return [run_programs(programs, each) for each in emulated]


def _emulated(library: Path, scratch: Path, profiles: Sequence[Profile]) -> Iterator[Devices]:
    for number, profile in enumerate(profiles):
        for protocol in device_words().protocols:
            yield emulated_devices(
                library,
                scratch / f"{number}-{protocol}",
                f"{profile.name}, protocol {protocol}",
                protocol,
                profile.device,
                (*profile.faults.source, *profile.faults.destination),
            )
