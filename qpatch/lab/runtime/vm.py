# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual machine of a run: QEMU, its monitor, its guest's serial line. All that is done to it is recorded."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import time
from typing import TYPE_CHECKING, Any, TypeVar

from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions.release import table
from qpatch.lab.runtime.monitor import Monitor, RefusedError
from qpatch.lab.runtime.process import ConnectionLost, Process, ProcessExited, WaitTimeout, is_other_architecture
from qpatch.lab.runtime.serial import SerialLine
from qpatch.requirements import missing_program

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path

    from qpatch.lab.plan import QemuProgram
    from qpatch.lab.runtime.commandline import CommandLine, VmPaths
    from qpatch.lab.runtime.recorder import Recorder

Result = TypeVar("Result")

ENDS = ("completed", "failed", "cancelled")
PRE_SWITCHOVER = "pre-switchover"  # the VM is stopped, and QEMU waits for a command
EXIT_AFTER_FAILURE = 1  # how a QEMU ends itself whose incoming migration failed
_QUERY_SECONDS = 2.0  # how often the migration's status is queried, in case the event of its end does not come
_ALIVE_SECONDS = 5.0  # in which a QEMU answers that is only slow
_FATAL = "fatal"  # begins the last words of a guest that met with an exception
# What QEMU prints of an option that it cannot fulfil, but for warnings.
_REFUSED = re.compile(r"-device vfio-pci,\S*: (?!warning:|info:)(.+)")
_POLL_SECONDS = 0.005  # how often a growing log is read, or a state asked for that is to pass
_PASSING = "finish-migrate"  # the state of a source that has told of the end and has not gone on to the next one


class GuestError(Exception):
    """The guest answered that it cannot do what the lab asked, or answered something else than it should."""


class GuestDiedError(Exception):
    """The guest came to an end by itself; `what` are its last words."""

    def __init__(self, actor: str, what: str) -> None:
        super().__init__(f"the guest on {actor} died: {what}")
        self.actor = actor
        self.what = what


class StoppedError(Exception):
    """The VM stopped while its guest was to do something; `status` is what QEMU calls the state it is in."""

    def __init__(self, actor: str, status: str, what: str) -> None:
        super().__init__(f"{actor} stopped ({status}) while the lab waited for {what}")
        self.actor = actor
        self.status = status


class DevicesRefusedError(Exception):
    """QEMU did not start because it refuses its devices; `message` is its own, `release` that of the QEMU."""

    def __init__(self, actor: str, release: tuple[int, int], message: str) -> None:
        super().__init__(f"{actor} refuses its devices: {message}")
        self.actor = actor
        self.release = release
        self.message = message


