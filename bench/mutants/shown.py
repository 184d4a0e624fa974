# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations of the lines that a hunk shows: after each, the edit does not fit any more, and has to say why."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.mutants.model import Expected, refused
from bench.mutants.registry import Made, edits_a_body, mutation, pick
from bench.mutants.texts import (
    FAR_NAMES,
    before_focus,
    focus_of,
    indented,
    line_in_focus,
    line_of,
    renamed,
    replace_line,
    with_focus,
)

if TYPE_CHECKING:
    from random import Random

    from bench.mutants.cases import Case, Shown, Tree

_OPERATORS = ((" < ", " <= "), (" > ", " >= "), (" * ", " + "))
_GONE = ("is gone", "nothing in the tree resembles", "not there", "no longer", "nor anything like")


def _statement(case: Case, random: Random) -> Shown | None:
    """Return a whole statement that the hunk shows, one that is there once in the focus."""
    text = "\n" + case.text()
    usable = [line for line in case.shown() if line.is_statement and text.count(f"\n{line.line}\n") == 1]
    return pick(random, usable) if case.is_c else None


def _instead(case: Case, line: Shown, new: str, tree: Tree | None = None) -> Tree | None:
    """Return the tree with `new` in the place of a line of the focus."""
    tree = case.before if tree is None else tree
    text = replace_line(focus_of(tree, case.focus), line.line, new)
    return None if text is None else with_focus(tree, case.focus, text)


def _made(case: Case, tree: Tree | None, *causes: str | tuple[str, ...], at: str = "", detail: str = "") -> Made | None:
    """Return what must be refused for `causes`; `at` is the line of the focus that should be named first."""
    if tree is None:
        return None
    return Made(tree, refused(*causes, place=line_in_focus(case, tree, at) if at else None), detail)


@mutation("names")
def callee_renamed(case: Case, random: Random) -> Made | None:
    """A function that a shown line calls has another name in the focus."""
    line = _statement(case, random)
    if line is None or not line.callee:
        return None
    new = random.choice((f"{line.callee}_anew", f"do_{line.callee}", random.choice(FAR_NAMES)))
    changed = renamed(line.line, line.callee, new)
    return _made(case, _instead(case, line, changed + "\n"), new, at=changed, detail=f"{line.callee} to {new}")


@mutation("names")
def variable_renamed(case: Case, random: Random) -> Made | None:
    """A local variable or a parameter that the hunk names has another name."""
    text, shown = case.text(), " ".join(line.line for line in case.shown())
    bound = set(case.data.get("binds", {}).values())
    declared = re.findall(r"[ *](\w+)(?= =|;|,|\))", text.partition("\n\n")[0])
    names = [name for name in declared if name not in bound and re.search(rf"(?<![\w>.]){name}\b", shown)]
    if not case.is_function or not names:
        return None
    old = random.choice(names)
    new = random.choice((f"{old}s", f"my_{old}", "zz"))
    changed = re.sub(rf"(?<![\w>.]){old}\b", new, text)
    return _made(case, with_focus(case.before, case.focus, changed), new, detail=f"{old} to {new}")


@mutation("parameters")
def argument_added(case: Case, random: Random) -> Made | None:
    """A call that the hunk shows passes one more argument."""
    line = _statement(case, random)
    if line is None or not line.callee:
        return None
    new = random.choice(("&fresh_err", "true", "FRESH_FLAG"))
    changed = re.sub(r"\);$", f", {new});", line.line)
    return _made(case, _instead(case, line, changed + "\n"), new, at=changed, detail=line.callee)


@mutation("parameters")
def argument_taken_away(case: Case, random: Random) -> Made | None:
    """A call that the hunk shows passes one argument less."""
    line = _statement(case, random)
    found = line and re.search(r", (\w+)\);$", line.line)
    if line is None or not found:
        return None
    changed = line.line.replace(found[0], ");")
    return _made(case, _instead(case, line, changed + "\n"), found[1], at=changed, detail=line.callee)


@mutation("parameters")
def operator_changed(case: Case, random: Random) -> Made | None:
    """A shown condition compares otherwise."""
    fitting = [(line, old, new) for line in case.shown() for old, new in _OPERATORS if old in line.line]
    if not fitting or not case.is_function:
        return None
    line, old, new = random.choice(fitting)
    changed = line.line.replace(old, new)
    return _made(case, _instead(case, line, changed + "\n"), f"{new.strip()}", at=changed)


