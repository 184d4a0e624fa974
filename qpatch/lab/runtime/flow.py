# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out a scenario: does its steps one after the other to the VM that runs the guest at that time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from qpatch.lab.definitions import steps as kinds
from qpatch.lab.definitions.release import table
from qpatch.lab.model import MigrationOutcome
from qpatch.lab.runtime.fleet import migration_parameters
from qpatch.lab.runtime.migration import Migration
from qpatch.lab.runtime.monitor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from qpatch.lab.definitions.steps import ScenarioStep
    from qpatch.lab.plan import RunPlan
    from qpatch.lab.runtime.fleet import Fleet
    from qpatch.lab.runtime.recorder import Recorder
    from qpatch.lab.runtime.vm import VirtualMachine

_MSIX_ENABLE = 0x8000  # PCI_MSIX_FLAGS_ENABLE, linux/pci_regs.h
# PCI Local Bus 3.0, 3.2.2.3.2: bit 31 of CONFIG_ADDRESS, and where the slot is in it.
_CONFIG_ENABLE, _SLOT_SHIFT = 1 << 31, 11
_FENCE_ROUND_TRIPS = 2  # one may have been on its way in QEMU's main loop when the interrupt was raised
_SAMPLE = 8
_ASK_SECONDS = 0.3  # how often a guest is asked in pre-copy: its memory may take seconds until a device's data are read
# With this capability the source stops only when the destination has all of a device's initial data.
_ACKNOWLEDGES = "switchover-ack"
# With this one the destination tells the source how it ended.
_ANSWERS = "return-path"
# With this one the source waits with its VM stopped, and goes on when it is told to.
_WAITS = "pause-before-switchover"
_RAISED_BY_THE_GUEST: dict[str | int, str] = {"all": "raises", "each": "raiseeach"}  # with one command


