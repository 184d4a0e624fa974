# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an interrupt was lost: in the device, before QEMU took its eventfd, or after that, by what was loaded then."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.account import NANOSECONDS_PER_MS, line_name, line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.observer.account import Interrupt


@cache
def controllers() -> frozenset[str]:
    """Return the names under which interrupt controllers migrate."""
    text = resources.files(__package__).joinpath("controllers.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.load(text, yaml.CSafeLoader)["controllers"])


def controller_loaded(event: Event) -> str:
    """Return the name of the interrupt controller whose state `event` begins to load, or ''."""
    if event.origin is not EventSource.TRACE or event.name != "vmstate_load":
        return ""
    name = str(event.fields.get("id", ""))
    return name if name in controllers() else ""


def loss_reason(timeline: Sequence[Event], lost: Interrupt, fence: int) -> str:
    """Return where an interrupt was lost, from what the process did in which it was raised."""
    raised = lost.raised
    later = [event for event in timeline[lost.position + 1 : fence] if event.actor == raised.actor]
    if raised.name == "irq-swallow" or any(_same(event, raised, "irq-swallow") for event in later[:2]):
        return "it was swallowed by the device"
    if not raised.fields.get("sent", True):
        return f"the device could not send it: {raised.fields.get('reason') or 'no eventfd was set'}"
    taken = next((number for number, event in enumerate(later) if _same(event, raised, "irq-consume")), None)
    if taken is None:
        return f"its eventfd was never read by {raised.actor}"
    return _after_taking(raised, later[taken], later[taken:])


def _after_taking(raised: Event, taken: Event, later: Sequence[Event]) -> str:
    what = f"{line_name(raised)}'s"
    loaded = next(((event, name) for event in later if (name := controller_loaded(event))), None)
    if loaded is None:
        return f"QEMU took {what} eventfd, but the guest never acknowledged it"
    event, name = loaded
    return f"QEMU took {what} eventfd {(event.at - taken.at) / NANOSECONDS_PER_MS:.1f} ms before {name} was loaded"


def _same(event: Event, raised: Event, name: str) -> bool:
    return event.origin is EventSource.UAPI and event.name == name and line_of(event) == line_of(raised)
