# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants of what edits are made on: the table of what becomes of a few hundred, drawn at random from a fixed seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from bench.mutants.cases import cases
from bench.mutants.drawing import draw_mutants
from bench.mutants.model import Outcome
from bench.mutants.registry import HARMLESS, MUTATIONS, draw
from bench.mutants.report import WRONG, described, explained, first_right, is_known, known_failures, table
from bench.mutants.trial import attempt, try_mutant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.mutants.cases import Case
    from bench.mutants.model import Trial

NUMBER, SEED = 300, 10
# What is reached; it only rises.
LEAST_EXPLAINED = 0.92
LEAST_FIRST = 0.84


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_an_edit_comes_to_what_it_should_on_the_tree_as_it_is(case: Case) -> None:
    made = attempt(case, case.before)
    assert made.tree == case.after, made.said


def test_mutants_go_right_or_are_refused_for_their_true_cause() -> None:
    trials = [try_mutant(mutant) for mutant in draw_mutants(NUMBER, SEED)]
    print(f"\n{table(trials)}")  # shown with a failure, and by `pytest -s`
    wrong = [trial for trial in trials if trial.outcome in WRONG and not is_known(trial)]
    assert not wrong, told(wrong)
    assert explained(trials) >= LEAST_EXPLAINED, told(
        trial for trial in trials if trial.outcome is Outcome.LOUD_BUT_POOR
    )
    assert first_right(trials) >= LEAST_FIRST, told(trial for trial in trials if trial.first is False)


def told(trials: Iterable[Trial]) -> str:
    return "\n".join(described(trial) for trial in trials)


def test_the_same_seed_draws_the_same_mutants() -> None:
    first, second = ([mutant.identity for mutant in draw_mutants(30, 3)] for _ in range(2))
    assert first == second and len(set(first)) == 30


@pytest.mark.parametrize("variety", MUTATIONS)
def test_every_mutation_has_its_place_in_some_case(variety: str) -> None:
    random = Random(SEED)  # noqa: S311  # not for secrets
    assert any(draw(case, variety, random) for _ in range(9) for case in cases())


def test_what_is_known_to_fail_is_a_mutation() -> None:
    names = {name.partition(" / ")[0] for name in known_failures()}
    assert names <= set(MUTATIONS) | set(HARMLESS)
