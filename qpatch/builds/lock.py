# SPDX-License-Identifier: GPL-2.0-or-later
"""A lock that outlives its holder for as long as programs it has started are still at work.

The lock belongs to an open file, and the programs inherit it: where qpatch is killed and the compiler it started goes
on for a moment, the next build waits for that too, instead of working in the same directory. (The lock of the library
filelock, used elsewhere, is not inherited.)
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_BYTES = 4096  # of what a holder says of itself
_LONGEST_COMMAND = 120  # characters


@contextmanager
def inherited_lock(path: Path, waiting: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file `path`; yield the file descriptor that programs must inherit.

    `waiting` is called once, with a sentence on the holder of the lock, where it is not free.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(f"waiting for {_holder(os.pread(descriptor, _MOST_BYTES, 0))}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _own_entry(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _own_entry() -> bytes:
    """Return what the holder of a lock writes into it: its process, its command, since when (seconds since 1970)."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name  # of `python -m NAME`
    command = shlex.join([name, *sys.argv[1:]])[:_LONGEST_COMMAND]
    return f"{json.dumps({'pid': os.getpid(), 'command': command, 'since': time.time()})}\n".encode()


def _holder(entry: bytes) -> str:
    """Return in words who holds a lock; it may be writing its entry just now."""
    try:
        known = json.loads(entry)
        pid, command, seconds = int(known["pid"]), str(known["command"]), time.time() - float(known["since"])
    except (ValueError, KeyError, TypeError):
        return "another qpatch, which builds here"
    has_ended = "" if Path(f"/proc/{pid}").exists() else "; it has ended, but not what it had started"
    return f"`{command}` (process {pid}), which has been building here for {seconds:.0f} s{has_ended}"
