# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches the QEMUs of a run, and records what the timeline cannot show by itself.

That is how long each let a question on its monitor wait in a migration (`answered`), and for how long a thread of it,
or of the lab, waited for a processor (`starved`, for each short while in which one did): what the host took is not
QEMU's.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.runtime.patience import Starvation
from qpatch.lab.runtime.recorder import LAB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from qpatch.lab.runtime.recorder import Recorder
    from qpatch.lab.runtime.vm import VirtualMachine

_SAMPLE_SECONDS = 0.02
_ASK_SECONDS = 0.1
_LEAST_MS = 1.0  # shorter waits are nobody's business


@asynccontextmanager
async def starvation_recorded(vms: Sequence[VirtualMachine], recorder: Recorder) -> AsyncIterator[None]:
    """Record while the context lasts how long the threads of `vms`, to which more may come, wait for a processor."""
    count = _Counts(vms, recorder)
    counting = asyncio.create_task(count.go_on())
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        count.look()


@asynccontextmanager
async def watched(vms: Sequence[VirtualMachine], recorder: Recorder) -> AsyncIterator[None]:
    """Ask `vms` on their monitors while the context lasts, and record then how long each let a question wait."""
    answers = [(vm, _Answers()) for vm in vms]
    watching = [asyncio.create_task(answer.watch(vm.responds)) for vm, answer in answers]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)  # a question that is still open counts when its task has ended
        for vm, answer in answers:
            recorder.lab("answered", vm=vm.actor, ms=answer.longest_ms)


class _Counts:
    """Counts of all processes of a run; each begins when it is first seen."""

    def __init__(self, vms: Sequence[VirtualMachine], recorder: Recorder) -> None:
        self._vms = vms
        self._recorder = recorder
        self._counts = {LAB: Starvation(os.getpid())}
        self._since = time.monotonic_ns()

    async def go_on(self) -> None:
        """Look again and again: threads end, and what they have waited is lost with them."""
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            self.look()

    def look(self) -> None:
        """Record who has waited since the last look."""
        now = time.monotonic_ns()
        for actor, count in self._counts.items():
            ms = count.take()
            if ms >= _LEAST_MS:
                self._recorder.lab("starved", vm=actor, ms=ms, since=self._since)
        for vm in self._vms:
            if vm.actor not in self._counts and vm.pid is not None:
                self._counts[vm.actor] = Starvation(vm.pid)
        self._since = now


@dataclass
class _Answers:
    """How long QEMU took at most to answer a question, in milliseconds."""

    longest_ms: float = 0.0

    async def watch(self, ask: Callable[[], Awaitable[bool]]) -> None:
        """Ask again and again, to the end of QEMU."""
        while True:
            began = time.monotonic()
            try:
                if not await ask():
                    return
            finally:  # one that is cancelled has waited until now
                self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)
            await asyncio.sleep(_ASK_SECONDS)
