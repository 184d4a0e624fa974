# SPDX-License-Identifier: GPL-2.0-or-later
"""Repeats the run of a bundle, and judges it as the lab does: with the lab's own code, which the bundle carries."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.lab.carried import plain
from qpatch.lab.model import Verdict
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.timeline import FILE_NAME, save_timeline
from qpatch.lab.preload.log import has_loaded, timeline_of
from qpatch.lab.runtime.commandline import AttachedDevices, CommandLine
from qpatch.lab.runtime.run import run_once, short_directory
from qpatch.lab.runtime.signals import cancel_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.lab.model import Observation
    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.runtime.commandline import VmPaths

CONTENT = "run.json"
CONFIGURATION = "devices.conf"
LAUNCH = "qemu.sh"
FIRST = "qemu0"  # the name of the QEMU that begins
SOURCE, DESTINATION, BACK = "source", "destination", "back"
_ANY_DEVICE = "1:3\n"  # the number of a character device; the library opens the device itself
_VERSION_SECONDS = 60  # for a QEMU to say which it is; the host may be busy
REPRODUCED, NOT_REPRODUCED, NOT_REPEATED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class BundledRun:
    """What a bundle says of its run: how it went (`verdict`, `reason`), what was planned, and how it is repeated.

    `files` are those that QEMU loads, `guest` is what it boots, `pre_copy_read` as `fleet.DeviceBackend` has it.
    """

    verdict: str
    reason: str
    title: str
    release: tuple[int, int]
    tries: int
    seconds: float
    files: tuple[str, ...]
    guest: str
    pre_copy_read: tuple[str, ...]
    plan: RunPlan

    @classmethod
    def read(cls, bundle: Path) -> BundledRun:
        """Return what the bundle says. Raises OSError and ValueError where it is not whole."""
        content = plain.load(json.loads((bundle / CONTENT).read_text(encoding="utf-8")))
        if content["same"]:  # whether it is one program is told by identity
            content["plan"].destination = content["plan"].source
        del content["same"]
        return cls(**content)


@dataclass(frozen=True)
class BundledDevices:
    """The devices of the bundle's run, and how each QEMU is started: see `fleet.DeviceBackend`.

    `programs` are QEMUs to run in the place of those that the bundle names, by SOURCE and DESTINATION.
    """

    bundle: Path
    run: BundledRun
    programs: Mapping[str, Path] = field(default_factory=dict)

    @property
    def guest(self) -> Path:
        """The guest."""
        return self.bundle / self.run.guest

    @property
    def files(self) -> tuple[Path, ...]:
        """What QEMU loads."""
        return tuple(self.bundle / name for name in self.run.files)

    @property
    def pre_copy_read(self) -> tuple[str, ...]:
        """What the library says when pre-copy data is read."""
        return self.run.pre_copy_read

    def attach(
        self,
        program: QemuProgram,
        directory: Path,
        _files: Mapping[Path, Path],
        _faults: tuple[str, ...],
    ) -> AttachedDevices:
        """Put the devices of one QEMU into its directory; which faults they have is in their file."""
        name = self._name(program, incoming=directory.name != FIRST)
        shutil.copy(self.bundle / name / CONFIGURATION, directory)
        return AttachedDevices(tuple(make_sysfs(directory)))

    def has_loaded(self, log: Path) -> bool:
        """Tell whether the library has begun to write into `log`."""
        return has_loaded(log)

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
        """Return how the bundle's script of such a QEMU is called."""
        name = self._name(program, incoming=incoming)
        environment = {
            "RUN": str(devices.sysfs[0].parent),
            "SOCKETS": str(paths.sockets),
            "FILES": str(paths.guest.parent),
            "PAUSED": "-S" if paused else "",
        }
        own = self.programs.get(DESTINATION if name == DESTINATION else SOURCE)
        return CommandLine(
            {**environment, **({"QEMU": str(own)} if own else {})}, ("sh", str(self.bundle / name / LAUNCH))
        )

    def _name(self, program: QemuProgram, *, incoming: bool) -> str:
        if not incoming:
            return SOURCE
        return DESTINATION if program is self.run.plan.destination else BACK


def make_sysfs(directory: Path) -> list[Path]:
    """Make and return the sysfs directory of each device: a link to its group, the number of its character device."""
    made: list[Path] = []
    for section in (directory / CONFIGURATION).read_text(encoding="utf-8").split("[device]")[1:]:
        values = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)
        device = directory / values["name"]
        character_device = device / "vfio-dev" / values["cdev"]
        character_device.mkdir(parents=True)
        (character_device / "dev").write_text(_ANY_DEVICE, encoding="utf-8")
        (device / "iommu_group").symlink_to(f"../../groups/{values['group']}")
        made.append(device)
    return made


