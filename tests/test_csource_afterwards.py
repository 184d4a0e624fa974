# SPDX-License-Identifier: GPL-2.0-or-later
"""What a patch leaves behind once all of its edits are made: labels, and uses of what it renamed or deleted."""

from __future__ import annotations

import pytest
from csource_support import PATH, code, gutter, hunk_edit, operation_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import DeleteOperation, Edit
from qpatch.csource.results import Applied, Drifted, EditResult

TANK = """
#define TANK_SIZE 4
#define TANK_DEBUG 1
static int level = 3;

static int tank_open(int n)
{
    return n;
}

static void tank_shut(int n)
{
}

int tank_fill(Tank *t, int n, bool slow)
{
    int ret;

    ret = tank_open(n);
    if (ret) {
        goto out;
    }
    if (!t->name) {
        ret = -1;
        goto out;
    }
#ifdef TANK_DEBUG
    t->level = n + level + TANK_SIZE;
#endif
    return 0;

out:
    return ret;
}
"""
OTHER = """
int tank_fill(Tank *t, int n, bool slow);

int tank_start(Tank *t)
{
    int level = 1, tank_shut = 2;

    t->tank_open = tank_shut;
    return tank_fill(t, level, true);
}
"""
OTHER_PATH = "hw/demo/other.c"
FUNCTION = "function tank_fill"
SIGNATURE = "int tank_fill(Tank *t, int n, bool slow)"
CALL = hunk_edit(
    "function tank_start",
    "- return tank_fill(t, level, true);\n+ return tank_load(t, level, true);",
    path=OTHER_PATH,
)


def results(*edits: Edit, source: str = TANK) -> list[EditResult]:
    return apply_edits(edits, workspace(**{PATH: code(source), OTHER_PATH: code(OTHER)}))


def drift(*edits: Edit, source: str = TANK) -> Drifted:
    (result,) = (each for each in results(*edits, source=source) if not isinstance(each, Applied))
    assert isinstance(result, Drifted)
    return result


def warnings(*edits: Edit, source: str = TANK) -> list[str]:
    found = results(*edits, source=source)
    assert all(isinstance(result, Applied) for result in found), found
    return [warning for result in found if isinstance(result, Applied) for warning in result.warnings]


def edit(hunk: str, where: str = FUNCTION) -> Edit:
    return hunk_edit(where, gutter(hunk))


def deleted(where: str) -> Edit:
    return operation_edit(where, DeleteOperation())


TO_LABEL = """
      if (!t->name) {
          ret = -1;
    -     goto out;
    +     goto shut;
      }
"""
NEW_LABEL = "  return 0;\n\n+ shut:\n+     tank_shut(n);\n  out:\n      return ret;"


def test_a_goto_without_its_label_is_drift() -> None:
    result = drift(edit(TO_LABEL))
    assert (
        result.message == "function tank_fill: tank_fill has no label `shut` for the goto that the patch leaves in it"
    )
    assert result.candidates[0].place.snippet == "goto shut;"


def test_another_edit_of_the_patch_may_bring_the_label() -> None:
    assert warnings(edit(TO_LABEL), edit(NEW_LABEL)) == []
    assert warnings(edit(NEW_LABEL.replace("shut:", "shut:\n+ stop:")), edit(TO_LABEL)) == [
        f"no goto leads to the label `stop` of tank_fill ({PATH}:32): compilers warn about it"
    ]


def test_a_label_that_is_removed_while_a_goto_stays_is_drift() -> None:
    hunk = "  return 0;\n\n- out:\n-     return ret;"
    result = drift(edit(hunk))
    assert "no label `out` for the gotos" in result.message
    assert [candidate.place.line for candidate in result.candidates] == [20, 24]


@pytest.mark.parametrize("replaced", ["return ret;", "return -1;"])
def test_a_label_that_nothing_leads_to_any_more_is_warned_about(replaced: str) -> None:
    hunk = """
          if (ret) {
        -     goto out;
        +     return ret;
          }
          if (!t->name) {
              ret = -1;
        -     goto out;
        +     REPLACED
          }
    """
    (warning,) = warnings(edit(hunk.replace("REPLACED", replaced)))
    assert warning.startswith("no goto leads to the label `out` of tank_fill")


