# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: started with its messages going to a log file, waited for with a bound, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qpatch.lab.definitions.release import table
from qpatch.lab.runtime.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from typing import Any

Result = TypeVar("Result")

# The kernel kills QEMU where qpatch itself is killed, and so cannot.
WITH_PARENT_DEATH_SIGNAL = ("setpriv", "--pdeathsig", "KILL", "--")
_INHERITED = ("PATH", "HOME", "TMPDIR")
_LAST_TURN = 0.05  # seconds: the loop runs some hundred times in it
_LAST_BYTES = 8192
_LAST_LINES = 6
_ELF = b"\x7fELF"
_ELF_HEADER = 20  # up to e_machine, at 18; class and byte order are at 4 and 5


class ProcessError(Exception):
    """What went wrong with a process of the lab."""


class WaitTimeout(ProcessError):
    """Something did not happen in time; the message says what, with the last lines of the log.

    `what` is what was waited for, and of which process, without more.
    """

    def __init__(self, message: str, what: str = "") -> None:
        super().__init__(message)
        self.what = what


class ProcessExited(ProcessError):
    """The process has ended unexpectedly; `code` is as in subprocess: a signal is negative."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class ConnectionLost(Exception):
    """A socket of the process was closed: it is ending, or has ended."""


class Process:
    """A running program, in a session of its own; `actor` is its name in messages. Use `start`."""

    def __init__(self, actor: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.actor = actor
        self.log = log
        self._process = process
        self._end = asyncio.ensure_future(process.wait())
        self._killed = False

    @classmethod
    async def start(cls, actor: str, command: Sequence[str], log: Path) -> Process:
        """Start `command`; all that it prints is appended to `log`. Raises OSError where there is no setpriv."""
        return cls(actor, log, await _spawn([*WITH_PARENT_DEATH_SIGNAL, *command], base_environment(), log))

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def memory(self) -> int:
        """How many bytes of its own it has in memory now (RssAnon of proc_pid_status(5)), 0 where it is gone."""
        try:
            text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0
        return next((1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith("RssAnon:")), 0)

    @property
    def code(self) -> int | None:
        """The exit code, a negative signal number, or None while the process runs."""
        return self._process.returncode

    async def within(self, seconds: float, what: str, work: Coroutine[Any, Any, Result]) -> Result:
        """Return the result of `work`, which waits for `what`.

        Raises ProcessExited where the process ends before, WaitTimeout after `seconds`, not counting those in which it
        waited for a processor.
        """
        task = asyncio.ensure_future(work)
        patience = Patience(seconds, self._process.pid, table().limits.stretch)
        try:
            waited = False
            while (left := patience.left()) or not waited:
                waited = not left  # what came while the lab itself stood still is read in one more turn
                await asyncio.wait({task, self._end}, timeout=left or _LAST_TURN, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    return await self._result(task, seconds, what)
                if self._end.done():
                    raise self.exited(what)
            raise self.timed_out(seconds, what)
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def ended(self, seconds: float) -> int | None:
        """Wait `seconds` for the process to end; return its exit code, or None where it runs on."""
        await asyncio.wait({self._end}, timeout=seconds)
        return self.code

    async def kill(self) -> None:
        """End the process and all that it started, at once, and wait until it is gone; a second call only waits."""
        if not self._killed:
            self._killed = True  # its number may be another's from here on
            self._kill_group()
        await self._end

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def exited(self, what: str) -> ProcessExited:
        """Return the error to raise where the process ended while somebody waited for `what`."""
        code = self.code if self.code is not None else 0
        return ProcessExited(f"{self.actor} {_ending(code)} while the lab waited for {what}{self._tail()}", code)

    def timed_out(self, seconds: float, what: str) -> WaitTimeout:
        """Return the error to raise where `what` did not happen within `seconds`."""
        waited = f"{what} of {self.actor}"
        return WaitTimeout(f"waited {seconds:g} s for {waited}{self._tail()}", waited)

    def last_lines(self) -> str:
        """Return the last lines that people can read of what the process printed."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _LAST_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        readable = [_printable(line) for line in lines if line.strip() and not line.startswith("{")]
        return "\n".join(readable[-_LAST_LINES:])

    async def _result(self, task: asyncio.Future[Result], seconds: float, what: str) -> Result:
        try:
            return task.result()
        except (ConnectionLost, ConnectionError, EOFError) as error:
            if await self.ended(seconds) is None:
                raise WaitTimeout(
                    f"{self.actor} closed its socket and runs on, while the lab waited for {what}{self._tail()}"
                ) from error
            raise self.exited(what) from error

    def _tail(self) -> str:
        words = self.last_lines()
        return f"; the last lines of its log:\n{words}" if words else "; its log is empty"


def base_environment() -> dict[str, str]:
    """Return the environment of every QEMU: little of the user's own, so that it is the same everywhere."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def is_other_architecture(program: str) -> bool:
    """Whether the file `program` is an ELF program for another processor than this one's; False where unknown."""
    try:
        theirs, ours = (_processor(Path(path)) for path in (program, "/proc/self/exe"))
    except OSError:
        return False
    return theirs.startswith(_ELF) and theirs != ours


def _processor(program: Path) -> bytes:
    """Return what an ELF file says of its processor, with the file's magic before it."""
    with program.open("rb") as file:
        header = file.read(_ELF_HEADER)
    return header[:6] + header[18:]


async def _spawn(command: list[str], environment: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(output)


def _printable(line: str) -> str:
    """Return `line` without characters that would move a terminal's cursor, or be no XML."""
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
