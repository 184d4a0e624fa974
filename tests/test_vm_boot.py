# SPDX-License-Identifier: GPL-2.0-or-later
"""Booting, without a kernel: modules in their order, bounds, and suites that go on where a kernel has died."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from typing import TYPE_CHECKING

import pytest
from vm_emulator_support import FakeEmulator, listing

from qpatch.errors import EnvironmentFault, UserError
from qpatch.lab.initramfs import initramfs
from qpatch.lab.selftests.results import Outcome
from qpatch.lab.vm.boot import Boot, Work, boot, boot_file
from qpatch.lab.vm.console import End
from qpatch.lab.vm.devices import kernel_device
from qpatch.lab.vm.kernels import Kernel
from qpatch.lab.vm.modules import by_name, content, loading_order
from qpatch.lab.vm.suite import VirtualMachine, run_suite
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.selftests.kernels import KernelSuite


def module(directory: Path, file: str, needs: str = "") -> Path:
    """Write what the lab reads of a module."""
    path = directory / file
    whole = b"\x7fELF\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0"
    path.write_bytes(lzma.compress(whole) if file.endswith(".xz") else whole)
    return path


def kernel(directory: Path, happens: str = "") -> Kernel:
    """A kernel that the fake emulator boots, with mtty and what it needs."""
    image = directory / "vmlinuz"
    image.write_text(happens)
    files = [module(directory, "vfio_iommu_type1.ko", "vfio"), module(directory, "mtty.ko", "mdev,vfio")]
    files += [module(directory, "vfio.ko", "irqbypass"), module(directory, "mdev.ko", "vfio")]
    return Kernel("a kernel", image, by_name([*files, module(directory, "irqbypass.ko.xz")]))


def booted(directory: Path, happens: str = "", script: str = "\nrun p f.a\n", **bounds: float) -> Boot:
    (directory / "busybox").write_bytes(b"#!")
    work = Work(["mtty"], script)
    changed = boot_file().model_copy(update=bounds)
    return boot(kernel(directory, happens), work, directory / "busybox", directory / "out", FakeEmulator(), changed)


def suite(directory: Path, happens: str = "") -> KernelSuite:
    (directory / "busybox").write_bytes(b"#!")
    programs = [listing(directory, "p_test", ["f.a", "f.b", "f.c"]), listing(directory, "q_test", ["f.d"])]
    machine = VirtualMachine(directory / "busybox", FakeEmulator(), directory / "out")
    return run_suite(kernel(directory, happens), kernel_device("mtty"), programs, machine, "mtty", NoProgress(), {})


def outcomes(of: KernelSuite) -> dict[str, Outcome]:
    return {test.test: test.outcome for test in of.outcome.tests}


def test_a_module_is_loaded_after_all_that_it_needs(tmp_path: Path) -> None:
    known = kernel(tmp_path).modules
    order = [file.name for file in loading_order(["mtty", "vfio-iommu-type1"], known)]
    assert order == ["irqbypass.ko.xz", "vfio.ko", "mdev.ko", "mtty.ko", "vfio_iommu_type1.ko"]
    assert content(known["irqbypass"]).startswith(b"\x7fELF")


def test_what_needs_each_other_is_loaded_and_what_is_unknown_is_built_in(tmp_path: Path) -> None:
    files = [module(tmp_path, "a.ko", "b,built_in"), module(tmp_path, "b.ko", "a")]
    assert [file.name for file in loading_order(["a"], by_name(files))] == ["b.ko", "a.ko"]


def test_of_two_modules_with_one_name_the_first_is_taken(tmp_path: Path) -> None:
    (tmp_path / "debian").mkdir()
    own, debians = module(tmp_path, "vfio-pci.ko"), module(tmp_path / "debian", "vfio_pci.ko.xz")
    assert by_name([own, debians]) == {"vfio_pci": own}


def test_a_module_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no module mdpy among irqbypass, mdev"):
        loading_order(["mdpy"], kernel(tmp_path).modules)


def test_an_archive_has_the_directories_of_its_files(tmp_path: Path) -> None:
    archive = initramfs({"init": b"1", "a/b/c": b"22", "a/d": b""})
    listed = [line for line in _cpio_names(archive) if line != "TRAILER!!!"]
    assert listed == ["a", "a/b", "init", "a/b/c", "a/d"]


def _cpio_names(archive: bytes) -> list[str]:
    names, at = [], 0
    while at < len(archive):
        fields = [int(archive[at + 6 + 8 * number : at + 14 + 8 * number], 16) for number in range(13)]
        size, length = fields[6], fields[11]
        names.append(archive[at + 110 : at + 110 + length - 1].decode())
        at += (110 + length + 3) // 4 * 4 + (size + 3) // 4 * 4
    return names


def test_a_machine_that_does_its_work_has_finished(tmp_path: Path) -> None:
    result = booted(tmp_path)
    assert result.end.end is End.FINISHED
    assert "ok 1 f.a" in result.output
    assert (result.directory / "kernel.log").read_text() == result.log
    assert sorted(file.name for file in result.directory.iterdir()) == ["kernel.log", "output.log", "qemu.log"]


def test_parameters_follow_their_module(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    keeping = FakeEmulator(("sh", "-c", f'cp "$(dirname "$0")/initramfs.gz" {archive}', str(tmp_path / "out" / "x")))
    (tmp_path / "busybox").write_bytes(b"#!")
    work = Work(["mtty"], "", options={"mtty.config_first": "1", "mtty.x": "2", "vfio.y": "z"})
    boot(kernel(tmp_path), work, tmp_path / "busybox", tmp_path / "out", keeping)
    unpacked = gzip.decompress(archive.read_bytes())
    assert b"irqbypass.ko\nvfio.ko y=z\nmdev.ko\nmtty.ko config_first=1 x=2\n" in unpacked


def test_a_machine_that_says_nothing_for_too_long_is_ended(tmp_path: Path) -> None:
    result = booted(tmp_path, "f.a hangs", silence=0.5)
    assert result.end.end is End.HUNG
    assert result.seconds < 30
    assert _running(tmp_path) == ""


def test_a_machine_that_talks_for_ever_is_ended_too(tmp_path: Path) -> None:
    assert booted(tmp_path, "f.a hangs", total=0.5).end.end is End.HUNG


def test_a_machine_that_goes_without_a_word_has_lost_its_console(tmp_path: Path) -> None:
    result = booted(tmp_path, "silent yes")
    assert (result.end.end, result.end.lines) == (End.CONSOLE_LOST, ("Linux version 6.12",))


def _running(directory: Path) -> str:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines() if str(directory) in line)


def test_all_tests_are_run_in_one_boot(tmp_path: Path) -> None:
    result = suite(tmp_path, "f.b fails")
    assert outcomes(result) == {
        "f.a": Outcome.PASSED,
        "f.b": Outcome.FAILED,
        "f.c": Outcome.PASSED,
        "f.d": Outcome.PASSED,
    }
    assert [boot.end for boot in result.boots] == ["finished"]


def test_a_test_on_which_the_kernel_dies_is_lost_alone(tmp_path: Path) -> None:
    result = suite(tmp_path, "f.b dies")
    assert outcomes(result) == {
        "f.a": Outcome.PASSED,
        "f.b": Outcome.FAILED,
        "f.c": Outcome.PASSED,
        "f.d": Outcome.PASSED,
    }
    assert [boot.end for boot in result.boots] == ["oopsed", "finished"]
    assert result.outcome.failed()[0].reason.startswith("the kernel oopsed\nBUG: kernel NULL pointer dereference")
    assert [boot.directory.name for boot in result.boots] == ["boot1", "boot2"]


def test_a_kernel_that_dies_on_every_test_loses_them_one_by_one(tmp_path: Path) -> None:
    result = suite(tmp_path, "f.a dies\nf.b dies\nf.c dies\nf.d dies")
    assert set(outcomes(result).values()) == {Outcome.FAILED}
    assert len(result.boots) == 4


def test_a_kernel_that_never_gets_to_a_test_is_booted_once(tmp_path: Path) -> None:
    result = suite(tmp_path, "boot dies")
    (lost,) = result.outcome.tests
    assert (lost.program, lost.outcome) == ("(the kernel)", Outcome.FAILED)
    assert lost.reason.startswith("the kernel panicked before the first test\nKernel panic - not syncing: VFS")


def test_a_test_during_which_the_kernel_complains_has_failed(tmp_path: Path) -> None:
    result = suite(tmp_path, "f.c warns")
    assert {name for name, outcome in outcomes(result).items() if outcome is Outcome.FAILED} == {"f.c"}
    assert "WARNING: CPU: 0 PID: 70" in result.outcome.failed()[0].reason
    assert [boot.end for boot in result.boots] == ["warned"]


def test_a_program_that_lists_nothing_is_an_error(tmp_path: Path) -> None:
    from qpatch.lab.vm.suite import listed_tests

    broken = tmp_path / "p_test"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(EnvironmentFault, match="p_test does not list its tests"):
        listed_tests([broken])


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="no device 'mtti'") as caught:
        kernel_device("mtti")
    assert "mtty" in caught.value.hint
