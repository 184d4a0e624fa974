# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles: what is in them, that they run wherever they are, and that they notice a difference."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_support import observation
from lab_vm_support import artifacts, plan, program

from qpatch.lab.model import Verdict
from qpatch.lab.plan import Action, RunRecord
from qpatch.lab.preload import reproduce
from qpatch.lab.preload.bundle import Bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.plan import RunPlan
    from qpatch.lab.preload.artifacts import Artifacts

FAKE = Path(__file__).with_name("fake_qemu.py")
SHORT = "/run/qpatch-short"
CONFIGURATION = "[device]\nname=dev0\ngroup=100\ncdev=vfio100\nprotocol=v1\n"
LOG = """\
{"emu":1,"n":0,"t":5,"device":"","event":"start"}
{"emu":1,"n":1,"t":6,"device":"dev0","event":"irq-raise","index":"msix","vector":0,"cause":"guest","sent":true}
{"emu":1,"n":2,"t":7,"device":"dev0","event":"irq-ack","index":"msix","vector":0,"spurious":false}
{"emu":1,"n":3,"t":8,"device":"dev0","event":"irq-raise","index":"msix","vector":1,"cause":"guest","sent":true}
"""
DESTINATION = """\
{"emu":1,"n":0,"t":5,"device":"dev0","event":"state","from":"running","to":"resuming","errno":0}
1234@1795412154.594717:vmstate_load arm_gic, arm_gic
"""
EXPECTED = """\
[qemu0 dev0]
vector 0: answered 1, raised 1
vector 1: raised 1
[qemu1 dev0]
state running -> resuming
load arm_gic
"""


@dataclass
class Run:
    """A run that was never run: a plan with the fake QEMU, its record, and where the bundle goes."""

    directory: Path
    plan: RunPlan
    artifacts: Artifacts
    record: RunRecord

    @property
    def place(self) -> Path:
        return self.directory / "results" / "bundle"

    def write(self, verdict: Verdict = Verdict.LOST, *, binaries: bool = False) -> Path | None:
        return Bundle(self.plan, self.artifacts, self.record, observation(verdict), binaries).write(self.place)

    def bundle(self, *, binaries: bool = False) -> Path:
        written = self.write(binaries=binaries)
        assert written is not None
        return written


def command_of(words: Sequence[str], short: Path, files: Path, actor: str) -> list[str]:
    return [
        "env",
        f"LD_PRELOAD={short}/library.so",
        f"QPATCH_EMU={files}/{actor}/devices.conf",
        *words,
        "-msg",
        "timestamp=on",
        "-kernel",
        f"{short}/guest",
        "-chardev",
        f"socket,id=monitor,path={short}/{actor}/qmp.sock,server=on,wait=off",
        "-chardev",
        f"socket,id=serial,path={short}/{actor}/serial.sock,server=on,wait=off",
        "-device",
        f"vfio-pci,sysfsdev={str(files).replace(',', ',,')}/{actor}/dev0,addr=0x4",
    ]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    files, short = tmp_path / "results" / "with, comma" / "1", Path(SHORT)
    fake = tmp_path / "qemu" / "qemu-system-aarch64"
    fake.parent.mkdir()
    fake.write_text(FAKE.read_text().replace("/usr/bin/env python3", sys.executable))
    fake.chmod(0o755)
    (fake.parent / "LOSE").touch()
    compiled = tmp_path / "artifacts"
    compiled.mkdir()
    planned = plan("steps: [migrate]", source=program((str(fake),), (5, 2)))
    actions = []
    for actor, text in (("qemu0", LOG), ("qemu1", DESTINATION)):
        (files / actor).mkdir(parents=True)
        (files / actor / "devices.conf").write_text(CONFIGURATION)
        (files / actor / "log").write_text(text)
        words = command_of(planned.source.command, short, files, actor)
        actions.append(Action("start", actor, {"command": words, "sockets": f"{short}/{actor}", "log": "l"}))
    uri = {"uri": f"unix:{short}/migration1"}
    actions += [
        Action("wait", "qemu0", {"until": "ready"}),
        *(Action("serial", "qemu0", {"line": f"raise 0 {vector}"}) for vector in (0, 1)),
        Action("qmp", "qemu1", {"command": "migrate-incoming", "arguments": uri}),
        Action("qmp", "qemu0", {"command": "migrate", "arguments": uri}),
        *(Action("wait", "qemu0", {"until": until}) for until in ("active", "sent")),
        *(Action("wait", "qemu1", {"until": until}) for until in ("received", "running")),
        Action("wait", "qemu0", {"until": "logged", "words": ["irq-raise"]}),
        Action("quit", "qemu0", {}),
        Action("quit", "qemu1", {}),
    ]
    logs = {actor: files / actor / "log" for actor in ("qemu0", "qemu1")}
    return Run(tmp_path, planned, artifacts(compiled), RunRecord(files, (), logs, tuple(actions), 1.0))


