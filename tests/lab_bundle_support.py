# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles of runs with a QEMU's double that has a device, whole or with a fault, repeated without qpatch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab_support import observation
from lab_vm_support import plan, program

from qpatch.lab.model import START, Event, EventSource, Verdict
from qpatch.lab.plan import RunRecord
from qpatch.lab.preload.artifacts import Artifacts
from qpatch.lab.preload.bundle import Bundle
from qpatch.lab.preload.bundled.sums import write_sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.lab.plan import RunPlan

DOUBLE = Path(__file__).with_name("lab_device_double.py")
SCENARIO = "steps: [interrupts, raise: 0, fence, check, migrate, raise: 0, kick, fence, check]"
PROFILE = "{name: p, title: p, device: {traits: [], vectors: 4}}"


@dataclass(frozen=True)
class DoubleRun:
    """A run that was never run: where it is kept, and its plan with the double in the place of QEMU."""

    directory: Path
    plan: RunPlan

    @property
    def place(self) -> Path:
        return self.directory / "results" / "bundle"

    def write(self, verdict: Verdict, *, binaries: bool = False, started: bool = True) -> Path | None:
        start = Event(0, "lab", EventSource.LAB, START, fields={"vm": "qemu0"})
        record = RunRecord(self.directory, (start,) if started else (), {}, 1.0)
        return Bundle(self.plan, _artifacts(self.directory), record, observation(verdict), binaries).write(self.place)

    def bundle(self, verdict: Verdict = Verdict.LOST, *, binaries: bool = False) -> Path:
        written = self.write(verdict, binaries=binaries)
        assert written is not None
        return written


def _artifacts(directory: Path) -> Artifacts:
    """Return a library that can be preloaded, one of this machine's, and a guest, by default an empty file."""
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8").split()
    library, guest = directory / "library.so", directory / "guest"
    shutil.copy(next(word for word in mapped if "/libm" in word), library)
    if not guest.is_dir():
        guest.touch()
    return Artifacts(library, {"aarch64": guest})


def double_run(directory: Path, fault: str = "", *, double: str = "", scenario: str = SCENARIO) -> DoubleRun:
    """Return a run of a double with a fault, and with deeds of `lab_qemu_double`."""
    environment = {"FAULT": fault, "DOUBLE": double}
    qemu = replace(program((sys.executable, str(DOUBLE))), environment=environment)
    return DoubleRun(directory, plan(scenario, PROFILE, source=qemu))


def other_qemu(directory: Path, fault: str = "") -> Path:
    """Return a double as one program: without a fault, or with another than the bundle's."""
    script = directory / "other-qemu"
    script.write_text(f'#!/bin/sh\nFAULT={fault} exec "{sys.executable}" "{DOUBLE}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def impatient(bundle: Path) -> None:
    """Let a bundle wait for no answer longer than two seconds."""
    file = bundle / "lab" / "qpatch" / "lab" / "definitions" / "release.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    known = table["with"]["limits"]["with"]
    known |= {name: min(seconds, 2.0) for name, seconds in known.items() if name not in ("start", "ready", "migration")}
    file.write_text(json.dumps(table), encoding="utf-8")
    write_sums(bundle)


def reproduce(
    bundle: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a bundle without anything of the tests' environment, and without what Python has installed."""
    python = Path(sys.executable).resolve().parent
    return subprocess.run(
        [sys.executable, "-I", "-S", bundle / "reproduce", *options],
        env={"PATH": f"{python}:/usr/bin:/bin", **(environment or {})},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        cwd="/",
    )
