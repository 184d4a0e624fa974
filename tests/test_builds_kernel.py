# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules and kernels of a kernel in miniature: what is compiled, with which headers, and what is told about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from kernel_build_support import KERNEL, MODULES, FakeSuite, new_place, write_files

from qpatch.builds.backend import BuildFailed
from qpatch.builds.diagnostics import errors
from qpatch.builds.kernel import lab, modules
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.headers import DebianHeaders, choose, mend
from qpatch.builds.kernel.lab import LabKernelBackend
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.builds.kernel.recipe import (
    HeaderPackage,
    KernelRecipe,
    LinuxRecipe,
    ModulesRecipe,
    configuration,
    linux_recipe,
)
from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories, MakeResult

PACKAGES = (HeaderPackage(suite="new", compiler=14), HeaderPackage(suite="old", compiler=12))
OF_MODULES = ModulesRecipe(
    directories=("drivers/vfio", "samples/vfio-mdev"),
    headers=("include/linux/vfio*.h",),
    options={"CONFIG_SAMPLE_VFIO_MDEV_MTTY": "m"},
    packages=PACKAGES,
    steps=5,
)
OF_KERNEL = KernelRecipe(
    configuration="kernel-lab.config",
    essential=("CONFIG_VFIO*",),
    directories=("drivers/vfio",),
    image="arch/x86/boot/bzImage",
)
LINUX = LinuxRecipe(from_="1.0", kind="linux", modules=OF_MODULES, kernel=OF_KERNEL)
FRAGMENT = "kernel/configs/qpatch-lab.config"
OPTIONS = "CONFIG_MODULES=y\nCONFIG_VFIO=m\n"


