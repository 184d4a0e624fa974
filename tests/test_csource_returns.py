# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that return a value: whether they do at their end, and whether what they return goes with their type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import PATH, code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted
from qpatch.csource.soundness.touched import touched_symbols

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.results import EditResult

TO_BOOL = hunk_edit("signature fill", "- static void fill(Tank *tank)\n+ static bool fill(Tank *tank)")


def fill(*lines: str, returns: str = "void", above: str = "") -> str:
    head = f"static {returns} fill(Tank *tank)\n{{\n"
    return code(above + head + "".join(f"    {line}\n" for line in lines) + "}\n")


def results(source: str, *edits: Edit) -> list[EditResult]:
    return apply_edits(edits, workspace(source))


def check_open(result: EditResult) -> None:
    assert isinstance(result, Drifted), result
    assert "its end would be reached without one" in result.message


@pytest.mark.parametrize(
    "lines",
    [
        ["pour(tank);"],
        ["if (tank) {", "    g_assert_not_reached();", "}"],
        ["pour(tank);", "out:", "close(tank);"],
        ["switch (tank->kind) {", "case 1:", "    abort();", "default:", "    break;", "}"],
        ["do {", "    pour(tank);", "} while (more(tank));"],
    ],
)
def test_a_function_that_begins_to_return_a_value_returns_one_at_its_end(lines: list[str]) -> None:
    check_open(results(fill(*lines), TO_BOOL)[0])


def test_a_signature_and_a_return_at_the_end_go_together() -> None:
    more = hunk_edit("function fill", "  pour(tank);\n+ return true;")
    assert all(isinstance(result, Applied) for result in results(fill("pour(tank);"), TO_BOOL, more))


@pytest.mark.parametrize(
    "lines",
    [
        ["pour(tank);", "g_assert_not_reached();"],
        ["for (;;) {", "    pour(tank);", "}"],
        ["pour(tank);", "tank_overflow(tank);"],
        ["pour(tank);", "tank_die(tank);"],
    ],
)
def test_an_end_that_is_never_reached_needs_no_value(lines: list[str]) -> None:
    above = (
        "G_NORETURN void tank_overflow(Tank *tank);\nstatic void tank_die(Tank *tank) __attribute__((noreturn));\n\n"
    )
    (result,) = results(fill(*lines, above=above), TO_BOOL)
    assert isinstance(result, Applied), result


def test_a_return_that_is_removed_leaves_no_open_end() -> None:
    edit = hunk_edit("function fill", "  pour(tank);\n- return tank->level;")
    check_open(results(fill("pour(tank);", "return tank->level;", returns="int"), edit)[0])
    after = hunk_edit("function fill", "  pour(tank);\n+ return 0;")
    both = results(fill("pour(tank);", "return tank->level;", returns="int"), edit, after)
    assert [type(result) for result in both] == [Applied, Applied]


def test_a_return_that_becomes_conditional_leaves_no_open_end() -> None:
    edit = hunk_edit("function fill", "- return tank->level;\n+ if (tank) {\n+     return tank->level;\n+ }")
    check_open(results(fill("pour(tank);", "return tank->level;", returns="int *"), edit)[0])


@pytest.mark.parametrize(
    ("lines", "returns"),
    [
        (["pour(tank);", "QEMU_UNKNOWN_END(tank);"], "int"),
        (["pour(tank);", "return;"], "void"),
        (["if (tank) {", "    return 1;", "}", "pour(tank);"], "int"),
    ],
)
def test_an_end_that_was_open_may_stay_so(lines: list[str], returns: str) -> None:
    edit = hunk_edit("function fill", "  pour(tank);\n+ trace(tank);")
    (result,) = results(fill(*lines, returns=returns), edit)
    assert isinstance(result, Applied), result


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("int", "bool", ["return -ENOSPC;", "return -1;", "return 0;", "return tank ? -EIO : 0;", "return (-EIO);"]),
        ("Tank *", "bool", ["return NULL;", "return ERR_PTR(-EIO);"]),
        ("Tank *", "int", ["return NULL;", "return ERR_PTR(-EIO);"]),
        ("int", "Tank *", ["return -EIO;", "return 1;"]),
        ("bool", "Tank *", ["return false;"]),
        ("bool", "int", ["return false;", "return true;"]),
    ],
)
def test_returns_follow_the_type(before: str, after: str, left: list[str]) -> None:
    edit = hunk_edit("signature fill", f"- static {before} fill(Tank *tank)\n+ static {after} fill(Tank *tank)")
    for each in left:
        source = fill("if (tank->full) {", f"    {each}", "}", "return pour(tank);", returns=before)
        (result,) = results(source, edit)
        assert isinstance(result, Drifted) and "1 return in it did not follow" in result.message, result
        assert [candidate.place.snippet for candidate in result.candidates] == [each]
    (result,) = results(fill("return pour(tank);", returns=before), edit)
    assert isinstance(result, Applied), result


@pytest.mark.parametrize(
    ("before", "after", "use"),
    [
        ("int", "bool", "if (fill(tank) < 0) {"),
        ("int", "bool", "if (fill(tank) == -ENOSPC) {"),
        ("int", "bool", "while (fill(tank) >= 0) {"),
        ("Tank *", "bool", "if (fill(tank) == NULL) {"),
        ("Tank *", "int", "if (fill(tank) != NULL) {"),
        ("int", "bool", "if ((ret = fill(tank)) < 0) {"),
        ("int", "bool", "if ((fill(tank)) == -1) {"),
        ("int", "void", "if (fill(tank)) {"),
        ("int", "void", "while (!fill(tank)) {"),
        ("int", "void", "if (tank && fill(tank)) {"),
        ("Tank *", "void", "for (t = fill(tank); t;) {"),
    ],
)
def test_uses_follow_the_type(before: str, after: str, use: str) -> None:
    edit = hunk_edit("signature fill", f"- static {before} fill(Tank *tank)\n+ static {after} fill(Tank *tank)")
    source = fill("pour(tank);" if after == "void" else "return pour(tank);", returns=before)
    caller = f"static void run(Tank *tank)\n{{\n    {use}\n        stop(tank);\n    }}\n}}\n"
    (result,) = results(source + caller, edit)
    assert isinstance(result, Drifted) and "1 use of that did not follow" in result.message, result
    assert [candidate.place.line for candidate in result.candidates] == [7]
    fitting = "{" if after == "void" else "if (!fill(tank)) {"
    (result,) = results(source + caller.replace(use, f"fill(tank);\n    (void)fill(tank);\n    {fitting}"), edit)
    assert isinstance(result, Applied), result


def test_functions_that_one_macro_names_are_not_compared() -> None:
    one, two = "uint32_t HELPER(one)(int a)\n{\n    return a;\n}\n", "uint32_t HELPER(two)(int a)\n{\n    abort();\n}\n"
    before, after = workspace(one + two), workspace(two + one)
    assert [*touched_symbols(PATH, before.tree, after)] == []
