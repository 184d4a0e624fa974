# SPDX-License-Identifier: GPL-2.0-or-later
"""One migration of a run, from the first command to the VM that runs the guest afterwards.

The lab does what management software does: it commands both sides, waits for both to end, and where the destination
did not take over although the source had finished, it continues the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.definitions.release import table
from qpatch.lab.model import MigrationOutcome
from qpatch.lab.runtime.monitor import RefusedError
from qpatch.lab.runtime.process import WaitTimeout
from qpatch.lab.runtime.vm import PRE_SWITCHOVER
from qpatch.lab.runtime.watching import watched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from qpatch.lab.definitions.release import Value
    from qpatch.lab.definitions.steps import Migrate
    from qpatch.lab.runtime.recorder import Recorder
    from qpatch.lab.runtime.vm import VirtualMachine


@dataclass(frozen=True)
class MigrationResult:
    """How a migration ended, and where the guest runs now: None where it runs nowhere."""

    outcome: MigrationOutcome
    guest: VirtualMachine | None


@dataclass(frozen=True)
class Migration:
    """A migration from `source` to `destination` through the socket or file `channel`, as `step` describes it.

    `parameters` are those of QEMU that hold again when a migration was held in its pre-copy phase. `at_switchover` is
    what to do while QEMU waits before the switchover, None where it does not. `return_path`: the destination tells the
    source of its end.
    """

    source: VirtualMachine
    destination: VirtualMachine
    step: Migrate
    channel: Path
    parameters: Mapping[str, Value]
    recorder: Recorder
    at_switchover: Callable[[], Awaitable[None]] | None = None
    return_path: bool = False

    async def run(self, expect: MigrationOutcome, meanwhile: Callable[[], Awaitable[None]] | None) -> MigrationResult:
        """Migrate; while `meanwhile` is done the migration is held in its pre-copy phase. Raises ProcessError."""
        ran = self.source.runs
        self.recorder.lab(
            "migrate",
            source=self.source.actor,
            destination=self.destination.actor,
            to=self.step.to,
            expect=str(expect),
            return_path=self.return_path,
        )
        async with watched((self.source, self.destination), self.recorder):
            return await self._run(meanwhile, ran=ran)

    async def _run(self, meanwhile: Callable[[], Awaitable[None]] | None, *, ran: bool) -> MigrationResult:
        """Migrate a source that ran until then, or did not: after a failure it is as it was before."""
        try:
            sent = await self._send(meanwhile)
        except RefusedError as error:
            return await self._refused(error, ran=ran)
        received = await self._receive(sent)
        outcome = MigrationOutcome(sent) if sent != "completed" else MigrationOutcome(received)
        await self._report(outcome, received)
        if outcome is MigrationOutcome.COMPLETED:
            waits = self.step.paused or self.step.stays_stopped
            return MigrationResult(outcome, self.destination if waits else await self._destination_runs())
        await self.destination.end(expected=True)
        return MigrationResult(outcome, await self._source_again(sent) if ran else self.source)

    async def _send(self, meanwhile: Callable[[], Awaitable[None]] | None) -> str:
        """Run the source's half and return how it ended: to a file, the destination begins only then."""
        self.source.forget_migration()
        if meanwhile is not None and self.step.held:
            await self.source.execute("migrate-set-parameters", table().held)
        if self.step.to == "vm":
            await self.destination.execute("migrate-incoming", {"uri": f"unix:{self.channel}"})
            await self.source.execute("migrate", {"uri": f"unix:{self.channel}"})
        else:
            await self.source.execute("migrate", {"uri": self._file("cat >")})
        if meanwhile is not None:
            await meanwhile()
            if self.step.held:
                await self.source.execute("migrate-set-parameters", self.parameters)
        if self.at_switchover is not None and await self.source.until_switchover():
            await self.at_switchover()
            if self.source.migration == PRE_SWITCHOVER:
                await self.source.execute("migrate-continue", {"state": PRE_SWITCHOVER})
        return await self.source.until_sent()

    def _file(self, command: str) -> str:
        """Return the URI of the file, which QEMU opens itself or has `command` open for it."""
        return f"file:{self.channel}" if self.step.to == "seekable-file" else f"exec:{command} {self.channel}"

    async def _receive(self, sent: str) -> str:
        """Run the destination's half, where there is one, and return how it ended."""
        if self.step.to != "vm":
            if sent != "completed":
                return sent
            await self.destination.execute("migrate-incoming", {"uri": self._file("cat")})
        if sent == "completed":
            return await self.destination.until_received(table().limits.migration)
        try:
            return await self.destination.until_received(table().limits.quit)
        except WaitTimeout:
            return sent  # it waits for more, which never comes; it is killed next

    async def _refused(self, error: RefusedError, *, ran: bool) -> MigrationResult:
        self.recorder.lab(
            "migrated",
            source=self.source.actor,
            destination=self.destination.actor,
            status="failed",
            downtime_ms=None,
            total_ms=None,
            error=str(error),
        )
        await self.destination.end(expected=True)
        return MigrationResult(MigrationOutcome.FAILED, await self._source_again("failed") if ran else self.source)

    async def _report(self, outcome: MigrationOutcome, received: str) -> None:
        answer = await self.source.execute("query-migrate")
        ram = answer.get("ram", {})
        self.recorder.lab(
            "migrated",
            source=self.source.actor,
            destination=self.destination.actor,
            status=str(outcome),
            source_status=answer.get("status"),
            destination_status=received,
            downtime_ms=answer.get("downtime"),
            total_ms=answer.get("total-time"),
            sent_pages=ram.get("normal", 0) + ram.get("duplicate", 0),
            ram_pages=ram.get("total", 0) // ram.get("page-size", 1),
            ram_bytes=ram.get("total", 0),
            error=answer.get("error-desc", ""),
        )

    async def _destination_runs(self) -> VirtualMachine | None:
        """Return the destination, or None where it has stopped again: then the guest runs nowhere."""
        status = await self.destination.until_resumed()
        if status == "running":
            return self.destination
        self.recorder.lab("stopped", vm=self.destination.actor, status=status)
        return None

    async def _source_again(self, sent: str) -> VirtualMachine | None:
        """Return the source when it runs again, by itself or because the lab lets it, else None."""
        if sent != "completed" and await self.source.runs_within(table().limits.settle):
            return self.source
        self.recorder.lab("resume", vm=self.source.actor)
        try:
            await self.source.execute("cont")
        except RefusedError as error:
            self.recorder.lab("refused", vm=self.source.actor, command="cont", error=str(error))
            return None
        return self.source if await self.source.runs_within(table().limits.settle) else None
