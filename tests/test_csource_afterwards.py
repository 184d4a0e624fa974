# SPDX-License-Identifier: GPL-2.0-or-later
"""What a patch leaves behind once all of its edits are made: labels, and uses of what it renamed or deleted."""

from __future__ import annotations

import pytest
from csource_support import PATH, anchor, code, gutter, hunk_edit, operation_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Anchor, DeleteOperation, Edit, MoveOperation, Position, RenameOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
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


# What was moved out of reach


def moved(where: str, after: str = "function tank_start", path: str = OTHER_PATH) -> Edit:
    return operation_edit(where, MoveOperation(anchor(after, Position.AFTER, path)))


@pytest.mark.parametrize("where", ["function tank_open", "macro TANK_SIZE", "initializer level"])
@pytest.mark.parametrize("declared", ["", "static int tank_open(int n);\n\n"])
def test_what_is_local_must_not_leave_its_users(where: str, declared: str) -> None:
    result = drift(moved(where), source=declared + code(TANK))
    assert f"`{where.split()[1]}` is defined in {OTHER_PATH} now, but 1 use of it in {PATH} stayed behind" in (
        result.message
    )


def test_a_function_that_is_no_longer_static_needs_a_declaration() -> None:
    exported = hunk_edit(
        "signature tank_open", "- static int tank_open(int n)\n+ int tank_open(int n)", path=OTHER_PATH
    )
    assert "stayed behind" in drift(moved("function tank_open"), exported).message
    declared = edit(
        "+ int tank_open(int n);\n+\n  int tank_fill(Tank *t, int n, bool slow)\n  {\n  ...\n  }", f"file {PATH}"
    )
    assert warnings(moved("function tank_open"), exported, declared) == []


def test_a_local_function_may_give_way_to_that_of_a_header() -> None:
    header = {"include/tank.h": "static inline int tank_open(int n)\n{\n    return n;\n}\n"}
    (result,) = apply_edits([deleted("function tank_open")], workspace(**{PATH: code(TANK), **header}))
    assert isinstance(result, Applied) and result.warnings == ()


def test_users_may_move_along() -> None:
    caller = hunk_edit(FUNCTION, "- ret = tank_open(n);\n+ ret = n;")
    assert warnings(moved("function tank_open"), caller) == []


def test_what_generated_code_or_a_macro_may_define_is_not_told() -> None:
    generated = f'#include "tank.c.inc"\n{code(TANK)}'
    assert warnings(deleted("function tank_open"), source=generated) == []
    header = "int tank_open(int n);\n"
    instance = hunk_edit(
        "file x", f"- {header}+ DECLARE_CHECKER(Tank, tank_open,\n+                 TYPE_TANK)", path="include/tank.h"
    )
    files = {PATH: code(TANK), "include/tank.h": header}
    found = apply_edits([deleted("function tank_open"), instance], workspace(**files))
    assert [getattr(result, "warnings", result) for result in found] == [(), ()]


def test_a_macro_under_a_condition_may_stand_for_what_compilers_have() -> None:
    fallback = ["#if __GNUC__ < 3", "#define tank_hint(x) (x)", "#endif"]
    source = "\n".join([*fallback, code(TANK).replace("= n +", "= tank_hint(n) +")])
    hunk = "\n".join([*(f"- {line}" for line in fallback), "  #define TANK_SIZE 4"])
    assert warnings(edit(hunk, f"file {PATH}"), source=source) == []


def test_a_variable_that_only_loses_its_value() -> None:
    assert warnings(edit("- static int level = 3;\n+ static int level;", f"file {PATH}")) == []


def test_what_a_deleted_file_defined() -> None:
    gone = Edit(Anchor(ANCHOR_KINDS["file"], "", PATH), DeleteOperation())
    (result,) = apply_edits([gone], workspace(**{PATH: code(TANK), OTHER_PATH: code(OTHER)}))
    assert isinstance(result, Applied)
    assert result.warnings == (f"`tank_fill`, which {PATH} no longer defines, is still used in {OTHER_PATH}:8",)


def test_what_goes_from_a_renamed_file_is_told_as_well() -> None:
    renamed = Edit(Anchor(ANCHOR_KINDS["file"], "", PATH), RenameOperation("hw/demo/vat.c"))
    (warning,) = warnings(renamed, deleted("function tank_open"))
    assert warning == "`tank_open`, which hw/demo/vat.c no longer defines, is still used in hw/demo/vat.c:13"
    assert warnings(renamed) == []