class Flow:
    """The scenario of `plan` with the VMs of `fleet`. `guest` is the VM that runs the guest, None where none does."""

    def __init__(self, plan: RunPlan, fleet: Fleet, recorder: Recorder) -> None:
        self.guest: VirtualMachine | None = None
        self._plan = plan
        self._fleet = fleet
        self._recorder = recorder
        # Those that the guest can drive.
        self._devices = range(0 if plan.profile.kernel_device else plan.scenario.devices)
        self._kind = ""
        self._vectors = 0
        self._fills = 0
        self._log_offset = 0
        self._stop_early = False
        self._was_patient = False
        self._remaining = deque(_migrations(plan.scenario.steps))
        self._migrations = 0
        self._next: asyncio.Task[VirtualMachine] | None = None
        self._leaving: list[asyncio.Task[None]] = []
        self._handlers: dict[type[ScenarioStep], Callable[[Any], Awaitable[None]]] = {
            kinds.SetUpInterrupts: self._interrupts,
            kinds.RaiseInterrupts: self._raise,
            kinds.SetUpRing: self._ring,
            kinds.WriteRing: self._kick,
            kinds.WriteToPeer: self._peer,
            kinds.FillMemory: self._fill,
            kinds.BeBusy: self._busy,
            kinds.BeIdle: self._idle,
            kinds.Reset: self._reset,
            kinds.MoveBars: self._move_bars,
            kinds.Sleep: self._sleep,
            kinds.Wake: self._sleep,
            kinds.Reboot: self._reboot,
            kinds.MaskVector: self._vector,
            kinds.UnmaskVector: self._vector,
            kinds.MoveVector: self._move,
            kinds.RouteVector: self._route,
            kinds.InterruptsOff: self._switch,
            kinds.InterruptsOn: self._switch,
            kinds.Fence: self._fence,
            kinds.Wait: self._wait,
            kinds.CheckDevice: self._check,
            kinds.Migrate: self._migrate,
            kinds.AwaitPreCopy: self._await,
            kinds.Cancel: self._cancel,
            kinds.Stop: self._stop,
            kinds.Reenable: self._reenable,
            kinds.Continue: self._continue,
            kinds.Repeat: self._repeat,
        }

    async def run(self) -> None:
        """Start the VMs, do the steps, and end the VMs.

        Raises EnvironmentFault `qemu-died`, ProcessError, GuestError, RefusedError; then `abandon` is to be called.
        """
        source = asyncio.create_task(self._fleet.launch(self._plan.source, paused=True))
        self._begin_next()
        self.guest = await source
        if device := self._plan.profile.kernel_device:
            self._recorder.lab("undriven", vm=self.guest.actor, device=device, harmless=self._plan.profile.harmless)
        await self.guest.execute("cont")
        await self._until_ready()
        await self._read_clock()
        await self._do(self._plan.scenario.steps)
        if self._next is not None:
            await self._next
        await asyncio.gather(*self._leaving)
        await self._fleet.quit()

    async def abandon(self) -> None:
        """Cancel what runs in the background; how that ends no longer matters."""
        tasks = [task for task in (self._next, *self._leaving) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _do(self, steps: Iterable[ScenarioStep]) -> None:
        for step in steps:
            if self.guest is None:
                return
            await self._handlers[type(step)](step)

    async def _until_ready(self) -> None:
        assert self.guest is not None
        await self.guest.until_ready(self._plan.machine.announces, len(self._devices), self._plan.cpus)

    async def _ask(self, line: str) -> dict[str, str]:
        assert self.guest is not None
        return await self.guest.ask(line)

    async def _interrupts(self, step: kinds.SetUpInterrupts) -> None:
        driver, device = self._plan.profile.interrupts, self._plan.device
        self._kind = step.kind or driver.kind
        available = {"msix": device.vectors, "msi": device.msi_vectors, "intx": 1, "none": 0}[self._kind]
        vectors = min(step.vectors or driver.vectors or available, available)
        for number in self._devices:
            answer = await self._ask(f"irq {number} {self._kind} {vectors}")
            self._vectors = int(answer["vectors"])

    async def _raise(self, step: kinds.RaiseInterrupts) -> None:
        for number in self._devices:
            if step.vectors in _RAISED_BY_THE_GUEST:
                await self._ask(f"{_RAISED_BY_THE_GUEST[step.vectors]} {number}")
                continue
            for vector in _chosen(step.vectors, self._vectors):
                await self._ask(f"raise {number} {vector}")

    async def _ring(self, step: kinds.SetUpRing) -> None:
        for number in self._devices:
            await self._ask(f"ring {number} {step.pages}")

    async def _kick(self, _: kinds.WriteRing) -> None:
        for number in self._devices:
            await self._ask(f"kicks {number}")

    async def _peer(self, _: kinds.WriteToPeer) -> None:
        for number in self._devices:
            await self._ask(f"peer {number} {(number + 1) % len(self._devices)}")

    async def _fill(self, _: kinds.FillMemory) -> None:
        for number in self._devices:
            await self._ask(f"fill {number} {self._fills * len(self._devices) + number + 1}")
        self._fills += 1

    async def _busy(self, step: kinds.BeBusy) -> None:
        assert self.guest is not None
        self._recorder.lab(step.word, vm=self.guest.actor)
        await self._ask(f"busy {step.microseconds}")

    async def _idle(self, _: kinds.BeIdle) -> None:
        assert self.guest is not None
        answer = await self._ask("idle")
        self._recorder.lab("idle", vm=self.guest.actor, written=int(answer["written"]), stale=int(answer["stale"]))

    async def _reset(self, _: kinds.Reset) -> None:
        for number in self._devices:
            await self._ask(f"reset {number}")

    async def _move_bars(self, _: kinds.MoveBars) -> None:
        for number in self._devices:
            await self._ask(f"movebars {number}")

    async def _sleep(self, step: kinds.Sleep | kinds.Wake) -> None:
        for number in self._devices:
            await self._ask(f"sleep {number} {int(step.word == 'sleep')}")

    async def _reboot(self, step: kinds.Reboot) -> None:
        assert self.guest is not None
        self._recorder.lab(step.word, vm=self.guest.actor)
        await self.guest.execute("system_reset")
        await self._until_ready()

    async def _vector(self, step: kinds.MaskVector | kinds.UnmaskVector) -> None:
        line = f"{step.word} {{}} {self._number(step.vector)}"
        vectors: Sequence[int] = [self._number(step.vector)]
        if step.vector == "function":
            line, vectors = f"maskall {{}} {int(step.word == 'mask')}", range(self._vectors)
        for number in self._devices:
            if step.word == "unmask":  # What waits comes before the guest answers.
                self._record_masks(step.word, number, vectors)
            await self._ask(line.format(number))
            if step.word == "mask":
                self._record_masks(step.word, number, vectors)

    def _record_masks(self, word: str, device: int, vectors: Sequence[int]) -> None:
        assert self.guest is not None
        for vector in vectors:
            self._recorder.lab(word, vm=self.guest.actor, device=f"dev{device}", index=self._kind, vector=vector)

    async def _move(self, step: kinds.MoveVector) -> None:
        for number in self._devices:
            await self._ask(f"move {number} {self._number(step.vector)}")

    async def _route(self, step: kinds.RouteVector) -> None:
        for number in self._devices:
            await self._ask(f"route {number} {self._number(step.vector)} {step.cpu}")

    def _number(self, vector: str | int) -> int:
        return vector if isinstance(vector, int) else self._vectors - 1

    async def _switch(self, step: kinds.InterruptsOff | kinds.InterruptsOn) -> None:
        assert self.guest is not None
        self._recorder.lab(step.word, vm=self.guest.actor, cpu=step.cpu)
        await self._ask(f"{step.word} {step.cpu}")

    async def _fence(self, _: kinds.Fence) -> None:
        assert self.guest is not None
        for _round in range(_FENCE_ROUND_TRIPS):
            await self._ask("hello")
        self._recorder.lab("fence", vm=self.guest.actor)
        await self._settle()

    async def _settle(self) -> None:
        """Let interrupts come that the fence should have found, so that late ones are told from lost ones; once a run.

        A guest that has none waiting answers at once.
        """
        if self._was_patient:
            return
        answer = await self._ask(f"settle {table().limits.late * 1000:.0f}")
        self._was_patient = answer.get("waiting", "0") != "0"

    async def _wait(self, step: kinds.Wait) -> None:
        assert self.guest is not None
        await asyncio.sleep(step.milliseconds / 1000)
        self._recorder.lab("waited", vm=self.guest.actor, ms=step.milliseconds)

    async def _check(self, _: kinds.CheckDevice) -> None:
        assert self.guest is not None
        await self._read_clock()
        for number in self._devices:
            answers = {**await self._ask(f"status {number}"), **await self._ask(f"check {number}")}
            self._recorder.lab(
                "check",
                vm=self.guest.actor,
                device=f"dev{number}",
                **{name: int(value) if value.isdigit() else value for name, value in answers.items()},
            )

    async def _read_clock(self) -> None:
        """Ask the guest for its clock; `measured` tells that it counts with a frequency that it has measured itself."""
        assert self.guest is not None
        asked = time.monotonic_ns()
        clock = await self._ask("ticks")
        ns = int(clock["ticks"]) * 1_000_000_000 // int(clock["hertz"])
        self._recorder.lab("clock", vm=self.guest.actor, ns=ns, asked=asked, measured=self._plan.machine.measured_clock)

    async def _await(self, _: kinds.AwaitPreCopy) -> None:
        """Wait for pre-copy data, and ask the guest now and then: it goes on meanwhile, however long that takes."""
        waiting = asyncio.ensure_future(self._until_pre_copy())
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_ASK_SECONDS)
                if waiting.done():
                    waiting.result()
                await self._read_clock()
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})

    async def _until_pre_copy(self) -> None:
        assert self.guest is not None
        program = self.guest.program
        await self.guest.until_active()
        if "pre-copy" in self._plan.device.traits and not table().missing(["pre-copy"], program.release):
            await self.guest.until_logged(self._fleet.backend.pre_copy_read, self._log_offset)

    async def _cancel(self, _: kinds.Cancel) -> None:
        assert self.guest is not None
        await self.guest.execute("migrate_cancel")

    async def _stop(self, _: kinds.Stop) -> None:
        assert self.guest is not None
        await self.guest.execute("stop")
        await self.guest.until_stopped()

    async def _reenable(self, step: kinds.Reenable) -> None:
        for number in self._devices:
            for value in (0, _MSIX_ENABLE):
                await self._write_config(number, step.control, value)

    async def _write_config(self, device: int, offset: int, value: int) -> None:
        """Write 16 bits to the config space of a device, as PCI's configuration mechanism #1 has it."""
        machine = self._plan.machine
        assert self.guest is not None
        assert machine.config_ports is not None
        address, data = machine.config_ports
        place = _CONFIG_ENABLE | (machine.slot + device) << _SLOT_SHIFT | offset & ~3
        for line in (f"o /w {address:#x} {place:#x}", f"o /h {data + (offset & 3):#x} {value:#x}"):
            said = await self.guest.execute("human-monitor-command", {"command-line": line})
            if said:
                raise RefusedError(f"{self.guest.actor}: {line}: {said.strip()}")

    async def _continue(self, _: kinds.Continue) -> None:
        assert self.guest is not None
        await self.guest.execute("cont")
        await self.guest.until_resumed()

    async def _repeat(self, step: kinds.Repeat) -> None:
        for _round in range(step.times):
            if self._stop_early:
                return
            await self._do(step.steps)

    async def _migrate(self, step: kinds.Migrate) -> None:
        self._remaining.popleft()
        if self._stop_early:
            return
        assert self.guest is not None
        assert self._next is not None
        source, destination = self.guest, await self._next
        self._next = None
        self._log_offset = source.log.stat().st_size
        expect = step.expect or self._plan.scenario.expect
        migration = Migration(
            source,
            destination,
            step,
            self._channel(),
            migration_parameters(self._plan.scenario),
            self._recorder,
            (lambda: self._do(step.at_switchover)) if _WAITS in self._plan.scenario.capabilities else None,
            _ANSWERS in self._plan.scenario.capabilities,
        )
        if _ACKNOWLEDGES in self._plan.scenario.capabilities:
            self._recorder.lab("initial-data", vm=destination.actor, bytes=self._plan.device.pre_copy_bytes)
        result = await migration.run(expect, self._meanwhile(step))
        self._stop_early = result.outcome is not expect
        self.guest = result.guest
        if result.outcome is MigrationOutcome.COMPLETED:  # the guest has left the source
            self._leaving.append(asyncio.create_task(source.quit()))
        self._begin_next()

    def _meanwhile(self, step: kinds.Migrate) -> Callable[[], Awaitable[None]] | None:
        """Return what is to be done in pre-copy, or None: the scenario's steps, else those of the profile's driver."""
        steps = step.meanwhile or (self._plan.profile.meanwhile if step.to == "vm" else ())
        return (lambda: self._do(steps)) if steps else None

    def _channel(self) -> Path:
        self._migrations += 1
        return self._fleet.short / f"migration{self._migrations}"

    def _begin_next(self) -> None:
        """Start the next destination in the background if another migration follows: the build the guest is not on."""
        if self._remaining and not self._stop_early:
            here = self.guest.program if self.guest is not None else self._plan.source
            program = self._plan.destination if here is self._plan.source else self._plan.source
            self._next = asyncio.create_task(self._fleet.launch(program, paused=self._remaining[0].paused))


def _migrations(steps: Sequence[ScenarioStep]) -> Iterator[kinds.Migrate]:
    """Yield the migrations in the order in which they come, as often as they come."""
    for step in steps:
        if isinstance(step, kinds.Migrate):
            yield step
        elif isinstance(step, kinds.Repeat):
            for _round in range(step.times):
                yield from _migrations(step.steps)


def _chosen(which: str | int, vectors: int) -> Sequence[int]:
    """Return the vectors to raise out of `vectors`: one, the last, or a sample with the first and the last."""
    if isinstance(which, int):
        return [which]
    if which == "last":
        return [vectors - 1]
    if vectors <= _SAMPLE:
        return range(vectors)
    return [number * (vectors - 1) // (_SAMPLE - 1) for number in range(_SAMPLE)]
