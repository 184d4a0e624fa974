# SPDX-License-Identifier: GPL-2.0-or-later
"""The project's own device as a kernel module: an mdev of the real VFIO, compiled for the kernel of some headers."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

from qpatch.builds.backend import BuildFailed
from qpatch.builds.diagnostics import first_error
from qpatch.builds.kernel.kbuild import variables
from qpatch.builds.kernel.modules import REQUIREMENTS
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import neutral_environment
from qpatch.requirements import require
from qpatch.strategy.places import shipped
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.builds.kernel.headers import Headers
    from qpatch.trees.progress import Progress

SOURCES = "kernel-selftests/module"
MODULE = "qpatch_device.ko"
_LOG = "make.log"


def device_module(
    headers: Headers,
    directory: Path,
    *,
    vfio: Path | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
    sources: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Return the module for the kernel of `headers`, made in `directory`, where only what has changed is made anew.

    `vfio` is the directory of a build of VFIO's modules that take the place of the kernel's own (`ModulesBackend`):
    the module is for these then, as it sees structures and exports of theirs. `options` are more variables of make's,
    as those were built with. `sources` are others than those shipped.
    Raises BuildFailed `device-module-failed`, and what stands in the way of the headers.
    """
    require(REQUIREMENTS)
    told = progress or NoProgress()
    headers.prepare(told)
    told.begin(f"compiling the emulated device for {headers.directory().name}", None)
    directory.mkdir(parents=True, exist_ok=True)
    made = directory.resolve()
    own = {"KDIR": str(headers.directory()), "O": str(made), "VFIO": str(vfio.resolve()) if vfio else ""}
    settings = variables({**options, **own})
    folder = sources or shipped() / SOURCES
    log = made / _LOG
    command = ["make", f"-j{len(os.sched_getaffinity(0))}", "-Otarget", "-C", str(folder), *settings]
    ran = Runner(neutral_environment(), log).run(command, made)
    if not ran.succeeded:
        raise BuildFailed(
            "device-module-failed",
            f"the emulated device does not compile for {headers.version()}: {first_error(ran.output, made, made)}",
            hint=f"The log: {log}",
        )
    return made / MODULE
