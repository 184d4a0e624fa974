# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles: what is in them, that they run wherever they are, and that they notice a difference."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from lab_bundle_support import CONFIGURATION, EXPECTED, SHORT, BundledRun, command_of, run

from qpatch.lab.model import Verdict
from qpatch.lab.plan import LabAction

__all__ = ["run"]


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


def test_what_is_in_a_bundle(run: BundledRun) -> None:
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


def test_nothing_in_a_bundle_is_where_the_run_was(run: BundledRun) -> None:
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


def test_command_lines_are_for_people(run: BundledRun) -> None:
    text = (run.bundle() / "qemu1.sh").read_text()
    assert text.startswith("#!/bin/sh\n# qemu1: baseline on qemu-5.2 (QEMU 5.2), as the lab started it.\n")
    assert '\n  LD_PRELOAD="$RUN"/s/library.so \\\n' in text
    assert "\n  -msg timestamp=on \\\n" in text
    assert f'"${{QEMU1:-{run.plan.source.command[0]}}}"' in text


def test_a_bundle_runs_wherever_it_is_moved(run: BundledRun) -> None:
    moved = run.directory / "somewhere else" / "bundle"
    moved.parent.mkdir()
    run.bundle().rename(moved)
    shutil.rmtree(run.directory / "results")
    done = repeat(moved, "--times", "2")
    assert done.stdout == (EXPECTED + "reproduced: lost\n") * 2 + "reproduced 2 of 2 times\n", done.stderr
    assert done.returncode == 0


def test_a_difference_is_shown(run: BundledRun) -> None:
    bundle = run.bundle()
    Path(run.plan.source.command[0]).with_name("LOSE").unlink()
    done = repeat(bundle)
    assert done.returncode == 1, done.stderr
    assert "\n-vector 1: raised 1\n+vector 1: answered 1, raised 1\n" in done.stdout


def test_another_binary_is_run_where_one_is_given(run: BundledRun) -> None:
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


def test_binaries_are_copied_where_that_is_wanted(run: BundledRun) -> None:
    bundle = run.bundle(binaries=True)
    (bundle / "bin" / "qemu0" / "LOSE").touch()
    shutil.rmtree(Path(run.plan.source.command[0]).parent)
    done = repeat(bundle)
    assert done.returncode == 0, done.stderr


def test_a_distributions_binary_stays_where_its_libraries_are(run: BundledRun) -> None:
    loaded = replace(run.plan.source, command=("/lib/loader", "--library-path", "/a b", "/qemu"))
    words = command_of(loaded.command, Path(SHORT), run.record.directory, "qemu0")
    start = LabAction("start", "qemu0", {"command": words, "sockets": f"{SHORT}/qemu0", "log": "l"})
    other = replace(
        run, plan=replace(run.plan, source=loaded, destination=loaded), record=replace(run.record, actions=(start,))
    )
    text = (other.bundle(binaries=True) / "qemu0.sh").read_text()
    assert f"\n  {shlex.join(loaded.command)} \\\n  -msg" in text


def test_a_run_that_started_nothing_has_no_bundle(run: BundledRun) -> None:
    assert replace(run, record=replace(run.record, actions=())).write(Verdict.LAB_ERROR) is None


def test_a_bundle_is_replaced(run: BundledRun) -> None:
    run.bundle()
    (run.place / "old").touch()
    assert not (run.bundle() / "old").exists()
    assert sorted(path.name for path in run.place.parent.iterdir()) == ["bundle", "with, comma"]


def test_the_script_needs_no_more_than_python(run: BundledRun) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", run.bundle() / "reproduce.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert "expected.txt" in done.stdout