class VirtualMachine:
    """A QEMU that is `role` (source, destination) in its first migration. Call `start` before anything else."""

    def __init__(self, actor: str, program: QemuProgram, role: str, log: Path, recorder: Recorder) -> None:
        self.actor = actor
        self.program = program
        self.role = role
        self.log = log
        self._recorder = recorder
        self._monitor = Monitor(actor, recorder)
        self._serial = SerialLine(actor, recorder)
        self._process: Process | None = None
        self._exit_recorded = False

    async def start(self, line: CommandLine, paths: VmPaths, *, paused: bool) -> None:
        """Start QEMU and connect to its monitor and serial line. `paused`: `line` has it wait for `cont`.

        Where it ends before it answers on its monitor: raises DevicesRefusedError if its devices were the reason,
        ProcessExited if it crashed, else EnvironmentFault `qemu-died` with the end of its log. Raises EnvironmentFault
        `program-missing`.
        """
        if shutil.which("setpriv") is None:
            raise missing_program("setpriv")
        self._recorder.lab(
            "start",
            vm=self.actor,
            role=self.role,
            strategy=self.program.strategy,
            tree=self.program.tree,
            paused=paused,
            command=list(line.words),
        )
        self._process = await Process.start(self.actor, line.words, self.log)
        try:
            await self._process.within(table().limits.start, "QEMU to answer on its monitor", self._connect(paths))
        except ProcessExited as error:
            raise self._not_started(error, line) from error

    def _not_started(self, error: ProcessExited, line: CommandLine) -> Exception:
        """Return what to raise where QEMU ended before it answered."""
        if is_other_architecture(self.program.command[-1]):
            return EnvironmentFault(
                "qemu-died", f"{self.program.command[-1]} is a program for another processor than this machine's"
            )
        if error.code < 0:
            self._record_exit(expected=False)
            return ProcessExited(str(error), error.code)
        if message := _refusal(self.log):
            self._record_exit(expected=True)
            return DevicesRefusedError(self.actor, self.program.release, message)
        return EnvironmentFault(
            "qemu-died", str(error), hint=f"Its log: {self.log}\nIt was started by: {shlex.join(line.words)}"
        )

    @property
    def migration(self) -> str:
        """The status of the migration in QEMU's last event of it, '' before any."""
        return self._monitor.migration

    @property
    def runs(self) -> bool:
        """Whether the VM runs, by QEMU's last event of that."""
        return self._monitor.running

    def said(self) -> str:
        """Return the last lines of QEMU's log that people can read, '' before it was started."""
        return self._process.last_lines() if self._process is not None else ""

    async def execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Return QEMU's answer to a command of its monitor. Raises RefusedError, ProcessError."""
        self._recorder.lab("command", vm=self.actor, command=command)
        asked = time.monotonic_ns()
        answer = await self._within(
            table().limits.command, f"the answer to {command}", self._monitor.execute(command, arguments or {})
        )
        self._recorder.lab("obeyed", vm=self.actor, command=command, asked=asked)
        return answer

    async def ask(self, line: str) -> dict[str, str]:
        """Return what the guest answers to `line` after `ok`: its words, and values by their names.

        Raises GuestError where it answers anything else, GuestDiedError where it has died, StoppedError where the VM
        stops, and ProcessError.
        """
        what = f"the guest's answer to {line!r}"
        answer = await self._within(table().limits.answer, what, self._answer(line))
        if answer is None:
            raise StoppedError(self.actor, await self.status(), what)
        if not answer:  # it stands before its last words
            answer = await self._within(table().limits.answer, what, self._serial.read_line())
        first, *rest = answer.split() or [""]
        if first == _FATAL:
            raise GuestDiedError(self.actor, answer)
        if first != "ok":
            raise GuestError(f"the guest on {self.actor} answered {answer!r} to {line!r}")
        return dict(word.partition("=")[::2] for word in rest)

    async def until_ready(self, announces: str, devices: int, cpus: int) -> None:
        """Wait for the guest to boot. Raises GuestError where it sees another machine than it should, ProcessError."""
        greeting = await self._within(table().limits.ready, "the guest to boot", self._serial.read_line())
        if greeting.split()[2:] != [announces, f"devices={devices}", f"cpus={cpus}"]:
            raise GuestError(
                f"the guest on {self.actor} should see {announces}, {devices} devices and {cpus} processors, and says "
                f"{greeting!r}"
            )

    async def until_resumed(self) -> str:
        """Wait for the VM to run, and return its state: it may have stopped again at once. Raises ProcessError."""
        await self._within(
            table().limits.running,
            "the VM to run",
            self._monitor.until(lambda: self._monitor.running or self._monitor.stopped),
        )
        return await self.status()

    async def until_stopped(self) -> None:
        """Wait for the VM to stop. Raises ProcessError."""
        await self._within(table().limits.running, "the VM to stop", self._monitor.until(lambda: self._monitor.stopped))

    async def runs_within(self, seconds: float) -> bool:
        """Wait at most `seconds` for the VM to run by itself; return whether it does. Raises ProcessError."""
        try:
            await self._within(seconds, "the VM to run", self._monitor.until(lambda: self._monitor.running))
        except WaitTimeout:
            return await self.status() == "running"
        return True

    async def until_active(self) -> None:
        """Wait for the outgoing migration to be active, or over. Raises ProcessError."""
        await self._within(
            table().limits.pre_copy,
            "the migration to go on",
            self._monitor.until(lambda: self.migration in ("active", *ENDS)),
        )

    async def until_switchover(self) -> bool:
        """Wait for the outgoing migration to wait before the switchover, or to end; tell whether it waits.

        Raises ProcessError.
        """
        await self._within(
            table().limits.migration,
            "the end of the migration",
            self._monitor.until(lambda: self.migration in (PRE_SWITCHOVER, *ENDS)),
        )
        return self.migration == PRE_SWITCHOVER

    async def until_logged(self, words: tuple[str, ...], offset: int) -> None:
        """Wait for a line with all of `words` in the log after `offset`, or for the migration's end.

        Raises ProcessError.
        """
        await self._within(
            table().limits.pre_copy, f"a line with {' and '.join(words)} in the log", self._logged(words, offset)
        )

    async def until_sent(self) -> str:
        """Wait for the end of the outgoing migration and return how it ended. Raises ProcessError."""
        return await self._within(table().limits.migration, "the end of the migration", self._migrated())

    async def until_received(self, seconds: float) -> str:
        """Wait for the end of the incoming migration and return how it ended; QEMU may end itself where it failed.

        Raises WaitTimeout after `seconds`.
        """
        assert self._process is not None
        try:
            await self._process.within(seconds, "the end of the incoming migration", self._migrated())
        except ProcessExited as error:
            self._record_exit(expected=error.code == EXIT_AFTER_FAILURE)
            return "failed"
        if self.migration != "completed":
            code = await self._process.ended(table().limits.give_up)
            if code is None:
                what = f"{self.actor}, whose incoming migration has failed, does not end by itself"
                self._recorder.lab("hung", vm=self.actor, what=what)
            else:
                self._record_exit(expected=code == EXIT_AFTER_FAILURE)
        return self.migration

    @property
    def pid(self) -> int | None:
        """The number of QEMU's process, None before it was started."""
        return self._process.pid if self._process is not None else None

    def forget_migration(self) -> None:
        """Treat the events that follow as those of a new migration."""
        self._monitor.migration = ""

    async def status(self) -> str:
        """Return the state of the VM as QEMU names it: running, paused, postmigrate... Raises ProcessError."""
        answer = await self._within(
            table().limits.command, "the answer to query-status", self._monitor.execute("query-status", {})
        )
        return str(answer["status"])

    async def responds(self) -> bool:
        """Wait for an answer on the monitor, however long; return whether there was one."""
        try:
            await self._monitor.execute("query-status", {})
        except (ConnectionLost, RefusedError):
            return False
        return True

    async def is_hung(self) -> bool:
        """Tell whether QEMU runs and does not answer on its monitor; for when something was waited for in vain."""
        if self._process is None or self._process.code is not None:
            return False
        try:
            await self._process.within(_ALIVE_SECONDS, "an answer", self._monitor.execute("query-status", {}))
        except WaitTimeout:
            return True
        except (ProcessExited, RefusedError):
            return False
        return False

    async def quit(self) -> None:
        """Record the VM's state, and ask QEMU to end. Raises WaitTimeout where it does not: it is to be killed."""
        if self._process is None or self._exit_recorded:
            return
        try:
            status = await self._settled()
            self._recorder.lab("state", vm=self.actor, status=status, memory=self._process.memory)
            # It may end before the answer is read, so this is not a wait in which it must not die.
            await self._process.within(table().limits.quit, "the answer to quit", self._monitor.execute("quit", {}))
        except ProcessExited:
            pass  # how it ended is recorded below
        code = await self._process.ended(table().limits.quit)
        if code is None:
            raise self._process.timed_out(table().limits.quit, "the end")
        await self.end(expected=code == 0)

    async def _settled(self) -> str:
        """Return the VM's state, after some patience with one that is to pass. Raises ProcessError."""
        try:
            return await self._within(table().limits.settle, "the VM to settle", self._passed())
        except WaitTimeout:
            return await self.status()  # it is in that state to stay

    async def _passed(self) -> str:
        while (status := await self.status()) == _PASSING:
            await asyncio.sleep(_POLL_SECONDS)
        return status

    async def end(self, *, expected: bool) -> None:
        """Kill QEMU if it runs, and release all that belongs to it; a second call does nothing.

        If it had crashed before, while nothing was awaited of it, its end counts as unexpected in any case.
        """
        if self._process is not None:
            crashed = self._process.code not in (None, 0, EXIT_AFTER_FAILURE)
            await self._process.kill()
            self._record_exit(expected=expected and not crashed)
        self._serial.close()
        await self._monitor.close()

    async def _connect(self, paths: VmPaths) -> None:
        await asyncio.gather(self._monitor.connect(paths.monitor), self._serial.connect(paths.serial))

    async def _answer(self, line: str) -> str | None:
        """Return the guest's answer, or None where the VM stops before."""
        answer = asyncio.ensure_future(self._serial.ask(line))
        stop = asyncio.ensure_future(self._monitor.until(lambda: self._monitor.stopped))
        try:
            await asyncio.wait({answer, stop}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            answer.cancel()
            stop.cancel()
            await asyncio.wait({answer, stop})

    async def _logged(self, words: tuple[str, ...], offset: int) -> None:
        required = [word.encode() for word in words]
        with self.log.open("rb") as log:
            log.seek(offset)
            rest = b""
            while self.migration not in ENDS:
                *lines, rest = (rest + log.read()).split(b"\n")
                if any(all(word in line for word in required) for line in lines):
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def _migrated(self) -> str:
        while self.migration not in ENDS:
            try:
                async with asyncio.timeout(_QUERY_SECONDS):
                    await self._monitor.until(lambda: self.migration in ENDS)
            except TimeoutError:
                answer = await self._monitor.execute("query-migrate", {})
                self._monitor.migration = str(answer.get("status", self.migration))
        return self.migration

    async def _within(self, seconds: float, what: str, work: Coroutine[Any, Any, Result]) -> Result:
        assert self._process is not None
        try:
            return await self._process.within(seconds, what, work)
        except ProcessExited:
            self._record_exit(expected=False)
            raise

    def _record_exit(self, *, expected: bool) -> None:
        assert self._process is not None
        if not self._exit_recorded:
            self._exit_recorded = True
            code = self._process.code or 0
            self._recorder.lab("exit", vm=self.actor, code=max(code, 0), signal=max(-code, 0), expected=expected)


def _refusal(log: Path) -> str:
    """Return what QEMU has printed last against a device that it was given, '' where that is nothing."""
    said = _REFUSED.findall(log.read_text(encoding="utf-8", errors="replace"))
    return said[-1] if said else ""
