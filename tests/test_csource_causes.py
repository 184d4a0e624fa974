# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of the statements of a hunk that fits nowhere, and suggestions that mend it where they are followed."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, code, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Position
from qpatch.csource.results import Ambiguous, Applied, Drifted

SOURCE = code("""
    static void tank_level(Tank *tank)
    {
        tank->level = 0;
    }

    static void tank_open(Tank *tank, int how)
    {
        lock(tank);
        rinse(tank, how);
        fill(tank, how + 1);
        unlock(tank);
    }
""")
HUNK = "- fill(tank, how + 1);\n+ fill_up(tank, how);"


def miss(source: str, hunk: str = HUNK) -> Drifted:
    result = outcome(source, hunk_edit("function tank_open", hunk))
    assert isinstance(result, Drifted), result
    return result


def followed(source: str, suggestion: str, where: str = "function tank_open") -> str:
    """Return what becomes of the edit with the hunk of the suggestion in the place of its own."""
    space = workspace(source)
    result = apply_edit(hunk_edit(where, suggestion.partition(":\n")[2]), space)
    assert isinstance(result, Applied), result
    return space.tree.changed[PATH].decode()


def test_a_statement_in_a_helper_is_found_there() -> None:
    helper = "static void tank_top_up(Tank *tank, int how)\n{\n    fill(tank, how + 1);\n}\n\n"
    called = SOURCE.replace("fill(tank, how + 1)", "tank_top_up(tank, how)")
    result = miss(helper + called)
    assert "stands in function tank_top_up, which function tank_open uses" in result.message
    assert result.candidates[0].place.line == 3
    assert result.suggestion == ""


def test_a_statement_in_a_macro_is_found_there() -> None:
    macro = "#define TOP_UP() do { fill(tank, how + 1); } while (0)\n\n"
    result = miss(macro + SOURCE.replace("fill(tank, how + 1)", "TOP_UP()"))
    assert "is in macro TOP_UP, which function tank_open uses" in result.message


def test_a_statement_in_another_function_is_found_there() -> None:
    moved = SOURCE.replace("    fill(tank, how + 1);\n", "").replace("tank->level = 0;", "fill(tank, how + 1);")
    result = miss(moved)
    assert "stands in function tank_level" in result.message and "uses" not in result.message


@pytest.mark.parametrize("comment", ["/* fill(tank, how + 1); */", "/*\n     * fill(tank,\n     *  how + 1);\n     */"])
def test_a_statement_that_is_a_comment_now_is_found(comment: str) -> None:
    result = miss(SOURCE.replace("fill(tank, how + 1);", comment))
    assert "is in a comment" in result.message
    assert result.candidates[0].place.line == 10
    assert result.suggestion == ""


def test_an_unrelated_block_is_not_offered_for_one_that_is_gone() -> None:
    source = SOURCE.replace("rinse(tank, how);", "if (err) {\n        warn(err);\n        return;\n    }")
    result = miss(source, "- if (full(tank)) {\n-     drain(tank);\n- }\n+ settle(tank);")
    assert result.suggestion == ""
    assert "`drain` is not there any more" in result.message


def test_none_of_two_that_are_as_near_is_offered() -> None:
    source = SOURCE.replace("rinse(tank, how);", "rinse(tank);").replace("fill(tank, how + 1);", "drain(tank);")
    result = miss(source, "- empty(tank);\n+ empty_all(tank);")
    assert result.suggestion == "" and "`empty` is not there any more" in result.message


@pytest.mark.parametrize(
    ("wrapped", "owner"),
    [
        ("if (how) {\n        fill(tank, how + 1);\n    }", "if (how) {"),
        ("if (how)\n        fill(tank, how + 1);", "if (how)"),
        ("{\n        fill(tank, how + 1);\n    }", "{"),
        ("#ifdef CONFIG_TANK\n    fill(tank, how + 1);\n#endif", "#ifdef CONFIG_TANK"),
    ],
)
def test_a_part_of_a_hunk_that_stands_deeper_is_named_with_what_it_stands_in(wrapped: str, owner: str) -> None:
    hunk = "  lock(tank);\n  rinse(tank, how);\n- fill(tank, how + 1);\n+ fill_up(tank, how);\n  unlock(tank);"
    result = miss(SOURCE.replace("fill(tank, how + 1);", wrapped), hunk)
    assert f"stands inside `{owner}`, which the hunk does not show" in result.message
    lines = [candidate.place.line for candidate in result.candidates]
    assert len(lines) == len(set(lines))


NESTED = code("""
    static void tank_open(Tank *tank, int how)
    {
        while (busy(tank)) {
            if (how) {
                for (i = 0; i < how; i++) {
                    fill(tank, i);
                    wait(tank);
                }
            } else if (tank->dry) {
                warn(tank);
            } else {
                rinse(tank);
            }
            how--;
        }
    #ifdef CONFIG_TANK
        probe(tank);
    #else
        switch (how) {
        case 1:
            settle(tank);
            break;
        default:
            break;
        }
    #endif
    }
""")


