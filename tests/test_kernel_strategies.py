# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel series make of mtty: every patch is built for Debian's kernel, which is booted and looked at."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from kernel_boot_support import boot, debian_machine
from release_support import need

from qpatch.api.building import CompileChoices, build
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.cells.built import BuiltResult
from qpatch.strategy.library import StrategyLibrary
from qpatch.trees.releases import release_names
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.vm

TARGET = "modules"
NEWEST = "linux-6.12"  # Debian's headers of later ones move on with every update
PROGRAM = Path(__file__).parent / "kernel" / "mtty_check.c"
NAMES = tuple(f"83b8f4f2-509f-382f-3c1e-e6bfe0fa10{number:02}" for number in range(10))
BAD = r"BUG|WARNING|Call Trace|Oops|leak"


class Run(NamedTuple):
    """One run of the program: the type of two new devices, a parameter of the module, and what the program is told."""

    type: str
    number: int
    parameter: str = ""


RUNS: Mapping[str, tuple[Run, ...]] = {
    "mtty-fixes": (Run("mtty-1", 0),),
    "vendor-stream": (Run("mtty-1", 1), Run("mtty-1", 0, "migration_minor")),
    "vendor-query": tuple(Run("mtty-1", number, "config_first") for number in (0, 1)),
    "vendor-filter": (Run("mtty-1", 0), Run("mtty-1-msi", 1)),
}


def built(strategy: str, tree: str) -> dict[str, Path]:
    """Build every patch; return the modules of the last."""
    need(tree)
    (result,) = build([StrategyLibrary().get(strategy)], [tree], CompileChoices(TARGET), each_patch=True)
    assert result.status in BuiltResult.successes, result.reason
    assert [patch.warnings for patch in result.patches[1:] if patch.warnings] == []
    return {name: Path(file) for name, file in result.products.items()}


def script(strategy: str) -> str:
    """Return the commands that make the devices of each run and look at them."""
    lines = ["cd /sys/class/mdev_bus/mtty/mdev_supported_types"]
    for number, run in enumerate(RUNS[strategy]):
        names = NAMES[2 * number : 2 * number + 2]
        if run.parameter:
            lines.append(f"echo {run.number} > /sys/module/mtty/parameters/{run.parameter}")
        lines += [f"echo {name} > {run.type}/create" for name in names]
        lines.append(f"/programs/mtty_check {strategy} {run.number} {' '.join(names)}")
    return "\n".join([*lines, f"dmesg | grep -E '{BAD}' | sed 's/^/kernel: /'"])


@pytest.mark.parametrize("strategy", RUNS)
def test_mtty_does_what_the_series_say(strategy: str, tmp_path: Path) -> None:
    modules = built(strategy, NEWEST)
    backend = kernel_backend(resolve(NEWEST).release, TARGET, 0)
    assert isinstance(backend, ModulesBackend)
    assert isinstance(backend.headers, DebianHeaders)
    program = tmp_path / "mtty_check"
    subprocess.run(["gcc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, PROGRAM], check=True)
    machine = debian_machine(backend.headers, [modules[name] for name in sorted(modules)])
    console = boot(machine, script(strategy), tmp_path, [program])
    assert [line for line in console.splitlines() if line.startswith(("not ok", "kernel: "))] == []
    for run in RUNS[strategy]:
        assert f"ended {strategy} {run.number}\n" in console


@pytest.mark.parametrize("tree", [name for name in release_names("linux", "build") if name != NEWEST])
@pytest.mark.parametrize("strategy", ["vendor-query", "vendor-stream"])
def test_every_patch_builds_on_older_kernels(strategy: str, tree: str) -> None:
    assert built(strategy, tree)
