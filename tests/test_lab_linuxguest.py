# SPDX-License-Identifier: GPL-2.0-or-later
"""The Linux guest: what of Debian's packages and of our own goes into it, and what is made anew when."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kernel_build_support import HEADERS, FakeSuite

from qpatch.builds.kernel.recipe import HeaderPackage
from qpatch.errors import EnvironmentFault
from qpatch.lab.initramfs import initramfs
from qpatch.lab.preload.linuxguest import DRIVER, INITRAMFS, KERNEL, LinuxGuest, LinuxGuests
from qpatch.lab.store import ArtifactStore
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from qpatch.builds.kernel.headers import Suite
    from qpatch.trees.progress import Progress

needs_compiler = pytest.mark.skipif(not all(map(shutil.which, ("gcc", "make", "setpriv"))), reason="no compiler")
MODULE = "guest/linux/module"
# Compiles what is no C at all, unless a file says that it does not work; counts what it does.
MAKEFILE = """\
modules:
\t@test ! -e $(M)/broken || { echo "$(M)/qpatch_guest.c:1:1: error: broken" >&2; false; }
\techo "$(ARCH) $(CROSS_COMPILE)" | cat - $(M)/qpatch_guest.c >$(M)/qpatch_guest.ko
"""
PACKAGES = {
    **HEADERS,
    "linux-headers-1.0-common": {"usr/src/linux-headers-1.0-common/Makefile": MAKEFILE},
    "linux-image-1.0-amd64": {"boot/config-1.0-amd64": "options", "boot/vmlinuz-1.0-amd64": "the kernel"},
}
GUEST = LinuxGuest(MODULE, "any64", "", (HeaderPackage(suite="old", compiler=1, package="linux-headers-amd64"),))


@dataclass
class Bench:
    """Sources in miniature, and a store for what is made of them."""

    directory: Path
    suite: FakeSuite

    @property
    def driver(self) -> Path:
        return self.directory / "sources" / MODULE / "qpatch_guest.c"

    @property
    def program(self) -> Path:
        return self.directory / "program"

    def made(self) -> Path:
        def opened(_: LinuxGuest, suite: str, progress: Progress) -> AbstractContextManager[Suite]:
            return self.suite.open(suite, progress)

        store = ArtifactStore(self.directory / "store", NoProgress())
        return LinuxGuests(self.directory / "sources", store, opened).directory(GUEST, self.program)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path, FakeSuite(tmp_path / "downloads", PACKAGES))
    made.driver.parent.mkdir(parents=True)
    made.driver.write_text("the driver")
    made.program.write_text("the program")
    return made


def unpacked(archive: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield name, mode and content of each entry but the last, read by the format's description."""
    at = 0
    while at < len(archive):
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * number : at + 14 + 8 * number], 16) for number in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        at += (110 + name_size + 3) // 4 * 4
        if name != b"TRAILER!!!\0":
            yield name[:-1].decode(), mode, archive[at : at + size]
        at += (size + 3) // 4 * 4
    assert at == len(archive)


def test_an_archive_is_what_linux_unpacks() -> None:
    files = {"init": b"program", "a": b"", "driver.ko": b"1234"}
    assert list(unpacked(initramfs(files))) == [(name, 0o100755, content) for name, content in files.items()]


@needs_compiler
def test_the_kernel_is_that_of_the_headers_and_has_our_program_and_its_driver(bench: Bench) -> None:
    place = bench.made()
    assert (place / KERNEL).read_text() == "the kernel"
    files = {name: content for name, _, content in unpacked((place / INITRAMFS).read_bytes())}
    assert files == {"init": b"the program", DRIVER: b"any64 \nthe driver"}


@needs_compiler
def test_it_is_made_anew_only_where_something_changed(bench: Bench) -> None:
    first = bench.made()
    opened = bench.suite.opened
    assert bench.made() == first
    bench.driver.write_text("another driver")
    second = bench.made()
    bench.program.write_text("another program")
    third = bench.made()
    assert len({first, second, third}) == 3
    assert bench.suite.opened == opened, "packages are kept"
    (third / INITRAMFS).unlink()
    assert (bench.made() / INITRAMFS).is_file()


@needs_compiler
def test_a_driver_that_does_not_compile(bench: Bench) -> None:
    (bench.driver.parent / "broken").touch()
    with pytest.raises(EnvironmentFault, match=r"does not compile: qpatch_guest\.c:1(:1)?: broken") as caught:
        bench.made()
    assert caught.value.code == "lab-artifacts-failed"
    log = Path(caught.value.hint.removeprefix("The log: "))
    assert "error: broken" in log.read_text()
