# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of kinds of mutants against what became of them, shares that are aimed at, and what is known to fail."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import yaml

from bench.mutants.cases import DATA
from bench.mutants.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.mutants.model import Trial

WRONG = (Outcome.SILENT_WRONG, Outcome.BROKEN, Outcome.CRASH, Outcome.HANG)


def table(trials: Sequence[Trial]) -> str:
    """Return the table, a line for each kind."""
    counts = Counter((trial.mutant.kind, trial.outcome) for trial in trials)
    kinds = sorted({trial.mutant.kind for trial in trials})
    rows = [[kind, *(str(counts[kind, outcome] or "") for outcome in Outcome)] for kind in kinds]
    totals = ["all", *(str(sum(counts[kind, outcome] for kind in kinds)) for outcome in Outcome)]
    head = ["kind", *(outcome.value for outcome in Outcome)]
    widths = [max(len(row[column]) for row in (head, totals, *rows)) for column in range(len(head))]
    return "\n".join(_aligned(row, widths) for row in (head, *rows, totals))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row of the table, the first column to the left, the others to the right."""
    cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
    return "  ".join([row[0].ljust(widths[0]), *cells[1:]])


def explained(trials: Sequence[Trial]) -> float:
    """Return the share of the misses that name their true cause, of those that had to be refused."""
    told = sum(trial.outcome is Outcome.LOUD_AND_RIGHT for trial in trials if trial.mutant.expected.causes)
    poor = sum(trial.outcome is Outcome.LOUD_BUT_POOR for trial in trials)
    return told / max(1, told + poor)


def first_right(trials: Sequence[Trial]) -> float:
    """Return the share of the misses whose candidate named first is the right one, where that is known."""
    known = [trial.first for trial in trials if trial.first is not None]
    return sum(known) / max(1, len(known))


@cache
def known_failures() -> dict[str, str]:
    """Return what is known to fail, a mutation or a mutation of a case, each with the reason."""
    content = yaml.safe_load((DATA.parent / "mutants-open.yaml").read_text(encoding="utf-8"))
    return dict(content or {})


def is_known(trial: Trial) -> bool:
    """Tell whether a trial is one of the known failures."""
    return any(name in known_failures() for name in _names(trial))


def settled(trials: Sequence[Trial]) -> list[str]:
    """Return the known failures of which none of `trials` failed, though some tried it."""
    tried = {name for trial in trials for name in _names(trial)}
    failed = {name for trial in trials if trial.outcome in WRONG for name in _names(trial)}
    return sorted(name for name in known_failures() if name in tried - failed)


def _names(trial: Trial) -> tuple[str, ...]:
    """Return the names under which a trial may stand among the known failures."""
    mutant = trial.mutant
    companion = mutant.detail.rpartition("with ")[2] if "with " in mutant.detail else ""
    return (mutant.variety, f"{mutant.variety} / {mutant.case.name}", companion)


def described(trial: Trial) -> str:
    """Return a trial in words: what it was, what was said."""
    said = "\n".join(f"    {line}" for line in trial.said.splitlines()[:30])
    return f"{trial.outcome}: {trial.mutant.identity}\n{said}"
