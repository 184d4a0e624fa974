# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of mutations: each makes a mutant of a case, with what is right for it, or None where it has no place."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from bench.mutants.cases import Case, Focus, Shown, Tree
from bench.mutants.model import Expected, Mutant
from bench.mutants.texts import focus_of, with_focus

Maker: TypeAlias = Callable[[Case, Random], "Made | None"]
# A change of any tree, None where it has no place.
Change: TypeAlias = Callable[[Tree], "Tree | None"]


class Made:
    """What a mutation makes: the mutated tree, what is right for it, and a detail that tells it from others."""

    def __init__(self, tree: Tree, expected: Expected, detail: str = "") -> None:
        self.tree = tree
        self.expected = expected
        self.detail = detail


MUTATIONS: dict[str, tuple[str, Maker]] = {}
HARMLESS: dict[str, Callable[[Case, Random], Change | None]] = {}


def mutation(kind: str) -> Callable[[Maker], Maker]:
    """Enter a mutation of `kind` in the table, under the name of the function."""

    def enter(maker: Maker) -> Maker:
        MUTATIONS[maker.__name__.replace("_", " ")] = (kind, maker)
        return maker

    return enter


def harmless(
    kind: str, *, alone: bool = False
) -> Callable[[Callable[[Case, Random], Change | None]], Callable[[Case, Random], Change | None]]:
    """Enter a change that no edit minds: made before or after the edit, it comes to the same.

    `alone`: it is not made together with other mutations.
    """

    def enter(choose: Callable[[Case, Random], Change | None]) -> Callable[[Case, Random], Change | None]:
        name = choose.__name__.replace("_", " ")

        def maker(case: Case, random: Random) -> Made | None:
            moved = carried(case, choose(case, random))
            return None if moved is None else Made(moved.before, Expected(moved.after))

        if not alone:
            HARMLESS[name] = choose
        MUTATIONS[name] = (kind, maker)
        return choose

    return enter


def carried(case: Case, change: Change | None) -> Case | None:
    """Return the case with a harmless change made to both of its trees, None where it has no place in them."""
    before = change(case.before) if change else None
    after = change(case.after) if change else None
    if before is None or after is None or before == case.before:
        return None
    return case.on(before, after)


def draw(case: Case, variety: str, random: Random, companion: str = "") -> Mutant | None:
    """Return a mutant of `case`, None where it has no place; `companion` is a harmless change made before it."""
    if companion and companion != variety:
        moved = carried(case, HARMLESS[companion](case, random))
        if moved is None:
            return None
        case = moved
    kind, maker = MUTATIONS[variety]
    made = maker(case, random)
    if made is None or made.tree == case.before:
        return None
    detail = ", ".join(part for part in (made.detail, companion and f"with {companion}") if part)
    return Mutant(kind, variety, case, made.tree, made.expected, detail)


def edits_a_body(case: Case) -> bool:
    """Tell whether the first edit is a hunk in the body of a function."""
    return str(case.data["edits"][0].get("in", "")).startswith("function ") and case.is_function


def pick(random: Random, shown: list[Shown]) -> Shown | None:
    """Return one of the lines, None where there is none."""
    return random.choice(shown) if shown else None


def in_focus(focus: Focus, change: Callable[[str], str | None]) -> Change:
    """Return the change of a tree that changes the text of its focus."""

    def make(tree: Tree) -> Tree | None:
        own = focus_of(tree, focus)
        new = change(own) if own else None
        return None if new is None else with_focus(tree, focus, new)

    return make
