# SPDX-License-Identifier: GPL-2.0-or-later
"""The device as a kernel module, on real kernels: the tests of the uAPI pass on it, and see what is planted in it."""

from __future__ import annotations

import shlex
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from iommufd_support import FLAGS, iommufd_modules
from release_support import need

from qpatch.builds.builder import Builder, BuildRequest
from qpatch.builds.kernel.backends import kernel_backend
from qpatch.builds.kernel.device import device_module
from qpatch.builds.kernel.headers import DebianHeaders
from qpatch.builds.kernel.modules import ModulesBackend
from qpatch.builds.workspace import BuildWorkspace
from qpatch.lab.definitions.profile import DeviceSettings
from qpatch.lab.preload.devices import configuration_entries
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.selftests.results import Outcome, read_program
from qpatch.lab.vm.boot import Work, boot, boot_file, default_emulator
from qpatch.lab.vm.console import End
from qpatch.lab.vm.kernels import debian_kernel, default_packages
from qpatch.lab.vm.modules import by_name
from qpatch.series.open_tree import opened_tree
from qpatch.strategy.places import shipped
from qpatch.trees.places import cache_directory
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qpatch.lab.selftests.results import TestOutcome
    from qpatch.lab.vm.boot import Boot
    from qpatch.series.open_tree import OpenTree

pytestmark = pytest.mark.vm