@pytest.mark.parametrize(
    ("hunk", "shown"),
    [
        ("- fill(tank, i);\n+ fill_up(tank, i);", ["while (busy(tank)) {", "} else if (tank->dry) {", "} else {"]),
        ("- probe(tank);\n+ probe_all(tank);", ["#ifdef CONFIG_TANK", "#else", "#endif"]),
        ("- settle(tank);\n+ settle_all(tank);", ["#else", "switch (how) {", "case 1:"]),
        ("- rinse(tank);\n+ rinse_all(tank);", ["while (busy(tank)) {", "} else {"]),
    ],
)
def test_the_whole_nesting_is_suggested_at_once(hunk: str, shown: list[str]) -> None:
    result = outcome(NESTED, hunk_edit("function tank_open", hunk))
    assert isinstance(result, Ambiguous)
    assert all(f" {line}" in result.suggestion for line in shown)
    removed, added = (line[2:] for line in hunk.split("\n"))
    assert followed(NESTED, result.suggestion) == NESTED.replace(removed, added)


@pytest.mark.parametrize(
    "shell", ["if (how) {\n{}\n  }", "for (i = 0; i < how; i++) {\n{}\n  }"], ids=["without its else", "a loop"]
)
def test_a_hunk_that_shows_a_part_of_the_nesting_is_completed(shell: str) -> None:
    inner = "      fill(tank, i);\n+     drip(tank);\n      ..." if shell.startswith("for") else (
        "      for (i = 0; i < how; i++) {\n          fill(tank, i);\n+         drip(tank);\n          ...\n      }"
    )  # fmt: skip
    result = outcome(NESTED, hunk_edit("function tank_open", "  " + shell.replace("{}", inner)))
    assert isinstance(result, Drifted | Ambiguous)
    assert "drip(tank);\n                wait" in followed(NESTED, result.suggestion)


def test_a_name_alone_is_no_recipe_for_an_addition() -> None:
    source = SOURCE.replace("tank_open", "tank_opened")
    result = outcome(source, add_edit("function tank_open", "int x;\n", Position.AFTER))
    assert isinstance(result, Drifted)
    assert result.suggestion == ""
    assert result.advice.startswith("only names could be compared") and "tank_opened" in result.advice


def test_a_function_that_is_a_macro_now_is_named_as_one() -> None:
    source = "#define tank_open(tank, how) do { lock(tank); } while (0)\n\nstatic void tank_opens(void)\n{\n}\n"
    result = miss(source)
    assert "tank_open is a macro there" in result.message
    assert result.candidates[0].place.line == 1


def test_parts_that_bind_differently_are_not_told_to_be_in_another_order() -> None:
    result = miss(SOURCE, "  lock($t);\n  ...\n- fill($t, $t);\n+ fill_up($t);")
    assert "order" not in result.message + result.advice
    twice = SOURCE.replace("unlock(tank);", "unlock(other);")
    result = miss(twice, "  lock($t);\n  ...\n- unlock($t);\n+ unlock_all($t);")
    assert "does not fit as a whole" in result.message and "metavariable" in result.advice
    assert [candidate.place.line for candidate in result.candidates] == [8, 11]


def test_what_the_hunk_shows_is_not_named_as_what_it_does_not_show() -> None:
    hunk = "  if (how) {\n      ...\n-     fill(tank, i);\n+     fill_up(tank, i);\n      ...\n  }"
    source = "static void tank_open(Tank *tank, int how)\n{\n    while (busy(tank)) {\n        if (how) {\n"
    source += "            fill(tank, i);\n        } else {\n            wait(tank);\n        }\n    }\n}\n"
    assert "stands inside `while (busy(tank)) {`, which" in miss(source, hunk).message
    deeper = NESTED.replace("while (busy(tank)) {", "if (how) {")
    assert "stands inside `for (i = 0; i < how; i++) {`, which" in miss(deeper, hunk).message


def test_an_arm_that_the_context_lacks_is_added_to_it_and_added_lines_stay() -> None:
    source = SOURCE.replace(
        "    rinse(tank, how);\n",
        "    if (dry(tank)) {\n        rinse(tank, how);\n    } else if (how) {\n        wait(tank);\n    } else {\n"
        "        drain(tank);\n    }\n",
    )
    result = miss(
        source, "  if (dry($t)) {\n      ...\n  } else {\n      ...\n  }\n+ settle(tank);\n  fill(tank, how + 1);"
    )
    assert "  } else if (how) {\n      ...\n" in result.suggestion
    assert followed(source, result.suggestion) == source.replace("    fill(", "    settle(tank);\n    fill(")
