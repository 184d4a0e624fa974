# SPDX-License-Identifier: GPL-2.0-or-later
"""A lock that outlives its holder for as long as programs it has started are still at work.

The lock belongs to an open file, and the programs inherit it: where qpatch is killed and the compiler it started goes
on for a moment, the next build waits for that too, instead of working in the same directory. (The lock of the library
filelock, used elsewhere, is not inherited.)
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def inherited_lock(path: Path, waiting: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file `path`; yield the file descriptor that programs must inherit.

    `waiting` is called once, with the holder of the lock, where it is not free.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            waiting(f"waiting for another qpatch (process {holder or 'unknown'}), which builds here")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)
