# SPDX-License-Identifier: GPL-2.0-or-later
"""The device's module, made by a kernel in miniature that links what it finds and says what it was asked for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from qpatch.builds.backend import BuildFailed
from qpatch.builds.kernel.device import MODULE, SOURCES, device_module
from qpatch.strategy.places import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.trees.progress import Progress

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ("cc", "make"))), reason="no compiler")

MAKEFILE = """\
modules:
\t@test ! -e $(M)/module/broken.h || { echo "$(M)/module/main.c:7:1: error: broken" >&2; false; }
\t@echo "symbols=$(KBUILD_EXTRA_SYMBOLS) includes=$(QPATCH_INCLUDES) o=$(O) user=$(KBUILD_BUILD_USER)" \\
\t\t| cat - $(M)/Kbuild $(M)/module/main.c $(M)/emu/device/device.c $(M)/abi/registers.h >$(M)/qpatch_device.ko
"""


@dataclass(frozen=True)
class MiniatureHeaders:
    """Headers of a kernel that has nothing but a Makefile."""

    place: Path

    def version(self) -> str:
        return "Linux in miniature"

    def prepare(self, progress: Progress) -> None:
        self.place.mkdir()
        (self.place / "Makefile").write_text(MAKEFILE)

    def directory(self) -> Path:
        return self.place

    def reproducer(self) -> Sequence[str]:
        return ()


@pytest.fixture
def headers(tmp_path: Path) -> MiniatureHeaders:
    return MiniatureHeaders(tmp_path / "headers")


def test_it_is_made_of_the_model_and_the_kernels_side(headers: MiniatureHeaders, tmp_path: Path) -> None:
    module = device_module(headers, tmp_path / "made")
    assert module == tmp_path / "made" / MODULE
    said, content = module.read_text().split("\n", 1)
    assert said == "symbols= includes= o= user=qpatch"
    assert "mdev_register_parent(" in content
    assert "emu_device_init(" in content
    assert "REGISTERS_ID" in content


def test_it_fits_modules_that_take_the_place_of_the_kernels_own(headers: MiniatureHeaders, tmp_path: Path) -> None:
    vfio = tmp_path / "vfio"
    said = device_module(headers, tmp_path / "made", vfio=vfio).read_text().split("\n", 1)[0]
    assert said.startswith(f"symbols={vfio}/Module.symvers includes=-I{vfio}/include -I{vfio}/include/uapi o= ")


def test_an_error_of_the_compiler_is_told(headers: MiniatureHeaders, tmp_path: Path) -> None:
    sources = tmp_path / "sources" / "module"
    shutil.copytree(shipped() / SOURCES, sources)
    (sources / "broken.h").touch()
    with pytest.raises(
        BuildFailed, match=r"does not compile for Linux in miniature: module/main\.c:7(:1)?: broken"
    ) as caught:
        device_module(headers, tmp_path / "made", sources=sources)
    assert caught.value.code == "device-module-failed"
