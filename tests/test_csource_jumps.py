# SPDX-License-Identifier: GPL-2.0-or-later
"""How control leaves statements of all kinds, and edits that change it: dead code, stray jumps."""

from __future__ import annotations

import pytest
from csource_support import PATH, code, hunk_edit, outcome, workspace

from qpatch.csource.results import Applied, Drifted
from qpatch.csource.soundness.jumps import Flow
from qpatch.csource.syntax.term import build


def body(*lines: str) -> str:
    return code("static int demo(Demo *d, int n)\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n")


PASSED = {
    "if without else": ["if (n) {", "    return 1;", "}"],
    "else that goes on": ["if (n) {", "    return 1;", "} else {", "    one();", "}"],
    "else if without else": ["if (n)", "    return 1;", "else if (d)", "    return 2;"],
    "loop with a condition": ["while (n) {", "    return 1;", "}"],
    "endless loop with a break": ["for (;;) {", "    if (n) {", "        break;", "    }", "}"],
    "switch without default": ["switch (n) {", "case 1:", "    return 1;", "}"],
    "switch with a break": ["switch (n) {", "case 1:", "    break;", "default:", "    return 1;", "}"],
    "switch whose end is reached": ["switch (n) {", "case 1:", "    return 1;", "default:", "    one();", "}"],
    "do that comes to its condition": [
        "do {",
        "    if (n) {",
        "        continue;",
        "    }",
        "    return 1;",
        "} while (0);",
    ],
    "one arm": ["#ifdef CONFIG_A", "return 1;", "#endif"],
    "arm without a jump": ["#ifdef CONFIG_A", "return 1;", "#else", "one();", "#endif"],
    "label at the end": ["return 1;", "out:", "one();"],
    "a call": ["exit_gently(1);"],
    "assertion": ["g_assert(n);"],
    "for with a condition": ["for (n = 0; n < 3; n++) {", "    return 1;", "}"],
    "foreach": ["QLIST_FOREACH(d, &all, next) {", "    return 1;", "}"],
}
NOT_PASSED = {
    "return": ["return 1;"],
    "block": ["{", "    return 1;", "}"],
    "both arms of an if": ["if (n) {", "    return 1;", "} else {", "    return 2;", "}"],
    "chain of else if": ["if (n) {", "    return 1;", "} else if (d)", "    return 2;", "else {", "    abort();", "}"],
    "nested if": [
        "if (n) {",
        "    if (d) {",
        "        return 1;",
        "    } else {",
        "        return 2;",
        "    }",
        "} else {",
        "    return 3;",
        "}",
    ],
    "do once": ["do {", "    return 1;", "} while (0);"],
    "endless for": ["for (;;) {", "    one();", "}"],
    "endless for with counter": ["for (n = 0; ; n++) {", "    if (d) {", "        return 1;", "    }", "}"],
    "endless while": ["while (true) {", "    one();", "}"],
    "endless do": ["do {", "    one();", "} while (1);"],
    "break of an inner loop": ["while (1) {", "    while (n) {", "        break;", "    }", "}"],
    "switch": ["switch (n) {", "case 1:", "    return 1;", "default:", "    return 2;", "}"],
    "switch that falls": ["switch (n) {", "case 1:", "    one();", "default:", "    return 2;", "}"],
    "all arms": [
        "#ifdef CONFIG_A",
        "return 1;",
        "#elif defined(CONFIG_B)",
        "return 2;",
        "#else",
        "return 3;",
        "#endif",
    ],
    "no return": ["g_assert_not_reached();"],
    "false assertion": ["g_assert(false);"],
    "certain bug": ["BUG_ON(1);"],
    "guard": ["WITH_QEMU_LOCK_GUARD(&d->lock) {", "    return 1;", "}"],
}


@pytest.mark.parametrize(
    ("lines", "passes"),
    [*((lines, True) for lines in PASSED.values()), *((lines, False) for lines in NOT_PASSED.values())],
    ids=[*PASSED, *NOT_PASSED],
)
def test_what_control_passes(lines: list[str], passes: bool) -> None:
    parsed = workspace(body("two();", *lines)).parse(PATH)
    assert parsed is not None
    function = build(parsed, parsed.tree.root_node.children[0])
    assert Flow([*function.below()]).passes(function.children[-1]) is passes


@pytest.mark.parametrize("lines", NOT_PASSED.values(), ids=NOT_PASSED)
def test_nothing_becomes_dead_behind_what_control_does_not_pass(lines: list[str]) -> None:
    source = body("trace(d);", "drop(d);", "return n;")
    hunk = "  trace(d);\n" + "".join(f"+ {line}\n" for line in lines)
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "`drop ( d ) ;` would become dead: the added" in result.message, result
    assert isinstance(outcome(source, hunk_edit("function demo", hunk + "  drop(d);")), Applied)


@pytest.mark.parametrize("lines", PASSED.values(), ids=PASSED)
def test_code_behind_what_control_passes_is_not_dead(lines: list[str]) -> None:
    hunk = "  trace(d);\n" + "".join(f"+ {line}\n" for line in lines)
    result = outcome(body("trace(d);", "drop(d);", "return n;"), hunk_edit("function demo", hunk))
    assert isinstance(result, Applied), result


def test_an_else_that_leaves_makes_what_follows_dead() -> None:
    source = body("if (n) {", "    return 1;", "}", "drop(d);", "return n;")
    hunk = "  if (n) {\n      return 1;\n+ } else {\n+     return 2;\n  }"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted), result
    assert "`drop ( d ) ;` would become dead: control no longer passes `if ( n )" in result.message