@pytest.mark.parametrize(
    "source",
    [
        TANK.replace("goto out;\n    }\n    if (!", "goto hidden;\n    }\n    if (!"),
        TANK.replace("    return ret;\n}\n", "    return ret;\nunused:\n    return 1;\n}\n"),
    ],
)
def test_what_was_so_before_the_patch_is_not_told(source: str) -> None:
    assert warnings(edit("  return 0;\n+ more(t);\n  ..."), source=source) == []


def test_a_macro_that_jumps_may_use_any_label() -> None:
    source = "#define TRY(x) if (x) goto out\n" + code(TANK)
    hunk = "- ret = tank_open(n);\n- if (ret) {\n-     goto out;\n- }\n+ TRY(tank_open(n));"
    last = "  if (!t->name) {\n      ret = -1;\n-     goto out;\n+     return ret;\n  }"
    assert warnings(edit(hunk), edit(last), source=source) == []


@pytest.mark.parametrize("new", ["int tank_load(Tank *t, int n, bool slow)", "int tank_load(Tank *t, int n)"])
def test_a_renamed_function_takes_its_callers_with_it(new: str) -> None:
    renamed = edit(f"- {SIGNATURE}\n+ {new}", "signature tank_fill")
    result = drift(renamed)
    assert result.message == "signature tank_fill has another name now, but 1 use of the old one did not follow"
    assert result.candidates[0].place.path == OTHER_PATH
    if "slow" in new:
        assert warnings(renamed, CALL) == []
    else:
        assert drift(renamed, CALL).message.startswith("signature tank_fill takes 2 parameters now, but 1 use of it")


@pytest.mark.parametrize(
    ("gone", "where"),
    [
        (deleted("function tank_open"), f"{PATH}:13"),
        (deleted("macro TANK_SIZE"), f"{PATH}:26"),
        (deleted("initializer level"), f"{PATH}:26"),
        (edit("- static int tank_open(int n)\n- {\n- ...\n- }", f"file {PATH}"), f"{PATH}:13"),
        (deleted(FUNCTION), f"{OTHER_PATH}:8"),
    ],
)
def test_what_is_taken_away_while_it_is_used_is_warned_about(gone: Edit, where: str) -> None:
    (warning,) = [text for text in warnings(gone) if "no longer defines" in text]
    assert warning.endswith(f"is still used in {where}")


@pytest.mark.parametrize("where", ["function tank_shut", "macro TANK_DEBUG"])
def test_other_things_of_the_name_are_no_uses(where: str) -> None:
    assert warnings(deleted(where)) == []


def test_what_a_macro_may_define_is_not_told() -> None:
    hunk = "  #define TANK_DEBUG 1\n- static int level = 3;\n+ DEFINE_LEVEL(level);"
    assert warnings(edit(hunk, f"file {PATH}")) == []


@pytest.mark.parametrize(
    "use",
    [
        "EXPORT_SYMBOL(tank_open);",
        "type_init(tank_open)",
        "module_init(tank_open);",
        "static struct ops ops = { .open = tank_open };",
        "static int (*opener)(int) = tank_open;",
        "#define OPEN(n) tank_open(n)",
    ],
)
def test_a_use_at_file_scope_is_one(use: str) -> None:
    source = code(TANK).replace("ret = tank_open(n)", "ret = n") + f"\n{use}\n"
    (warning,) = warnings(deleted("function tank_open"), source=source)
    assert warning.startswith("`tank_open`, which")
    renamed = edit("- static int tank_open(int n)\n+ static int tank_unlock(int n)", "signature tank_open")
    assert "1 use of the old one" in drift(renamed, source=source).message


def test_a_use_that_goes_in_the_same_patch_is_none() -> None:
    assert warnings(deleted("function tank_open"), edit("- ret = tank_open(n);\n+ ret = n;")) == []
