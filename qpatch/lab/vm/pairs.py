# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations between QEMUs in the virtual machine, whose devices are the kernel's.

The machine sees the files of this one, read-only with what it changes in memory, so that a QEMU is found there where it
is here; the directory of the run is shared. What the lab's runtime does here in other labs, it does in there: it is
carried into the run's directory, and leaves its record there.
"""

from __future__ import annotations

import asyncio
import compileall
import json
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING, Any

from qpatch.errors import EnvironmentFault
from qpatch.lab.carried import plain
from qpatch.lab.carried.carrying import copy_lab
from qpatch.lab.definitions.release import WaitLimits, table
from qpatch.lab.definitions.steps import Migrate, Repeat
from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.logs import events_of, parse_entries
from qpatch.lab.observer.timeline import merge
from qpatch.lab.plan import RunRecord
from qpatch.lab.preload.devices import configuration_entries
from qpatch.lab.runtime.commandline import AttachedDevices, VmPaths, command_line
from qpatch.lab.runtime.recorder import LAB
from qpatch.lab.vm.boot import Boot, Work, boot
from qpatch.lab.vm.console import End
from qpatch.lab.vm.devices import device_name, device_path, kernel_device
from qpatch.lab.vm.inside import EVENTS, PLAN, RECORD, SOCKETS, SYSFS
from qpatch.lab.vm.labfile import lab_file
from qpatch.lab.vm.states import device_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qpatch.lab.definitions.scenario import Scenario
    from qpatch.lab.definitions.steps import ScenarioStep
    from qpatch.lab.model import Observation
    from qpatch.lab.plan import QemuProgram, RunPlan
    from qpatch.lab.vm.boot import Emulator
    from qpatch.lab.vm.devices import KernelDevice
    from qpatch.lab.vm.kernels import Kernel

KERNEL = "kernel"  # the directory with the kernel's log, in that of a run
_CODE = "lab"
_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
_SCRIPT = """\
mkdir -p /below /changes /root
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose files /below
mount -t tmpfs none /changes
mkdir /changes/upper /changes/work
mount -t overlay -o lowerdir=/below,upperdir=/changes/upper,workdir=/changes/work none /root
for there in dev proc sys; do mount -o bind /$there /root/$there; done
mkdir -p /root{run}
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 run /root{run}
{debug}
exec chroot /root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root {python} -I -S -B -c {program}
"""
_PROGRAM = "import sys; sys.path.insert(0, {code!r}); from qpatch.lab.vm import inside; inside.main({run!r})"


@dataclass(frozen=True)
class PreparedVmLab:
    """The lab with a kernel to boot, and guests by their names (see `qpatch.lab.protocol.PreparedLab`)."""

    kernel: Kernel
    busybox: Path
    emulator: Emulator
    guests: Mapping[str, Path]

    def reason_against(self, plan: RunPlan) -> str:
        """Return why `plan` cannot be carried out with a device of a kernel, or ''."""
        if plan.scenario.devices > 1:
            return "this lab gives one device to each QEMU"
        if plan.scenario.iommu == "iommufd":
            return "Debian's kernels have no iommufd"
        needed = device_of(plan).requires
        releases = (plan.source.release, plan.destination.release)
        return next(filter(None, (table().missing(needed, release) for release in releases)), "")

    async def run(self, plan: RunPlan, directory: Path) -> RunRecord:
        """Carry out `plan` in a virtual machine; see `qpatch.lab.protocol.PreparedLab`."""
        directory.mkdir(parents=True, exist_ok=True)
        directory = directory.resolve()
        pair = _Pair(plan, directory, self.guests[plan.machine.guest])
        pair.write()
        booted = await asyncio.to_thread(
            boot, self.kernel, pair.work(self.kernel), self.busybox, directory / KERNEL, self.emulator
        )
        return _record(booted, directory)

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        """Return what the lab recorded, what the QEMUs printed, and the states of devices as the kernel saw them."""
        log = (record.directory / KERNEL / "kernel.log").read_text(encoding="utf-8", errors="replace")
        offset, _ = _journal(record.directory)
        logs = [_log(file, actor, offset) for actor, file in sorted(record.logs.items())]
        devices = [(device_name(number), f"qemu{number}") for number in range(len(record.logs))]
        device = kernel_device(_device_name(record.events) or lab_file().device)
        told = device_events(log, device, devices)
        first = min((stream[0].at for stream in (record.events, *logs, told) if stream), default=0)
        slower = Event(first, LAB, EventSource.LAB, "slower", "", {"times": lab_file().slower})
        return merge([[slower], record.events, *logs, told])

    def write_bundle(
        self, plan: RunPlan, record: RunRecord, observation: Observation, place: Path, *, binaries: bool
    ) -> Path | None:
        """Return None: this lab writes no bundles."""
        del plan, record, observation, place, binaries
        return None


@dataclass(frozen=True)
class _Pair:
    """One run, as the machine is told of it."""

    plan: RunPlan
    directory: Path
    guest: Path

    def write(self) -> None:
        """Write the plan, and the code that carries it out, into the run's directory."""
        code = self.directory / _CODE
        limits, times = table().limits, lab_file().slower
        patient = {name: getattr(limits, name) * times for name in WaitLimits.model_fields if name != "stretch"}
        changed = table().model_copy(update={"limits": limits.model_copy(update=patient)})
        copy_lab(code, ("qpatch.lab.vm.inside",), changed)
        # Compiled here, by the same Python: in the machine, it takes long.
        compileall.compile_dir(code, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        _write(self.directory / PLAN, plain.dump(self._content()))

    def work(self, kernel: Kernel) -> Work:
        """Return what the machine does; what shows it the files of this one may be built into the kernel."""
        device = device_of(self.plan)
        run, code = str(self.directory), str(self.directory / _CODE)
        program = shlex.quote(_PROGRAM.format(code=code, run=run))
        python = shlex.quote(str(Path(sys.executable).resolve()))
        debug = f"echo 'module {device.debug} +p' >/sys/kernel/debug/dynamic_debug/control" if device.debug else ""
        script = _SCRIPT.format(run=shlex.quote(run), python=python, program=program, debug=debug)
        modules = (*(name for name in _MODULES if name in kernel.modules), *device.modules)
        return Work(modules, script, arguments=self._shares(), memory=lab_file().memory)

    def _shares(self) -> tuple[str, ...]:
        own = f"local,path={str(self.directory).replace(',', ',,')},mount_tag=run,security_model=none,multidevs=remap"
        files = "local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap"
        return ("-virtfs", files, "-virtfs", own)

    def _content(self) -> dict[str, Any]:
        plan = self.plan
        device = device_of(plan)
        names = [device_name(number) for number in range(_migrations(plan.scenario.steps) + 1)]
        programs = {"source": plan.source, "destination": plan.destination}
        return {
            "plan": plan,
            "same": plan.source is plan.destination,
            "guest": self.guest,
            "creations": [(device.creator, name) for name in names],
            "paths": [device_path(name) for name in names],
            "settings": device.settings,
            "profiles": {side: _profile(plan, program) for side, program in programs.items()},
            "lines": {side: self._words(program) for side, program in programs.items()},
            "environments": {side: dict(program.environment) for side, program in programs.items()},
        }

    def _words(self, program: QemuProgram) -> tuple[str, ...]:
        """Return a command line without what is known in the machine only."""
        devices, paths = AttachedDevices((Path(SYSFS),)), VmPaths(Path(SOCKETS), self.guest)
        plan = replace(self.plan, scenario=_with_properties(self.plan.scenario, device_of(self.plan)))
        return command_line(plan, program, devices, paths, incoming=False, paused=False).program


def device_of(plan: RunPlan) -> KernelDevice:
    """Return the kernel's device of a plan: the one that its profile names, or the project's own with the profile."""
    return kernel_device(plan.profile.kernel_device or lab_file().device)


def _profile(plan: RunPlan, program: QemuProgram) -> str:
    """Return the settings of the device of a QEMU `program`, without the faults that are planted in it."""
    entries = {"protocol": table().protocol(program.release), **configuration_entries(plan.device)}
    return " ".join(f"{key}={value}" for key, value in entries.items())


def _with_properties(scenario: Scenario, device: KernelDevice) -> Scenario:
    """Return `scenario` with what the device needs in QEMU, but for what its author wants otherwise."""
    return scenario.model_copy(update={"properties": {**device.properties, **scenario.properties}})


def _migrations(steps: Iterable[ScenarioStep]) -> int:
    """Return how many migrations `steps` have."""
    return sum(
        one.times * _migrations(one.steps) if isinstance(one, Repeat) else isinstance(one, Migrate) for one in steps
    )


def _record(booted: Boot, directory: Path) -> RunRecord:
    """Return the record that the machine has left, with what its kernel said. Raises EnvironmentFault."""
    end = booted.end
    if not (directory / RECORD).exists() and end.complete:
        said = "\n".join(booted.output.strip().splitlines()[-10:])
        raise EnvironmentFault("vm-failed", f"the virtual machine did nothing: {said}", hint=f"Its log: {directory}")
    content = _content(directory)
    if error := content.get("error"):
        raise EnvironmentFault(error["code"], error["message"], hint=error["hint"])
    events = sorted(_journal(directory)[1], key=lambda event: event.at)
    last = events[-1].at if events else 0
    failure = content["failure"]
    if end.end in (End.CONSOLE_LOST, End.HUNG):
        failure = f"the kernel: {end.summary}"
        events.append(Event(last, LAB, EventSource.LAB, "failure", "", {"message": failure}))
    elif end.end is not End.FINISHED:
        events.append(Event(last, LAB, EventSource.LAB, "kernel-died", "", {"what": end.summary}))
    logs = {actor: directory / file for actor, file in content["logs"].items()}
    return RunRecord(directory, tuple(events), logs, booted.seconds, failure)


def _content(directory: Path) -> dict[str, Any]:
    """Return what the machine has written of the end, or what is to be found where its kernel died before."""
    file = directory / RECORD
    if file.exists():
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return content
    logs = {log.parent.name: str(log.relative_to(directory)) for log in sorted(directory.glob("qemu*/log"))}
    return {"logs": logs, "failure": ""}


def _journal(directory: Path) -> tuple[int, list[Event]]:
    """Return what takes the machine's wall clock to its monotonic one, and the lab's events."""
    file = directory / EVENTS
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    known = [content for line in lines if (content := _parsed(line)) is not None]
    return next((int(one["offset"]) for one in known[:1]), 0), [_event(one) for one in known[1:]]


def _parsed(line: str) -> dict[str, Any] | None:
    """Return what a line has; the last one may be half written."""
    try:
        content: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return content


def _log(file: Path, actor: str, offset: int) -> Sequence[Event]:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return events_of(list(parse_entries(line for line in lines if line)), actor, offset)


def _event(content: Mapping[str, Any]) -> Event:
    return Event(**{**content, "origin": EventSource(content["origin"])})


def _device_name(events: Iterable[Event]) -> str:
    return next((str(event.fields["device"]) for event in events if event.name == "undriven"), "")


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
