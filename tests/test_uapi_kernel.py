# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of VFIO's uAPI on a real kernel, with its sample device mtty: what they find there, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kernel_boot_support import boot, debian_machine
from release_support import need

from qpatch.builds.builder import Builder, BuildRequest
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.builds.workspace import BuildWorkspace
from qpatch.lab.selftests.results import Outcome, read_program
from qpatch.series.open_tree import opened_tree
from qpatch.trees.places import cache_directory
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.selftests.results import TestOutcome

pytestmark = pytest.mark.vm

TREE = "linux-6.12"
MODULES = ("vfio.ko", "vfio_iommu_type1.ko", "mdev.ko", "mtty.ko")
# Each test has devices of its own: a state that outlives a close would stand in the way of the next one.
SCRIPT = """
A=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
B=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002
for program in /programs/*; do
    for name in $($program -l); do
        for uuid in $A $B; do echo $uuid > /sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create; done
        echo "program: ${program##*/}"
        $program -r $name /sys/bus/mdev/devices/$A /sys/bus/mdev/devices/$B
        echo "exit code: $?"
        for uuid in $A $B; do echo 1 > /sys/bus/mdev/devices/$uuid/remove; done
    done
done
"""
# What mtty of 6.12 does otherwise than the header has it: a write that was refused counts, and what it brought is
# loaded; the state outlives a close of the device, and its data do not (opened again in RESUMING, the way out of it is
# a NULL pointer, on which the kernel dies); the end of pre-copy is that of the stream.
FOUND = {
    *("bad_stream.reordered", "bad_stream.altered"),
    *("close.while_saving", "close.while_saving_in_pre_copy", "close.while_loading", "close.in_every_state"),
    *("close.by_death", "precopy.info_follows_reads", "precopy.enomsg_is_not_the_end"),
    "precopy.no_reinit_without_opt_in",
}


def test_what_is_found_in_mtty(tmp_path: Path) -> None:
    need(TREE)
    with opened_tree(TREE) as target:
        backend = kernel_backend(target.info.release, "modules", 0)
        assert isinstance(backend, ModulesBackend)
        assert isinstance(backend.headers, DebianHeaders)
        repository = target.source.repository.path
        workspace = BuildWorkspace(cache_directory() / "test-builds", target.info.name, repository)
        result = Builder(workspace, backend, NoProgress()).build(BuildRequest("baseline", target.source))
    assert result.product is not None, result
    files = [file for file in result.product.files.values() if file.name in MODULES]
    console = boot(debian_machine(backend.headers, files), SCRIPT, tmp_path, static_programs(tmp_path / "programs"))
    tests = read_console(console)
    assert {test.test for test in tests if test.outcome is Outcome.FAILED} == FOUND
    passed = {test.test for test in tests if test.outcome is Outcome.PASSED}
    assert {
        "stream.round_trip",
        "irq.intx.set_in_resuming_before_data",
        "irq.msi.source",
        "config.destination",
    } <= passed
    assert {"state.group.arcs", "state.group.forbidden_arcs", "devices.from_one_to_the_other"} <= passed


def static_programs(directory: Path) -> list[Path]:
    """Compile the programs as an initial file system wants them."""
    folder = Path(__file__).parents[1] / "kernel-selftests" / "uapi"
    subprocess.run(
        ["make", "-s", "-C", folder, f"O={directory}", "LDFLAGS=-static -s"], check=True, capture_output=True
    )
    return sorted(directory.glob("*_test"))


def read_console(console: str) -> Sequence[TestOutcome]:
    """Return the results of all programs; the kernel's own messages are between their lines."""
    tests: list[TestOutcome] = []
    for part in console.split("program: ")[1:]:
        program, _, rest = part.partition("\n")
        output, _, code = rest.partition("exit code: ")
        tests += read_program(program, output, int(code.split("\n", 1)[0]))
    return tests