DEVICES = ("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002")
RUN = 'run() { echo "program: ${1##*/}"; "$@"; echo "exit code: $?"; }'
PARENT = "/sys/class/mdev_bus/qpatch/mdev_supported_types/qpatch-device"
POISON = "slub_debug=FZPU page_poison=1"
# The same as in the preload lab, by the same table.
FAULTS = yaml.load((Path(__file__).parent / "uapi" / "faults.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
PLANTED = [fault for fault in FAULTS if "not-in-a-kernel" not in fault]
ABLE = {"reinit-bytes": 65536, "config-first": True}

# Debian's kernels have no iommufd, without which there are no cdevs, and since 6.6 no report of DMA logging.
WITHOUT_LOGGING = {"linux-6.12"}
TREES = ("linux-6.12", "linux-6.1")

Names = dict[str, set[str]]


@dataclass(frozen=True)
class Round:
    """All programs on two devices with these settings, as the attribute `profile` takes them.

    `anew`: each test has new ones. In the preload lab a device does not outlive a process, here it does.
    """

    name: str
    profile: str
    anew: bool = False


def profile(protocol: str, more: Mapping[str, Any] | None = None, faults: Iterable[str] = ()) -> str:
    settings = DeviceSettings.model_validate({**ABLE, **(more or {})})
    entries = {"protocol": protocol, **configuration_entries(settings)}
    return " ".join([*(f"{key}={value}" for key, value in entries.items()), *(f"fault={fault}" for fault in faults)])


def script(rounds: Sequence[Round]) -> str:
    lines = [RUN, *(f"echo {uuid} > {PARENT}/create" for uuid in DEVICES)]
    paths = [f"/sys/bus/mdev/devices/{uuid}" for uuid in DEVICES]
    devices = " ".join(paths)
    for each in rounds:
        profiles = "; ".join(f"echo '{each.profile}' > {path}/qpatch/profile" for path in paths)
        of_program = f"run $program {devices}"
        if each.anew:
            of_program = f"for name in $($program -l); do {profiles}; run $program -r $name {devices}; done"
        lines += [
            f"echo {shlex.quote('round: ' + each.name)}",
            profiles,
            f"for program in /programs/*; do {of_program}; done",
        ]
    # Nothing of the devices is left.
    lines += [*(f"echo 1 > {path}/remove" for path in paths), "rmmod qpatch_device && echo 'the module is gone'"]
    return "\n".join(lines)


class Made(NamedTuple):
    """Modules for the kernel of these headers."""

    headers: DebianHeaders
    modules: list[Path]


@contextmanager
def target(tree: str) -> Iterator[tuple[ModulesBackend, DebianHeaders, OpenTree]]:
    """Open `tree`, whose modules are for Debian's kernel of these headers."""
    need(tree)
    with opened_tree(tree) as opened:
        backend = kernel_backend(opened.info.release, "modules", 0)
        assert isinstance(backend, ModulesBackend)
        assert isinstance(backend.headers, DebianHeaders)
        yield backend, backend.headers, opened


def of_the_tree(tree: str, directory: Path, sources: Path | None = None) -> Made:
    """Return the modules of `tree` as they are, and the device's, of `sources`."""
    with target(tree) as (backend, headers, opened):
        repository = opened.source.repository.path
        workspace = BuildWorkspace(cache_directory() / "test-builds", opened.info.name, repository)
        result = Builder(workspace, backend, NoProgress()).build(BuildRequest("baseline", opened.source))
    assert result.product is not None, result
    module = device_module(headers, directory / "module", sources=sources)
    return Made(headers, [*result.product.files.values(), module])


def with_iommufd(tree: str, directory: Path) -> Made:
    """Return modules as if Debian's kernel of `tree` had iommufd."""
    place = directory / "iommufd"
    with target(tree) as (_, headers, opened):
        headers.prepare(NoProgress())
        modules = iommufd_modules(opened.source, headers, place)
    return Made(headers, [*modules, device_module(headers, directory / "module", vfio=place, options=FLAGS)])


def booted(made: Made, work: str, directory: Path, profile: str = "") -> Boot:
    """Boot Debian's kernel with these modules and a poisoned heap, and do `work`; `profile` is that of new devices."""
    packages = default_packages(NoProgress())
    kernel = debian_kernel(made.headers, by_name(made.modules), packages)
    programs = compiled_programs(NoProgress(), static=True)
    arguments = ("-append", f"{boot_file().parameters} {POISON}")
    options = {"qpatch_device.profile": profile} if profile else {}
    wanted = [name for name in ("vfio_iommu_type1", "iommufd", "qpatch_device") if name in kernel.modules]
    todo = Work(wanted, work, programs, options=options, arguments=arguments)
    return boot(kernel, todo, packages.busybox(), directory / "boot", default_emulator(NoProgress()))


def run(made: Made, rounds: Sequence[Round], directory: Path) -> dict[str, list[TestOutcome]]:
    """Return what the programs say, by round; the kernel has nothing to complain of."""
    boot = booted(made, script(rounds), directory)
    assert boot.end.end is End.FINISHED, boot.end
    assert boot.output.endswith("the module is gone\n")
    parts = (part.split("\n", 1) for part in boot.output.split("round: ")[1:])
    return {name: read_console(text) for name, text in parts}


def read_console(console: str) -> list[TestOutcome]:
    tests: list[TestOutcome] = []
    for part in console.split("program: ")[1:]:
        program, _, rest = part.partition("\n")
        output, _, code = rest.partition("exit code: ")
        tests += read_program(program, output, int(code.split("\n", 1)[0]))
    return tests


def names(tests: Iterable[TestOutcome], outcome: Outcome) -> Names:
    """Return the tests with that outcome, by the short names of their programs; those by cdev apart."""
    found: Names = {}
    for test in tests:
        if test.outcome is outcome and ".cdev." not in test.test:
            short = test.program.removeprefix("vfio_migration_").removesuffix("_test")
            found.setdefault(short, set()).add(test.test.rpartition(".")[2])
    return found


@pytest.mark.parametrize("tree", TREES)
def test_it_passes_the_tests_of_the_uapi(tree: str, tmp_path: Path) -> None:
    rounds = [Round(protocol, profile(protocol)) for protocol in ("both", "v1", "v2")]
    seen = run(of_the_tree(tree, tmp_path), rounds, tmp_path)
    assert {name: names(tests, Outcome.FAILED) for name, tests in seen.items()} == {"both": {}, "v1": {}, "v2": {}}
    skipped = {name: names(tests, Outcome.SKIPPED) for name, tests in seen.items()}
    unlogged = {"dirty"} if tree in WITHOUT_LOGGING else set()
    assert skipped["both"].keys() == unlogged
    assert skipped["v2"].keys() == {"v1"} | unlogged
    assert skipped["v1"].keys() == {"close", "dirty", "precopy", "query", "size", "state", "stream"}
    assert (skipped["v1"]["close"], skipped["v1"]["stream"]) == ({"of_the_transfer"}, {"one_direction"})
    cdevs = {test.outcome for tests in seen.values() for test in tests if ".cdev." in test.test}
    assert cdevs == {Outcome.SKIPPED}
    for program, tests in names(seen["both"], Outcome.PASSED).items():
        assert not tests & skipped["both"].get(program, set())


def test_with_iommufd_nothing_is_skipped(tmp_path: Path) -> None:
    """Neither cdevs, which all programs open then, nor the device's log of what it writes."""
    not_reported = next(fault for fault in PLANTED if fault["name"] == "dirty pages not reported")
    rounds = [Round("both", profile("both")), Round("planted", profile("both", not_reported["settings"]))]
    seen = run(with_iommufd("linux-6.12", tmp_path), rounds, tmp_path)
    assert {test.outcome for test in seen["both"]} == {Outcome.PASSED}
    assert {test.test.split(".")[1] for test in seen["both"] if test.test.startswith("state.")} == {"cdev", "group"}
    assert names(seen["planted"], Outcome.FAILED) == found_in_a_kernel(not_reported, set())


@pytest.mark.parametrize("tree", TREES)
def test_what_is_planted_in_it_is_seen_by_the_right_tests_alone(tree: str, tmp_path: Path) -> None:
    rounds = [
        Round(
            fault["name"],
            profile(fault.get("protocol", "v2"), fault.get("settings"), fault.get("faults", ())),
            anew=any(each.startswith("close:") for each in fault.get("faults", ())),
        )
        for fault in PLANTED
    ]
    seen = run(of_the_tree(tree, tmp_path), rounds, tmp_path)
    unlogged = {"dirty"} if tree in WITHOUT_LOGGING else set()
    assert {name: names(tests, Outcome.FAILED) for name, tests in seen.items()} == {
        fault["name"]: found_in_a_kernel(fault, unlogged) for fault in PLANTED
    }


def found_in_a_kernel(fault: Mapping[str, Any], skipped: set[str]) -> Names:
    """Return the tests that have to find `fault`, without those of the programs `skipped`."""
    found: Names = {}
    for key in ("fails", "in-a-kernel"):
        for program, tests in fault.get(key, {}).items():
            found.setdefault(program, set()).update(tests)
    return {program: tests for program, tests in found.items() if program not in skipped}


def test_settings_are_words_of_the_preload_lab_and_so_is_the_log(tmp_path: Path) -> None:
    device = f"/sys/bus/mdev/devices/{DEVICES[0]}"
    attribute = f"{device}/qpatch/profile"
    wrong = ("vectors=many", "unheard-of=1", "vectors", "raise-vector=8")
    work = f"""
        dmesg -n 8
        echo {DEVICES[0]} > {PARENT}/create
        cat {attribute}
        /programs/vfio_migration_v1_test -r v1.region {device}
        for wrong in {" ".join(wrong)}; do echo $wrong > {attribute} || cat {attribute}; done
        echo protocol=v2 traits= > {attribute} && cat {attribute}
        echo 'module qpatch_device +p' > /sys/kernel/debug/dynamic_debug/control
        /programs/vfio_migration_state_test -r state.group.arcs {device}
        /programs/vfio_migration_precopy_test -r precopy.info {device}
    """
    boot = booted(of_the_tree("linux-6.12", tmp_path), work, tmp_path, profile="protocol=v1;vectors=64")
    assert boot.end.end is End.FINISHED, boot.end
    said = [line for line in boot.output.splitlines() if not line.startswith(("KTAP", "1..", "#"))]
    assert said == [
        "protocol=v1;vectors=64",
        "ok 1 v1.region",
        *["sh: write error: Invalid argument", "protocol=v1;vectors=64"] * len(wrong),
        "protocol=v2 traits=",
        "ok 1 state.group.arcs",
        "ok 1 precopy.info # SKIP the device has no PRE_COPY",
    ]
    assert "qpatch: profile: vectors: not a value for this key: many" in boot.log
    event = '{"event":"state","from":"running","to":"stop","errno":0}'
    assert f"qpatch {DEVICES[0]}: {event}" in boot.log
    assert "running-p2p" not in boot.log


# A file of data that lives on when its device is closed, whose memory does not.
USE_AFTER_FREE = {
    "qpatch.h": ("	u32 session;", "	void *stream;\n	u32 session;"),
    "stream.c": ("	stream->session =", "	stream->device->stream = stream;\n	stream->session ="),
    "vfio.c": ("	device->model = NULL;\n", "	device->model = NULL;\n	kfree(device->stream);\n"),
}


def test_a_use_after_free_is_an_oops(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(shipped() / "kernel-selftests", sources)
    for name, (before, after) in USE_AFTER_FREE.items():
        file = sources / "module" / name
        assert file.read_text().count(before) == 1
        file.write_text(file.read_text().replace(before, after))
    path = f"/sys/bus/mdev/devices/{DEVICES[0]}"
    work = f"echo {DEVICES[0]} > {PARENT}/create; /programs/vfio_migration_close_test -r close.while_saving {path}"
    boot = booted(of_the_tree("linux-6.12", tmp_path, sources / "module"), work, tmp_path)
    assert boot.end.end is End.OOPSED
    assert "ok 1 close.while_saving" not in boot.output
