# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux guest: Debian's kernel, and an initramfs with our program and its driver.

A directory with the files `vmlinuz` and `initramfs`, which a machine hands to QEMU. The kernel and the headers for the
driver come from Debian's packages, which are kept; the driver is compiled here, as the kernel's own modules are.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.builds.kernel.headers import DebianHeaders, choose
from qpatch.builds.kernel.kbuild import variables
from qpatch.builds.toolchain import compiler_version
from qpatch.lab.initramfs import initramfs
from qpatch.lab.store import digest
from qpatch.requirements import require
from qpatch.trees.deb import read_member
from qpatch.trees.replacing import replaced_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from qpatch.builds.kernel.headers import Suite
    from qpatch.builds.kernel.recipe import HeaderPackage
    from qpatch.lab.store import ArtifactStore, Workplace
    from qpatch.trees.apt_packages import BinaryPackage, BinaryRoot
    from qpatch.trees.progress import Progress

KERNEL = "vmlinuz"
INITRAMFS = "initramfs"
DRIVER = "qpatch_guest.ko"
_KBUILD = "linux-kbuild-"  # the package of programs that run on this machine
# As for modules of a tree: the package's configuration asks for debug information, and for BTF, which takes pahole.
_SMALL = {"CONFIG_DEBUG_INFO": "", "CONFIG_DEBUG_INFO_BTF_MODULES": ""}


@dataclass(frozen=True)
class LinuxGuest:
    """A Linux guest: see artifacts.yaml.

    `architecture` is Debian's name of it and kbuild's, `cross` what the names of its compiler begin with.
    """

    module: str
    architecture: str
    cross: str
    packages: tuple[HeaderPackage, ...]


@dataclass(frozen=True)
class LinuxGuests:
    """Makes Linux guests in `store`, from sources in `sources`; `open_suite` opens Debian's packages."""

    sources: Path
    store: ArtifactStore
    open_suite: Callable[[LinuxGuest, str, Progress], AbstractContextManager[Suite]] | None = None

    def directory(self, guest: LinuxGuest, program: Path) -> Path:
        """Return the directory of `guest`, whose first program is `program`; what is there is returned at once.

        Raises EnvironmentFault `compiler-too-old`, `lab-artifacts-failed`, and what stands in the way of Debian's
        packages.
        """
        compiler = compiler_version(f"{guest.cross}gcc")
        headers = self._headers(guest, compiler)
        files = [(file.name, file) for file in (*self._driver_sources(guest), program)]
        name = f"linux-{guest.architecture}-{digest([headers.version(), compiler], files)}"
        return self.store.kept(name, (KERNEL, INITRAMFS), lambda work: self._make(guest, program, headers, work))

    def _headers(self, guest: LinuxGuest, compiler: str) -> DebianHeaders:
        def opened(suite: str, progress: Progress) -> AbstractContextManager[Suite]:
            return (self.open_suite or _open_suite)(guest, suite, progress)

        return DebianHeaders(choose(guest.packages, compiler), self._packages, opened)

    @property
    def _packages(self) -> Path:
        return self.store.directory / "linux"

    def _driver_sources(self, guest: LinuxGuest) -> list[Path]:
        return sorted(path for path in (self.sources / guest.module).iterdir() if path.is_file())

    def _make(self, guest: LinuxGuest, program: Path, headers: DebianHeaders, work: Workplace) -> None:
        progress = self.store.progress
        headers.prepare(progress)
        kernel = self._kernel(guest, headers)
        progress.begin(f"compiling the driver of the Linux guest for {headers.directory().name}", None)
        files = {"init": program.read_bytes(), DRIVER: self._driver(guest, headers, work).read_bytes()}
        os.link(kernel, work.result / KERNEL)
        (work.result / INITRAMFS).write_bytes(initramfs(files))

    def _kernel(self, guest: LinuxGuest, headers: DebianHeaders) -> Path:
        """Return the image of the kernel whose headers these are."""
        package = headers.directory().name.replace("linux-headers", "linux-image")
        kernel = self._packages / package / KERNEL
        if not kernel.is_file():
            opened = (self.open_suite or _open_suite)(guest, headers.chosen.suite, self.store.progress)
            with opened as suite:
                (file,) = suite.download([suite.newest(package)], self.store.progress)
                with replaced_directory(kernel.parent) as made:
                    (made / KERNEL).write_bytes(read_member(file, f"boot/{KERNEL}-*"))
        return kernel

    def _driver(self, guest: LinuxGuest, headers: DebianHeaders, work: Workplace) -> Path:
        for file in self._driver_sources(guest):
            (work.scratch / file.name).write_bytes(file.read_bytes())
        settings = {**_SMALL, "ARCH": guest.architecture, "CROSS_COMPILE": guest.cross, "CC": f"{guest.cross}gcc"}
        command = ["make", "-C", str(headers.directory()), f"M={work.scratch}", *variables(settings), "modules"]
        return work.compile("the driver of the Linux guest", command, work.scratch, DRIVER)


@contextmanager
def _open_suite(guest: LinuxGuest, suite: str, progress: Progress) -> Iterator[Suite]:
    """Open Debian's `suite` of the guest's architecture, and beside it that of this machine."""
    from qpatch.trees.apt_packages import binary_suites  # only here: what is there needs no mirror
    from qpatch.trees.fetch import default_job

    require("prebuilt")
    job = default_job(progress)
    with ExitStack() as stack:
        roots = [stack.enter_context(binary_suites(job, suite, architecture=name)) for name in (guest.architecture, "")]
        yield _BothSuites(*roots)


@dataclass(frozen=True)
class _BothSuites:
    """A suite with the packages of the guest's architecture, but kbuild's programs are this machine's."""

    guests: BinaryRoot
    own: BinaryRoot

    def newest(self, name: str, version: str = "*") -> BinaryPackage:
        """Return the newest package `name`."""
        return self._root(name).newest(name, version)

    def download(self, packages: Sequence[BinaryPackage], progress: Progress) -> list[Path]:
        """Download the .deb files of `packages`."""
        return [file for one in packages for file in self._root(one.name).download([one], progress)]

    def _root(self, name: str) -> BinaryRoot:
        return self.own if name.startswith(_KBUILD) else self.guests
