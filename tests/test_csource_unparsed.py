# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that are in the tree but could not be parsed: neither gone, nor renamed, nor the namesake elsewhere."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, code, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.unparsed import unparsed_definitions

SPLIT = """
#include "pump.h"

static int pump_start(Pump *pump, int speed)
{
    prime(pump);
#ifdef CONFIG_VALVE
    if (speed > 1) {
        open_valve(pump);
#endif
    spin(pump, speed);
#ifdef CONFIG_VALVE
    } else {
#endif
}

static int pump_start_all(Pump *pump, int speed)
{
    prime(pump);
    return 0;
}
"""
BREAKS_OFF = """
int level(Tank *tank)
{
    while (tank->next {
        ((tank++;

static void drain(Tank *tank)
{
    tank->level = 0;
}
"""
PRIME = "  prime(pump);\n+ vent(pump);"


@pytest.mark.parametrize(
    "edit",
    [
        hunk_edit("function pump_start", PRIME),
        add_edit("function pump_start", "int pump_count;", Position.AFTER),
        operation_edit("function pump_start", DeleteOperation()),
        hunk_edit("switch pump_start", "  case 1:\n+     vent(pump);"),
        hunk_edit("signature pump_start", "- static int pump_start(...)\n+ static void pump_start(Pump *pump)"),
    ],
    ids=lambda edit: str(edit.action),
)
def test_function_that_is_there_but_does_not_parse_is_told_as_such(edit: Edit) -> None:
    result = outcome(SPLIT, edit)
    assert isinstance(result, Drifted)
    assert result.message.endswith("pump_start is there (line 3) but could not be parsed")
    assert "pump_start_all" not in repr(result)
    (place,) = [candidate.place for candidate in result.candidates]
    assert place.snippet == code(SPLIT).splitlines()[place.line - 1].strip()
    assert 4 <= place.line <= 15


def test_code_below_what_breaks_off_is_there() -> None:
    result = outcome(BREAKS_OFF, operation_edit("function drain", DeleteOperation()))
    assert isinstance(result, Drifted)
    assert result.message == "function drain is there (line 6) but could not be parsed"
    assert [str(candidate.place) for candidate in result.candidates] == [f"{PATH}:3"]


def test_namesake_in_another_file_is_not_taken_for_one_that_does_not_parse() -> None:
    other = "int pump_start(Pump *pump, int speed)\n{\n    prime(pump);\n}\n"
    space = workspace(**{PATH: SPLIT, "tests/pump.c": other})
    result = apply_edit(hunk_edit("function pump_start", PRIME), space)
    assert isinstance(result, Drifted)
    assert result.path == PATH
    assert not result.moved_to


def test_definition_that_does_not_parse_in_another_file_is_found_without_a_path() -> None:
    result = apply_edit(hunk_edit("function drain", PRIME, path=""), workspace(BREAKS_OFF))
    assert isinstance(result, Drifted)
    assert (result.path, result.is_there) == (PATH, True)


def test_one_of_two_definitions_that_does_not_parse_makes_it_unclear_which_is_meant() -> None:
    source = f"static void drain(Tank *tank)\n{{\n    stop(tank);\n}}\n{BREAKS_OFF}"
    result = outcome(source, hunk_edit("function drain", "- stop(tank);"))
    assert isinstance(result, Ambiguous)
    assert result.message == "function drain is defined 2 times, and could not be parsed everywhere"
    assert [place.line for place in result.matches] == [1, 11]


def test_move_beside_what_does_not_parse_is_refused() -> None:
    target = operation_edit("function pump_start_all", DeleteOperation()).anchor
    space = workspace(SPLIT)
    beside = operation_edit("function pump_start", DeleteOperation()).anchor
    result = apply_edit(Edit(target, MoveOperation(beside)), space)
    assert isinstance(result, Drifted)
    assert "is there (line 3)" in result.message


def test_siblings_of_an_edit_do_not_rename_what_does_not_parse() -> None:
    edits = [hunk_edit("function pump_start", PRIME), operation_edit("function pump_start", DeleteOperation())]
    for result in apply_edits(edits, workspace(SPLIT)):
        assert isinstance(result, Drifted)
        assert "renamed" not in result.message


BROKEN_ABOVE = "int first(void)\n{\n    if (((\n\n"


@pytest.mark.parametrize(
    ("kind", "source", "line"),
    [
        ("function", "int\nwanted(int a)\n{\n}\n", 6),
        ("function", "static const char *wanted(void) MARK(2)\n{\n}\n", 5),
        ("function", "char *wanted(a, b)\n    char *a;\n    int b;\n{\n}\n", 5),
        ("function", "int wanted(int a)\n#ifdef B\n    MARK\n#endif\n{\n}\n", 5),
        ("struct", "struct wanted {\n    int a;\n};\n", 5),
        ("struct", "typedef struct MARK(8) wanted\n{\n    int a;\n} Wanted;\n", 5),
        ("struct", "typedef struct {\n    int a;\n} wanted;\n", 7),
        ("union", "union wanted {\n    int a;\n};\n", 5),
        ("enum", "enum wanted { ONE };\n", 5),
        ("typedef", "typedef struct Other wanted;\n", 5),
        ("initializer", "static Ops wanted[] = {\n    0\n};\n", 5),
        ("initializer", "Ops wanted MARK(1) = {\n    0\n};\n", 5),
        ("prototype", "void *wanted(int a) MARK(1);\n", 5),
        ("macro", "#define wanted(x) ((x) + 1)\n", 5),
    ],
)
def test_definitions_of_each_kind_are_seen_in_what_does_not_parse(kind: str, source: str, line: int) -> None:
    parsed = parse(f"{BROKEN_ABOVE}{source}".encode(), macro_table("qemu"))
    found = unparsed_definitions(parsed, kind, "wanted")
    assert [each.line for each in found] in ([line], [])
    if not found:  # The parser found its way back and has the symbol.
        assert (
            outcome(f"{BROKEN_ABOVE}{source}", operation_edit(f"{kind} wanted", DeleteOperation())).status != "drifted"
        )


@pytest.mark.parametrize(
    "source",
    [
        "int wanted(int a);\n\nstruct Other {\n    int b;\n};\n",
        "/*\nint wanted(int a)\n{\n}\n*/\n",
        'char *text = "int wanted(int a) {";\n',
        "#define DEFINE_IT \\\nint wanted(int a) \\\n{ }\n",
        "int other(void)\n{\n    return wanted(1);\n}\n",
        "int other = wanted(1);\n",
        "register(wanted)\n\nint other(void)\n{\n}\n",
        "int wanted_too(int a)\n{\n}\n",
        "int unwanted(int a)\n{\n}\n",
    ],
)
def test_what_is_no_definition_is_not_taken_for_one(source: str) -> None:
    parsed = parse(f"{BROKEN_ABOVE}{source}".encode(), macro_table("qemu"))
    assert unparsed_definitions(parsed, "function", "wanted") == ()


def test_what_was_parsed_is_not_reported() -> None:
    source = "struct wanted { int a; };\nint wanted(struct wanted *wanted)\n{\n    return wanted(wanted);\n}\n"
    parsed = parse(source.encode(), macro_table("qemu"))
    assert [unparsed_definitions(parsed, kind, "wanted") for kind in ("function", "struct", "switch")] == [(), (), ()]


def test_function_beside_code_that_does_not_parse_is_edited() -> None:
    source = f"void stop(Tank *tank)\n{{\n    halt(tank);\n}}\n{BREAKS_OFF}"
    assert isinstance(outcome(source, hunk_edit("function stop", "  halt(tank);\n+ vent(tank);")), Applied)
