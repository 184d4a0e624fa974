# SPDX-License-Identifier: GPL-2.0-or-later
"""What a miss says beside its nearest code: syntax errors, the directives around it, comments, namesakes, new names."""

from __future__ import annotations

import pytest
from csource_support import PATH, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import DeleteOperation
from qpatch.csource.results import Ambiguous, Applied, Drifted

OPEN = """
    static int tank_open(Tank *tank)
    {
        if (tank->leaks) {
            return -1;
        }
        fill(tank);
        return 0;
    }
"""
FILL = "- fill(tank);\n+ fill_up(tank);"


@pytest.mark.parametrize(
    ("lost", "kept"),
    [("            return -1;\n        }\n", "            return -1;\n"), ("        return 0;\n    }", "")],
)
def test_a_miss_in_a_function_that_lost_a_brace_says_that_it_does_not_parse(lost: str, kept: str) -> None:
    result = outcome(OPEN.replace(lost, kept), hunk_edit("function tank_open", "  drain(tank);\n" + FILL))
    assert isinstance(result, Drifted | Ambiguous)
    assert "function tank_open does not parse, by line " in result.message
    assert "mend that first" in result.advice


def test_a_miss_in_a_function_that_parses_says_nothing_of_the_kind() -> None:
    other = OPEN + "\n    static int broken(Tank *tank)\n    {\n        if (tank) {\n    }\n"
    result = outcome(other, hunk_edit("function tank_open", "  drain(tank);\n" + FILL))
    assert isinstance(result, Drifted)
    assert "does not parse" not in result.message


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ("#ifdef DEEP\n    {},\n#endif", "`#ifdef DEEP` (line 2) and the `#endif`"),
        ("#if DEEP\n#else\n    {},\n#endif", "`#if DEEP` (line 2), `#else` (line 3) and the `#endif`"),
        ("#if A\n#  ifdef DEEP\n    {},\n#  endif\n#endif", "`# ifdef DEEP` (line 3) and the `#endif`"),
    ],
)
def test_entries_in_an_arm_that_the_hunk_does_not_show_are_told_with_its_directives(arms: str, told: str) -> None:
    entries = arms.format('{ "tank", "level", "low" }')
    source = f'static Entry tanks[] = {{\n{entries}\n    {{ "pump", "speed", "high" }},\n}};\n'
    result = outcome(
        source, hunk_edit("initializer tanks", '  { "tank", "level", "low" },\n+ { "tank", "age", "old" },')
    )
    assert isinstance(result, Ambiguous)
    assert told in result.advice


def test_a_prototype_that_is_commented_out_is_found_in_the_comment() -> None:
    header = "/* int tank_open(Tank *tank); */\nint tank_close(Tank *tank);\n"
    result = outcome(
        header, hunk_edit("prototype tank_open", "- int tank_open(Tank *tank);\n+ bool tank_open(Tank *tank);")
    )
    assert isinstance(result, Drifted)
    assert result.candidates[0].place.line == 1
    assert result.candidates[0].differences == ("it is in a comment",)


def test_words_in_a_comment_are_no_code() -> None:
    header = "/* tank_open(), as it was called, is no more */\nint drain(Tank *tank);\n"
    result = outcome(
        header, hunk_edit("prototype tank_open", "- int tank_open(Tank *tank);\n+ bool tank_open(Tank *tank);")
    )
    assert isinstance(result, Drifted)
    assert result.candidates == ()


def test_what_has_the_name_in_another_file_is_told_where_nothing_here_resembles_it() -> None:
    edit = hunk_edit("prototype tank_open", "- int tank_open(Tank *tank);\n+ bool tank_open(Tank *tank);")
    space = workspace(**{PATH: "int other;\n", "hw/demo/tank.c": "int tank_open(Tank *tank)\n{\n    return 0;\n}\n"})
    result = apply_edit(edit, space)
    assert isinstance(result, Drifted)
    assert str(result.candidates[0].place) == "hw/demo/tank.c:1"
    assert result.candidates[0].differences == ("it is a function, not a prototype",)


def test_a_signature_in_dead_code_is_told_with_its_place() -> None:
    dead = "#if 0\nint tank_open(Tank *tank)\n{\n    return 0;\n}\n#endif\n"
    result = outcome(
        dead, hunk_edit("signature tank_open", "- int tank_open(Tank *tank)\n+ int tank_open(Tank *tank, int how)")
    )
    assert isinstance(result, Drifted)
    assert (result.candidates[0].place.line, "#if 0" in result.candidates[0].place.snippet) == (2, True)


def test_beside_a_namesake_elsewhere_the_similar_names_of_the_expected_file_come_first() -> None:
    body = "(Tank *tank)\n{\n    return 0;\n}\n"
    files = {PATH: f"int tank_open_it{body}", "tests/unit/test-tank.c": f"static int tank_open{body}"}
    result = apply_edit(operation_edit("function tank_open", DeleteOperation()), workspace(**files))
    assert isinstance(result, Drifted)
    assert [str(candidate.place) for candidate in result.candidates] == [f"{PATH}:1", "tests/unit/test-tank.c:1"]
    assert "it may be the new name of tank_open" in result.candidates[0].differences


def test_a_comment_in_the_block_tells_more_than_another_function() -> None:
    other = "    static void tank_close(Tank *tank)\n    {\n        fill(tank);\n    }\n"
    source = OPEN.replace("fill(tank);", "/* fill(tank); */") + "\n" + other
    result = outcome(source, hunk_edit("function tank_open", FILL))
    assert isinstance(result, Drifted)
    assert "'fill(tank);' is in a comment" in result.message


SPLIT = """
    static void tank_open(Tank *tank)
    {
        start(tank);
    #ifdef DEEP
        if (tank->deep) {
            fill(tank);
            rinse(tank);
    #else
        if (tank->leaks) {
            drain(tank);
    #endif
            stop(tank);
        }
    }
"""


def test_an_arm_whose_directives_no_hunk_can_show_is_not_edited_in_silence() -> None:
    hunk = "  if (tank->deep) {\n  ...\n- rinse(tank);\n+ rinse_well(tank);\n  ...\n  }"
    result = outcome(SPLIT, hunk_edit("function tank_open", hunk))
    assert isinstance(result, Ambiguous)
    assert "inside an #if arm that it does not show" in result.message
    assert "`#ifdef DEEP` (line 4), `#else` (line 8) and the `#endif` split a statement there" in result.advice


def test_what_stands_beside_such_an_arm_is_edited() -> None:
    assert isinstance(outcome(SPLIT, hunk_edit("function tank_open", "- start(tank);\n+ begin(tank);")), Applied)
