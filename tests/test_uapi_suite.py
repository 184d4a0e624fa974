# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of VFIO's uAPI on emulated devices: all is well, and each fault is seen by the right tests alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from qpatch import api
from qpatch.cli.main import main
from qpatch.errors import UserError
from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.definitions.profile import DeviceSettings, Faults
from qpatch.lab.preload.artifacts import prepare
from qpatch.lab.preload.suite import emulated_devices, run_emulated
from qpatch.lab.selftests.programs import compiled_programs
from qpatch.lab.selftests.results import DeviceOutcome, Outcome
from qpatch.lab.selftests.running import Devices, EmulatedPair, run_programs
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent / "uapi"
SOURCES = HERE.parents[1] / "kernel-selftests" / "uapi" / "vfio"
FAULTS = yaml.load((HERE / "faults.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
# Tests that no fault is planted for.
UNPLANTED = {
    "close": ["by_death"],
    "devices": ["interrupts", "insides"],
    "dirty": ["only_between_start_and_stop", "invalid_calls", "report_only_sets_bits", "start_begins_anew"],
    "size": ["only_to_be_read", "every_state"],
    "state": ["features", "new_device_runs", "transfer_ends_with_saving"],
    "stream": ["one_direction"],
    "v1": [
        "region",
        "arcs_of_resuming",
        "pending_bytes_is_the_size",
        "pre_copy_can_be_given_up",
        "data_are_for_a_resuming_device",
    ],
}
# Everything that a device can do.
ABLE = {"reinit-bytes": 65536, "config-first": True}

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ("cc", "make"))), reason="no compiler")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is compiled is kept: all workers of a run share it."""
    cache = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        cache = cache.parent
    (cache / "lab").mkdir(exist_ok=True)
    return cache / "lab"


@pytest.fixture(scope="module")
def programs(store: Path) -> tuple[Path, ...]:
    return compiled_programs(NoProgress(), store=store)


@pytest.fixture(scope="module")
def library(store: Path) -> Path:
    return prepare((), NoProgress(), store=store).library


def settings(more: dict[str, Any]) -> DeviceSettings:
    return DeviceSettings.model_validate({**ABLE, **more})


PAIR = EmulatedPair("d", "v2", settings({}))


def run(
    programs: Sequence[Path], library: Path, protocol: str = "v2", faults: Sequence[str] = (), **more: Any
) -> DeviceOutcome:
    return run_emulated(library, programs, EmulatedPair("d", protocol, settings(more), tuple(faults)))


def seen(outcomes: DeviceOutcome, outcome: Outcome) -> dict[str, set[str]]:
    """Return the tests with that outcome, by the short names of their programs."""
    found: dict[str, set[str]] = {}
    for test in outcomes.tests:
        if test.outcome is outcome:
            short = test.program.removeprefix("vfio_migration_").removesuffix("_test")
            found.setdefault(short, set()).add(test.test.rpartition(".")[2])
    return found


def test_a_device_of_protocol_v2_passes_all_of_it(programs: tuple[Path, ...], library: Path) -> None:
    outcome = run(programs, library)
    assert not outcome.failed()
    assert seen(outcome, Outcome.SKIPPED).keys() == {"v1"}
    assert outcome.count(Outcome.PASSED) > 90


def test_a_device_of_protocol_v1_passes_what_is_of_it(programs: tuple[Path, ...], library: Path) -> None:
    outcome = run(programs, library, "v1")
    assert not outcome.failed()
    skipped = seen(outcome, Outcome.SKIPPED)
    assert skipped.keys() == {"close", "dirty", "precopy", "query", "size", "state", "stream"}
    assert (skipped["close"], skipped["stream"]) == ({"of_the_transfer"}, {"one_direction"})
    assert outcome.count(Outcome.PASSED) > 70


@pytest.mark.parametrize("protocol", device_words().protocols)
@pytest.mark.parametrize(
    "more",
    [
        {"traits": [], "dma-logging": False, "config-first": False, "reinit-bytes": 0},
        {"traits": ["p2p"], "vectors": 2048, "msi-vectors": 32, "interrupt-pin": 0},
        {"traits": ["pre-copy"], "self-contained": True, "region-mmap": False, "memory-mmap": False},
        {"pre-copy-bytes": 0, "stop-copy-bytes": 0, "vectors": 1, "msi-vectors": 1},
    ],
    ids=("bare", "many vectors", "self-contained", "small"),
)
def test_what_a_device_cannot_do_is_skipped(
    programs: tuple[Path, ...], library: Path, more: dict[str, Any], protocol: str
) -> None:
    assert run(programs, library, protocol, **more).failed() == ()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["name"])
def test_a_fault_is_seen_by_the_right_tests_alone(
    programs: tuple[Path, ...], library: Path, fault: dict[str, Any]
) -> None:
    more = fault.get("settings", {})
    outcome = run(programs, library, fault.get("protocol", "v2"), fault.get("faults", ()), **more)
    wanted = {program: set(tests) for program, tests in fault["fails"].items()}
    assert seen(outcome, Outcome.FAILED) == wanted
    assert all(test.reason for test in outcome.failed())


def test_every_program_can_fail() -> None:
    programs = {file.stem for file in SOURCES.glob("*_test.c")}
    failing = {f"vfio_migration_{program}_test" for fault in FAULTS for program in fault["fails"]}
    assert failing == programs
    assert all(Faults(source=tuple(fault.get("faults", ()))) for fault in FAULTS)


def bodies_of(source: Path) -> dict[str, str]:
    """Return the bodies of the tests in a program, by name."""
    return dict(re.findall(r"^TEST_F\(\w+, (\w+)\)\n\{\n(.*?)^\}$", source.read_text(encoding="utf-8"), re.M | re.S))


def test_the_tests_without_a_fault_are_known() -> None:
    tests = {
        (source.stem.removeprefix("vfio_migration_").removesuffix("_test"), test)
        for source in SOURCES.glob("*_test.c")
        for test in bodies_of(source)
    }
    planted = {(program, test) for fault in FAULTS for program, names in fault["fails"].items() for test in names}
    unplanted = {(program, test) for program, names in UNPLANTED.items() for test in names}
    assert tests - planted == unplanted
    assert planted <= tests
    told = f"{len(tests) - len(unplanted)} of the {len(tests)} tests"
    assert told in " ".join((HERE.parents[1] / "docs" / "selftests.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("source", sorted(SOURCES.glob("*_test.c")), ids=lambda source: source.stem)
def test_a_step_that_is_tested_fails_and_skips_nothing(source: Path) -> None:
    """What has to work besides is proved before a test begins: a step in the midst of it that fails is its failure."""
    text = source.read_text(encoding="utf-8")
    setups = re.findall(r"^FIXTURE_SETUP\(\w+\)\n\{\n(.*?)^\}$", text, re.M | re.S)
    assert text.count("REQUIRE_DONE(") == sum(setup.count("REQUIRE_DONE(") for setup in setups)
    tests = bodies_of(source).values()
    for body in tests:
        assert not re.search(r"(ASSERT|EXPECT)_.*REQUIRE_(TRANSFER|STATES)\(", body, re.S)
    proof = re.compile(r"REQUIRE_(?:TRANSFER|STATES)\(")
    assert len(proof.findall(text)) == sum(len(proof.findall(body)) for body in (*setups, *tests))


def test_a_device_is_opened_by_its_group_or_its_cdev(programs: tuple[Path, ...], library: Path, tmp_path: Path) -> None:
    devices = emulated_devices(library, tmp_path, PAIR)
    shutil.rmtree(Path(devices.arguments[0]) / "vfio-dev")
    state = [program for program in programs if program.name == "vfio_migration_state_test"]
    outcome = run_programs(state, devices)
    assert {test.test.split(".")[1] for test in outcome.tests if test.outcome is Outcome.PASSED} == {"group"}
    assert {test.reason.rpartition("/")[2] for test in outcome.tests if test.outcome is Outcome.SKIPPED} == {
        "vfio-dev: No such file or directory"
    }


def test_without_a_second_device_the_first_one_is_opened_again(
    programs: tuple[Path, ...], library: Path, tmp_path: Path
) -> None:
    two = emulated_devices(library, tmp_path, PAIR)
    outcome = run_programs(programs, Devices("d", two.arguments[:1], two.environment))
    assert not outcome.failed()
    assert seen(outcome, Outcome.SKIPPED).keys() == {"v1", "devices"}
    assert seen(outcome, Outcome.SKIPPED)["devices"] >= {"states", "reset_of_one"}


def test_programs_want_to_be_given_a_device(programs: tuple[Path, ...]) -> None:
    for program in programs:
        done = subprocess.run([program], capture_output=True, text=True, check=False, env={})
        assert done.returncode == 4
        assert done.stdout == "KTAP version 1\n1..0 # SKIP no device was named\n"
        listed = subprocess.run([program, "-l"], capture_output=True, text=True, check=True, env={})
        assert len(listed.stdout.splitlines()) >= 4


def test_a_test_can_be_chosen(programs: tuple[Path, ...], library: Path, tmp_path: Path) -> None:
    devices = emulated_devices(library, tmp_path, PAIR)
    (program,) = (program for program in programs if program.name == "vfio_migration_irq_test")
    one = Devices("d", ("-r", "irq.msix.running", *devices.arguments), devices.environment)
    assert [test.test for test in run_programs([program], one).tests] == ["irq.msix.running"]
    variant = Devices("d", ("-v", "msi", *devices.arguments), devices.environment)
    assert {test.test.split(".")[1] for test in run_programs([program], variant).tests} == {"msi"}


def test_a_device_that_is_not_there_is_skipped(programs: tuple[Path, ...]) -> None:
    outcome = run_programs(programs, Devices("d", ("0000:ff:1f.7",)))
    assert {test.outcome for test in outcome.tests} == {Outcome.SKIPPED}
    reasons = {test.reason for test in outcome.tests}
    assert "/sys/bus/pci/devices/0000:ff:1f.7/iommu_group: No such file or directory" in reasons
    assert all("No such file" in reason or reason == "only one device was named" for reason in reasons)


def test_the_library_acts_in_the_programs_that_it_is_told_of(
    programs: tuple[Path, ...], library: Path, tmp_path: Path
) -> None:
    devices = emulated_devices(library, tmp_path, PAIR)
    untold = {name: value for name, value in devices.environment.items() if name != "QPATCH_EMU_PROGRAM"}
    for environment in (untold, {**untold, "QPATCH_EMU_PROGRAM": "other_"}, {**untold, "QPATCH_EMU_PROGRAM": ""}):
        outcome = run_programs(programs[:1], Devices("d", devices.arguments, environment))
        assert outcome.count(Outcome.PASSED) == outcome.count(Outcome.FAILED) == 0


def test_the_command_prints_what_was_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    monkeypatch.setattr("qpatch.lab.selftests.programs.cache_directory", lambda: store.parent)
    monkeypatch.setattr("qpatch.lab.preload.artifacts.cache_directory", lambda: store.parent)
    profile = tmp_path / "lying.yaml"
    profile.write_text("name: lying\ntitle: It resets nothing\nfaults: {destination: ['reset:1:swallow']}\n")
    ktap, junit = tmp_path / "k", tmp_path / "j"
    words = ["test", "--suite", "uapi", "--profile", str(profile), "--ktap", str(ktap), "--junit", str(junit)]
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "lying, protocol v2: reset.every_state has failed\n  vfio/vfio_migration_reset_test.c:" in printed
    assert "\nnot ok 1 lying, protocol v1\nnot ok 2 lying, protocol v2\n" not in printed
    assert "    not ok 1 reset.every_state\n" in ktap.read_text()
    assert '<failure message="vfio/vfio_migration_reset_test.c' in junit.read_text()
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["version"], document["suite"]) == (1, "uapi")
    failed = {(result["device"], result["test"]) for result in document["results"] if result["outcome"] == "failed"}
    assert ("lying, protocol v1", "reset.ends_saving") in failed
    assert {result["program"] for result in document["results"] if result["outcome"] == "failed"} == {
        f"vfio_migration_{program}_test" for program in ("bad_stream", "reset", "state")
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("baseline", "--suite", "uapi"), "--suite tests a device's side of VFIO, for which there is no strategy"),
        (("--suite", "uapi", "--tree", "qemu-10.2"), "for which there is no tree"),
        (("--suite", "uapi", "--device", "a/b", "--profile", "plain"), "the suite takes profiles, or up to 2 devices"),
        (("--suite", "uapi", "--profile", "unheard-of"), "unheard-of"),
        (
            ("baseline", "--tree", "qemu-10.2", "--device", "a/b"),
            "--device and --target are about what a --suite is run on",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert main(["test", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_interface_takes_two_devices_at_most() -> None:
    with pytest.raises(UserError, match="up to 2 devices"):
        api.run_suite(devices=("a", "b", "c"))


def test_a_lab_that_runs_no_suites_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        name = "other"

    monkeypatch.setattr("qpatch.api.suites.registry", lambda: SimpleNamespace(default="x", get=lambda _name: Other()))
    with pytest.raises(UserError, match="the lab other runs no suites"):
        api.run_suite()
