# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles: what is in them, that they run wherever they are, and that they judge as the lab does."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from lab_bundle_support import DOUBLE, PROFILE, DoubleRun, double_run, impatient, other_qemu, reproduce
from lab_vm_support import plan, program

from qpatch.lab.carried import plain
from qpatch.lab.carried.carrying import modules_to_copy
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.profile import load_profile, profile_names
from qpatch.lab.definitions.release import ReleaseRange, ReleaseTable, table
from qpatch.lab.definitions.scenario import load_scenario, scenario_names
from qpatch.lab.model import Verdict
from qpatch.lab.preload.bundle import carried

FAILS = "expect: failed\nsteps: [interrupts, raise: 0, fence, check, migrate, raise: 0, fence, check]"
# For each word what the double does, on the monitor or the serial line, in the scenario; and what is not it.
FAULTS: dict[Verdict, dict[str, str]] = {
    Verdict.STORM: {"fault": "storm"},
    Verdict.HUNG: {"double": "hello=mute"},
    Verdict.LAB_ERROR: {"double": "irq=error"},
    Verdict.INCONSISTENT: {"fault": "gap"},
    Verdict.CRASHED: {"double": "hello=die"},
    Verdict.REFUSED: {"fault": "refuses"},
    Verdict.FAILED: {"fault": "fails"},
    Verdict.STRANDED: {"fault": "stranded", "scenario": FAILS, "instead": "fails"},
    Verdict.MISORDERED: {"fault": "both-run"},
    Verdict.UNNOTICED: {"fault": "unnoticed"},
    Verdict.DMA_FAILED: {"fault": "unmapped"},
    Verdict.CORRUPTED: {"fault": "corrupt"},
    Verdict.STALE: {"fault": "stale"},
    Verdict.MISROUTED: {"fault": "astray"},
    Verdict.LOST: {"fault": "loses"},
    Verdict.DUPLICATED: {"fault": "twice"},
    Verdict.LATE: {"fault": "late"},
    Verdict.SLOW: {"fault": "slow"},
    Verdict.NOISY: {"fault": "noisy"},
}
# Of the others, whole runs of two processes, three are among the tests of every day.
EVERY_DAY = (Verdict.LOST, Verdict.CORRUPTED, Verdict.CRASHED)


@pytest.mark.parametrize(
    "verdict", [pytest.param(word, marks=() if word in EVERY_DAY else pytest.mark.lab) for word in FAULTS]
)
def test_every_word_is_seen_again_and_not_on_a_healthy_qemu(tmp_path: Path, verdict: Verdict) -> None:
    how = dict(FAULTS[verdict])
    instead = how.pop("instead", "")
    bundle = double_run(tmp_path, **how).bundle(verdict)
    impatient(bundle)
    again = reproduce(bundle, "--times", "1")
    assert again.stdout.endswith(f"\nreproduced: {verdict} in 1 of 1 runs\n"), again.stdout + again.stderr
    assert again.returncode == 0
    mended = reproduce(bundle, "--times", "1", "--qemu", str(other_qemu(tmp_path, instead)))
    word = "recovered" if instead else "delivered"
    assert f"\nrun 1: {word}: " in mended.stdout, mended.stdout + mended.stderr
    assert mended.stdout.endswith(f"\nnot reproduced: {verdict} in 0 of 1 runs\n")
    assert mended.returncode == 1


def test_every_word_for_what_went_wrong_has_a_bundle_that_is_tested() -> None:
    no_bundle = {Verdict.DELIVERED, Verdict.RECOVERED, Verdict.NOT_APPLICABLE}
    assert set(FAULTS) == set(Verdict) - no_bundle


def test_what_is_in_a_bundle(tmp_path: Path) -> None:
    bundle = double_run(tmp_path, "loses").bundle()
    assert sorted(path.name for path in bundle.iterdir()) == [
        "README",
        "SHA256SUMS",
        "destination",
        "guest",
        "lab",
        "library.so",
        "reproduce",
        "run.json",
        "source",
    ]
    assert "name=dev0\n" in (bundle / "source" / "devices.conf").read_text()
    readme = (bundle / "README").read_text()
    assert readme.startswith("baseline on qemu-10.2, machine virt-gicv2, profile p, scenario s\n")
    assert "\nThe lab's verdict on a run: lost\n" in readme
    assert "./reproduce --qemu FILE" in readme
    assert str(DOUBLE) in readme


