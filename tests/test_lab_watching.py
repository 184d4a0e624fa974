# SPDX-License-Identifier: GPL-2.0-or-later
"""What of each process's waiting for a processor is recorded, and when."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from qpatch.lab.runtime import patience
from qpatch.lab.runtime.recorder import Recorder
from qpatch.lab.runtime.watching import starvation_recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

QEMU = 4711


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """How long the only thread of each process has waited, in ms: to be set; the others are the lab."""
    times: dict[int, int] = defaultdict(int)
    monkeypatch.setattr(
        patience, "waited_for_a_processor", lambda pid: {"main": times[QEMU if pid == QEMU else 0] * 1_000_000}
    )
    monkeypatch.setattr("qpatch.lab.runtime.watching._SAMPLE_SECONDS", 0.001)
    return times


async def watch(vms: list[Any], recorder: Recorder, waited: dict[int, int], *steps: Mapping[int, int]) -> None:
    async with starvation_recorded(cast("Any", vms), recorder):
        await asyncio.sleep(0.02)
        for step in steps:
            waited.update(step)
            await asyncio.sleep(0.02)


def recorded(recorder: Recorder) -> list[tuple[str, float]]:
    assert all(event.fields["since"] <= event.at for event in recorder.events)
    return [(event.fields["vm"], event.fields["ms"]) for event in recorder.events if event.name == "starved"]


def test_each_while_in_which_somebody_waited_is_told_once(waited: dict[int, int]) -> None:
    vms, recorder = [SimpleNamespace(actor="qemu0", pid=QEMU)], Recorder()
    asyncio.run(watch(vms, recorder, waited, {QEMU: 30}, {0: 20}, {QEMU: 35}))
    assert recorded(recorder) == [("qemu0", 30), ("lab", 20), ("qemu0", 5)]


def test_a_vm_that_is_not_started_is_not_counted_nor_what_it_waited_before(waited: dict[int, int]) -> None:
    vm, recorder = SimpleNamespace(actor="qemu0", pid=None), Recorder()
    asyncio.run(watch([vm], recorder, waited, {QEMU: 30}))
    vm.pid = QEMU
    asyncio.run(watch([vm], recorder, waited))
    assert recorded(recorder) == []
