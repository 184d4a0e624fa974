# SPDX-License-Identifier: GPL-2.0-or-later
"""Explanations: from what a miss reports a stranger can mend the strategy, and nothing was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import PATH, add_edit, code, gutter, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Ambiguous, Applied, Drifted

SOURCE = code("""
static void demo_reset(Demo *demo)
{
    Group *group;

    QLIST_FOREACH(group, &demo->groups, next) {
        group_reset(group, demo->flags);
    }
    demo_begin(demo);
    demo_end(demo);
}
""")
HUNK = """
  QLIST_FOREACH($g, &demo->groups, next) {
-     group_reset($g, demo->flags);
+     group_clear($g);
  }
"""


def miss(source: str, hunk: str = HUNK, where: str = "function demo_reset") -> Drifted:
    result = outcome(source, hunk_edit(where, hunk))
    assert isinstance(result, Drifted), result
    return result


def assert_mends(result: Drifted, source: str, where: str = "function demo_reset") -> None:
    """Check that the hunk that `result` suggests applies to `source`."""
    mended = hunk_edit(where, result.suggestion.partition(":\n")[2])
    assert isinstance(apply_edit(mended, workspace(source)), Applied)


def test_the_hunk_applies_to_the_source_that_it_was_written_for() -> None:
    assert isinstance(outcome(SOURCE, hunk_edit("function demo_reset", HUNK)), Applied)


def test_renamed_function_is_found_by_its_body() -> None:
    result = miss(SOURCE.replace("demo_reset", "thing_restart"))
    assert "thing_restart" in result.message
    assert result.suggestion == f"in: function thing_restart\npath: {PATH}"


def test_added_argument_is_named_with_a_mended_hunk() -> None:
    changed = SOURCE.replace("demo->flags)", "demo->flags, errp)")
    result = miss(changed)
    assert any("errp" in difference for difference in result.candidates[0].differences)
    assert "group_reset($g, demo->flags, errp);" in result.suggestion
    assert_mends(result, changed)


def test_added_parameter_of_the_anchor_is_drift_where_the_edit_tells_the_parameters() -> None:
    edit = hunk_edit("function demo_reset(Demo *$demo)", HUNK)
    assert isinstance(outcome(SOURCE, edit), Applied)
    result = outcome(SOURCE.replace("(Demo *demo)", "(Demo *demo, bool hard)"), edit)
    assert isinstance(result, Drifted)
    assert "bool hard" in result.candidates[0].differences[0]
    assert result.suggestion == "in: function demo_reset(Demo *demo, bool hard)"


def test_wrapped_anchor_shows_the_condition_and_the_hunk_to_write() -> None:
    wrapped = SOURCE.replace("    demo_begin(demo);", "    if (demo->live) {\n        demo_begin(demo);\n    }")
    edit = hunk_edit("function demo_reset", "- demo_begin(demo);\n+ demo_start(demo);")
    result = outcome(wrapped, edit)
    assert isinstance(result, Ambiguous)
    assert result.matches[0].line == 9
    suggested = result.suggestion.partition(":\n")[2]
    mended = hunk_edit("function demo_reset", suggested)
    assert isinstance(apply_edit(mended, workspace(wrapped)), Applied)


def test_swapped_loop_macro_is_named() -> None:
    result = miss(
        SOURCE.replace(
            "QLIST_FOREACH(group, &demo->groups, next)", "QLIST_FOREACH_SAFE(group, &demo->groups, next, tmp)"
        )
    )
    assert "expected 'QLIST_FOREACH', found 'QLIST_FOREACH_SAFE'" in result.candidates[0].differences
    assert "QLIST_FOREACH_SAFE($g, &demo->groups, next, tmp) {" in result.suggestion


def test_renamed_struct_is_found_by_its_members() -> None:
    renamed = "struct DemoState {\n    int alpha;\n    int beta;\n};\n"
    result = miss(renamed, "  int alpha;\n+ int gamma;", "struct Demo")
    assert "struct DemoState" in result.suggestion


def test_statements_in_another_order_are_told() -> None:
    swapped = SOURCE.replace("    demo_begin(demo);\n    demo_end(demo);", "    demo_end(demo);\n    demo_begin(demo);")
    result = miss(swapped, "  demo_begin(demo);\n+ demo_middle(demo);\n  demo_end(demo);")
    assert "in another order" in result.message
    ellipsis = miss(swapped, "  demo_begin(demo);\n  ...\n- demo_end(demo);\n+ demo_finish(demo);")
    assert "not in the order of the hunk" in ellipsis.message
    assert [candidate.place.line for candidate in ellipsis.candidates] == [8, 9]


def test_statements_that_are_no_longer_neighbours_are_told() -> None:
    result = miss(
        SOURCE.replace("demo_begin(demo);\n", "demo_begin(demo);\n    demo_new(demo);\n"),
        "  demo_begin(demo);\n+ demo_middle(demo);\n  demo_end(demo);",
    )
    assert "not next to each other" in result.message


def test_a_mended_hunk_keeps_signs_placeholders_and_added_lines() -> None:
    changed = SOURCE.replace("demo_begin(demo)", "demo_start(demo, true)").replace("&demo->groups", "&demo->all")
    hunk = (
        "  QLIST_FOREACH($g, &demo->groups, next) {\n      ...\n  }\n- demo_begin(demo);\n+ demo_middle(demo);\n"
        "+ demo_begin(demo);\n  ...\n  demo_end(demo);"
    )
    result = miss(changed, hunk)
    assert result.suggestion.partition(":\n")[2] == (
        "  QLIST_FOREACH($g, &demo->all, next) {\n      ...\n  }\n- demo_start(demo, true);\n+ demo_middle(demo);\n"
        "+ demo_start(demo);\n  ...\n  demo_end(demo);"
    )
    assert_mends(result, changed)


def test_several_parts_that_fit_nowhere_are_mended_together() -> None:
    changed = SOURCE.replace("demo_begin", "demo_begin_now").replace("demo_end", "demo_end_now")
    result = miss(changed, "  demo_begin(demo);\n  ...\n- demo_end(demo);\n+ demo_finish(demo);")
    assert "- demo_end_now(demo);" in result.suggestion
    assert_mends(result, changed)


def test_no_hunk_is_suggested_that_was_tried_in_vain() -> None:
    changed = SOURCE.replace("demo_begin(demo);", "if (demo->live) {\n        demo_begin(demo, 1);\n    }")
    result = miss(changed, "- demo_begin(demo);\n+ demo_start(demo);")
    assert result.suggestion == ""
    assert "demo_begin(demo, 1);" in result.candidates[0].place.snippet


def test_symbol_under_an_unshown_if_is_ambiguous_until_the_edit_says_so() -> None:
    guarded = "#ifdef CONFIG_KVM\n" + SOURCE + "#endif\n"
    edit = hunk_edit("function demo_reset", HUNK)
    result = outcome(guarded, edit)
    assert isinstance(result, Ambiguous)
    assert result.suggestion == "guard: defined(CONFIG_KVM)"
    told = replace(edit, anchor=replace(edit.anchor, guard="defined(CONFIG_KVM)"))
    assert isinstance(outcome(guarded, told), Applied)
    assert isinstance(outcome(SOURCE, told), Drifted)


def test_missing_file_names_where_one_of_that_name_is() -> None:
    space = workspace(**{"hw/new/demo.h": "int x;\n"})
    edit = hunk_edit("macro LIMIT", gutter("- #define LIMIT 1\n+ #define LIMIT 2"), path="hw/old/demo.h")
    edit = replace(edit, anchor=replace(edit.anchor, kind=ANCHOR_KINDS["file"]))
    result = apply_edit(edit, space)
    assert isinstance(result, Drifted)
    assert result.moved_to == ("hw/new/demo.h",)


def test_an_addition_learns_from_the_hunks_beside_it_what_its_anchor_is_called() -> None:
    source = SOURCE.replace("demo_reset", "thing_restart") + "\nstatic void demo_preset(void)\n{\n    probe();\n}\n"
    added = add_edit("function demo_reset", "static void demo_more(void)\n{\n}\n", Position.BEFORE)
    edits = [added, hunk_edit("function demo_reset", HUNK)]
    (alone,) = apply_edits(edits[:1], workspace(source))
    assert isinstance(alone, Drifted) and "demo_preset" in alone.advice and not alone.suggestion
    beside, own = apply_edits(edits, workspace(source))
    assert isinstance(beside, Drifted) and isinstance(own, Drifted)
    assert beside.suggestion == f"before: function thing_restart\npath: {PATH}"
    assert "it may have been renamed to thing_restart" in beside.message
    assert beside.candidates[0].differences[0].startswith("the hunk of the edit at")


def test_names_that_are_alike_are_all_offered_where_nothing_tells_them_apart() -> None:
    source = "".join(f"void demo_{word}set(void)\n{{\n}}\n\n" for word in ("pre", "off", "un"))
    (result,) = apply_edits([add_edit("function demo_reset", "int x;\n", Position.AFTER)], workspace(source))
    assert isinstance(result, Drifted)
    assert not result.suggestion
    assert result.advice.startswith("only names could be compared")
    assert result.advice.count("\n# or\nafter: function demo_") == 2


def test_lines_are_those_of_the_tree_whatever_was_added_above() -> None:
    source = SOURCE.replace("demo_begin", "demo_start")
    edits = [
        add_edit("function demo_reset", "int one;\n\n\nint two;\n", Position.BEFORE),
        hunk_edit("function demo_reset", "- demo_begin(demo);\n+ demo_middle(demo);"),
    ]
    _, result = apply_edits(edits, workspace(source))
    assert isinstance(result, Drifted)
    assert result.candidates[0].place.line == source[: source.index("demo_start")].count("\n") + 1


def test_a_line_that_an_earlier_edit_wrote_is_marked() -> None:
    edits = [
        hunk_edit("function demo_reset", "  demo_begin(demo);\n+ demo_middle(demo, 1);"),
        hunk_edit("function demo_reset", "- demo_middle(demo, 2);\n+ demo_late(demo);"),
    ]
    _, result = apply_edits(edits, workspace(SOURCE))
    assert isinstance(result, Drifted)
    assert str(result.candidates[0].place) == f"{PATH}:9 (as edited so far)"


def test_a_use_that_an_edited_signature_leaves_behind_is_drift_of_that_edit() -> None:
    source = "static void reset(Demo *demo)\n{\n}\n\nvoid use(Demo *demo)\n{\n    reset(demo);\n}\n"
    signature = hunk_edit("signature reset", "- static void reset(Demo *demo)\n+ static void reset(Demo *demo, int x)")
    caller = hunk_edit("function use", "- reset(demo);\n+ reset(demo, 1);")
    (left,) = apply_edits([signature], workspace(source))
    assert isinstance(left, Drifted) and left.candidates[0].place.line == 7
    assert all(isinstance(result, Applied) for result in apply_edits([signature, caller], workspace(source)))


@pytest.mark.parametrize("around", ["EACH_ENTRY(i)", "spin_locked(d)"])
def test_no_other_code_is_suggested_for_what_stands_within_a_statement(around: str) -> None:
    before = f"int demo(int i)\n{{\n    {around}\n        step(i);\n    step(9);\n    return i;\n}}\n"
    result = outcome(before, hunk_edit("function demo", "- step(i);\n+ step(1);\n+ step(2);"))
    assert isinstance(result, Drifted) and "step(9)" not in result.suggestion
    changed = outcome(before.replace("step(i)", "stop(i)"), hunk_edit("function demo", "- step(i);\n+ step(1);"))
    assert isinstance(changed, Drifted) and "- step(9);" in changed.suggestion


@pytest.mark.parametrize("hunk", ["- #ifdef CONFIG_A\n  int b;\n- #endif", "+ #ifdef CONFIG_B\n  int d;\n+ #endif"])
def test_no_hunk_is_suggested_that_changes_nothing(hunk: str) -> None:
    result = outcome("struct demo {\n    int a;\n    int b;\n    int c;\n};\n", hunk_edit("struct demo", hunk))
    assert isinstance(result, Drifted)
    assert not result.suggestion or result.suggestion.count("#endif") == 1


@pytest.mark.parametrize("parameters", ["int a;\n    char *b;", "int a; char *b;"])
def test_a_signature_that_declares_its_parameters_below_is_told_as_longer(parameters: str) -> None:
    before = f"static int demo(a, b)\n    {parameters}\n{{\n    return a;\n}}\n"
    result = outcome(before, hunk_edit("signature demo", "- static int demo(a, b)\n+ static int demo(int a, char *b)"))
    assert isinstance(result, Drifted) and "has to show all of it" in result.message
    assert "metavariable" not in result.advice and "verbatim" in result.advice
