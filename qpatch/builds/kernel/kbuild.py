# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the kernel's make; the lines that it prints for its commands are the progress."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.builds.backend import Backend, MakeResult
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import build_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories
    from qpatch.trees.progress import Progress

# Documentation/kbuild/reproducible-builds.rst: what else would be the time, the user and the machine in the objects.
FIXED = {
    "KBUILD_BUILD_TIMESTAMP": "1970-01-01 00:00:00 UTC",
    "KBUILD_BUILD_USER": "qpatch",
    "KBUILD_BUILD_HOST": "qpatch",
    "KBUILD_BUILD_VERSION": "1",
}
COMPILER = "gcc"

# Variables of the user's that would change what is built: Documentation/kbuild/kbuild.rst, and make's own. The locale's
# would change messages: kbuild unsets LC_ALL, and the others come to count.
_OF_THE_USER = re.compile(
    r"(KBUILD_|KCONFIG_|MAKE|HOST|LDFLAGS|LLVM)\w*|MFLAGS|GNUMAKEFLAGS|K?(A|C|CPP|RUST)FLAGS|"
    r"USER(C|LD)FLAGS|LC_\w+|LANG(UAGE)?|ARCH|SUBARCH|CROSS_COMPILE|LOCALVERSION|[CMOVW]|MO|CC|LD"
)
# CALL and DESCEND are printed whether there is something to do or not.
_STEP = re.compile(r"  (?!CALL |DESCEND )[A-Z][A-Z0-9_]*(?: \[M\])? +\S")


class KbuildTarget(Backend):
    """What the backends of kernels have in common; see `qpatch.builds.backend.Backend`."""

    target: str

    @property
    @override
    def directory(self) -> str:
        return self.target

    @property
    @override
    def configure_inputs(self) -> Sequence[str]:
        """Return nothing: kbuild notices every change itself."""
        return ()

    @property
    @override
    def borrowed(self) -> Sequence[str]:
        return ()

    @override
    def objects(self, _place: BuildDirectories) -> None:
        """Return None: the target is made of all objects."""


class _Steps:
    """Counts the commands that kbuild says it runs."""

    def __init__(self, progress: Progress) -> None:
        self.done = 0
        self._progress = progress

    def line(self, line: str) -> None:
        """Take note of a line that make printed."""
        if _STEP.match(line):
            self.done += 1
            self._progress.advance(1)


def variables(values: Mapping[str, str]) -> list[str]:
    """Return the variables of a make command, those that make builds reproducible first."""
    return [f"{name}={value}" for name, value in {**FIXED, "CC": COMPILER, **values}.items()]


def run_make(
    place: BuildDirectories, directory: Path, arguments: Sequence[str], jobs: int, progress: Progress
) -> MakeResult:
    """Run make with `arguments` in `directory`, `jobs` commands at a time (0: one for each processor).

    What a command prints stays together: messages of several compilers would mix otherwise.
    """
    steps = _Steps(progress)
    kept = {name: value for name, value in build_environment(place).items() if not _OF_THE_USER.fullmatch(name)}
    at_once = jobs or len(os.sched_getaffinity(0))
    ran = Runner({**kept, "LC_ALL": "C"}, place.log, place.lock).run(
        ["make", f"-j{at_once}", "-Otarget", *arguments], directory, steps.line
    )
    return MakeResult(ran.succeeded, ran.output, steps.done, ran.seconds, ran.cpu_seconds)


def nothing_made() -> MakeResult:
    """Return what a run would be in which there was nothing to do."""
    return MakeResult(True, "", 0, 0.0, 0.0)
