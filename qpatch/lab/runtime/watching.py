# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches the QEMUs of a migration while it lasts, and records what the timeline cannot show by itself.

That is how long each let a question on its monitor wait (`answered`), and how long a thread of it waited for a
processor (`starved`): what the host took is not QEMU's.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from qpatch.lab.runtime.patience import Starvation
    from qpatch.lab.runtime.recorder import Recorder
    from qpatch.lab.runtime.vm import VirtualMachine

_SAMPLE_SECONDS = 0.02
_ASK_SECONDS = 0.1


@asynccontextmanager
async def watched(vms: Sequence[VirtualMachine], recorder: Recorder) -> AsyncIterator[None]:
    """Watch `vms` while the context lasts, and record then what was seen of each."""
    counts = [(vm, vm.starvation()) for vm in vms]
    answers = [(vm, _Answers()) for vm in vms]
    watching = [
        asyncio.create_task(_sample([count for _, count in counts])),
        *(asyncio.create_task(answer.watch(vm.responds)) for vm, answer in answers),
    ]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)  # a question that is still open counts when its task has ended
        for vm, answer in answers:
            recorder.lab("answered", vm=vm.actor, ms=answer.longest_ms)
        for vm, count in counts:
            count.sample()
            recorder.lab("starved", vm=vm.actor, ms=count.ms)


async def _sample(counts: Sequence[Starvation]) -> None:
    """Look again and again how long QEMU has waited for a processor: the threads of a migration end with it."""
    while True:
        for count in counts:
            count.sample()
        await asyncio.sleep(_SAMPLE_SECONDS)


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