def test_a_break_that_goes_makes_what_follows_its_loop_dead() -> None:
    source = body("for (;;) {", "    if (n) {", "        break;", "    }", "}", "drop(d);", "return n;")
    hunk = "  for (;;) {\n      if (n) {\n-         break;\n+         one();\n      }\n  }"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "`drop ( d ) ;` would become dead" in result.message, result


def test_what_was_dead_may_stay_so() -> None:
    source = body("trace(d);", "return n;", "drop(d);")
    assert isinstance(outcome(source, hunk_edit("function demo", "  trace(d);\n+ one();")), Applied)
    assert isinstance(
        outcome(source, hunk_edit("function demo", "  trace(d);\n+ {\n+     return 2;\n+ }\n  return n;")), Applied
    )


@pytest.mark.parametrize("last", [["return n;"], ["switch (n) {", "default:", "    return 2;", "}"], ["abort();"]])
def test_what_ends_a_block_does_not_land_behind_its_return(last: list[str]) -> None:
    hunk = "  trace(d);\n  ...\n+ finish(d);"
    result = outcome(body("trace(d);", "two();", *last), hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "the added `finish ( d ) ;` would be dead" in result.message, result
    assert "below the added line" in result.advice
    assert isinstance(outcome(body("trace(d);", "two();"), hunk_edit("function demo", hunk)), Applied)
    shown = "  two();\n+ finish(d);\n  return n;"
    assert isinstance(outcome(body("trace(d);", "two();", "return n;"), hunk_edit("function demo", shown)), Applied)


def test_what_ends_a_block_inside_does_not_land_behind_its_jump() -> None:
    source = body("if (n) {", "    one();", "    return 1;", "}", "return n;")
    hunk = "  if (n) {\n      one();\n      ...\n+     finish(d);\n  }"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "behind `return 1 ;`" in result.message, result


# Jumps and what they leave


LOOP = ["while (n) {", "    one();", "    if (d) {", "        {};", "    }", "    two();", "}", "drop(d);"]


def loop(jump: str) -> list[str]:
    return [line.format(jump) if line.strip() == "{};" else line for line in LOOP]


@pytest.mark.parametrize("jump", ["break", "continue"])
def test_no_jump_is_left_without_a_loop(jump: str) -> None:
    hunk = "- while (n) {\n+ if (n) {\n      ...\n  }"
    result = outcome(body(*loop(jump)), hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and f"a `{jump}` would stand in no loop" in result.message, result


@pytest.mark.parametrize("jump", ["break", "continue"])
def test_no_jump_is_added_without_a_loop(jump: str) -> None:
    hunk = f"  trace(d);\n+ if (n) {{\n+     {jump};\n+ }}"
    result = outcome(body("trace(d);", "drop(d);"), hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and f"a `{jump}` would stand in no loop" in result.message, result


def test_a_continue_is_not_added_to_a_switch_without_a_loop() -> None:
    source = body("switch (n) {", "case 1:", "    one();", "    break;", "}", "drop(d);")
    edit = hunk_edit("switch demo", "  case 1:\n      one();\n+     if (d)\n+         continue;\n      break;")
    result = outcome(source, edit)
    assert isinstance(result, Drifted) and "a `continue` would stand in no loop" in result.message, result
    looped = source.replace("    switch (n)", "    while (n--)\n    switch (n)")
    assert isinstance(outcome(looped, edit), Applied)


@pytest.mark.parametrize("jump", ["break", "continue"])
def test_a_jump_that_stays_leaves_what_it_left(jump: str) -> None:
    inner = [*loop(jump)]
    source = body(
        "for (;;) {", *(f"    {line}" for line in inner), "    if (n) {", "        break;", "    }", "}", "end(d);"
    )
    hunk = "  for (;;) {\n-     while (n) {\n+     if (n) {\n          ...\n      }\n      ...\n  }"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and f"a `{jump}` that stays would leave `for`" in result.message, result


def test_a_loop_is_not_put_around_a_jump_that_stays() -> None:
    source = body("while (n) {", "    if (d) {", "        break;", "    }", "}", "end(d);")
    hunk = "  while (n) {\n-     if (d) {\n+     while (more(d)) {\n          ...\n      }\n  }"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "a `break` that stays would leave `while`" in result.message, result
    shown = hunk.replace("...", "break;")
    assert isinstance(outcome(source, hunk_edit("function demo", shown)), Applied)


def test_a_loop_may_be_written_in_another_way_around_its_jumps() -> None:
    for hunk in (
        "- while (n) {\n+ while (n > 1) {\n      ...\n  }",
        "- while (n) {\n+ for (; n; n--) {\n      ...\n  }",
    ):
        assert isinstance(outcome(body(*loop("continue")), hunk_edit("function demo", hunk)), Applied)


def test_a_jump_in_a_loop_by_a_macro_is_one_in_a_loop() -> None:
    hunk = "  FOREACH_PART(d, p) {\n      one(p);\n+     if (n) {\n+         break;\n+     }\n  }"
    for name in ("for_each_part", "QTAILQ_FOREACH"):
        source = body(f"{name}(d, p) {{", "    one(p);", "}", "end(d);")
        result = outcome(source, hunk_edit("function demo", hunk.replace("FOREACH_PART", name)))
        assert isinstance(result, Applied), result
