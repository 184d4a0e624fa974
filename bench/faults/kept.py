# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what earlier runs have left in a directory: all faults together take long, and can be tried in parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.faults.catalogue import Cell
from bench.faults.running import Outcome, Shown
from qpatch.lab.campaign.runner import RESULT
from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def read_outcome(directory: Path) -> Outcome:
    """Return what the runs in `directory` have shown; each has its file, whose strategy is the fault."""
    outcome = Outcome()
    for file in sorted(directory.rglob(RESULT)):
        document = json.loads(file.read_text(encoding="utf-8"))
        cell = Cell(document["machine"], document["profile"], document["scenario"])
        shown = Shown(Verdict(document["verdict"]), document["reason"], document["wall_s"])
        outcome.shown[document["strategy"]].setdefault(cell, []).append(shown)
    return outcome
