# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells the history of a run, event by event, the way the lab's library, QEMU and the runtime would."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.migrations import parse_migrations
from qpatch.lab.observer.states import disorders

if TYPE_CHECKING:
    from collections.abc import Sequence

MS = 1_000_000
BEGIN = 50_000_000 * MS
REAL = 1_795_411_100_000_000_000  # the wall clock when the monotonic one shows BEGIN
CONFIG_LOAD = "vfio_load_device_config_state"

# What the destination does between the source's last data and its own running, as different QEMUs do it.
STOCK_5_2 = ("config", "set-irqs", "data", "arm_gic")
SAVE_STATE_5_2 = ("data", "arm_gic", "config", "set-irqs")
STOCK_10_2 = ("data", "arm_gicv3", "arm_gicv3_its", "config", "set-irqs")


@dataclass
class TimelineBuilder:
    """Collects events; each takes place `step` ns after the one before it."""

    step: int = 10_000
    now: int = BEGIN
    events: list[Event] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    raises: dict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))
    totals: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def wait(self, milliseconds: float) -> None:
        self.now += int(milliseconds * MS)

    def _add(self, actor: str, origin: EventSource, name: str, device: str, fields: dict[str, Any]) -> None:
        self.now += self.step
        self.events.append(Event(self.now, actor, origin, name, device, fields))

    def uapi(self, actor: str, name: str, device: str = "dev0", **fields: Any) -> None:
        self._add(actor, EventSource.UAPI, name, device, {"n": self.numbers[actor], **fields})
        self.numbers[actor] += 1

    def trace(self, actor: str, name: str, device: str = "", **fields: Any) -> None:
        self._add(actor, EventSource.TRACE, name, device, {"text": "", **fields})

    def message(self, actor: str, text: str, severity: str = "error") -> None:
        self._add(actor, EventSource.MESSAGE, severity, "", {"text": text})

    def serial(self, actor: str, name: str, line: str) -> None:
        self._add(actor, EventSource.SERIAL, name, "", {"line": line})

    def qmp(self, actor: str, name: str, **fields: Any) -> None:
        self._add(actor, EventSource.QMP, name, "", fields)

    def lab(self, name: str, **fields: Any) -> None:
        self._add("lab", EventSource.LAB, name, str(fields.get("device", "")), fields)

    # What happens in one process.

    def start(self, vm: str, role: str, *, paused: bool = False) -> None:
        self.lab("start", vm=vm, role=role, strategy="baseline", tree="qemu-10.2", paused=paused, command=["qemu"])
        self.uapi(vm, "start", "", mono_ns=self.now + self.step, real_ns=self.now + self.step - BEGIN + REAL, pid=1)

    def command(self, vm: str, command: str) -> None:
        self.lab("command", vm=vm, command=command)

    def state(self, vm: str, to: str, device: str = "dev0", errno: int = 0) -> None:
        key = (vm, device)
        self.uapi(vm, "state", device, **{"from": self.states.get(key, "running"), "to": to, "errno": errno})
        if not errno:
            self.states[key] = to
        if to in ("resuming", "pre-copy"):
            self.totals.clear()

    def read(self, vm: str, size: int = 4096, device: str = "dev0", errno: int = 0) -> None:
        phase = "stop-copy" if self.states[vm, device] == "stop-copy" else "pre-copy"
        self.uapi(vm, "data-read", device, phase=phase, errno=errno, **self._bytes(vm, device, "read", size, errno))

    def write(self, vm: str, size: int = 4096, device: str = "dev0", errno: int = 0) -> None:
        self.uapi(vm, "data-write", device, errno=errno, **self._bytes(vm, device, "write", size, errno))

    def _bytes(self, vm: str, device: str, what: str, size: int, errno: int) -> dict[str, int]:
        self.totals[vm, device, what] += 0 if errno else size
        return {"bytes": 0 if errno else size, "total": self.totals[vm, device, what]}

    def config(self, vm: str, device: str = "dev0") -> None:
        self.trace(vm, CONFIG_LOAD, device)
        for offset, size in ((4, 2), (0x10, 4), (0x62, 2)):
            self.uapi(vm, "config-write", device, offset=offset, size=size, value=6, state="resuming", errno=0)

    def set_irqs(self, vm: str, device: str = "dev0", errno: int = 0) -> None:
        self.uapi(
            vm,
            "set-irqs",
            device,
            index="msix",
            start=0,
            count=8,
            action="trigger",
            data="eventfd",
            enabled=8,
            state=self.states.get((vm, device), "running"),
            errno=errno,
        )

    def controller(self, vm: str, name: str) -> None:
        self.trace(vm, "vmstate_load", id=name, vmsd=name)

    def raised(
        self,
        vm: str,
        vector: int = 0,
        device: str = "dev0",
        *,
        index: str = "msix",
        cause: str = "guest",
        sent: bool = True,
        reason: str = "",
    ) -> int:
        key = (device, "intx" if index == "intx" else "message", vector)
        self.raises[key] += 1
        extra = {"reason": reason} if reason else {}
        self.uapi(
            vm,
            "irq-raise",
            device,
            index=index,
            vector=vector,
            sequence=self.raises[key],
            cause=cause,
            sent=sent,
            state=self.states.get((vm, device), "running"),
            **extra,
        )
        return self.raises[key]

    def consumed(self, vm: str, vector: int = 0, device: str = "dev0", index: str = "msix") -> None:
        self.uapi(vm, "irq-consume", device, index=index, vector=vector)

    def acked(
        self,
        vm: str,
        vector: int = 0,
        device: str = "dev0",
        *,
        index: str = "msix",
        sequence: int | None = None,
        spurious: bool = False,
    ) -> None:
        key = (device, "intx" if index == "intx" else "message", vector)
        number = self.raises[key] if sequence is None else sequence
        self.uapi(vm, "irq-ack", device, index=index, vector=vector, sequence=number, spurious=spurious)

    def interrupt(self, vm: str, vector: int = 0, device: str = "dev0", index: str = "msix") -> None:
        """An interrupt from the device to the guest's handler and back."""
        self.raised(vm, vector, device, index=index)
        self.consumed(vm, vector, device, index)
        self.acked(vm, vector, device, index=index)

    def fence(self, vm: str) -> None:
        self.lab("fence", vm=vm)

    def check(self, vm: str, device: str = "dev0", **fields: Any) -> None:
        self.lab(
            "check",
            vm=vm,
            **{
                "device": device,
                "stale": 0,
                "corrupt": 0,
                "memory": "ok",
                "state": "ok",
                "handled": 1,
                "raised": 1,
                "acked": 1,
                "spurious": 0,
                **fields,
            },
        )

    # Whole parts of a history.

    def prepare(self, vm: str = "qemu0") -> None:
        self.start(vm, "source")
        self.uapi(vm, "open", what="device")
        self.set_irqs(vm)
        self.interrupt(vm)
        self.fence(vm)
        self.check(vm)

    def begin(
        self,
        source: str = "qemu0",
        destination: str = "qemu1",
        expect: str = "completed",
        to: str = "vm",
        *,
        paused: bool = False,
        **fields: Any,
    ) -> None:
        if not self.numbers[destination]:
            self.start(destination, "destination", paused=paused)
            self.uapi(destination, "open", what="device")
        self.lab("migrate", source=source, destination=destination, to=to, expect=expect, **fields)
        self.state(source, "pre-copy")
        self.state(destination, "resuming")
        self.read(source)
        self.write(destination)

    def stop(self, source: str = "qemu0", pause: float = 0) -> None:
        self.state(source, "stop-copy")
        self.wait(pause)
        self.read(source, 8192)

    def load(self, order: Sequence[str] = STOCK_10_2, destination: str = "qemu1", *, eager: bool = False) -> None:
        """What the destination does with what comes, in `order`; an `eager` device raises in SET_IRQS."""
        for what in order:
            if what == "data":
                self.write(destination, 8192)
            elif what == "config":
                self.config(destination)
            elif what == "set-irqs":
                if eager:
                    self.raised(destination, cause="set-irqs")
                self.set_irqs(destination)
                if eager:
                    self.consumed(destination)
                    self.wait(2)
            else:
                self.controller(destination, what)

    def migrated(
        self, status: str = "completed", source: str = "qemu0", destination: str = "qemu1", **fields: Any
    ) -> None:
        """Both sides say how the migration ended; a source that is done stops the devices that it has read."""
        for vm, device in [key for key, state in self.states.items() if state == "stop-copy"]:
            if vm == source and status == "completed":
                self.state(vm, "stop", device)
        self.lab(
            "migrated",
            **{
                "source": source,
                "destination": destination,
                "status": status,
                "source_status": status,
                "destination_status": status,
                "downtime_ms": 12,
                "total_ms": 40,
                "error": "",
                **fields,
            },
        )

    def run(self, destination: str = "qemu1", *, acknowledge: bool = False) -> None:
        self.state(destination, "running")
        if acknowledge:
            self.acked(destination)

    def verify(self, vm: str = "qemu1", **check: Any) -> None:
        self.fence(vm)
        self.check(vm, **check)
        self.interrupt(vm)
        self.fence(vm)
        self.check(vm)

    def end(self, **states: str) -> None:
        for vm, status in (states or {"qemu0": "postmigrate", "qemu1": "running"}).items():
            self.lab("state", vm=vm, status=status)
            self.lab("exit", vm=vm, code=0, signal=0, expected=True)

    def give_up(
        self,
        source: str = "qemu0",
        destination: str = "qemu1",
        status: str = "failed",
        said: str = "load of migration failed: Input/output error",
        answer: str = "Unable to write to socket: Broken pipe",
        **fields: Any,
    ) -> None:
        """The migration fails: the destination says so and ends, so does the source, whose device runs again."""
        if said:
            self.message(destination, said)
        if answer and fields.get("source_status", status) == "failed":
            self.message(source, answer)
        self.lab("exit", vm=destination, code=1, signal=0, expected=True)
        self.migrated(status, source, destination, **fields)
        self.state(source, "running")