@dataclass
class Notes(NoProgress):
    """Progress that keeps its notes."""

    said: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The miniature needs a compiler and make, and not all that a kernel needs."""
    for module in (lab, modules):
        monkeypatch.setattr(module, "require", lambda *groups: None)


@pytest.fixture
def suite(tmp_path: Path) -> FakeSuite:
    return FakeSuite(tmp_path / "downloads")


@pytest.fixture
def headers(tmp_path: Path, suite: FakeSuite) -> DebianHeaders:
    return DebianHeaders(PACKAGES[1], tmp_path / "shared", suite.open)


@pytest.fixture
def backend(headers: DebianHeaders) -> ModulesBackend:
    return ModulesBackend(LINUX, OF_MODULES, headers)


@pytest.fixture
def place(tmp_path: Path, backend: ModulesBackend) -> BuildDirectories:
    """Return where the modules are built, configured."""
    place = new_place(tmp_path / "work", MODULES, "modules")
    backend.configure(place, NoProgress())
    return place


@pytest.fixture
def edit(place: BuildDirectories) -> Callable[[str, str], None]:
    return lambda path, text: write_files(place.source, {path: text})


def compiled(made: MakeResult) -> set[str]:
    """Return the names of the objects that a run has compiled."""
    return set(re.findall(r"  CC +\S*?(\w+)\.o$", made.output, re.MULTILINE))


class TestModules:
    def test_every_module_is_a_product(self, backend: ModulesBackend, place: BuildDirectories) -> None:
        made = backend.make(place, NoProgress())
        assert made.succeeded, made.output
        assert set(backend.products(place)) == {"vfio.ko", "type1.ko", "mtty.ko"}
        assert made.steps == 6
        assert all(file.is_file() for file in backend.products(place).values())

    def test_the_subsystems_headers_are_the_trees_and_others_the_packages(
        self, backend: ModulesBackend, place: BuildDirectories
    ) -> None:
        backend.make(place, NoProgress())
        built = backend.products(place)
        assert b"vfio of the tree" in built["vfio.ko"].read_bytes()
        assert b"pci of the package" in built["vfio.ko"].read_bytes()
        assert b"vfio of the tree" in built["mtty.ko"].read_bytes()

    def test_nothing_is_compiled_twice(self, backend: ModulesBackend, place: BuildDirectories) -> None:
        backend.make(place, NoProgress())
        assert backend.make(place, NoProgress()).steps == 0

    def test_a_changed_header_is_seen_by_all_who_include_it(
        self, backend: ModulesBackend, place: BuildDirectories, edit: Callable[[str, str], None]
    ) -> None:
        backend.make(place, NoProgress())
        edit("include/linux/vfio.h", '#define VFIO "changed"\n')
        assert compiled(backend.make(place, NoProgress())) == {"vfio", "mtty"}
        assert b"changed" in backend.products(place)["mtty.ko"].read_bytes()

    def test_files_come_and_go_with_the_checkout(
        self, backend: ModulesBackend, place: BuildDirectories, edit: Callable[[str, str], None]
    ) -> None:
        backend.make(place, NoProgress())
        edit("drivers/vfio/Makefile", "obj-m += drivers/vfio/vfio.o drivers/vfio/new.o\n")
        edit("drivers/vfio/new.c", "int new;\n")
        (place.source / "drivers/vfio/type1.c").unlink()
        assert compiled(backend.make(place, NoProgress())) == {"new"}
        assert set(backend.products(place)) == {"vfio.ko", "new.ko", "mtty.ko"}
        assert not (place.build / "modules/drivers/vfio/type1.c").is_symlink()

    def test_the_checkout_stays_clean(self, backend: ModulesBackend, place: BuildDirectories) -> None:
        backend.make(place, NoProgress())
        found = {str(file.relative_to(place.source)) for file in place.source.rglob("*") if file.is_file()}
        assert found == set(MODULES)

    def test_messages_name_files_of_the_checkout(
        self,
        backend: ModulesBackend,
        place: BuildDirectories,
        edit: Callable[[str, str], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
        edit("drivers/vfio/type1.c", "int type1 = missing;\n")
        made = backend.make(place, NoProgress())
        assert not made.succeeded
        assert [(each.path, each.line) for each in errors(made.output, place.source, place.build)] == [
            ("drivers/vfio/type1.c", 1)
        ]
        assert "'missing'" in made.output

    def test_objects_do_not_depend_on_the_place(
        self, backend: ModulesBackend, place: BuildDirectories, tmp_path: Path
    ) -> None:
        other = new_place(tmp_path / "quite" / "another", MODULES, "modules")
        backend.configure(other, NoProgress())
        contents = [
            {name: file.read_bytes() for name, file in backend.products(each).items()}
            for each in (place, other)
            if backend.make(each, NoProgress()).succeeded
        ]
        assert contents[0] == contents[1]

    @pytest.mark.parametrize(
        ("name", "value"),
        [("MAKEFLAGS", "n"), ("KCFLAGS", "-DVFIO=1"), ("M", "/nowhere"), ("KBUILD_OUTPUT", "/nowhere")],
    )
    def test_the_users_variables_do_not_reach_make(
        self, backend: ModulesBackend, place: BuildDirectories, name: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, value)
        made = backend.make(place, NoProgress())
        assert made.succeeded, made.output
        assert len(backend.products(place)) == 3

    def test_identity_names_headers_and_compiler(self, backend: ModulesBackend) -> None:
        identity = backend.identity()
        assert identity["headers"] == "linux-headers-1.0-amd64 1.0-1 (old)"
        assert identity["compiler"]
        changed = OF_MODULES.model_copy(update={"options": {}})
        other = ModulesBackend(LINUX, changed, backend.headers)
        assert other.identity()["recipe"] != identity["recipe"]

    def test_nothing_is_laid_over(self, backend: ModulesBackend) -> None:
        assert backend.overlay() == {}


class TestObjects:
    def test_only_what_was_touched(
        self, backend: ModulesBackend, place: BuildDirectories, edit: Callable[[str, str], None]
    ) -> None:
        backend.make(place, NoProgress())
        edit("drivers/vfio/vfio.c", "int vfio;\n")
        edit("drivers/vfio/type1.c", "int changed;\n")
        made = backend.make_objects(place, ["drivers/vfio/vfio.c"], NoProgress())
        assert (compiled(made), made.steps) == ({"vfio"}, 1)

    def test_who_includes_a_header(
        self, backend: ModulesBackend, place: BuildDirectories, edit: Callable[[str, str], None]
    ) -> None:
        backend.make(place, NoProgress())
        edit("include/linux/vfio.h", '#define VFIO "changed"\n')
        made = backend.make_objects(place, ["include/linux/vfio.h"], NoProgress())
        assert (compiled(made), made.steps) == ({"vfio", "mtty"}, 2)

    def test_a_header_before_anything_was_built(self, backend: ModulesBackend, place: BuildDirectories) -> None:
        made = backend.make_objects(place, ["include/linux/vfio.h"], NoProgress())
        assert made.succeeded, made.output
        assert compiled(made) == {"vfio", "type1", "mtty"}

    def test_a_new_file(
        self, backend: ModulesBackend, place: BuildDirectories, edit: Callable[[str, str], None]
    ) -> None:
        backend.make(place, NoProgress())
        edit("drivers/vfio/new.c", "int new;\n")
        files = ["drivers/vfio/new.c"]
        assert compiled(backend.make_objects(place, files, NoProgress())) == set()
        assert backend.not_compiled(place, files) == files
        edit("drivers/vfio/Makefile", "obj-m += drivers/vfio/vfio.o drivers/vfio/type1.o drivers/vfio/new.o\n")
        assert compiled(backend.make_objects(place, files, NoProgress())) == {"new"}
        assert backend.not_compiled(place, files) == []

    def test_a_file_that_is_no_modules(self, backend: ModulesBackend, place: BuildDirectories) -> None:
        made = backend.make_objects(place, ["net/socket.c", "Documentation/vfio.rst"], NoProgress())
        assert (made.succeeded, made.steps) == (True, 0)
        assert backend.not_compiled(place, ["net/socket.c"]) == ["net/socket.c"]


class TestHeaders:
    def test_they_are_unpacked_once(self, headers: DebianHeaders, suite: FakeSuite) -> None:
        headers.prepare(NoProgress())
        headers.prepare(NoProgress())
        assert suite.opened == 1
        assert (headers.directory() / "Module.symvers").is_file()
        assert str(headers.shared) in (headers.directory() / "Makefile").read_text()

    def test_a_lost_file_is_noticed(self, headers: DebianHeaders, suite: FakeSuite) -> None:
        headers.prepare(NoProgress())
        lost = headers.directory().with_name("linux-headers-1.0-common") / "include/linux/pci.h"
        lost.unlink()
        notes = Notes()
        headers.prepare(notes)
        assert lost.is_file()
        assert "damaged" in notes.said[0]

    @pytest.mark.parametrize("damaged", ["", "{}", '{"package": "x"}'])
    def test_a_record_that_is_not_understood(self, headers: DebianHeaders, suite: FakeSuite, damaged: str) -> None:
        headers.prepare(NoProgress())
        (headers.shared / "linux-headers-amd64-old" / "record.json").write_text(damaged)
        assert headers.version() == "linux-headers-1.0-amd64 1.0-1 (old)"
        assert suite.opened == 2

    def test_an_unpacking_that_was_cut_short_begins_anew(self, headers: DebianHeaders) -> None:
        half = headers.shared / "linux-headers-amd64-old" / "usr/src/linux-headers-0.9-amd64"
        write_files(half, {"Module.symvers": ""})
        headers.prepare(NoProgress())
        assert not half.exists()

    def test_packages_that_are_not_understood(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"usr/src/linux-headers-1.0-common/Makefile": ""})
        with pytest.raises(EnvironmentFault) as caught:
            mend(tmp_path)
        assert caught.value.code == "headers-not-understood"

    @pytest.mark.parametrize(
        ("compiler", "chosen"),
        [
            ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "old"),
            ("gcc (Debian 14.2.0-19) 14.2.0", "new"),
            ("gcc (GCC) 15.1.1 20250425", "new"),
            ("gcc-13 (Ubuntu 13.3.0-6ubuntu2) 13.3.0", "old"),
        ],
    )
    def test_the_newest_that_the_compiler_is_new_enough_for(self, compiler: str, chosen: str) -> None:
        assert choose(PACKAGES, compiler).suite == chosen

    def test_a_compiler_that_is_too_old(self) -> None:
        with pytest.raises(EnvironmentFault) as caught:
            choose(PACKAGES, "gcc (Debian 10.2.1-6) 10.2.1 20210110")
        assert caught.value.code == "compiler-too-old"


class TestKernel:
    @pytest.fixture
    def kernel(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuildDirectories:
        monkeypatch.setattr(lab, "configuration", lambda name: OPTIONS.encode())
        return new_place(tmp_path, {**KERNEL, FRAGMENT: OPTIONS}, "kernel")

    @pytest.fixture
    def of_kernel(self) -> LabKernelBackend:
        return LabKernelBackend(LINUX, OF_KERNEL)

    def test_products(self, of_kernel: LabKernelBackend, kernel: BuildDirectories) -> None:
        command = of_kernel.configure(kernel, NoProgress())
        assert list(command[-2:]) == ["tinyconfig", "qpatch-lab.config"]
        made = of_kernel.make(kernel, NoProgress())
        assert made.succeeded, made.output
        assert set(of_kernel.products(kernel)) == {"bzImage", "config", "vfio.ko"}
        assert of_kernel.products(kernel)["config"].read_text() == OPTIONS
        assert of_kernel.make(kernel, NoProgress()).steps == 0

    def test_its_configuration_is_laid_over_the_source(
        self, of_kernel: LabKernelBackend, kernel: BuildDirectories
    ) -> None:
        assert of_kernel.overlay() == {FRAGMENT: OPTIONS.encode()}
        more = OF_KERNEL.model_copy(update={"options": {"CONFIG_PREEMPT_VOLUNTARY": "y"}})
        overlay = LabKernelBackend(LINUX, more).overlay()
        assert overlay[FRAGMENT].endswith(b"CONFIG_PREEMPT_VOLUNTARY=y\n")

    def test_an_essential_option_that_is_refused(self, of_kernel: LabKernelBackend, kernel: BuildDirectories) -> None:
        write_files(kernel.source, {"Kconfig": "CONFIG_MODULES\n"})
        with pytest.raises(BuildFailed) as caught:
            of_kernel.configure(kernel, NoProgress())
        assert caught.value.code == "option-refused"
        assert "CONFIG_VFIO=m became n" in caught.value.message

    def test_another_option_that_is_refused(self, of_kernel: LabKernelBackend, kernel: BuildDirectories) -> None:
        write_files(kernel.source, {"Kconfig": "CONFIG_VFIO\n"})
        notes = Notes()
        of_kernel.configure(kernel, notes)
        assert [note for note in notes.said if "CONFIG_MODULES=y became n" in note]

    def test_a_configuration_that_fails(self, of_kernel: LabKernelBackend, kernel: BuildDirectories) -> None:
        write_files(kernel.source, {"Makefile": "tinyconfig: ; @echo broken; false\n"})
        with pytest.raises(BuildFailed) as caught:
            of_kernel.configure(kernel, NoProgress())
        assert caught.value.code == "configure-failed"
        assert "broken" in caught.value.message

    def test_a_changed_kconfig_is_configured_as_from_nothing(
        self, of_kernel: LabKernelBackend, kernel: BuildDirectories
    ) -> None:
        of_kernel.configure(kernel, NoProgress())
        of_kernel.make(kernel, NoProgress())
        write_files(kernel.source, {"Kconfig": "CONFIG_VFIO\n"})
        assert of_kernel.make(kernel, NoProgress()).succeeded
        assert (kernel.build / ".config").read_text() == "CONFIG_VFIO=m\n"
        write_files(kernel.source, {"Kconfig": KERNEL["Kconfig"]})
        of_kernel.make_objects(kernel, ["drivers/vfio/vfio.c"], NoProgress())
        assert (kernel.build / ".config").read_text() == OPTIONS

    def test_objects(self, of_kernel: LabKernelBackend, kernel: BuildDirectories) -> None:
        of_kernel.configure(kernel, NoProgress())
        files = ["include/linux/vfio.h"]
        assert compiled(of_kernel.make_objects(kernel, files, NoProgress())) == {"vfio", "type1"}
        of_kernel.make(kernel, NoProgress())
        write_files(kernel.source, {files[0]: '#define VFIO "changed"\n'})
        made = of_kernel.make_objects(kernel, files, NoProgress())
        assert (compiled(made), made.steps) == ({"vfio"}, 1)
        assert of_kernel.not_compiled(kernel, ["drivers/vfio/vfio.c", "drivers/vfio/new.c"]) == ["drivers/vfio/new.c"]


class TestRecipes:
    @pytest.mark.parametrize("release", ["6.1", "6.1.176", "6.12", "6.12.107", "7.2.12"])
    def test_they_are_valid(self, release: str) -> None:
        recipe = linux_recipe(release)
        assert release.startswith(recipe.from_)
        if recipe.kernel:
            assert b"CONFIG_VFIO=m\n" in configuration(recipe.kernel.configuration)

    @pytest.mark.parametrize(
        ("release", "target", "known"),
        [("6.1", "kernel", "modules"), ("7.2", "modules", "kernel"), ("6.12", "i386", "modules, kernel")],
    )
    def test_a_target_that_a_release_has_not(self, release: str, target: str, known: str) -> None:
        with pytest.raises(UserError) as caught:
            kernel_backend(release, target, 0)
        assert caught.value.code == "unknown-target"
        assert known in caught.value.hint

    def test_the_default_target_is_the_first(self) -> None:
        assert kernel_backend("7.2", "", 0).target == "kernel"
        assert kernel_backend("6.12", "kernel", 0).target == "kernel"
