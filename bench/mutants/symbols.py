# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations of what an edit holds on to: renamed, moved, deleted, doubled, broken, under an `#if`, with a namesake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.mutants.model import Expected, refused
from bench.mutants.registry import Made, edits_a_body, mutation
from bench.mutants.texts import (
    FAR_NAMES,
    before_focus,
    focus_of,
    line_of,
    renamed,
    renamed_in_tree,
    replaced,
    with_focus,
)

if TYPE_CHECKING:
    from random import Random

    from bench.mutants.cases import Case, Tree

_GONE = ("has no", "not in this tree", "is gone", "no longer", "is not there", "not there", "does not have")
_NAMESAKE = 'static void {name}(void)\n{{\n    g_test_message("nothing");\n}}\n'


def _anchor_is_the_focus(case: Case) -> bool:
    """Tell whether the first edit holds on to the focus, which is C, by its name."""
    edit = case.data["edits"][0]
    anchor = next((edit[key] for key in ("in", "after", "before", "delete", "move") if key in edit), "")
    named = re.search(rf"\b{re.escape(case.focus.name)}\b", anchor)
    return case.is_c and bool(named) and not case.is_conditional and bool(case.text())


def _first_line(case: Case) -> str:
    return case.text().split("\n")[0]


@mutation("names")
def anchor_renamed(case: Case, random: Random) -> Made | None:
    """The anchor has another name, everywhere in the tree; what has no hunk, or a far name, cannot be recognised."""
    if not _anchor_is_the_focus(case):
        return None
    old = case.focus.name
    new = random.choice((f"{old}_anew", f"do_{old}", f"{old[:-1]}x", *FAR_NAMES))
    tree = renamed_in_tree(case.before, old, new)
    place = line_of(tree, case.focus.path, renamed(_first_line(case), old, new))
    if new in FAR_NAMES and (not case.shown() or old in case.shown()[0].line):
        return Made(tree, refused(_GONE), f"{old} to {new}")
    return Made(tree, refused(new, place=place), f"{old} to {new}")


@mutation("namesake elsewhere")
def anchor_renamed_with_a_namesake(case: Case, random: Random) -> Made | None:
    """The anchor has another name, and something else in another subsystem has its old one."""
    if not _anchor_is_the_focus(case) or not case.is_function:
        return None
    old = case.focus.name
    new = random.choice((f"{old}_anew", f"do_{old}", *FAR_NAMES))
    tree = renamed_in_tree(case.before, old, new)
    tree = {**tree, f"tests/unit/test-{old}.c": _NAMESAKE.format(name=old)}
    return Made(tree, refused(new), f"{old} to {new}")


@mutation("namesake elsewhere")
def anchor_renamed_with_a_likeness(case: Case, random: Random) -> Made | None:
    """The anchor has another name, and a copy of it in another subsystem has kept the old one."""
    if not _anchor_is_the_focus(case) or not case.is_function:
        return None
    old = case.focus.name
    tree = renamed_in_tree(case.before, old, f"{old}_anew")
    copy = f'#include "qemu/osdep.h"\n\n{case.text()}'
    return Made({**tree, f"tests/unit/test-{old}.c": copy}, refused(f"{old}_anew", (f"test-{old}.c", "namesake")))


@mutation("namesake elsewhere")
def anchor_deleted_with_a_namesake(case: Case, random: Random) -> Made | None:
    """The anchor is gone, and something else in another subsystem has its name."""
    if not _anchor_is_the_focus(case) or not case.is_function:
        return None
    old = case.focus.name
    tree = with_focus(case.before, case.focus, "")
    if tree is None:
        return None
    return Made(
        {**tree, f"tests/unit/test-{old}.c": _NAMESAKE.format(name=old)},
        refused((f"test-{old}.c", *_GONE)),
    )


@mutation("deleted")
def anchor_deleted(case: Case, random: Random) -> Made | None:
    """The anchor is gone: to a deletion of just that, nothing is left."""
    tree = with_focus(case.before, case.focus, "") if _anchor_is_the_focus(case) else None
    if tree is None:
        return None
    if case.is_removal and len(case.data["changes"]) == 1 and "delete" in case.data["edits"][0]:
        return Made(tree, Expected(tree, True))
    return Made(tree, refused(_GONE))


@mutation("deleted")
def file_deleted(case: Case, random: Random) -> Made | None:
    """The file is gone, and nothing else has what was in it."""
    if case.is_conditional or (case.is_removal and "delete" in str(case.data["edits"])):
        return None
    tree = {path: text for path, text in case.before.items() if path != case.focus.path}
    return Made(tree, refused((*_GONE, "there is no file", "no such file"), case.focus.path))


