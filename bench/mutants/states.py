# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations of how much of the change is there, and of what tells the capabilities that decide about it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from bench.mutants.cases import changed
from bench.mutants.model import Expected, refused
from bench.mutants.registry import Made, mutation
from bench.mutants.texts import before_focus, focus_of, renamed, renamed_in_tree, with_focus

if TYPE_CHECKING:
    from random import Random

    from bench.mutants.cases import Case, Tree
    from bench.mutants.registry import Change


@mutation("there")
def all_of_it_there(case: Case, random: Random) -> Made | None:
    """The tree has the change: nothing is left to do."""
    return Made(case.after, Expected(case.after))


@mutation("half applied")
def part_of_it_there(case: Case, random: Random) -> Made | None:
    """The tree has a part of the change, which the strategy does not allow."""
    changes = case.data["changes"]
    if len(changes) < 2:
        return None
    part = random.choice([list(some) for size in range(1, len(changes)) for some in combinations(changes, size)])
    try:
        return Made(changed(case.before, part), refused(("already", "a part of it")), f"{len(part)} of {len(changes)}")
    except ValueError:  # a companion has changed the text of it
        return None


def _told_otherwise(case: Case, change: Change, detail: str = "") -> Made | None:
    """Return what must come to what is right, or be refused: the evidence is told otherwise, the fact is the same."""
    before, after = change(case.before), change(case.after)
    return None if before is None or after is None else Made(before, Expected(after, True), detail)


@mutation("capabilities")
def evidence_renamed(case: Case, random: Random) -> Made | None:
    """The function that a capability is told by has another name, everywhere."""
    if case.evidence is None:
        return None
    old, new = case.evidence.name, random.choice((f"{case.evidence.name}_anew", "zeta_handler"))
    return _told_otherwise(case, lambda tree: renamed_in_tree(tree, old, new), new)


@mutation("capabilities")
def callee_in_the_evidence_renamed(case: Case, random: Random) -> Made | None:
    """What the evidence calls has another name, everywhere."""
    if case.evidence is None or "has_drain" not in case.data["when"]:
        return None
    new = random.choice(("pump_empty", "pump_drain_anew"))
    return _told_otherwise(case, lambda tree: renamed_in_tree(tree, "pump_drain", new), new)


@mutation("capabilities")
def evidence_in_another_file(case: Case, random: Random) -> Made | None:
    """The function that a capability is told by stands in another file of the same folder, or elsewhere."""
    evidence = case.evidence
    if evidence is None or evidence == case.focus:
        return None
    path = random.choice(("hw/pump/ready.c", "hw/common/pump-ready.c"))

    def change(tree: Tree) -> Tree | None:
        rest = with_focus(tree, evidence, "")
        return rest and {**rest, path: focus_of(tree, evidence)}

    return _told_otherwise(case, change, path)


@mutation("capabilities")
def evidence_file_renamed(case: Case, random: Random) -> Made | None:
    """The file of what a capability is told by has another name."""
    if case.evidence is None:
        return None
    old = case.evidence.path
    new = random.choice(("hw/pump/pump-core.c", "hw/fluid/pump.c"))
    return _told_otherwise(case, lambda tree: {new if path == old else path: text for path, text in tree.items()}, new)


@mutation("capabilities")
def evidence_is_a_macro(case: Case, random: Random) -> Made | None:
    """The function that a capability is told by is a macro of the same meaning."""
    evidence = case.evidence
    if evidence is None or "return" not in focus_of(case.before, evidence).split("\n")[2]:
        return None
    new = f"#define {evidence.name}(pump) ((pump)->valves > 0 && !(pump)->blocked)\n"
    return _told_otherwise(case, lambda tree: with_focus(tree, evidence, new))


@mutation("capabilities")
def evidence_in_a_helper(case: Case, random: Random) -> Made | None:
    """What a capability is told by is done in a function that is called in its place."""
    evidence = case.evidence
    if evidence is None or "has_drain" not in case.data["when"]:
        return None
    helper = "static void pump_fail(Pump *pump)\n{\n    pump_drain(pump);\n}\n\n"

    def change(tree: Tree) -> Tree | None:
        own = focus_of(tree, evidence).replace("pump_drain(pump)", "pump_fail(pump)")
        changed_tree = with_focus(tree, evidence, own)
        return changed_tree and before_focus(changed_tree, evidence, helper)

    return _told_otherwise(case, change)


@mutation("capabilities")
def evidence_does_not_parse(case: Case, random: Random) -> Made | None:
    """What a capability is told by is there, and does not parse."""
    evidence = case.evidence
    if evidence is None or evidence == case.focus:
        return None

    def change(tree: Tree) -> Tree | None:
        head, _, body = focus_of(tree, evidence).partition("\n{\n")
        return with_focus(tree, evidence, f"#ifdef X\n{head}\n{{\n#else\n{head} {{\n#endif\n{body}")

    return _told_otherwise(case, change)


@mutation("capabilities")
def landed_by_a_part(case: Case, random: Random) -> Made | None:
    """A part of the evidence of a change that may have landed is there."""
    if "landed" not in case.data:
        return None
    return part_of_it_there(case, random)


@mutation("capabilities")
def landed_in_dead_code(case: Case, random: Random) -> Made | None:
    """What tells that the change has landed is never compiled."""
    if "landed" not in case.data:
        return None
    own, new = focus_of(case.before, case.focus), focus_of(case.after, case.focus)
    tree = with_focus(case.after, case.focus, f"#if 0\n{new}#else\n{own}#endif\n")
    return None if tree is None else Made(tree, refused("#if"))


@mutation("capabilities")
def landed_under_another_name(case: Case, random: Random) -> Made | None:
    """The change has landed, with a member of another name."""
    if "landed" not in case.data:
        return None
    paths = ("include/hw/pump/pump.h", "hw/pump/pump.c")
    tree = {**case.after, **{path: renamed(case.after[path], "leaking", "leaks") for path in paths}}
    return Made(tree, refused(("leaks", "leaking", "||")))
