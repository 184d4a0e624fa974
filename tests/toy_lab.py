# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab that runs nothing: it composes the timeline that a plan would have, as the history of QEMU tells it.

Before 6.0, config space was loaded before the interrupt controllers: a device that interrupts as soon as it may loses
that interrupt. It shows what a lab has to implement, and is known by an entry of the registry alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab_timeline_support import migration

from qpatch.lab.plan import RunRecord
from qpatch.lab.protocol import SCRIPT, Limit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.lab.model import Event, Observation
    from qpatch.lab.plan import RunPlan
    from qpatch.trees.progress import Progress

NEW_ORDER = (6, 0)  # the release that loads config space after the interrupt controllers


class ToyLab:
    name = "toy"
    title = "Composes timelines; nothing is run"
    limits = (Limit("anything new", "it tells what is known already"),)

    def prepare(self, plans: Sequence[RunPlan], progress: Progress) -> PreparedToyLab:
        progress.note(f"{len(plans)} timelines can be composed")
        return PreparedToyLab()


@dataclass(frozen=True)
class PreparedToyLab:
    def reason_against(self, plan: RunPlan) -> str:
        return "the toy lab has one device" if plan.scenario.devices > 1 else ""

    async def run(self, plan: RunPlan, directory: Path) -> RunRecord:
        directory.mkdir(parents=True)
        eager = "set-irqs" in plan.device.raise_
        is_old = plan.destination.release < NEW_ORDER
        controllers = plan.machine.controllers
        order = ("config", "set-irqs", "data", *controllers) if is_old else ("data", *controllers, "config", "set-irqs")
        timeline = migration(order, eager=eager, lost=eager and is_old, pause=100).events
        return RunRecord(directory, tuple(timeline), {}, 0.25)

    def timeline(self, record: RunRecord) -> tuple[Event, ...]:
        return record.events

    def write_bundle(
        self, plan: RunPlan, record: RunRecord, observation: Observation, place: Path, *, binaries: bool
    ) -> Path | None:
        place.mkdir()
        (place / SCRIPT).write_text(f"#!/bin/sh\necho {observation.verdict}\n")
        return place
