# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules and kernels of real releases: they are built, and boot far enough to be loaded."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from kernel_boot_support import Machine, boot, debian_machine
from release_support import need

from qpatch.builds.builder import Builder, BuildRequest
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.builds.workspace import BuildWorkspace
from qpatch.series.open_tree import opened_tree
from qpatch.trees.places import cache_directory
from qpatch.trees.progress import NoProgress
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qpatch.builds.backend import Backend, BuildDirectories
    from qpatch.series.open_tree import OpenTree

pytestmark = pytest.mark.vm  # they boot; those that are quick enough for every run are builds, too

CORE = {"vfio.ko", "vfio_iommu_type1.ko", "vfio-pci-core.ko", "vfio-pci.ko", "mdev.ko", "mtty.ko"}
# A device of the sample driver: proof that the modules work with each other.
NEW_DEVICE = """
echo release: $(uname -r)
echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > /sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create
echo devices: $(ls /sys/bus/mdev/devices)
"""
DEVICE = "devices: 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


class Built:
    """A tree's workspace for tests, with the base built in it."""

    def __init__(self, target: OpenTree, backend: Backend) -> None:
        self.backend = backend
        repository = target.source.repository.path
        self._workspace = BuildWorkspace(cache_directory() / "test-builds", target.info.name, repository)
        result = Builder(self._workspace, backend, NoProgress()).build(BuildRequest("baseline", target.source))
        assert result.product is not None, result
        self.products: dict[str, Path] = dict(result.product.files)

    @property
    def place(self) -> BuildDirectories:
        return self._workspace.place(self.backend.directory, self.backend.target, "test", -1)


def built(tree: str, target: str) -> Iterator[Built]:
    need(tree)
    with opened_tree(tree) as opened:
        yield Built(opened, kernel_backend(opened.info.release, target, 0))


@pytest.fixture(params=release_names("linux", "build"))
def modules(request: pytest.FixtureRequest) -> Iterator[Built]:
    yield from built(request.param, "modules")


@pytest.fixture(params=["linux-6.12", "linux-7.2"])
def kernel(request: pytest.FixtureRequest) -> Iterator[Built]:
    yield from built(request.param, "kernel")


def copied(source: Path, target: Path, *directories: str) -> Path:
    for directory in directories:
        shutil.copytree(source / directory, target / directory, symlinks=True)
    return target


def edit(file: Path, replacements: dict[str, str]) -> None:
    text = file.read_text()
    for old, new in replacements.items():
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    file.write_text(text)


def headers_of(backend: Backend) -> DebianHeaders:
    assert isinstance(backend, ModulesBackend)
    assert isinstance(backend.headers, DebianHeaders)
    return backend.headers


@pytest.mark.build
def test_modules_load_into_debians_kernel(modules: Built, tmp_path: Path) -> None:
    assert set(modules.products) >= CORE
    machine = debian_machine(headers_of(modules.backend), [modules.products[name] for name in sorted(modules.products)])
    console = boot(machine, NEW_DEVICE, tmp_path)
    assert [name for name in modules.products if f"loaded {name}\n" not in console] == []
    assert DEVICE in console


@pytest.mark.build
def test_a_struct_that_grows_is_seen_by_all_modules(modules: Built, tmp_path: Path) -> None:
    """A member more in a struct, a new export and its use: modules compiled apart would not load, or crash."""
    source = copied(modules.place.source, tmp_path / "source", "drivers/vfio", "samples/vfio-mdev", "include")
    edit(
        source / "include/linux/vfio.h",
        {
            "struct vfio_device {\n": "struct vfio_device {\n\tu64 qpatch[40];\n",
            "int vfio_register_emulated": "u64 qpatch_size(void);\nint vfio_register_emulated",
        },
    )
    edit(
        source / "drivers/vfio/vfio_main.c",
        {
            "module_init(vfio_init);": "u64 qpatch_size(void)\n{\n\treturn sizeof(struct vfio_device);\n}\n"
            "EXPORT_SYMBOL_GPL(qpatch_size);\nmodule_init(vfio_init);"
        },
    )
    edit(
        source / "samples/vfio-mdev/mtty.c",
        {
            "module_init(mtty_dev_init)": "static int __init qpatch_init(void)\n{\n\tint result = mtty_dev_init();\n"
            '\tpr_info("qpatch %d\\n", qpatch_size() == sizeof(struct vfio_device));\n\treturn result;\n}\n'
            "module_init(qpatch_init)"
        },
    )
    place = replace(modules.place, source=source, build=tmp_path / "build", log=tmp_path / "log")
    place.build.mkdir()
    modules.backend.configure(place, NoProgress())
    made = modules.backend.make(place, NoProgress())
    assert made.succeeded, made.output
    machine = debian_machine(headers_of(modules.backend), list(modules.backend.products(place).values()))
    console = boot(machine, f"{NEW_DEVICE}\ndmesg | grep qpatch", tmp_path)
    assert "qpatch 1" in console
    assert DEVICE in console


def test_the_labs_kernel_boots(kernel: Built, tmp_path: Path) -> None:
    modules = [file for name, file in kernel.products.items() if name.endswith(".ko")]
    assert {file.name for file in modules} >= CORE
    machine = Machine(kernel.products["bzImage"], modules)
    console = boot(machine, f"{NEW_DEVICE}\necho nodes: $(ls -d /dev/iommu /dev/vfio/devices/*)", tmp_path)
    assert "-qpatch\n" in console
    assert [file.name for file in modules if f"loaded {file.name}\n" not in console] == []
    assert DEVICE in console
    assert "nodes: /dev/iommu /dev/vfio/devices/vfio0" in console


@pytest.mark.build
def test_the_same_tree_gives_the_same_bytes(modules: Built, tmp_path: Path) -> None:
    first = {name: file.read_bytes() for name, file in modules.products.items()}
    place = modules.place
    again = replace(place, build=tmp_path / "elsewhere", log=tmp_path / "log")
    again.build.mkdir()
    modules.backend.configure(again, NoProgress())
    assert modules.backend.make(again, NoProgress()).succeeded
    assert {name: file.read_bytes() for name, file in modules.backend.products(again).items()} == first
