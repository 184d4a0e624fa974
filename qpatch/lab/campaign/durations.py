# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures about durations of runs: seconds by the clock of this machine, emulated and without KVM."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Durations:
    """How long runs took: their number, the median and the 95th percentile (by nearest rank), in seconds."""

    runs: int
    median: float
    percentile_95: float

    def as_json(self) -> dict[str, object]:
        """Return the figures as `test --json` prints them."""
        return {"runs": self.runs, "median_s": round(self.median, 3), "p95_s": round(self.percentile_95, 3)}


def durations(seconds: Iterable[float]) -> Durations | None:
    """Return the figures of the durations `seconds`, None for none."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    rank = math.ceil(0.95 * len(ordered))
    return Durations(len(ordered), statistics.median(ordered), ordered[rank - 1])