@mutation("wraps")
def wrapped(case: Case, random: Random) -> Made | None:
    """A statement that the hunk shows stands in a block that it does not show."""
    line = _statement(case, random)
    if line is None or not case.is_function or not line.callee:
        return None
    head, tail = random.choice(
        (("if (fresh_mode) {", "}"), ("for (i = 0; i < 2; i++) {", "}"), ("do {", "} while (again());"), ("{", "}"),
         ("WITH_FRESH_LOCK(lock) {", "}"))
    )  # fmt: skip
    new = f"{line.indentation}{head}\n{indented(line.line)}\n{line.indentation}{tail}\n"
    cause = head.rstrip(" {") or "block"
    return _made(case, _instead(case, line, new), (cause, " ".join(cause.split())), detail=head)


@mutation("wraps")
def wrapped_without_braces(case: Case, random: Random) -> Made | None:
    """A statement that the hunk shows depends on a condition now."""
    line = _statement(case, random)
    if line is None or not case.is_function or not line.callee:
        return None
    new = f"{line.indentation}if (fresh_mode)\n{indented(line.line)}\n"
    return _made(case, _instead(case, line, new), "fresh_mode")


@mutation("wraps")
def block_wrapped(case: Case, random: Random) -> Made | None:
    """The whole body stands in a condition."""
    text = case.text()
    head, brace, body = text.partition("\n{\n")
    inner, closing, _ = body.rpartition("}\n")
    if not edits_a_body(case) or not closing or not case.shown():
        return None
    new = f"{head}{brace}    if (fresh_mode) {{\n{indented(inner)}    }}\n}}\n"
    return _made(case, with_focus(case.before, case.focus, new), "fresh_mode")


@mutation("wraps")
def moved_into_a_helper(case: Case, random: Random) -> Made | None:
    """A statement that the hunk shows is done by a function that is called in its place."""
    line = _statement(case, random)
    if line is None or not case.is_function or not line.callee:
        return None
    name = random.choice(("fresh_helper", f"{case.focus.name}_one", "zz_do_it"))
    helper = f"static void {name}(Pump *pump)\n{{\n    {line.line.strip()}\n}}\n\n"
    tree = _instead(case, line, f"{line.indentation}{name}(pump);\n")
    return _made(case, tree and before_focus(tree, case.focus, helper), name, detail=name)


@mutation("wraps")
def moved_into_a_macro(case: Case, random: Random) -> Made | None:
    """A statement that the hunk shows is done by a macro that is used in its place."""
    line = _statement(case, random)
    if line is None or not case.is_function or not line.callee:
        return None
    macro = f"#define FRESH_STEP() do {{ {line.line.strip()} }} while (0)\n\n"
    tree = _instead(case, line, f"{line.indentation}FRESH_STEP();\n")
    return _made(case, tree and before_focus(tree, case.focus, macro), "FRESH_STEP")


def _neighbours(case: Case) -> list[tuple[Shown, Shown]]:
    return [
        (one, two)
        for one, two in pairwise(case.shown())
        if one.adjoins_next and one.is_statement and two.is_statement and one.line != two.line
    ]


@mutation("order")
def neighbours_swapped(case: Case, random: Random) -> Made | None:
    """Two statements that the hunk shows stand the other way round."""
    pairs = _neighbours(case)
    if not pairs or not case.is_function:
        return None
    one, two = random.choice(pairs)
    text = case.text().replace(f"{one.line}\n{two.line}\n", f"{two.line}\n{one.line}\n")
    return _made(case, with_focus(case.before, case.focus, text), "order")


@mutation("order")
def statement_between(case: Case, random: Random) -> Made | None:
    """A new statement stands between two that the hunk shows next to each other."""
    pairs = _neighbours(case)
    if not pairs or not case.is_function:
        return None
    one, _ = random.choice(pairs)
    return _made(case, _instead(case, one, f"{one.line}\n    fresh_call();\n"), ("next to each other", "fresh_call"))


@mutation("duplication")
def shown_lines_twice(case: Case, random: Random) -> Made | None:
    """What the hunk shows is there twice."""
    shown, text = case.shown(), case.text()
    if not shown or not edits_a_body(case):
        return None
    start = ("\n" + text).find(f"\n{shown[0].line}\n")
    end = ("\n" + text).rfind(f"\n{shown[-1].line}\n") + len(shown[-1].line) + 1
    span = text[start:end]
    if start < 0 or span.count("{") != span.count("}") or not re.search(r"\)", span):
        return None
    new = f"{text[:end]}    fresh_call();\n{span}{text[end:]}"
    return _made(case, with_focus(case.before, case.focus, new), "places")


