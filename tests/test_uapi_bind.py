# SPDX-License-Identifier: GPL-2.0-or-later
"""bind.sh gives a device to VFIO only if it was named twice and nothing uses it: tried on directories like sysfs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "kernel-selftests" / "uapi" / "bind.sh"
DEVICE, OTHER = "0000:3b:00.1", "0000:3b:00.2"

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="no bash")


class Machine:
    """Directories like sysfs and proc, with one network card of two functions in a group of their own."""

    def __init__(self, root: Path) -> None:
        self.sysfs, self.proc, self.kept = root / "sys", root / "proc", root / "kept"
        for driver in ("mlx5_core", "vfio-pci", "mlx5_vfio_pci", "nvme"):
            (self.sysfs / "bus/pci/drivers" / driver).mkdir(parents=True)
        self.group = self.sysfs / "kernel/iommu_groups/42/devices"
        self.group.mkdir(parents=True)
        self.proc.mkdir()
        self.device = self.add(DEVICE, "mlx5_core")

    def add(self, address: str, driver: str, kind: str = "0x020000") -> Path:
        device = self.sysfs / "bus/pci/devices" / address
        device.mkdir(parents=True)
        (device / "class").write_text(f"{kind}\n")
        (device / "driver_override").write_text("(null)\n")
        (device / "iommu_group").symlink_to(self.group.parent)
        (self.group / address).symlink_to(device)
        if driver:
            (device / "driver").symlink_to(self.sysfs / "bus/pci/drivers" / driver)
        return device

    def run(self, *words: str) -> tuple[int, str]:
        places = {"SYSFS": str(self.sysfs), "PROC": str(self.proc), "KEPT": str(self.kept)}
        done = subprocess.run(
            ["bash", SCRIPT, *words], capture_output=True, text=True, check=False, env={**os.environ, **places}
        )
        return done.returncode, done.stdout.replace(str(self.sysfs), "SYS") + done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refused(machine: Machine, *words: str) -> str:
    """Return why it was refused; nothing has been written."""
    code, said = machine.run(*words)
    assert code == 1
    assert (machine.device / "driver_override").read_text() == "(null)\n"
    assert not machine.kept.exists()
    return said.removeprefix("bind.sh: ").strip()


def test_what_is_written(machine: Machine) -> None:
    assert machine.run("-n", "bind", DEVICE, DEVICE) == (
        0,
        f"mlx5_core > {machine.kept}/{DEVICE}\n"
        f"vfio-pci > SYS/bus/pci/devices/{DEVICE}/driver_override\n"
        f"{DEVICE} > SYS/bus/pci/drivers/mlx5_core/unbind\n"
        f"{DEVICE} > SYS/bus/pci/drivers_probe\n",
    )
    assert (machine.device / "driver_override").read_text() == "(null)\n"


def test_a_driver_that_does_not_take_the_device_is_told(machine: Machine) -> None:
    """The directories here do not change by themselves, as sysfs does."""
    code, said = machine.run("bind", DEVICE, DEVICE, "mlx5_vfio_pci")
    assert (code, said) == (1, f"bind.sh: {DEVICE}: mlx5_vfio_pci has not taken it\n")
    assert (machine.device / "driver_override").read_text() == "mlx5_vfio_pci\n"
    assert (machine.kept / DEVICE).read_text() == "mlx5_core\n"


def test_it_has_to_be_named_twice(machine: Machine) -> None:
    assert refused(machine, "bind", DEVICE, OTHER) == f"{DEVICE}: name it twice: what uses it now loses it"
    assert "name it twice" in refused(machine, "bind", DEVICE, "vfio-pci")


def test_only_drivers_of_vfio(machine: Machine) -> None:
    assert refused(machine, "bind", DEVICE, DEVICE, "nvme") == "nvme: it is none of VFIO's"
    assert refused(machine, "bind", DEVICE, DEVICE, "xe-vfio-pci").endswith("modprobe xe-vfio-pci")


def test_an_interface_that_is_up(machine: Machine) -> None:
    flags = machine.device / "net/eth7/flags"
    flags.parent.mkdir(parents=True)
    flags.write_text("0x1003\n")
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: its interface eth7 is up"
    flags.write_text("0x1002\n")
    assert machine.run("-n", "bind", DEVICE, DEVICE)[0] == 0


@pytest.mark.parametrize("table", ["mounts", "swaps"])
def test_a_disk_that_is_mounted(machine: Machine, table: str) -> None:
    partition = machine.device / "nvme/nvme0/block/nvme0n1/nvme0n1p2"
    partition.mkdir(parents=True)
    (partition / "dev").write_text("259:2\n")
    (machine.proc / table).write_text("/dev/nvme0n1p1 / ext4\n/dev/nvme0n1p2 /home ext4\n")
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: /dev/nvme0n1p2 is mounted, or swap"
    (machine.proc / table).write_text("/dev/nvme0n1p1 / ext4\n")
    assert machine.run("-n", "bind", DEVICE, DEVICE)[0] == 0
    (partition / "holders/dm-0").mkdir(parents=True)
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: /dev/nvme0n1p2 is part of dm-0"


def test_others_in_the_group(machine: Machine) -> None:
    machine.add("0000:3a:00.0", "pcieport", "0x060400")
    assert machine.run("-n", "bind", DEVICE, DEVICE)[0] == 0
    other = machine.add(OTHER, "mlx5_core")
    assert (
        refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: {OTHER} is in its IOMMU group, and belongs to mlx5_core"
    )
    (other / "driver").unlink()
    (other / "driver").symlink_to(machine.sysfs / "bus/pci/drivers/mlx5_vfio_pci")
    assert machine.run("-n", "bind", DEVICE, DEVICE)[0] == 0


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("boot_vga", "1\n", "the console is on it"),
        ("sriov_numvfs", "4\n", "it has 4 virtual functions"),
        ("class", "0x060400\n", "it is a bridge"),
    ],
)
def test_what_cannot_be_spared(machine: Machine, file: str, content: str, why: str) -> None:
    (machine.device / file).write_text(content)
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: {why}"


@pytest.mark.parametrize("open_file", ["/dev/vfio/42", "/dev/vfio/devices/vfio3"])
def test_what_somebody_has_open(machine: Machine, open_file: str) -> None:
    (machine.device / "vfio-dev/vfio3").mkdir(parents=True)
    (machine.device / "driver").unlink()
    (machine.device / "driver").symlink_to(machine.sysfs / "bus/pci/drivers/vfio-pci")
    assert machine.run("-n", "release", DEVICE)[0] == 0
    descriptors = machine.proc / "17/fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to(open_file)
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: {open_file} is open: {machine.proc}/17"
    assert refused(machine, "release", DEVICE) == f"{DEVICE}: {open_file} is open: {machine.proc}/17"


def test_without_an_iommu(machine: Machine) -> None:
    (machine.device / "iommu_group").unlink()
    assert refused(machine, "bind", DEVICE, DEVICE) == f"{DEVICE}: it has no IOMMU group: is the IOMMU on?"


def test_release(machine: Machine) -> None:
    assert refused(machine, "release", DEVICE) == f"{DEVICE}: it is not VFIO's"
    (machine.device / "driver").unlink()
    (machine.device / "driver").symlink_to(machine.sysfs / "bus/pci/drivers/vfio-pci")
    assert machine.run("-n", "release", DEVICE) == (
        0,
        f" > SYS/bus/pci/devices/{DEVICE}/driver_override\n"
        f"{DEVICE} > SYS/bus/pci/drivers/vfio-pci/unbind\n"
        f"{DEVICE} > SYS/bus/pci/drivers_probe\n",
    )


@pytest.mark.parametrize("words", [(), ("bind",), ("take", DEVICE), ("release", DEVICE, DEVICE)])
def test_wrong_words(machine: Machine, words: tuple[str, ...]) -> None:
    code, said = machine.run(*words)
    assert code == 2
    assert "bind.sh bind DEVICE DEVICE [DRIVER]" in said
    assert refused(machine, "bind", "3b:00.1", "3b:00.1") == "3b:00.1: no segment:bus:device.function"
    assert refused(machine, "bind", "0000:00:00.0", "0000:00:00.0") == "0000:00:00.0: there is no such device"
