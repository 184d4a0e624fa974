# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for tests of the lab, and a fleet of VMs that only remember what was done to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from qpatch.lab.definitions.machine import load_machine
from qpatch.lab.definitions.profile import Profile
from qpatch.lab.definitions.scenario import Scenario
from qpatch.lab.plan import QemuProgram, RunPlan
from qpatch.lab.preload.artifacts import Artifacts
from qpatch.lab.preload.devices import PreloadedDevices
from qpatch.lab.runtime.monitor import RefusedError
from qpatch.lab.runtime.run import run_once

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.lab.plan import RunRecord

TARGETS = {"aarch64": "aarch64-softmmu", "x86_64": "x86_64-softmmu"}


def program(
    command: tuple[str, ...], release: tuple[int, int] = (10, 2), target: str = "aarch64-softmmu"
) -> QemuProgram:
    """A QEMU that is `command`."""
    return QemuProgram("baseline", f"qemu-{release[0]}.{release[1]}", release, target, command, {})


def plan(
    scenario: str,
    profile: str = "{name: p, title: p}",
    machine: str = "virt-gicv2",
    source: QemuProgram | None = None,
    destination: QemuProgram | None = None,
) -> RunPlan:
    """A plan from the YAML of a scenario's keys and of a profile."""
    source = source or program(("qemu-system-aarch64",))
    return RunPlan(
        source,
        destination or source,
        load_machine(machine),
        Profile.model_validate(yaml.safe_load(profile)),
        Scenario.model_validate({"name": "s", "title": "s", **yaml.safe_load(scenario)}),
    )


def artifacts(directory: Path) -> Artifacts:
    """A library and guests that are empty files in `directory`."""
    library, guest = directory / "library.so", directory / "guest"
    library.touch()
    guest.touch()
    return Artifacts(library, {"aarch64": guest, "x86_64": guest})


async def carry_out(planned: RunPlan, directory: Path) -> RunRecord:
    """Carry out `planned` in `directory`/run, with the preload lab's devices and artifacts in `directory`."""
    return await run_once(planned, directory / "run", PreloadedDevices(planned, artifacts(directory)))


@dataclass
class FakeVm:
    """A VM that does what it is told; `outgoing` and `incoming` say how its migrations end."""

    actor: str
    program: QemuProgram
    log: Path
    done: list[str]
    paused: bool = False
    outgoing: list[str] = field(default_factory=list)
    incoming: str = "completed"
    running_again: bool = True
    resumed: str = "running"
    refuse: str = ""
    says: str = ""
    migration: str = ""
    waiting: str = "0"
    runs: bool = False

    async def execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Remember the command and, of its arguments, the ones that tell it apart."""
        shown = {
            "migrate": "uri",
            "migrate-incoming": "uri",
            "migrate-set-parameters": "downtime-limit",
            "human-monitor-command": "command-line",
        }.get(command)
        value = f" {(arguments or {})[shown]}".replace(str(self.log.parent), "DIR") if shown else ""
        self.done.append(f"{self.actor}: {command}{value}")
        self.runs = {"cont": True, "stop": False}.get(command, self.runs)
        if command == self.refuse:
            raise RefusedError(f"{command} is refused")
        if command == "human-monitor-command":
            return self.says
        return {"status": "completed", "downtime": 7} if command == "query-migrate" else {}

    async def ask(self, line: str) -> dict[str, str]:
        self.done.append(f"{self.actor}> {line}")
        word, *rest = line.split()
        if word == "ticks":
            return {"ticks": "5", "hertz": "1000"}
        if word == "settle":
            return {"waiting": self.waiting}
        if word == "idle":
            return {"written": "20", "stale": "0"}
        return {"vectors": rest[2]} if word == "irq" else {"raised": "1", "memory": "ok"} if word == "status" else {}

    async def until_ready(self, announces: str, devices: int, cpus: int) -> None:
        self.done.append(f"{self.actor} ready {announces} {devices} {cpus}")

    async def responds(self) -> bool:
        return False

    async def until_resumed(self) -> str:
        self.done.append(f"{self.actor} running")
        self.runs = self.resumed == "running"
        return self.resumed

    async def until_stopped(self) -> None:
        self.done.append(f"{self.actor} stopped")

    async def until_active(self) -> None:
        self.done.append(f"{self.actor} active")

    async def until_switchover(self) -> bool:
        self.done.append(f"{self.actor} switchover")
        return self.migration == "pre-switchover"

    async def until_logged(self, words: tuple[str, ...], offset: int) -> None:
        self.done.append(f"{self.actor} logged {' '.join(words)} after {offset}")

    async def until_sent(self) -> str:
        return self.outgoing.pop(0) if self.outgoing else "completed"

    async def until_received(self, seconds: float) -> str:
        return self.incoming

    async def runs_within(self, seconds: float) -> bool:
        return self.running_again

    def forget_migration(self) -> None:
        pass

    async def quit(self) -> None:
        self.done.append(f"{self.actor} quit")

    async def end(self, *, expected: bool) -> None:
        self.done.append(f"{self.actor} end")


@dataclass
class FakeFleet:
    """Makes FakeVms; `settings` says by number what is peculiar about one."""

    short: Path
    backend: Any = None
    settings: dict[int, dict[str, Any]] = field(default_factory=dict)
    vms: list[FakeVm] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    async def launch(self, program: QemuProgram, *, paused: bool) -> FakeVm:
        number = len(self.vms)
        log = self.short / f"log{number}"
        log.write_text("twelve bytes", encoding="utf-8")
        self.done.append(f"launch {program.tree}{' paused' if paused else ''}")
        self.vms.append(FakeVm(f"qemu{number}", program, log, self.done, paused, **self.settings.get(number, {})))
        return self.vms[-1]

    async def quit(self) -> None:
        self.done.append("quit")
