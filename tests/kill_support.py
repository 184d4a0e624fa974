# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills what runs at a chosen moment of its work, not of the clock: a busy machine changes nothing.

Programs that qpatch starts are wrapped: each call is counted, and from the chosen call on they stand still. So a qpatch
that is killed then is at work for sure.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

# Where a call stops: before the program starts, after it has ended, or when a compiler has written half an object.
Phase = Literal["before", "half", "after"]
PHASES: tuple[Phase, ...] = ("before", "half", "after")
# Only that a test which waits in vain ends at all: no machine is that busy.
HANGS = 600.0

_WRAPPER = """#!/bin/sh
echo call >> '{directory}/calls'
stop() {{
    : > '{directory}/stopped'
    tries=0 # only that nothing stands here for ever
    until [ -e "$released" ] || [ "$tries" = 10000 ]; do sleep 0.05; tries=$((tries + 1)); done
    exit 1
}}
read -r number phase released < '{directory}/plan'
if [ "$number" = 0 ] || [ "$(wc -l < '{directory}/calls')" -lt "$number" ]; then exec '{program}' "$@"; fi
case "$phase" in
after) '{program}' "$@" ;;
half) for word; do [ "$previous" = -o ] && echo 'half an object' > "$word"; previous=$word; done ;;
esac
stop
"""


@dataclass(frozen=True)
class Stops:
    """A directory of wrapped programs, to be put first on PATH."""

    directory: Path

    @property
    def path(self) -> str:
        """The PATH on which the wrapped programs come first."""
        return f"{self.directory / 'bin'}:{os.environ['PATH']}"

    def plan(self, number: int, phase: Phase = "before") -> None:
        """Begin to count; stop at that call of a wrapped program, at none if it is 0."""
        for name in ("calls", "stopped"):
            (self.directory / name).unlink(missing_ok=True)
        released = self.directory / f"released-{uuid4().hex}"
        (self.directory / "plan").write_text(f"{number} {phase} {released}\n")

    @property
    def calls(self) -> int:
        """How often a wrapped program was called."""
        file = self.directory / "calls"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def kill(self, process: subprocess.Popen[str], *, alone: bool) -> bool:
        """Wait until a program stands still, then kill the process: `alone`, or with all of its session.

        Returns False where the process ended by itself before. All that it started ends, too.
        """
        wait_for(lambda: (self.directory / "stopped").exists() or process.poll() is not None)
        at_work = process.poll() is None
        if at_work:
            process.kill() if alone else os.killpg(process.pid, signal.SIGKILL)
        process.wait(HANGS)
        Path((self.directory / "plan").read_text().split(maxsplit=2)[2].strip()).touch()
        process.communicate(timeout=HANGS)
        return at_work


def make_stops(directory: Path, programs: Sequence[str]) -> Stops:
    """Wrap the programs, which must be on PATH."""
    stops = Stops(directory)
    (directory / "bin").mkdir(parents=True)
    for name in programs:
        real = shutil.which(name)
        assert real, name
        wrapper = directory / "bin" / name
        wrapper.write_text(_WRAPPER.format(directory=directory, program=real))
        wrapper.chmod(0o755)
    stops.plan(0)
    return stops


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
