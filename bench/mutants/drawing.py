# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws mutants at random: the same seed gives the same ones."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench.mutants import harmless, shown, states, symbols
from bench.mutants.cases import cases
from bench.mutants.registry import HARMLESS, MUTATIONS, draw

if TYPE_CHECKING:
    from bench.mutants.model import Mutant

# They enter what they have into the table.
ROOMS = (harmless, shown, states, symbols)
# So many draws in a row that give nothing new, and there is nothing new.
_PATIENCE = 2000


def draw_mutants(number: int, seed: int) -> list[Mutant]:
    """Return up to `number` different mutants; every mutation is as likely as another, and so is every case."""
    random = Random(seed)  # noqa: S311  # not for secrets
    varieties, seen, missed = list(MUTATIONS), set[str](), 0
    found: list[Mutant] = []
    while len(found) < number and missed < _PATIENCE:
        mutant = _one(random, varieties)
        missed += 1
        if mutant is not None and mutant.identity not in seen:
            seen.add(mutant.identity)
            found.append(mutant)
            missed = 0
    return found


def _one(random: Random, varieties: list[str]) -> Mutant | None:
    companion = random.choice(["", *HARMLESS]) if random.random() < 0.5 else ""
    return draw(random.choice(cases()), random.choice(varieties), random, companion)