def test_a_guest_of_several_files(tmp_path: Path) -> None:
    run = double_run(tmp_path)
    (tmp_path / "guest").mkdir()
    (tmp_path / "guest" / "vmlinuz").write_text("kernel")
    assert (run.bundle() / "guest" / "vmlinuz").read_text() == "kernel"


def test_faults_are_those_of_each_side(tmp_path: Path) -> None:
    scenario = "steps: [migrate]\nfaults: {source: ['data-read:1:EIO'], destination: ['data-write:2:EIO']}"
    bundle = double_run(tmp_path, scenario=scenario).bundle()
    found = {side: (bundle / side / "devices.conf").read_text() for side in ("source", "destination")}
    assert [line for line in found["source"].splitlines() if "fault" in line] == ["fault=data-read:1:EIO"]
    assert [line for line in found["destination"].splitlines() if "fault" in line] == ["fault=data-write:2:EIO"]


def test_command_lines_are_for_people(tmp_path: Path) -> None:
    text = (double_run(tmp_path).bundle() / "destination" / "qemu.sh").read_text()
    assert text.startswith("#!/bin/sh\n# The destination: baseline on qemu-10.2 (QEMU 10.2), as the lab started it.\n")
    assert '\n  LD_PRELOAD="$FILES"/library.so \\\n  QPATCH_EMU="$RUN"/devices.conf \\\n  "$@" \\\n' in text
    assert '\n  -chardev socket,id=monitor,path="$SOCKETS"/qmp.sock,server=on,wait=off \\\n' in text
    assert '\n  -kernel "$FILES"/guest \\\n' in text
    assert ',sysfsdev="$RUN"/dev0,' in text
    assert text.endswith("\n  -incoming defer \\\n  $PAUSED\n")


def test_a_bundle_runs_wherever_it_is_moved(tmp_path: Path) -> None:
    run = double_run(tmp_path, "loses")
    moved = tmp_path / "somewhere else, with a comma" / "bundle"
    moved.parent.mkdir()
    run.bundle().rename(moved)
    shutil.rmtree(tmp_path / "results")
    done = reproduce(moved, "--times", "2")
    assert done.stdout.endswith("\nrun 2: the same\nreproduced: lost in 2 of 2 runs\n"), done.stdout + done.stderr


def test_a_race_is_tried_until_it_is_seen(tmp_path: Path) -> None:
    """The QEMU loses an interrupt in its third run only: it counts its runs in a file."""
    bundle = double_run(tmp_path).bundle()
    script, count = tmp_path / "racy", tmp_path / "count"
    script.write_text(
        f"#!/bin/sh\necho >> '{count}'\n[ $(wc -l < '{count}') -ge 6 ] && export FAULT=loses\n"
        f'exec "{sys.executable}" "{DOUBLE}" "$@"\n'
    )
    script.chmod(0o755)
    done = reproduce(bundle, "--qemu", str(script))
    assert done.stdout.endswith("reproduced: lost in 1 of 3 runs\n"), done.stdout + done.stderr
    count.write_text("")
    assert reproduce(bundle, "--qemu", str(script), "--times", "4").stdout.endswith("reproduced: lost in 2 of 4 runs\n")


def test_the_search_for_a_race_has_an_end(tmp_path: Path) -> None:
    bundle = double_run(tmp_path).bundle()
    content = json.loads((bundle / "run.json").read_text())
    assert (content["map"]["tries"], content["map"]["seconds"]) == (carried().tries, carried().seconds)
    (bundle / "SHA256SUMS").unlink()
    (bundle / "run.json").write_text(json.dumps({"map": {**content["map"], "tries": 2}}))
    assert reproduce(bundle).stdout.endswith("not reproduced: lost in 0 of 2 runs\n")
    (bundle / "run.json").write_text(json.dumps({"map": {**content["map"], "seconds": 0}}))
    assert reproduce(bundle).stdout.endswith("not reproduced: lost in 0 of 1 runs\n")


