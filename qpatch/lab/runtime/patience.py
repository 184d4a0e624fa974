# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a process has kept somebody waiting, on a machine that may be busy with other things.

A bound on the wall clock says less about QEMU the busier the machine is: a thread that waits for a processor is not
stuck, nor is QEMU while the lab itself waits for one and cannot read what came. The kernel counts that time for each
thread (/proc/PID/task/TID/schedstat, its second number; Linux, Documentation/scheduler/sched-stats.rst), and a
`Patience` takes it off. Where the kernel does not count, nothing is.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

NANOSECONDS = 1_000_000_000
_SHORT = 128  # bytes: schedstat has three numbers


@dataclass(frozen=True)
class Patience:
    """Waits for at most `seconds` in which the process `pid`, and this one, had the processors that they wanted.

    `most` times as long by the wall clock is the end in any case.
    """

    seconds: float
    pid: int
    most: float
    _began: float = field(default_factory=lambda: time.monotonic())
    _delays: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember what each thread has waited before."""
        self._delays.update(self._waited())

    def left(self) -> float:
        """Return for how many seconds to wait on; 0 where patience has ended."""
        spent = time.monotonic() - self._began
        delayed = max((delay - self._delays.get(thread, 0) for thread, delay in self._waited().items()), default=0)
        left = min(self.seconds - spent + delayed / NANOSECONDS, self.seconds * self.most - spent)
        return max(left, 0.0)

    def _waited(self) -> dict[str, int]:
        return waited_for_a_processor(self.pid) | waited_for_a_processor(os.getpid())


class Starvation:
    """How long the threads of the process `pid` wait for a processor, piece by piece.

    Of a thread that ends, only what was there at the last `take` is known.
    """

    def __init__(self, pid: int) -> None:
        """Begin to count."""
        self._pid = pid
        self._before = waited_for_a_processor(pid)

    def take(self) -> float:
        """Return the milliseconds since the last call, or since this was made, of the thread that waited longest.

        The kernel counts a wait when it has ended.
        """
        now = waited_for_a_processor(self._pid)
        spent = max((waited - self._before.get(thread, 0) for thread, waited in now.items()), default=0)
        self._before = now
        return spent / 1_000_000


def waited_for_a_processor(pid: int) -> dict[str, int]:
    """Return how long each thread of the process `pid` has been ready to run and did not, in ns; {} where unknown.

    It is asked some hundred times in a run, for three processes: without Path, it takes a quarter of the time.
    """
    waited = {}
    try:
        threads = [thread.name for thread in os.scandir(f"/proc/{pid}/task")]
    except OSError:  # the process has ended
        return {}
    for thread in threads:
        try:
            waited[thread] = int(_start_of(f"/proc/{pid}/task/{thread}/schedstat").split()[1])
        except (OSError, IndexError):  # the thread has just ended, or this kernel does not count
            continue
    return waited


def _start_of(file: str) -> bytes:
    """Return the first bytes of `file`: all of a short one. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return os.read(descriptor, _SHORT)
    finally:
        os.close(descriptor)
