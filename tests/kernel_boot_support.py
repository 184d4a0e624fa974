# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots kernels with the vm lab's code, for tests that look at modules: all has to go well in the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.vm import boot as booting
from qpatch.lab.vm.console import End, plain_lines
from qpatch.lab.vm.kernels import Kernel, debian_kernel, default_packages
from qpatch.lab.vm.modules import by_name
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.builds.kernel.headers import DebianHeaders


@dataclass(frozen=True)
class Machine:
    """What a machine is made of: the kernel's image and its modules, in any order."""

    kernel: Path
    modules: Sequence[Path]


def boot(machine: Machine, script: str, directory: Path, programs: Sequence[Path] = ()) -> str:
    """Boot `machine`, load its modules, run `script` (shell); return what that printed, then the kernel's log.

    `directory` keeps both. Fails where the script was not run to its end, or the kernel complained.
    """
    modules = by_name(machine.modules)
    work = booting.Work(list(modules), script, programs)
    kernel = Kernel("the kernel", machine.kernel, modules)
    busybox = default_packages(NoProgress()).busybox()
    booted = booting.boot(kernel, work, busybox, directory / "boot", booting.default_emulator(NoProgress()))
    assert booted.end.end is End.FINISHED, f"{booted.end}\n{booted.log[-3000:]}"
    return booted.output + "\n".join(plain_lines(booted.log))


def debian_machine(headers: DebianHeaders, modules: Sequence[Path]) -> Machine:
    """Return Debian's kernel for which `headers` are, with `modules` and the one of its own that these need."""
    kernel = debian_kernel(headers, {module.name: module for module in modules}, default_packages(NoProgress()))
    return Machine(kernel.image, [*modules, kernel.modules["irqbypass"]])
