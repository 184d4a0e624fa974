# SPDX-License-Identifier: GPL-2.0-or-later
"""Where edits land in C that is laid out less usually: spaces before commas, arms, fall-through, nested lists."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import PATH, add_edit, anchor, check_applied, code, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import unfinished_edits
from qpatch.csource.edit import MoveOperation, Position
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import Applied, Drifted
from qpatch.errors import UserError


def body(*statements: str) -> str:
    """Return a file with one function."""
    return code("static void demo(Demo *d)\n{\n" + "".join(f"    {line}\n" for line in statements) + "}\n")


def test_a_removed_entry_takes_its_comma_wherever_that_stands() -> None:
    source = "static const Ops ops = {\n    .one = one   ,\n    .two = two,\n};\n"
    edit = hunk_edit("initializer ops", "- .one = one,\n  .two = two,")
    check_applied(source, edit, "static const Ops ops = {\n    .two = two,\n};\n")


def test_strings_in_added_code_are_no_comments() -> None:
    edit = hunk_edit("function demo", '  one();\n+ report("no // such /* device */");')
    check_applied(body("one();"), edit, body("one();", 'report("no // such /* device */");'))
    edit = hunk_edit("function demo", '- report("one");\n+ report("one"); /* why */')
    check_applied(body('report("one");'), edit, body('report("one"); /* why */'))


def test_what_a_hunk_adds_after_an_ellipsis_ends_the_block() -> None:
    edit = hunk_edit("function demo", "- one();\n  ...\n+ last();")
    check_applied(body("one();", "two();", "three();"), edit, body("two();", "three();", "last();"))


def test_what_ends_the_block_is_not_there_already_in_the_middle() -> None:
    edit = hunk_edit("function demo", "- one();\n  ...\n+ last();")
    check_applied(body("one();", "last();", "three();"), edit, body("last();", "three();", "last();"))


def test_after_an_ellipsis_alone_an_addition_ends_the_block() -> None:
    edit = hunk_edit("function demo", "  ...\n+ last();")
    check_applied(body("one();", "two();"), edit, body("one();", "two();", "last();"))
    check_applied(body(), edit, body("last();"))


@pytest.mark.parametrize("hunk", ["  one();\n  ...\n+ more();\n  ...\n  two();"])
def test_an_addition_above_an_ellipsis_has_no_place(hunk: str) -> None:
    with pytest.raises(HunkError, match="adds has no place"):
        hunk_edit("function demo", hunk)


def test_an_ellipsis_does_not_reach_over_the_next_case() -> None:
    switch = ("switch (d->kind) {", "case A:", "    one();", "    break;", "case B:", "    two();", "    break;", "}")
    hunk = "  case A:\n      ...\n-     two();"
    result = outcome(body(*switch), hunk_edit("switch demo", hunk))
    assert isinstance(result, Drifted), result
    fits = body(*switch).replace("one();", "two();")
    assert isinstance(outcome(fits, hunk_edit("switch demo", hunk)), Applied)


def test_entries_that_are_lists_may_be_left_out_in_the_first_of_them() -> None:
    source = body("static const Row rows[] = {", "    { 1, 2, 3 },", "    { 4, 5, 6 },", "};")
    hunk = "  static const Row rows[] = {\n      { ..., 3 },\n-     { 4, 5, 6 },\n  };"
    check_applied(source, hunk_edit("function demo", hunk), source.replace("        { 4, 5, 6 },\n", ""))


@pytest.mark.parametrize("added", ["static void more(void)\n{\n    two();\n}\n", "DEMO_INIT(demo);\n"])
def test_what_was_added_in_an_elif_arm_is_found_there_again(added: str) -> None:
    source = "#if A\nint a(void);\n#elif B\nstatic void demo(void)\n{\n    one();\n}\n#endif\n"
    edit = add_edit("function demo", added, Position.AFTER)
    edit = replace(edit, anchor=replace(edit.anchor, guard="!(A) && B"))
    space = workspace(source)
    result = apply_edit(edit, space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode() == source.replace("#endif", f"\n{added}#endif")
    assert apply_edit(edit, space).status == "already there"


def test_a_case_goes_before_default_although_an_earlier_one_falls_through() -> None:
    lines = (
        "switch (d->kind) {",
        "case A:",
        "    one();",
        "case B:",
        "    two();",
        "    break;",
        "default:",
        "    break;",
        "}",
    )
    source = body(*lines)
    edit = add_edit("switch demo", "case C:\n    three();\n    break;\n")
    check_applied(
        source, edit, source.replace("    default:", "    case C:\n        three();\n        break;\n    default:")
    )


def test_a_comment_alone_is_refused_by_its_name() -> None:
    with pytest.raises(UserError) as refused:
        outcome("struct Demo {\n    int size;\n};\n", add_edit("struct Demo", "/* more */\n"))
    assert refused.value.code == "add-needs-block"


def test_moving_beside_itself_is_refused_by_its_name() -> None:
    source = "static void demo(void)\n{\n    one();\n}\n"
    move = MoveOperation(anchor("function demo", Position.AFTER))
    with pytest.raises(UserError) as refused:
        outcome(source, operation_edit("function demo", move))
    assert refused.value.code == "bad-anchor"


def test_what_contains_the_target_is_not_moved_beside_it() -> None:
    source = (
        "static void demo(int a)\n{\n    switch (a) {\n    case 1:\n"
        "        switch (b) {\n        case 2:\n            break;\n        }\n    }\n}\n"
    )
    move = MoveOperation(anchor("switch demo(b)", Position.AFTER))
    with pytest.raises(UserError, match="cannot be moved after itself"):
        outcome(source, operation_edit("switch demo(a)", move))


SIGNATURE = "- void demo(int a)\n+ void demo(int a, int b)"


def test_a_signature_of_a_static_function_is_edited_in_its_file_alone() -> None:
    space = workspace(**{
        "a.c": "static void demo(int a);\nstatic void demo(int a)\n{\n}\n",
        "b.c": "static void demo(int a)\n{\n}\n",
    })  # fmt: skip
    result = apply_edit(hunk_edit("signature demo", SIGNATURE, path="a.c"), space)
    assert isinstance(result, Applied), result
    assert {path: text.decode() for path, text in space.tree.changed.items()} == {
        "a.c": "static void demo(int a, int b);\nstatic void demo(int a, int b)\n{\n}\n"
    }


def test_a_signature_that_is_half_changed_says_how_far() -> None:
    space = workspace(**{
        "a.h": "void demo(int a, int b);\n",
        "a.c": "void demo(int a)\n{\n}\n",
    })  # fmt: skip
    result = apply_edit(hunk_edit("signature demo", SIGNATURE, path="a.c"), space)
    assert isinstance(result, Drifted), result
    assert result.message == ("signature demo: 1 of its declarations have the new signature already, 1 the old one")


def test_a_function_without_parameters_is_called_without_arguments() -> None:
    source = "void demo(int a)\n{\n}\n\nvoid use(void)\n{\n    demo();\n}\n"
    edit = hunk_edit("signature demo", "- void demo(int a)\n+ void demo(void)")
    space = workspace(source)
    assert isinstance(apply_edit(edit, space), Applied)
    assert unfinished_edits([edit], space) == []