def test_runs_that_the_lab_did_not_carry_out_say_nothing(tmp_path: Path) -> None:
    bundle = double_run(tmp_path, double="irq=error").bundle(Verdict.LOST)
    impatient(bundle)
    done = reproduce(bundle, "--times", "2")
    assert done.returncode == 2
    assert "\nnot repeated: " in done.stdout
    assert "in 2 of 2 runs the lab itself failed" in done.stdout


def test_a_qemu_that_is_not_there(tmp_path: Path) -> None:
    run = double_run(tmp_path)
    gone = replace(run, plan=plan("steps: [migrate]", source=program(("/nowhere/qemu",))))
    done = reproduce(gone.bundle())
    assert done.returncode == 2
    assert "not repeated: qemu0 ended" in done.stderr
    assert done.stderr.endswith("\nWith --keep its log is kept.\n")
    done = reproduce(run.bundle(), "--qemu", "/nowhere/else")
    assert (done.returncode, done.stderr) == (2, "not repeated: /nowhere/else is no program\n")


def test_one_side_alone_can_be_another_qemu(tmp_path: Path) -> None:
    bundle = double_run(tmp_path, "loses").bundle()
    for side, word in (("--source", "reproduced"), ("--destination", "not reproduced")):
        done = reproduce(bundle, "--times", "1", side, str(other_qemu(tmp_path)))
        assert done.stdout.splitlines()[-1].startswith(word), done.stdout + done.stderr


def test_a_qemu_of_another_release_is_told(tmp_path: Path) -> None:
    bundle = double_run(tmp_path).bundle()
    other = tmp_path / "other"
    whole = other_qemu(tmp_path)
    other.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo QEMU version 7.2.1 && exit\nexec {whole} "$@"\n')
    other.chmod(0o755)
    done = reproduce(bundle, "--times", "1", "--qemu", str(other))
    assert f"{other} is QEMU 7.2, and options and device are for 10.2\n" in done.stderr


def test_logs_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    bundle = double_run(tmp_path, "loses").bundle()
    with tempfile.TemporaryDirectory(prefix="t") as short:
        done = reproduce(bundle, "--times", "1", "--keep", environment={"TMPDIR": short})
        (kept,) = Path(short).glob("qpatch-run-*")
        assert f"\nkept: {kept}\n" in done.stdout
        assert '"event":"irq-raise"' in (kept / "qemu0" / "log").read_text()
        assert '"name": "migrated"' in (kept / "timeline.jsonl").read_text()
        shutil.rmtree(kept)
        reproduce(bundle, "--times", "1", environment={"TMPDIR": short})
        assert not list(Path(short).iterdir())


def test_two_builds_and_a_way_back(tmp_path: Path) -> None:
    run = double_run(tmp_path)
    peer = program((str(other_qemu(tmp_path, "loses")),))
    steps = "programs: old-to-new\nsteps: [interrupts, raise: 0, fence, migrate, migrate, raise: 0, fence, check]"
    found = plan(steps, PROFILE, source=run.plan.source, destination=peer)
    bundle = DoubleRun(tmp_path, found).bundle()
    assert {path.name for path in bundle.iterdir()} >= {"source", "destination", "back"}
    done = reproduce(bundle, "--times", "1")
    assert done.stdout.endswith("not reproduced: lost in 0 of 1 runs\n"), done.stdout + done.stderr


