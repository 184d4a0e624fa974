# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the account of interrupts have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab_timeline_support import TimelineBuilder

from qpatch.lab.observer.interrupts import account_for
from qpatch.lab.observer.migrations import parse_migrations

if TYPE_CHECKING:
    from qpatch.lab.model import InterruptCounts


def totals(timeline: TimelineBuilder) -> InterruptCounts:
    """What became of the interrupts of `timeline`."""
    return account_for(parse_migrations(timeline.events)).totals()


def moved(*, pause: float = 0) -> TimelineBuilder:
    """A run whose destination is about to run."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop(pause=pause)
    timeline.load()
    return timeline
