# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between kinds of build: QEMU, kernel modules, a whole kernel. The rest is `qpatch.builds.builder`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qpatch.errors import ExitCode, QpatchError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from qpatch.trees.progress import Progress


class BuildFailed(QpatchError):
    """Something that is no patch's fault does not build: the release itself, or its configuration."""

    exit_code = ExitCode.BUILD_FAILED


@dataclass(frozen=True)
class BuildDirectories:
    """Where a build works.

    `source` is the checkout, `build` the directory of this target, kept from run to run, `shared` a directory for
    what several workspaces use (virtual environments, unpacked packages, the compiler cache), `log` the file that
    programs' output goes to, `lock` the file descriptor that they hold while they work.
    """

    source: Path
    build: Path
    shared: Path
    log: Path
    lock: int = -1


@dataclass(frozen=True)
class MakeResult:
    """What a run of ninja or make did: whether it succeeded, what it printed, how many steps, how long."""

    succeeded: bool
    output: str
    steps: int
    seconds: float
    cpu_seconds: float


class Backend(Protocol):
    """One target of one tree, such as `aarch64-softmmu`, `modules` or `kernel`."""

    target: str
    """The name of the target on the command line."""

    @property
    def directory(self) -> str:
        """The name of the build directory: targets that are configured together share it."""

    @property
    def configure_inputs(self) -> Sequence[str]:
        """Files of the source that configure is made of, and whose change ninja or make does not notice."""

    @property
    def borrowed(self) -> Sequence[str]:
        """Directories that releases have and git does not: submodules and subprojects, taken from the user's clone."""

    def overlay(self) -> Mapping[str, bytes]:
        """Return the files that only the build needs, by their paths in the source: they are in no series."""

    def identity(self) -> Mapping[str, str]:
        """Return what a configured directory is made of besides the source: where it differs, it is made anew.

        Compilers and recipes are named in words, for people: it is part of a build's metadata.
        """

    def configure(self, place: BuildDirectories, progress: Progress) -> Sequence[str]:
        """Make `place.build` ready for `make`, from nothing; return the command that did.

        Raises BuildFailed where the release cannot be configured, EnvironmentFault where the machine is at fault.
        """

    def make(self, place: BuildDirectories, progress: Progress) -> MakeResult:
        """Build what is out of date."""

    def make_objects(self, place: BuildDirectories, files: Sequence[str], progress: Progress) -> MakeResult:
        """Compile what the configuration makes of `files` (paths in the source) and of what includes them."""

    def objects(self, place: BuildDirectories) -> Collection[str] | None:
        """Return the names of the objects that the target is made of, None where it is all that are there."""

    def not_compiled(self, place: BuildDirectories, files: Sequence[str]) -> Sequence[str]:
        """Return those of `files` that are code, and that no object depends on in this configuration."""

    def products(self, place: BuildDirectories) -> Mapping[str, Path]:
        """Return what `make` has built, by the names that it is kept under."""

    def reproducer(self, place: BuildDirectories) -> Sequence[str]:
        """Return the shell commands that repeat the build by hand, in an empty directory, from `$SOURCE`."""