def test_binaries_are_copied_with_their_libraries(tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    shutil.copy("/bin/sh", build / "qemu-system-aarch64")
    built = program((str(build / "qemu-system-aarch64"),))
    bundle = replace(double_run(tmp_path), plan=plan("steps: [migrate]", source=built)).bundle(binaries=True)
    shutil.rmtree(build)
    assert [path.name for path in (bundle / "bin").iterdir()] == ["0"]
    assert any(path.name.startswith("libc.so") for path in (bundle / "bin" / "0" / "lib").iterdir())
    script = (bundle / "source" / "qemu.sh").read_text()
    assert '  set -- "$here"/bin/0/lib/ld-' in script
    assert '"$here"/bin/0/1/qemu-system-aarch64\n' in script
    assert str(tmp_path) not in script


def test_a_distributions_binary_is_copied_with_all_that_it_brings(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name in ("lib/loader", "lib/libc.so.6", "usr/libexec/qemu", "share/firmware.bin", "modules/tcg.so"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text(name)
    (cache / "share" / "link").symlink_to("firmware.bin")
    (cache / "share" / "dangling").symlink_to("gone")
    prebuilt = replace(
        program((f"{cache}/lib/loader", "--library-path", f"{cache}/lib:{cache}/modules", f"{cache}/usr/libexec/qemu")),
        environment={"QEMU_MODULE_DIR": f"{cache}/modules"},
        arguments=("-L", f"{cache}/share"),
    )
    bundle = replace(double_run(tmp_path), plan=plan("steps: [migrate]", source=prebuilt)).bundle(binaries=True)
    script = (bundle / "source" / "qemu.sh").read_text()
    assert str(cache) not in script
    assert (bundle / "bin" / "0" / "5" / "share" / "link").read_text() == "share/firmware.bin"
    assert not (bundle / "bin" / "0" / "5" / "share" / "dangling").is_symlink()
    (own,) = [line.split() for line in script.splitlines() if line.startswith("  set -- QEMU_MODULE_DIR")]
    named = [word.replace('"$here"/bin/0', "bin") for word in own[2:]]
    assert named[:3] == ["QEMU_MODULE_DIR=bin/4/modules", "bin/0/loader", "--library-path"]
    assert named[3:] == ["bin/1/lib:bin/2/modules", "bin/3/qemu", "-L", "bin/5/share"]


def test_a_run_that_started_nothing_has_no_bundle(tmp_path: Path) -> None:
    assert double_run(tmp_path).write(Verdict.LAB_ERROR, started=False) is None


def test_a_bundle_is_replaced(tmp_path: Path) -> None:
    run = double_run(tmp_path)
    (run.bundle() / "old").touch()
    assert not (run.bundle() / "old").exists()
    assert [path.name for path in run.place.parent.iterdir()] == ["bundle"]


def test_a_bundle_carries_what_the_lab_runs_and_judges_by() -> None:
    modules = modules_to_copy(carried().modules)
    assert {"qpatch.lab.runtime.flow", "qpatch.lab.observer.verdict", "qemu.qmp.qmp_client", "yaml"} <= set(modules)
    assert not [name for name in modules if name.startswith(("pydantic", "qpatch.lab.campaign", "qpatch.series"))]
    assert modules["qpatch.lab.definitions.steps"].parent.name == "standins"


def test_every_scenario_and_profile_can_be_carried() -> None:
    for scenario in map(load_scenario, scenario_names()):
        assert same(plain.load(plain.dump(scenario)), scenario)
    for profile in map(load_profile, profile_names()):
        assert same(plain.load(plain.dump(profile)), profile)


@pytest.mark.parametrize("kind", [ReleaseTable, ReleaseRange])
def test_all_that_can_be_asked_of_releases_can_be_asked_in_a_bundle(kind: type) -> None:
    questions = {name for name, member in inspect.getmembers(kind, inspect.isfunction) if name not in dir(LabModel)}
    assert questions
    assert questions <= set(dir(plain.class_of(kind.__name__)))


def test_the_table_of_releases_can_be_carried() -> None:
    carried_table = plain.load(plain.dump(table()))
    assert same(carried_table, table())
    for release in ((5, 2), (8, 0), (10, 2)):
        assert carried_table.missing(["p2p"], release) == table().missing(["p2p"], release)
        assert carried_table.properties(release) == table().properties(release)


def same(carried_object: object, original: object) -> bool:
    """Whether the attributes that were carried are those of the original, and names of classes, too."""
    if isinstance(carried_object, plain.Plain):
        named = type(carried_object).__name__ == type(original).__name__
        return named and all(same(value, getattr(original, name)) for name, value in vars(carried_object).items())
    if isinstance(carried_object, tuple):
        assert isinstance(original, tuple | list)
        return all(same(one, other) for one, other in zip(carried_object, original, strict=True))
    if isinstance(carried_object, dict):
        assert isinstance(original, dict)
        return set(carried_object) == set(original) and all(
            same(carried_object[key], original[key]) for key in original
        )
    return carried_object == original


def test_what_a_plan_does_not_have_is_not_carried() -> None:
    with pytest.raises(TypeError, match="a plan has no Loader"):
        plain.dump(yaml.Loader(""))
