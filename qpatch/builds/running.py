# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs configure, ninja and make: all they print is kept in a log, line by line, and nothing outlives qpatch.

A program runs in a session of its own. It is ended where qpatch is interrupted, and, by the kernel, where qpatch is
killed (`setpriv --pdeathsig`); until all it has started is gone, it holds the lock of the directory it works in.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.requirements import missing_program
from qpatch.trees.places import is_full, reports_full_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PATIENCE = 10.0  # seconds that a program has to clean up after an interrupt
# gcc of its own parts: nearly always the kernel, out of memory.
_KILLED = "Killed signal terminated program"
_DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")


@dataclass(frozen=True)
class CommandResult:
    """How a program ended: exit code, all it printed, seconds by the clock and seconds of processor time."""

    returncode: int
    output: str
    seconds: float
    cpu_seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the exit code was 0."""
        return self.returncode == 0


@dataclass(frozen=True)
class Runner:
    """Runs programs with `environment`, keeps what they print in the file `log`, gives them the lock `lock` to hold.

    `lock` is a file descriptor, see `qpatch.builds.lock`; -1 where there is none.
    """

    environment: Mapping[str, str]
    log: Path
    lock: int = -1

    def run(self, command: Sequence[str], cwd: Path, on_line: Callable[[str], None] | None = None) -> CommandResult:
        """Run `command` in `cwd` and return how it ended; `on_line` sees each line that it prints.

        Raises EnvironmentFault `program-missing` and `disk-full`. A program that fails for another reason is no
        error here: see the result.
        """
        for program in (_DIES_WITH_US[0], command[0]):
            if shutil.which(program, path=self.environment["PATH"]) is None:
                raise missing_program(program)
        started = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab", buffering=0) as log:
            log.write(f"$ cd {shlex.quote(str(cwd))} && {shlex.join(command)}\n".encode())
            process = self._start(command, cwd)
            try:
                output = _follow(process, log, on_line)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            except BaseException:
                _end(process)
                raise
        if process.returncode and (reports_full_disk(output) or is_full(cwd)):
            raise EnvironmentFault("disk-full", f"{command[0]} found no room on the disk", hint=f"The log: {self.log}")
        if process.returncode and _KILLED in output:
            raise EnvironmentFault(
                "compiler-killed", f"a compiler that {command[0]} started was killed", hint=f"The log: {self.log}"
            )
        return CommandResult(process.returncode, output, time.monotonic() - started, usage.ru_utime + usage.ru_stime)

    def ask(self, command: Sequence[str], cwd: Path) -> str:
        """Run a command that only tells something, and return what it prints; the log does not grow by it.

        Raises EnvironmentFault `program-missing`; a command that fails has nothing to tell.
        """
        if shutil.which(command[0], path=self.environment["PATH"]) is None:
            raise missing_program(command[0])
        return subprocess.run(
            command,
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            capture_output=True,
            check=False,
        ).stdout

    def _start(self, command: Sequence[str], cwd: Path) -> subprocess.Popen[bytes]:
        inherited = () if self.lock < 0 else (self.lock,)
        return subprocess.Popen(
            [*_DIES_WITH_US, *command],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=inherited,
        )


def _follow(process: subprocess.Popen[bytes], log: IO[bytes], on_line: Callable[[str], None] | None) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        log.write(line)
        lines.append(line.decode(errors="replace"))
        if on_line is not None:
            on_line(lines[-1].rstrip("\n"))
    return "".join(lines)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all of its session: SIGTERM first, so that it removes half-written files, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(PATIENCE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