def repeat(bundle: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a bundle without qpatch and without anything else of the tests' environment."""
    python = Path(sys.executable).resolve().parent
    surroundings = {"PATH": f"{python}:/usr/bin:/bin", **environment}
    return subprocess.run(
        [bundle / "run.sh", *options],
        env=surroundings,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        cwd="/",
    )


def test_what_is_in_a_bundle(run: Run) -> None:
    bundle = run.bundle()
    assert sorted(path.name for path in bundle.iterdir()) == [
        "actions.json",
        "expected.txt",
        "guest",
        "library.so",
        "qemu0",
        "qemu0.sh",
        "qemu1",
        "qemu1.sh",
        "reproduce.py",
        "run.sh",
    ]
    assert (bundle / "expected.txt").read_text() == EXPECTED
    assert (bundle / "qemu0" / "devices.conf").read_text() == CONFIGURATION
    head = (bundle / "run.sh").read_text()
    assert "# baseline on qemu-5.2, machine virt-gicv2, profile p, scenario s\n# verdict: lost: " in head


def test_nothing_in_a_bundle_is_where_the_run_was(run: Run) -> None:
    bundle = run.bundle()
    for file in ("actions.json", "qemu0.sh", "qemu1.sh"):
        text = (bundle / file).read_text()
        assert SHORT not in text
        assert "with, comma" not in text.replace(",,", ",")
    actions = json.loads((bundle / "actions.json").read_text())["actions"]
    assert {
        "what": "qmp",
        "actor": "qemu0",
        "fields": {"command": "migrate", "arguments": {"uri": "unix:@RUN@/s/migration1"}},
    } in actions


def test_command_lines_are_for_people(run: Run) -> None:
    text = (run.bundle() / "qemu1.sh").read_text()
    assert text.startswith("#!/bin/sh\n# qemu1: baseline on qemu-5.2 (QEMU 5.2), as the lab started it.\n")
    assert '\n  LD_PRELOAD="$RUN"/s/library.so \\\n' in text
    assert "\n  -msg timestamp=on \\\n" in text
    assert f'"${{QEMU1:-{run.plan.source.command[0]}}}"' in text


def test_a_bundle_runs_wherever_it_is_moved(run: Run) -> None:
    moved = run.directory / "somewhere else" / "bundle"
    moved.parent.mkdir()
    run.bundle().rename(moved)
    shutil.rmtree(run.directory / "results")
    done = repeat(moved, "--times", "2")
    assert done.stdout == (EXPECTED + "reproduced: lost\n") * 2 + "reproduced 2 of 2 times\n", done.stderr
    assert done.returncode == 0


def test_a_difference_is_shown(run: Run) -> None:
    bundle = run.bundle()
    Path(run.plan.source.command[0]).with_name("LOSE").unlink()
    done = repeat(bundle)
    assert done.returncode == 1, done.stderr
    assert "\n-vector 1: raised 1\n+vector 1: answered 1, raised 1\n" in done.stdout


def test_another_binary_is_run_where_one_is_given(run: Run) -> None:
    bundle = run.bundle()
    original = Path(run.plan.source.command[0])
    other = run.directory / "other-qemu"
    original.rename(other)
    failed = repeat(bundle)
    assert failed.returncode == 2
    assert "not repeated: qemu0" in failed.stderr
    assert str(original) in failed.stderr
    (run.directory / "LOSE").touch()
    assert repeat(bundle, QEMU0=str(other), QEMU1=str(other)).returncode == 0


def test_binaries_are_copied_where_that_is_wanted(run: Run) -> None:
    bundle = run.bundle(binaries=True)
    (bundle / "bin" / "qemu0" / "LOSE").touch()
    shutil.rmtree(Path(run.plan.source.command[0]).parent)
    done = repeat(bundle)
    assert done.returncode == 0, done.stderr


def test_a_distributions_binary_stays_where_its_libraries_are(run: Run) -> None:
    loaded = replace(run.plan.source, command=("/lib/loader", "--library-path", "/a b", "/qemu"))
    words = command_of(loaded.command, Path(SHORT), run.record.directory, "qemu0")
    start = Action("start", "qemu0", {"command": words, "sockets": f"{SHORT}/qemu0", "log": "l"})
    other = replace(
        run, plan=replace(run.plan, source=loaded, destination=loaded), record=replace(run.record, actions=(start,))
    )
    text = (other.bundle(binaries=True) / "qemu0.sh").read_text()
    assert f"\n  {shlex.join(loaded.command)} \\\n  -msg" in text


def test_a_run_that_started_nothing_has_no_bundle(run: Run) -> None:
    assert replace(run, record=replace(run.record, actions=())).write(Verdict.LAB_ERROR) is None


def test_a_bundle_is_replaced(run: Run) -> None:
    run.bundle()
    (run.place / "old").touch()
    assert not (run.bundle() / "old").exists()
    assert sorted(path.name for path in run.place.parent.iterdir()) == ["bundle", "with, comma"]


def test_key_events_leave_out_what_differs_from_run_to_run() -> None:
    def told(*lines: str) -> dict[str, list[str]]:
        return reproduce.key_events("\n".join(lines), ["arm_gic"])

    data = '{"emu":1,"n":1,"t":%d,"device":"dev0","event":"data-write","bytes":%d,"total":9,"errno":0}'
    lines = (data % (1, 10), data % (2, 20), "1@2.3:vmstate_load ram, ram", data % (3, 30))
    assert told(*lines) == {"dev0": ["data-write"]}
    assert told(
        '2026-01-01T00:00:00Z vmstate_load {"emu":1,"event":"fault","device":"dev0","operation":"raise",'
        '"result":"swallow"}'
    ) == {"dev0": ["fault raise: swallow"]}
    assert told(
        '{"emu":1,"event":"refuse","device":"dev1","operation":"data-write","reason":"config"}',
        '{"emu":1,"event":"data-wri',
    ) == {"dev1": ["refuse data-write: config"]}


def test_key_events_of_two_devices_may_interleave_in_any_way() -> None:
    lines = [f'{{"emu":1,"event":"config-write","device":"dev{number}","errno":0}}' for number in (0, 1)]
    load = "1@2.3:vmstate_load arm_gic, arm_gic"
    either, other = (reproduce.key_events("\n".join([*order, load]), ["arm_gic"]) for order in (lines, lines[::-1]))
    assert either == other == {"dev0": ["config-write", "load arm_gic"], "dev1": ["config-write", "load arm_gic"]}


def test_the_script_needs_no_more_than_python(run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", run.bundle() / "reproduce.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert "expected.txt" in done.stdout