@mutation("moved")
def anchor_moved_to_another_file(case: Case, random: Random) -> Made | None:
    """The anchor stands in another file of its folder, byte for byte: the edit follows it."""
    if not _anchor_is_the_focus(case) or not case.is_function or len(case.data["changes"]) > 1:
        return None
    path = random.choice(("hw/pump/core.c", "hw/pump/pump-common.c"))
    head = '#include "qemu/osdep.h"\n#include "hw/pump/pump.h"\n\n'
    tree = with_focus(case.before, case.focus, "")
    own = focus_of(case.after, case.focus)
    tail = "" if "after" not in case.data["edits"][0] else None
    if tree is None or tail is None or not own or "guard" in case.data["edits"][0] or "move" in case.data["edits"][0]:
        return None
    moved = {**tree, path: head + case.text()}
    return Made(moved, Expected({**tree, path: head + own}), path)


@mutation("moved")
def file_renamed(case: Case, random: Random) -> Made | None:
    """The file has another name: the edit follows what it is about, or says where that is."""
    if not _anchor_is_the_focus(case):
        return None
    old = case.focus.path
    new = old.replace("/pump.", "/pump-core.").replace("/flow.", "/flow-core.")
    before = {new if path == old else path: text for path, text in case.before.items()}
    after = {new if path == old else path: text for path, text in case.after.items()}
    return Made(before, Expected(after, True, ((new,),)), new) if new != old else None


@mutation("duplication")
def anchor_twice(case: Case, random: Random) -> Made | None:
    """The anchor is defined twice in its file."""
    if not _anchor_is_the_focus(case):
        return None
    tree = before_focus(case.before, case.focus, case.text() + "\n")
    return None if tree is None else Made(tree, refused("2 times"))


@mutation("#if arms")
def anchor_under_an_if(case: Case, random: Random) -> Made | None:
    """The anchor stands under an `#if` that the edit does not name."""
    if not _anchor_is_the_focus(case) or "guard" in case.data["edits"][0] or "signature" in str(case.data["edits"][0]):
        return None
    word = random.choice(("#ifdef CONFIG_FRESH", "#ifndef CONFIG_FRESH"))
    tree = with_focus(case.before, case.focus, f"{word}\n{case.text()}#endif\n")
    return None if tree is None else Made(tree, refused("CONFIG_FRESH"), word)


@mutation("#if arms")
def anchor_in_two_arms(case: Case, random: Random) -> Made | None:
    """The anchor is defined in both arms of an `#if`."""
    if not _anchor_is_the_focus(case) or not case.is_function or "guard" in case.data["edits"][0]:
        return None
    head = case.text().partition("\n{")[0]
    new = f"#ifdef CONFIG_FRESH\n{case.text()}#else\n{head}\n{{\n    abort();\n}}\n#endif\n"
    tree = with_focus(case.before, case.focus, new)
    return None if tree is None else Made(tree, refused("2 times", ("CONFIG_FRESH", "#if")))


@mutation("dead code")
def anchor_in_dead_code(case: Case, random: Random) -> Made | None:
    """The anchor is never compiled."""
    if not _anchor_is_the_focus(case) or "guard" in case.data["edits"][0]:
        return None
    tree = with_focus(case.before, case.focus, f"#if 0\n{case.text()}#endif\n")
    return None if tree is None else Made(tree, refused("#if 0"))


@mutation("dead code")
def another_version_in_dead_code(case: Case, random: Random) -> Made | None:
    """An old version of the anchor stands in `#if 0` beside it: it is edited where it lives, or a question is asked."""
    if not _anchor_is_the_focus(case) or not case.is_function or "guard" in case.data["edits"][0]:
        return None
    dead = f"#if 0\n{case.text()}#endif\n\n"
    before, after = before_focus(case.before, case.focus, dead), before_focus(case.after, case.focus, dead)
    return None if before is None or after is None else Made(before, Expected(after, True))


@mutation("parameters")
def parameter_added_that_is_demanded(case: Case, random: Random) -> Made | None:
    """The anchor has a parameter that the edit does not know."""
    edit = case.data["edits"][0]
    demanded = "(" in edit.get("in", "") or edit.get("in", "").startswith("signature")
    if not case.is_function or not demanded:
        return None
    head, brace, body = case.text().partition(")\n{")
    tree = with_focus(case.before, case.focus, f"{head}, bool fresh_one{brace}{body}")
    return None if tree is None else Made(tree, refused("fresh_one"))