async def repeated(devices: BundledDevices, *, keep: bool) -> Observation:
    """Carry out the run once, and return what it showed. Raises EnvironmentFault where a QEMU does not start."""
    directory = Path(tempfile.mkdtemp(prefix="qpatch-run-", dir=short_directory()))
    if keep:
        print(f"kept: {directory}", flush=True)
    try:
        record = await run_once(devices.run.plan, directory, devices, devices.line)
        timeline = timeline_of(record)
        if keep:
            save_timeline(timeline, directory / FILE_NAME)
        return observe(timeline, record.failure)
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def main(bundle: Path, arguments: Sequence[str] | None = None) -> int:
    """Repeat the run of `bundle`; return the exit code. Raises KeyboardInterrupt, also for the signals TERM and HUP."""
    options = _options(arguments)
    try:
        run = BundledRun.read(bundle)
        programs = {name: _program(path) for name, path in _programs(options).items()}
        _say_of_other_releases(run, programs)
        return asyncio.run(_judged(BundledDevices(bundle, run, programs), options))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    except BrokenPipeError:
        print("not repeated to the end: nobody reads what it says", file=sys.stderr)
    except EnvironmentFault as error:
        print(f"not repeated: {error.message}\n{_hint(error, options)}".strip(), file=sys.stderr)
    except (OSError, ValueError, KeyError) as error:
        print(f"not repeated: {type(error).__name__}: {error}", file=sys.stderr)
    return NOT_REPEATED


def _hint(error: EnvironmentFault, options: argparse.Namespace) -> str:
    """Return what helps; a hint may name a log, which is gone unless logs are kept."""
    if options.keep or not error.hint:
        return error.hint
    return "With --keep its log is kept."


async def _judged(devices: BundledDevices, options: argparse.Namespace) -> int:
    cancel_on_signals()
    run, started = devices.run, time.monotonic()
    print(f"{run.title}\nit was {run.verdict}: {run.reason}", flush=True)
    seen = done = void = 0
    last = ""
    while done < (options.times or run.tries):
        observation = await repeated(devices, keep=options.keep)
        done += 1
        said = f"{observation.verdict}: {observation.reason}"
        print(f"run {done}: {'the same' if said == last else said}", flush=True)
        last = said
        seen += str(observation.verdict) == run.verdict
        void += observation.verdict in (Verdict.LAB_ERROR, Verdict.INCONSISTENT)
        if not options.times and (seen or time.monotonic() - started > run.seconds):
            break
    if void == done and not seen:
        print(f"not repeated: in {void} of {done} runs the lab itself failed")
        return NOT_REPEATED
    print(f"{'reproduced' if seen else 'not reproduced'}: {run.verdict} in {seen} of {done} runs")
    return REPRODUCED if seen else NOT_REPRODUCED


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="reproduce",
        description=__doc__,
        epilog="The exit code is 0 if the verdict was seen again, 1 if not, 2 if the run could not be repeated, "
        f"{INTERRUPTED} if it was interrupted.",
    )
    parser.add_argument("--qemu", type=Path, metavar="FILE", help="run this QEMU instead of the bundle's")
    for side in (SOURCE, DESTINATION):
        parser.add_argument(f"--{side}", type=Path, metavar="FILE", help=f"run this QEMU as the {side} alone")
    parser.add_argument(
        "--times", type=int, metavar="N", help="repeat it N times (default: until the verdict is seen again)"
    )
    parser.add_argument("--keep", action="store_true", help="keep logs and timelines, and say where they are")
    options = parser.parse_args(arguments)
    if options.times is not None and options.times < 1:
        parser.error("--times counts from 1")
    return options


def _programs(options: argparse.Namespace) -> dict[str, Path]:
    chosen = {SOURCE: options.source or options.qemu, DESTINATION: options.destination or options.qemu}
    return {name: path for name, path in chosen.items() if path is not None}


def _program(file: Path) -> Path:
    found = shutil.which(file.absolute())
    if found is None:
        raise EnvironmentFault("program-missing", f"{file} is no program")
    return Path(found)


def _say_of_other_releases(run: BundledRun, programs: Mapping[str, Path]) -> None:
    """Warn of a QEMU of another release: options and the device's protocol are those of the bundle's."""
    for file in dict.fromkeys(programs.values()):
        version = re.search(r"version (\d+)\.(\d+)", _version(file))
        if version and (int(version[1]), int(version[2])) != run.release:
            release = ".".join(map(str, run.release))
            print(
                f"{file} is QEMU {version[1]}.{version[2]}, and options and device are for {release}", file=sys.stderr
            )


def _version(file: Path) -> str:
    try:
        return subprocess.run(
            [file, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_SECONDS,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFault("qemu-died", f"{file} does not say its version") from error
