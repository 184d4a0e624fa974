# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps what the lab does and receives during a run, in order: events for the observer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qpatch.lab.model import Event, EventSource

if TYPE_CHECKING:
    from collections.abc import Mapping

LAB = "lab"


@dataclass
class Recorder:
    """The events of one run so far."""

    events: list[Event] = field(default_factory=list)

    def lab(self, name: str, **fields: Any) -> None:
        """Keep something that the lab did."""
        self.event(LAB, EventSource.LAB, name, fields)

    def event(self, actor: str, origin: EventSource, name: str, fields: Mapping[str, Any]) -> None:
        """Keep something that happened now."""
        self.events.append(Event(time.monotonic_ns(), actor, origin, name, str(fields.get("device", "")), dict(fields)))