@mutation("broken files")
def brace_lost_in_the_anchor(case: Case, random: Random) -> Made | None:
    """The function is there, but it does not parse: the edit is made where it belongs all the same, or says so."""
    if not _anchor_is_the_focus(case) or not case.is_function:
        return None
    indentation = random.choice([line for line in case.text().split("\n") if line.strip() == "}"])

    def broken(tree: Tree) -> Tree | None:
        return with_focus(tree, case.focus, replaced(focus_of(tree, case.focus), f"\n{indentation}\n", "\n"))

    before, after = broken(case.before), broken(case.after)
    return (
        None if before is None or after is None else Made(before, Expected(after, True, (("parse", "syntax error"),)))
    )


@mutation("broken files")
def two_heads_of_one_body(case: Case, random: Random) -> Made | None:
    """The function has a head in each arm of an `#if`: what is done to its body is well defined, the rest is not."""
    if not _anchor_is_the_focus(case) or not case.is_function or "guard" in case.data["edits"][0]:
        return None

    def parted(tree: Tree) -> Tree | None:
        head, brace, body = focus_of(tree, case.focus).partition("\n{\n")
        other = head.replace(")", ", int fresh)")
        return with_focus(tree, case.focus, f"#ifdef X\n{other}\n#else\n{head}\n#endif{brace}{body}") if brace else None

    before = parted(case.before)
    causes = (("parse", "#if", "times", "head"),)
    if before is None:
        return None
    edit = case.data["edits"][0]
    is_inside = str(edit.get("in", "")).startswith(("function ", "switch "))
    return Made(before, Expected(parted(case.after) if is_inside or "after" in edit else None, True, causes))


@mutation("broken files")
def brace_lost_in_another_function(case: Case, random: Random) -> Made | None:
    """Another function of the file does not parse: the edit is made all the same, or says so."""
    if not _anchor_is_the_focus(case) or case.focus.path != "hw/pump/pump.c":
        return None
    old, new = "    pump->ticks++;\n}\n", "    pump->ticks++;\n"
    if old not in case.after["hw/pump/pump.c"] or old in case.text():
        return None
    before = {**case.before, case.focus.path: case.before[case.focus.path].replace(old, new)}
    after = {**case.after, case.focus.path: case.after[case.focus.path].replace(old, new)}
    return Made(before, Expected(after, True))


@mutation("wraps")
def anchor_is_a_macro_now(case: Case, random: Random) -> Made | None:
    """The function is a macro now."""
    if not _anchor_is_the_focus(case) or not case.is_function:
        return None
    head, _, body = case.text().partition("\n{\n")
    lines = [line for line in body.rpartition("}\n")[0].split("\n") if line.strip() and "#" not in line]
    parameters = head[head.index("(") :].replace("Pump *", "").replace("int ", "").replace("Flow *", "")
    text = f"#define {case.focus.name}{parameters} do {{ \\\n" + "".join(f"{line} \\\n" for line in lines)
    tree = with_focus(case.before, case.focus, f"{text}}} while (0)\n")
    return None if tree is None else Made(tree, refused("macro"))


@mutation("wraps")
def anchor_calls_a_helper_with_its_body(case: Case, random: Random) -> Made | None:
    """The body of the function stands in another one, which it calls."""
    if not _anchor_is_the_focus(case) or not edits_a_body(case) or not case.shown():
        return None
    name = case.focus.name
    helper = renamed(case.text(), name, f"{name}_locked")
    if not helper.startswith("static"):
        helper = f"static {helper}"
    head = case.text().partition("\n{\n")[0]
    tree = with_focus(case.before, case.focus, f"{helper}\n{head}\n{{\n    {name}_locked();\n}}\n")
    return None if tree is None else Made(tree, refused(f"{name}_locked"))


@mutation("names")
def struct_is_a_union_now(case: Case, random: Random) -> Made | None:
    """The struct is a union, or the other way round."""
    if not _anchor_is_the_focus(case) or not case.focus.path.endswith(".h"):
        return None
    swap = {"typedef struct": "typedef union", "union": "struct"}
    old = next((word for word in swap if case.text().startswith(word)), "")
    tree = with_focus(case.before, case.focus, case.text().replace(old, swap[old], 1)) if old else None
    return None if tree is None else Made(tree, refused(swap[old].split()[-1]))
