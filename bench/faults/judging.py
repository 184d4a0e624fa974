# SPDX-License-Identifier: GPL-2.0-or-later
"""What counts: a fault is seen where a cell has one of its words, and nothing else may turn another word.

A verdict says nothing where the healthy build has the same in this cell (controls, documented faults of the release).
Of the others, one of the fault's words is *right*, any other red one *wrong*: above all words that acquit QEMU.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.faults.catalogue import Cell, Fault
    from bench.faults.running import Shown


class Standing(enum.StrEnum):
    """What became of a fault."""

    SEEN = "seen"
    WRONG = "wrong word"  # red, but nowhere with one of its words, or with another one beside it
    GREEN = "green"
    UNTRIED = "untried"  # none of its cells can be run


@dataclass(frozen=True)
class Judgement:
    """How a fault stands: cells with a right word, and those with a wrong one."""

    fault: Fault
    right: Mapping[Cell, Verdict]
    wrong: Mapping[Cell, Verdict]
    tried: int

    @property
    def standing(self) -> Standing:
        """See Standing."""
        if not self.tried:
            return Standing.UNTRIED
        if self.wrong:
            return Standing.WRONG
        return Standing.SEEN if self.right else Standing.GREEN

    @property
    def words(self) -> str:
        """The verdicts that were not the healthy build's, each once."""
        return ", ".join(sorted({str(verdict) for verdict in (*self.right.values(), *self.wrong.values())})) or "-"


def judge_fault(
    fault: Fault, shown: Mapping[Cell, Sequence[Shown]], healthy: Mapping[Cell, Sequence[Shown]]
) -> Judgement:
    """Return how `fault` stands; `shown` and `healthy` are the runs of each cell with and without it."""
    right: dict[Cell, Verdict] = {}
    wrong: dict[Cell, Verdict] = {}
    tried = 0
    for cell, runs in shown.items():
        normal = {run.verdict for run in healthy.get(cell, ())}
        tried += any(run.verdict is not Verdict.NOT_APPLICABLE for run in runs)
        for run in runs:
            if run.verdict in normal or run.verdict.is_green:
                continue
            (right if run.verdict in fault.entry.words else wrong)[cell] = run.verdict
    return Judgement(fault, right, wrong, tried)