@mutation("#if arms")
def line_under_an_if(case: Case, random: Random) -> Made | None:
    """A line that the hunk shows stands under an `#if` that it does not show."""
    usable = [line for line in case.shown() if line.line.endswith((";", ",")) and case.text().count(line.line) == 1]
    line = pick(random, usable)
    if line is None or not case.is_c:
        return None
    word = random.choice(("#ifdef CONFIG_FRESH", "#if defined(CONFIG_FRESH) && FRESH > 1", "#ifndef CONFIG_FRESH"))
    return _made(case, _instead(case, line, f"{word}\n{line.line}\n#endif\n"), "CONFIG_FRESH", detail=word)


@mutation("dead code")
def line_in_dead_code(case: Case, random: Random) -> Made | None:
    """A line that the hunk shows is never compiled."""
    line = _statement(case, random)
    if line is None or not line.callee:
        return None
    return _made(case, _instead(case, line, f"#if 0\n{line.line}\n#endif\n"), "#if 0")


@mutation("comments")
def line_commented_out(case: Case, random: Random) -> Made | None:
    """A line that the hunk shows is a comment now: to what only takes away, nothing is left."""
    line = _statement(case, random)
    if line is None or not line.callee:
        return None
    tree = _instead(case, line, f"{line.indentation}/* {line.line.strip()} */\n")
    if tree is not None and case.is_removal and line.removed:
        return Made(tree, Expected(tree, True))
    return _made(case, tree, ("comment", *_GONE))


@mutation("deleted")
def line_deleted(case: Case, random: Random) -> Made | None:
    """A line that the hunk shows is gone: to what only takes away, nothing is left."""
    line = _statement(case, random)
    if line is None or not line.callee:
        return None
    tree = _instead(case, line, "")
    if tree is not None and case.is_removal and line.removed:
        return Made(tree, Expected(tree, True))
    return _made(case, tree, _GONE, detail=line.callee)


@mutation("moved")
def line_moved_to_another_function(case: Case, random: Random) -> Made | None:
    """A line that the hunk shows stands in another function of the file."""
    line = _statement(case, random)
    other = random.choice(("pump_legacy_tick", "pump_ready", "flow_average"))
    if line is None or not line.callee or other == case.focus.name:
        return None
    tree = _instead(case, line, "")
    source = (tree or {}).get(case.focus.path, "")
    start = source.find(f" {other}(")
    if tree is None or start < 0:
        return None
    at = source.index("\n{\n", start) + 3
    tree = {**tree, case.focus.path: f"{source[:at]}    {line.line.strip()}\n{source[at:]}"}
    if case.is_removal and line.removed:
        return Made(tree, Expected(tree, True))
    return _made(case, tree, (other, *_GONE), detail=other)


@mutation("broken files")
def conflict_markers(case: Case, random: Random) -> Made | None:
    """What the hunk shows stands between the markers of a merge that was not finished."""
    line = _statement(case, random)
    if line is None:
        return None
    other = f"{line.indentation}fresh_call();\n"
    new = f"<<<<<<< HEAD\n{line.line}\n=======\n{other}>>>>>>> theirs\n"
    return _made(case, _instead(case, line, new), ("conflict", "could not be parsed", "does not parse"))


@mutation("names")
def word_of_a_text_line_renamed(case: Case, random: Random) -> Made | None:
    """A word in a line of a text file that the hunk shows is another one."""
    line = pick(random, case.shown())
    words = re.findall(r"\w{4,}", line.line) if line else []
    if case.is_c or line is None or not words:
        return None
    old = random.choice(words)
    new = random.choice((f"{old}s", f"my{old}", "zzz"))
    tree = {
        **case.before,
        case.focus.path: case.before[case.focus.path].replace(line.line, renamed(line.line, old, new)),
    }
    place = line_of(tree, case.focus.path, renamed(line.line, old, new))
    return Made(tree, refused(new, place=place), f"{old} to {new}")


@mutation("deleted")
def text_line_deleted(case: Case, random: Random) -> Made | None:
    """A line of a text file that the hunk shows is gone."""
    line = pick(random, case.shown())
    if case.is_c or line is None:
        return None
    source = case.before[case.focus.path]
    return Made({**case.before, case.focus.path: source.replace(f"{line.line}\n", "", 1)}, refused(_GONE))


@mutation("names")
def member_renamed(case: Case, random: Random) -> Made | None:
    """A member, an enumerator or an entry that the edit shows has another name."""
    line = pick(random, [line for line in case.shown() if not line.callee])
    words = re.findall(r"[A-Za-z_]\w{3,}", line.line) if line else []
    if not case.is_c or case.is_function or line is None or not words:
        return None
    old = words[-1]
    new = random.choice((f"{old}_2", f"fresh_{old}", "zz"))
    changed = renamed(line.line, old, new)
    return _made(case, _instead(case, line, changed + "\n"), new, at=changed, detail=f"{old} to {new}")
