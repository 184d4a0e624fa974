# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs suites that test a device's side of VFIO by itself, without a QEMU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.arguments import check_name, items_of
from qpatch.errors import UserError
from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.protocol import SuiteLab
from qpatch.lab.registry import registry
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.selftests.running import DEVICES, Devices, EmulatedPair, run_programs
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.definitions.profile import Profile
    from qpatch.lab.selftests.results import DeviceOutcome
    from qpatch.trees.progress import Progress

DEFAULT_PROFILE = "plain"
_SILENT = NoProgress()


def run_suite(
    profiles: Sequence[str] = (), devices: Sequence[str] = (), *, lab: str = "", progress: Progress = _SILENT
) -> list[DeviceOutcome]:
    """Run the tests of VFIO's uAPI, on devices of `profiles` (names or files) that a lab emulates, by either protocol.

    Or on one or two `devices` of this machine that are bound to VFIO: PCI addresses, or directories in sysfs. `lab` ''
    is the default one. Raises UserError `unknown-profile`, `unknown-lab`, `bad-lab-data`, `usage`, and EnvironmentFault
    where something is missing.
    """
    items_of(profiles, str, "profiles")
    items_of(devices, str, "devices")
    check_name(lab, "lab")
    if len(devices) > DEVICES or (devices and profiles):
        raise UserError("usage", f"the suite takes profiles, or up to {DEVICES} devices of this machine")
    if devices:
        return [run_programs(compiled_programs(progress), Devices(" and ".join(devices), tuple(devices)))]
    chosen = registry().get(lab or registry().default)
    if not isinstance(chosen, SuiteLab):
        raise UserError("usage", f"the lab {chosen.name} runs no suites")
    pairs = [pair for name in profiles or (DEFAULT_PROFILE,) for pair in _pairs(load_profile(name))]
    return chosen.run_suite(compiled_programs(progress), pairs, progress)


def _pairs(profile: Profile) -> Iterator[EmulatedPair]:
    faults = (*profile.faults.source, *profile.faults.destination)
    for protocol in device_words().protocols:
        yield EmulatedPair(f"{profile.name}, protocol {protocol}", protocol, profile.device, faults)
