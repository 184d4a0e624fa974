# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux guest: Debian's kernel, and an initramfs with our program and its driver.

A directory with the files `vmlinuz` and `initramfs`, which a machine hands to QEMU. The kernel and the headers for the
driver come from Debian's packages, which are kept; the driver is compiled here, as the kernel's own modules are.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.diagnostics import first_error
from qpatch.builds.kernel.headers import DebianHeaders, choose
from qpatch.builds.kernel.kbuild import variables
from qpatch.builds.lock import inherited_lock
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import compiler_version, neutral_environment
from qpatch.errors import EnvironmentFault
from qpatch.lab.preload.initramfs import initramfs
from qpatch.requirements import require
from qpatch.trees.deb import read_member
from qpatch.trees.replacing import replaced_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from qpatch.builds.kernel.headers import Suite
    from qpatch.builds.kernel.recipe import HeaderPackage
    from qpatch.trees.apt_packages import BinaryPackage, BinaryRoot
    from qpatch.trees.progress import Progress

KERNEL = "vmlinuz"
INITRAMFS = "initramfs"
DRIVER = "qpatch_guest.ko"
_KBUILD = "linux-kbuild-"  # the package of programs that run on this machine
_DIGITS = 16
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
class LinuxGuestStore:
    """Makes Linux guests in the directory `store`, from sources in `sources`; `open_suite` opens Debian's packages."""

    sources: Path
    store: Path
    progress: Progress
    open_suite: Callable[[LinuxGuest, str, Progress], AbstractContextManager[Suite]] | None = None

    def directory(self, guest: LinuxGuest, program: Path) -> Path:
        """Return the directory of `guest`, whose first program is `program`; what is there is returned at once.

        Raises EnvironmentFault `compiler-too-old`, `lab-artifacts-failed`, and what stands in the way of Debian's
        packages.
        """
        compiler = compiler_version(f"{guest.cross}gcc")
        headers = self._headers(guest, compiler)
        place = self.store / f"linux-{guest.architecture}-{self._digest(guest, program, headers.version(), compiler)}"
        if not _is_whole(place):
            with inherited_lock(self.store / "lock", self.progress.note) as lock:
                if not _is_whole(place):  # another run may have made it
                    self._make(guest, program, headers, place, lock)
        return place

    def _headers(self, guest: LinuxGuest, compiler: str) -> DebianHeaders:
        def opened(suite: str, progress: Progress) -> AbstractContextManager[Suite]:
            return (self.open_suite or _open_suite)(guest, suite, progress)

        return DebianHeaders(choose(guest.packages, compiler), self.store / "linux", opened)

    def _digest(self, guest: LinuxGuest, program: Path, *words: str) -> str:
        files = [*sorted(path for path in (self.sources / guest.module).iterdir() if path.is_file()), program]
        parts = [hashlib.sha256(file.name.encode() + b"\0" + file.read_bytes()).digest() for file in files]
        return hashlib.sha256(b"".join([*parts, *(word.encode() + b"\0" for word in words)])).hexdigest()[:_DIGITS]

    def _make(self, guest: LinuxGuest, program: Path, headers: DebianHeaders, place: Path, lock: int) -> None:
        headers.prepare(self.progress)
        kernel = self._kernel(guest, headers)
        self.progress.begin(f"compiling the driver of the Linux guest for {headers.directory().name}", None)
        with tempfile.TemporaryDirectory(dir=self.store, prefix=".new-") as scratch:
            driver = self._driver(guest, headers, Path(scratch), lock)
            files = {"init": program.read_bytes(), DRIVER: driver}
        with replaced_directory(place) as made:
            os.link(kernel, made / KERNEL)
            (made / INITRAMFS).write_bytes(initramfs(files))

    def _kernel(self, guest: LinuxGuest, headers: DebianHeaders) -> Path:
        """Return the image of the kernel whose headers these are."""
        package = headers.directory().name.replace("linux-headers", "linux-image")
        kernel = self.store / "linux" / package / KERNEL
        if not kernel.is_file():
            opened = (self.open_suite or _open_suite)(guest, headers.chosen.suite, self.progress)
            with opened as suite:
                (file,) = suite.download([suite.newest(package)], self.progress)
                with replaced_directory(kernel.parent) as made:
                    (made / KERNEL).write_bytes(read_member(file, f"boot/{KERNEL}-*"))
        return kernel

    def _driver(self, guest: LinuxGuest, headers: DebianHeaders, build: Path, lock: int) -> bytes:
        for file in (self.sources / guest.module).iterdir():
            if file.is_file():
                (build / file.name).write_bytes(file.read_bytes())
        log = self.store / f"{DRIVER}.log"
        log.unlink(missing_ok=True)
        settings = {**_SMALL, "ARCH": guest.architecture, "CROSS_COMPILE": guest.cross, "CC": f"{guest.cross}gcc"}
        command = ["make", "-C", str(headers.directory()), f"M={build}", *variables(settings), "modules"]
        ran = Runner(neutral_environment(), log, lock).run(command, build)
        if not ran.succeeded or not (build / DRIVER).is_file():
            raise EnvironmentFault(
                "lab-artifacts-failed",
                f"the driver of the Linux guest does not compile: {first_error(ran.output, build, build)}",
                hint=f"The log: {log}",
            )
        return (build / DRIVER).read_bytes()


def _is_whole(place: Path) -> bool:
    return (place / KERNEL).is_file() and (place / INITRAMFS).is_file()


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
