# SPDX-License-Identifier: GPL-2.0-or-later
"""How QEMU is started: what follows from the machine, the release, the scenario and the number of devices."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from lab_vm_support import plan, program

from qpatch.lab.definitions.release import table
from qpatch.lab.runtime.commandline import AttachedDevices, CommandLine, VmPaths, command_line

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.plan import RunPlan


def started(directory: Path, found: RunPlan, *, incoming: bool = False, paused: bool = False) -> CommandLine:
    """The command line of the plan's source."""
    devices = AttachedDevices(
        tuple(directory / f"dev{number}" for number in range(found.scenario.devices)), {"EMULATOR": "emu.conf"}
    )
    return command_line(
        found,
        found.source,
        devices,
        VmPaths(directory, directory / "guest"),
        incoming=incoming,
        paused=paused,
    )


def devices(line: CommandLine) -> list[str]:
    words = line.program
    return [words[place + 1] for place, word in enumerate(words) if word == "-device"]


def test_the_machine_gives_type_processor_and_guest(tmp_path: Path) -> None:
    line = " ".join(started(tmp_path, plan("steps: [migrate]")).program)
    assert line.startswith("qemu-system-aarch64 -nodefaults")
    assert f"-M virt,gic-version=2 -smp 2 -cpu cortex-a57 -m 64M -kernel {tmp_path}/guest" in line
    assert f"socket,id=monitor,path={tmp_path}/qmp.sock,server=on,wait=off" in line


def test_a_scenario_can_ask_for_more_processors_than_the_machine_has(tmp_path: Path) -> None:
    assert " -smp 4 " in " ".join(started(tmp_path, plan("{cpus: 4, steps: [migrate]}")).program)


def test_only_a_destination_waits_for_a_migration_and_only_who_is_told_to_is_paused(tmp_path: Path) -> None:
    found = plan("steps: [migrate]")
    assert {"-incoming", "-S"}.isdisjoint(started(tmp_path, found).program)
    assert started(tmp_path, found, incoming=True, paused=True).program[-3:] == ("-incoming", "defer", "-S")


def test_variables_of_the_devices_and_the_program_are_set_for_qemu_alone(tmp_path: Path) -> None:
    source = dataclasses.replace(program(("qemu",)), environment={"LD_LIBRARY_PATH": "/there"}, arguments=("-L", "/x"))
    line = started(tmp_path, plan("steps: [migrate]", source=source))
    assert line.words[:3] == ("env", "EMULATOR=emu.conf", "LD_LIBRARY_PATH=/there")
    assert line.words[3:6] == ("qemu", "-L", "/x")


@pytest.mark.parametrize(
    ("release", "property_"),
    [
        ((5, 2), "x-enable-migration=on"),
        ((7, 2), "x-enable-migration=on"),
        ((8, 0), "x-enable-migration=on"),
        ((8, 1), ",enable-migration=on"),
        ((10, 2), ",enable-migration=on"),
        ((11, 1), ",enable-migration=on"),
        ((4, 2), "x-enable-migration=on"),
    ],
)
def test_migration_is_allowed_as_the_release_wants_it(tmp_path: Path, release: tuple[int, int], property_: str) -> None:
    found = plan("steps: [migrate]", source=program(("qemu",), release))
    assert property_ in devices(started(tmp_path, found))[0]


@pytest.mark.parametrize(("release", "protocol"), [((5, 2), "v1"), ((7, 2), "v1"), ((8, 0), "v2"), ((10, 2), "v2")])
def test_releases_speak_their_protocol(release: tuple[int, int], protocol: str) -> None:
    assert table().protocol(release) == protocol


def test_several_devices_have_slots_and_directories_of_their_own(tmp_path: Path) -> None:
    first, second = devices(started(tmp_path, plan("{devices: 2, steps: [migrate]}")))
    assert first.startswith(f"vfio-pci,id=dev0,bus=pcie.0,addr=0x4,sysfsdev={tmp_path}/dev0,")
    assert second.startswith(f"vfio-pci,id=dev1,bus=pcie.0,addr=0x5,sysfsdev={tmp_path}/dev1,")


def test_iommufd_is_an_object_that_devices_name(tmp_path: Path) -> None:
    line = started(tmp_path, plan("{iommu: iommufd, steps: [migrate]}"))
    assert "iommufd,id=iommufd0" in line.program
    assert devices(line)[0].endswith("iommufd=iommufd0")


def test_properties_are_written_as_qemu_has_them(tmp_path: Path) -> None:
    found = plan("{properties: {x-a: on, x-b: off, x-c: 3, x-d: 'a,b'}, steps: [migrate]}")
    assert devices(started(tmp_path, found))[0].endswith("x-a=on,x-b=off,x-c=3,x-d=a,,b")


def test_different_releases_meet_on_the_older_one_s_machine(tmp_path: Path) -> None:
    found = plan("steps: [migrate]", source=program(("qemu",)), destination=program(("qemu",), (7, 2)))
    assert "virt-7.2,gic-version=2" in started(tmp_path, found).program
