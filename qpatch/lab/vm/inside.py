# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs in the virtual machine: carries out a plan with QEMUs there and the kernel's devices, and leaves the record.

It is the same runtime as everywhere, carried into the machine with all that it imports; it needs Python and no package.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from qpatch.errors import EnvironmentFault
from qpatch.lab.carried import plain
from qpatch.lab.runtime.commandline import AttachedDevices, CommandLine
from qpatch.lab.runtime.recorder import Recorder
from qpatch.lab.runtime.run import run_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.lab.model import EventSource
    from qpatch.lab.plan import QemuProgram, RunPlan, RunRecord
    from qpatch.lab.runtime.commandline import VmPaths

PLAN = "plan.json"  # in the run's directory: what is done
EVENTS = "events.jsonl"  # the lab's events, each written at once: the kernel may die
RECORD = "record.json"  # what came of it
SYSFS, SOCKETS = "@SYSFS@", "@SOCKETS@"  # stand for what is known only here, in the words of a command line
_KERNEL_LOG = Path("/dev/kmsg")


@dataclass(frozen=True)
class KernelDevices:
    """The devices of a run: the first QEMU gets the first, and so on (see `runtime.fleet.DeviceBackend`).

    `creations` are files in sysfs and what is written there to make each device, `paths` where it is then; `settings`
    is its file that takes those of `profiles`, '' where it has none. These, `lines` (the command lines) and
    `environments` are those of a source and of a destination.
    """

    guest: Path
    creations: Sequence[tuple[str, str]]
    paths: Sequence[str]
    settings: str
    profiles: Mapping[str, str]
    lines: Mapping[str, Sequence[str]]
    environments: Mapping[str, Mapping[str, str]]
    plan: RunPlan
    pre_copy_read: tuple[str, ...] = ("vfio_save_iterate",)
    files: tuple[Path, ...] = ()

    def attach(
        self, program: QemuProgram, directory: Path, _files: Mapping[Path, Path], faults: tuple[str, ...]
    ) -> AttachedDevices:
        """Make the device of the QEMU whose directory this is, with `faults` planted in it."""
        number = int(directory.name.removeprefix("qemu"))
        if number >= len(self.paths):
            raise EnvironmentFault("program-broken", f"the plan has {len(self.paths)} devices, and one more is needed")
        file, content = self.creations[number]
        Path(file).write_text(content, encoding="ascii")
        if self.settings:
            profile = " ".join((self.profiles[self._side(program)], *(f"fault={fault}" for fault in faults)))
            Path(self.paths[number], self.settings).write_text(profile, encoding="ascii")
        return AttachedDevices((Path(self.paths[number]),))

    def has_loaded(self, _log: Path) -> bool:
        """Return whether QEMU can find its device: the kernel's is there for everybody."""
        return True

    def line(
        self,
        _plan: RunPlan,
        program: QemuProgram,
        devices: AttachedDevices,
        paths: VmPaths,
        *,
        incoming: bool,
        paused: bool,
    ) -> CommandLine:
        """Return the command line that the plan has for such a QEMU, with what is known here."""
        side = self._side(program)
        words = [
            word.replace(SYSFS, str(devices.sysfs[0])).replace(SOCKETS, str(paths.sockets)) for word in self.lines[side]
        ]
        more = (*(("-incoming", "defer") if incoming else ()), *(("-S",) if paused else ()))
        return CommandLine(dict(self.environments[side]), (*words, *more))

    def _side(self, program: QemuProgram) -> str:
        return "destination" if program is self.plan.destination and program is not self.plan.source else "source"


class JournalRecorder(Recorder):
    """Keeps events in the file `journal` as well, whose first line relates the wall clock to the monotonic one."""

    def __init__(self, journal: TextIO) -> None:
        super().__init__()
        self._journal = journal
        self._write({"offset": time.monotonic_ns() - time.time_ns()})

    def event(self, actor: str, origin: EventSource, name: str, fields: Mapping[str, Any]) -> None:
        """Keep something that happened now."""
        super().event(actor, origin, name, fields)
        self._write(self.events[-1].as_json())

    def _write(self, content: Mapping[str, Any]) -> None:
        self._journal.write(f"{json.dumps(content, default=str)}\n")
        self._journal.flush()


def main(run: str) -> None:
    """Carry out the plan in the directory `run` and write the record there, or what broke it off."""
    directory = Path(run)
    _tell_time()
    try:
        content = _record(asyncio.run(_carry_out(directory)), directory)
    except (EnvironmentFault, OSError) as error:
        code = error.code if isinstance(error, EnvironmentFault) else "program-broken"
        content = {"error": {"code": code, "message": str(error), "hint": getattr(error, "hint", "")}}
    _tell_time()
    (directory / RECORD).write_text(json.dumps(content, default=str), encoding="utf-8")


async def _carry_out(directory: Path) -> RunRecord:
    content = plain.load(json.loads((directory / PLAN).read_text(encoding="utf-8")))
    plan = content["plan"]
    if content["same"]:  # whether it is one program is told by identity
        plan.destination = plan.source
    names = ("creations", "paths", "settings", "profiles", "lines", "environments")
    devices = KernelDevices(Path(content["guest"]), plan=plan, **{name: content[name] for name in names})
    with (directory / EVENTS).open("w", encoding="utf-8") as journal:
        return await run_once(plan, directory, devices, devices.line, JournalRecorder(journal))


def _record(record: RunRecord, directory: Path) -> dict[str, Any]:
    return {
        "logs": {actor: str(log.relative_to(directory)) for actor, log in record.logs.items()},
        "seconds": record.wall_seconds,
        "failure": record.failure,
    }


def _tell_time() -> None:
    """Have the kernel's log say which time it is on the clock of the timeline: its own may begin elsewhere."""
    _KERNEL_LOG.write_text(f"<2>qpatch: clock {time.monotonic_ns()}\n", encoding="ascii")