def migration(
    order: Sequence[str] = STOCK_10_2, *, eager: bool = False, lost: bool = False, pause: float = 0
) -> TimelineBuilder:
    """A run with one migration that completes; its eager interrupt is lost or not."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop(pause=pause)
    timeline.load(order, eager=eager)
    timeline.run(acknowledge=eager and not lost)
    timeline.migrated()
    timeline.verify()
    timeline.end()
    return timeline


def disordered(timeline: TimelineBuilder) -> tuple[str, ...]:
    """Return what is said of the states of its devices."""
    return disorders(parse_migrations(timeline.events))


def library_line(event: Event) -> str:
    """The event as the library writes it."""
    return json.dumps(
        {
            "emu": 1,
            "n": event.fields["n"],
            "t": event.at,
            "device": event.device,
            "event": event.name,
            **{key: value for key, value in event.fields.items() if key != "n"},
        },
        separators=(",", ":"),
    )


def wall(at: int) -> str:
    """The time as QEMU's -msg timestamp=on has it."""
    return datetime.fromtimestamp((at - BEGIN + REAL) / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def threaded(at: int) -> str:
    """The time and thread as QEMU's trace backend `log` had them until 10.0."""
    microseconds = (at - BEGIN + REAL) // 1000
    return f"16696@{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"
