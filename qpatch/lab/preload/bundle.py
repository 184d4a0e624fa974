# SPDX-License-Identifier: GPL-2.0-or-later
"""The reproducer bundle of a run: a directory from which it can be repeated without qpatch, wherever it is moved.

It holds `reproduce`, the script that repeats the run and judges it; the lab's own code for both; the plan; a script
with the command line of each QEMU beside the devices that it has; the library, and the guest.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.lab.carried import plain
from qpatch.lab.carried.carrying import copy_lab
from qpatch.lab.definitions.release import table
from qpatch.lab.model import START, EventSource
from qpatch.lab.preload import bundled
from qpatch.lab.preload.binaries import CopiedPrograms
from qpatch.lab.preload.bundled.repeat import CONTENT
from qpatch.lab.preload.bundled.sums import SUMS, write_sums
from qpatch.lab.preload.devices import PreloadedDevices
from qpatch.lab.preload.launches import write_launches
from qpatch.lab.protocol import SCRIPT

if TYPE_CHECKING:
    from qpatch.lab.model import Observation
    from qpatch.lab.plan import QemuProgram, RunPlan, RunRecord
    from qpatch.lab.preload.artifacts import Artifacts

README = "README"
CODE = "lab"
_START = "start.py"
_README = """\
{title}

The lab's verdict on a run: {verdict}
  {reason}

To repeat the run:

  ./reproduce                     until the verdict is seen again, at most {tries} times
  ./reproduce --times 50          50 times, and how often it was seen
  ./reproduce --qemu FILE         with this QEMU instead, such as one that is mended
  ./reproduce --source FILE       with this QEMU as the source alone; --destination likewise
  ./reproduce --keep              keeps the logs of both QEMUs and the timeline of what happened

It says `reproduced` and ends with 0 if the verdict is the same, `not reproduced` and 1 if it is another, such as
`delivered` where nothing is wrong. It ends with 2 if the run could not be repeated: {needs},
or a file of the bundle is damaged. It ends with 130 if it was interrupted.
It needs Linux on {machine}, Python 3.11 and setpriv (of util-linux); no root, no kernel module, no KVM.
{programs}

  source/, destination/           the command line of each QEMU, and devices.conf: what its emulated devices do
  lab/                            the code that carries out the run and judges it, a part of qpatch
  run.json                        what is done, step by step
  {sums}                      how the files were written; without it, changed ones are taken as they are
  {files}: the emulated device, and the guest
"""


@dataclass(frozen=True)
class Bundle:
    """A bundle to write: what was run, what came of it, and whether the QEMU binaries are copied as well."""

    plan: RunPlan
    artifacts: Artifacts
    record: RunRecord
    observation: Observation
    binaries: bool = False

    def write(self, place: Path) -> Path | None:
        """Make the directory `place`, or replace it; return it, None where no QEMU was started."""
        if not any(event.name == START and event.origin is EventSource.LAB for event in self.record.events):
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}-") as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            self._fill(new)
            if place.exists():
                shutil.rmtree(place)
            new.rename(place)
        return place

    @property
    def _devices(self) -> PreloadedDevices:
        return PreloadedDevices(self.plan, self.artifacts)

    @property
    def _files(self) -> tuple[Path, ...]:
        return (*self._devices.files, self._devices.guest)

    def _fill(self, place: Path) -> None:
        for file in self._files:
            if file.is_dir():  # a Linux guest
                shutil.copytree(file, place / file.name)
            else:
                shutil.copy2(file, place)
        copy_lab(place / CODE, carried().modules, table())
        _write_json(place / CONTENT, self._content())
        programs = CopiedPrograms(place)
        write_launches(self.plan, self._devices, place, programs.copied if self.binaries else _as_it_is)
        write_sums(place)
        (place / README).write_text(self._readme(), encoding="utf-8")
        (place / SCRIPT).write_bytes(resources.files(bundled).joinpath(_START).read_bytes())
        (place / SCRIPT).chmod(0o755)

    @property
    def _title(self) -> str:
        plan = self.plan
        programs = dict.fromkeys(f"{one.strategy} on {one.tree}" for one in (plan.source, plan.destination))
        return (
            f"{' to '.join(programs)}, machine {plan.machine.name}, profile {plan.profile.name}, "
            f"scenario {plan.scenario.name}"
        )

    def _content(self) -> dict[str, Any]:
        plan = self.plan
        source, destination = (_without_paths(program) for program in (plan.source, plan.destination))
        return {
            "map": {
                "verdict": str(self.observation.verdict),
                "reason": self.observation.reason,
                "title": self._title,
                "release": list(plan.source.release),
                "tries": carried().tries,
                "seconds": carried().seconds,
                "files": [file.name for file in self._devices.files],
                "guest": self._devices.guest.name,
                "pre_copy_read": list(self._devices.pre_copy_read),
                "same": plan.source is plan.destination,
                "plan": plain.dump(replace(plan, source=source, destination=destination)),
            }
        }

    def _readme(self) -> str:
        return _README.format(
            title=self._title,
            verdict=self.observation.verdict,
            reason="\n  ".join(self.observation.reason.splitlines()),
            tries=carried().tries,
            programs=self._programs(),
            needs="a QEMU did not start" if self.binaries else "a QEMU is not there, or did not start",
            machine=platform.machine(),
            sums=SUMS,
            files=", ".join(file.name for file in self._files),
        )

    def _programs(self) -> str:
        """Say where the QEMUs are."""
        if self.binaries:
            return "QEMU is in bin/, with its libraries; a distribution's with its modules and firmware."
        names = dict.fromkeys(one.command[-1] for one in (self.plan.source, self.plan.destination))
        return f"QEMU is not in this bundle (`qpatch test --bundle-binaries` copies it): it is {' and '.join(names)}."


@dataclass(frozen=True)
class Carried:
    """What carried.yaml says."""

    modules: tuple[str, ...]
    tries: int
    seconds: float


@cache
def carried() -> Carried:
    """Return what bundles carry."""
    text = resources.files(bundled).joinpath("carried.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return Carried(tuple(content["modules"]), content["tries"], content["seconds"])


def _as_it_is(program: QemuProgram) -> QemuProgram:
    return program


def _without_paths(program: QemuProgram) -> QemuProgram:
    """Return a program without what only the scripts of its launches need."""
    return replace(program, command=(Path(program.command[-1]).name,), environment={}, arguments=())


def _write_json(file: Path, content: Any) -> None:
    file.write_text(f"{json.dumps(content, indent=1)}\n", encoding="utf-8")
