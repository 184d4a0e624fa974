# SPDX-License-Identifier: GPL-2.0-or-later
"""Additions beside and inside symbols, deletions, moves."""

from __future__ import annotations

import pytest
from csource_support import (
    add_edit,
    anchor,
    check_applied,
    hunk_edit,
    operation_edit,
    outcome,
    workspace,
)

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import unfinished_edits
from qpatch.csource.edit import DeleteOperation, MoveOperation, Position
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.errors import UserError

TWO = """
#include <stdio.h>

/* Does the first thing. */
static void first(void)
{
    one();
}

/* Does the second thing. */
static void second(void)
{
    two();
}
"""
ADDED = """
/* Does more. */
static void more(void)
{
    three();
}
"""


def test_function_after_another() -> None:
    check_applied(
        TWO,
        add_edit("function first", ADDED, Position.AFTER),
        TWO.replace("    one();\n}\n", "    one();\n}\n" + ADDED),
    )


def test_function_before_another_and_its_comment() -> None:
    check_applied(
        TWO,
        add_edit("function second", ADDED, Position.BEFORE),
        TWO.replace("\n/* Does the second", ADDED + "\n/* Does the second"),
    )


def test_function_that_exists_with_another_content_is_drift() -> None:
    result = outcome(TWO, add_edit("function first", "static void second(void)\n{\n    other();\n}\n", Position.AFTER))
    assert isinstance(result, Drifted)
    assert "exists already" in result.message


def test_macro_beside_macros_has_no_blank_line() -> None:
    check_applied(
        "#define A 1\n#define C 3\n",
        add_edit("macro A", "#define B 2\n", Position.AFTER),
        "#define A 1\n#define B 2\n#define C 3\n",
    )


def test_text_at_the_end_of_a_file_and_include() -> None:
    check_applied(TWO, add_edit("file hw/demo/demo.c", ADDED), TWO + ADDED)
    check_applied(
        TWO,
        add_edit("includes here", '#include "demo.h"\n'),
        TWO.replace("#include <stdio.h>\n", '#include <stdio.h>\n#include "demo.h"\n'),
    )


def test_member_beside_another_and_at_the_end() -> None:
    source = "struct Demo {\n    int a; /* first */\n    int b;\n};\n"
    check_applied(
        source, add_edit("struct Demo", "bool c;", beside="a"), source.replace("first */\n", "first */\n    bool c;\n")
    )
    check_applied(source, add_edit("struct Demo", "bool c;"), source.replace("int b;\n", "int b;\n    bool c;\n"))
    check_applied(
        source,
        add_edit("struct Demo", "bool c;", beside="b", beside_position=Position.BEFORE),
        source.replace("    int b;", "    bool c;\n    int b;"),
    )


def test_member_of_a_struct_that_moved_to_another_file_is_reported_as_moved() -> None:
    space = workspace(**{"include/new.h": "typedef struct Demo {\n    int a;\n} Demo;\n", "old.h": "int x;\n"})
    result = apply_edit(add_edit("struct Demo", "bool c;", path="old.h"), space)
    assert isinstance(result, Applied)
    assert (result.path, result.moved_from) == ("include/new.h", "old.h")
    assert result.message == "moved from old.h to include/new.h"


def test_missing_neighbour_names_the_members_there_are() -> None:
    result = outcome("struct Demo {\n    int alpha;\n};\n", add_edit("struct Demo", "bool c;", beside="beta"))
    assert isinstance(result, Drifted)
    assert "alpha" in result.candidates[0].differences[0]


def test_entry_before_the_sentinel_of_an_array() -> None:
    source = (
        'static Property props[] = {\n    DEFINE_PROP_BOOL("a", Demo, a, false),\n    DEFINE_PROP_END_OF_LIST(),\n};\n'
    )
    entry = 'DEFINE_PROP_BOOL("b", Demo, b, true),'
    check_applied(
        source,
        add_edit("initializer props", entry),
        source.replace("    DEFINE_PROP_END", f"    {entry}\n    DEFINE_PROP_END"),
    )


def test_enumerator_after_the_last_without_comma() -> None:
    check_applied(
        "enum Kind {\n    ONE,\n    TWO /* last */\n};\n",
        add_edit("enum Kind", "THREE,"),
        "enum Kind {\n    ONE,\n    TWO, /* last */\n    THREE,\n};\n",
    )


def test_addition_inside_a_function_wants_a_hunk() -> None:
    with pytest.raises(UserError, match="cannot add inside function first"):
        outcome(TWO, add_edit("function first", "x();"))


def test_deletion_takes_the_leading_comment() -> None:
    check_applied(
        TWO,
        operation_edit("function first", DeleteOperation()),
        TWO.replace("/* Does the first thing. */\nstatic void first(void)\n{\n    one();\n}\n\n", ""),
    )


def test_deletion_of_a_renamed_function_is_drift_of_a_missing_one_already_there() -> None:
    renamed = TWO.replace("first", "first_v2")
    assert isinstance(outcome(renamed, operation_edit("function first_v", DeleteOperation())), Drifted)
    assert isinstance(outcome(TWO, operation_edit("function nothing_like_it", DeleteOperation())), AlreadyThere)


def test_move_keeps_every_byte() -> None:
    head, first, second = (
        TWO.partition("/* Does the first thing. */")[0],
        *(
            part
            for part in (
                "/* Does the first thing. */\nstatic void first(void)\n{\n    one();\n}\n",
                "/* Does the second thing. */\nstatic void second(void)\n{\n    two();\n}\n",
            )
        ),
    )
    check_applied(
        TWO,
        operation_edit("function first", MoveOperation(anchor("function second", Position.AFTER))),
        head + second + "\n" + first,
    )


def test_two_definitions_are_ambiguous_and_both_named() -> None:
    space = workspace(**{"a.c": "void f(void)\n{\n    x();\n}\n", "b.c": "void f(void)\n{\n    x();\n}\n"})
    result = apply_edit(hunk_edit("function f", "- x();\n+ y();", path="gone.c"), space)
    assert isinstance(result, Ambiguous)
    assert [place.path for place in result.matches] == ["a.c", "b.c"]
    assert not space.tree.changed


def test_callers_and_operations_left_behind_by_a_signature_are_named() -> None:
    space = workspace(
        **{
            "demo.h": "struct Ops {\n    int (*save)(File *f);\n};\nint demo_save(File *f);\n",
            "demo.c": "int demo_save(File *f)\n{\n    return 0;\n}\n\n"
            "static Ops ops = {\n    .save = demo_save,\n};\n\n"
            "void user(void)\n{\n    demo_save(f);\n}\n",
        }
    )
    edit = hunk_edit("signature demo_save", "- int $n(File *$f)\n+ int $n(File *$f, Error **errp)", path="demo.c")
    assert isinstance(apply_edit(edit, space), Applied)
    ((_, left),) = unfinished_edits([edit], space)
    words = " ".join(f"{candidate.place} {candidate.differences[0]}" for candidate in left.candidates)
    assert "demo.c:12 passes 1 argument" in words
    assert "demo.c:7 is called through a member that takes 1 parameters" in words
    followed = [
        hunk_edit("function user", "- demo_save(f);\n+ demo_save(f, NULL);", path="demo.c"),
        hunk_edit("struct Ops", "- int (*save)(File *f);\n+ int (*save)(File *f, Error **errp);", path="demo.h"),
    ]
    assert all(isinstance(apply_edit(other, space), Applied) for other in followed)
    assert not unfinished_edits([edit], space)


DISPATCH = """
static int dispatch(int kind, int other)
{
    switch (kind) {
    case ONE:
    case TWO:
        one();
        break;
    default:
        /* nothing */
        break;
    }
    return 0;
}
"""


def test_case_before_the_default_one() -> None:
    check_applied(
        DISPATCH,
        add_edit("switch dispatch", "case THREE:\n    three();\n    break;\n"),
        DISPATCH.replace("    default:", "    case THREE:\n        three();\n        break;\n    default:"),
    )


def test_case_beside_another() -> None:
    check_applied(
        DISPATCH,
        add_edit("switch dispatch(kind)", "case THREE:\n    break;\n", beside="ONE", beside_position=Position.BEFORE),
        DISPATCH.replace("    case ONE:", "    case THREE:\n        break;\n    case ONE:"),
    )
    check_applied(
        DISPATCH,
        add_edit("switch dispatch", "case THREE:\n    break;\n", beside="TWO"),
        DISPATCH.replace("    default:", "    case THREE:\n        break;\n    default:"),
    )


def test_case_that_exists_with_another_body_is_drift() -> None:
    result = outcome(DISPATCH, add_edit("switch dispatch", "default:\n    return -1;\n"))
    assert isinstance(result, Drifted)
    assert "has a default already" in result.message


def test_hunk_in_a_switch() -> None:
    check_applied(
        DISPATCH, hunk_edit("switch dispatch", "  case TWO:\n- one();\n+ two();"), DISPATCH.replace("one();", "two();")
    )


def test_switch_is_told_by_what_it_switches_on() -> None:
    second = "    switch (other) {\n    case NINE:\n        break;\n    }\n"
    twice = DISPATCH.replace("    return 0;", second + "    return 0;")
    both = outcome(twice, add_edit("switch dispatch", "case THREE:\n    break;\n"))
    assert isinstance(both, Ambiguous)
    assert both.suggestion == "in: switch dispatch(kind)"
    missing = outcome(twice, add_edit("switch dispatch(neither)", "case THREE:\n    break;\n"))
    assert isinstance(missing, Drifted)
    assert [candidate.place.snippet for candidate in missing.candidates] == ["switch (kind)", "switch (other)"]
    check_applied(
        twice,
        add_edit("switch dispatch(other)", "case THREE:\n    break;\n"),
        twice.replace(
            "    case NINE:\n        break;\n", "    case NINE:\n        break;\n    case THREE:\n        break;\n"
        ),
    )


@pytest.mark.parametrize(
    ("where", "source", "text"),
    [
        ("struct Demo", "struct Demo {\n    int a;\n};\n", "bool a;"),
        ("enum Kind", "enum Kind {\n    ONE = 1,\n};\n", "ONE = 2,"),
        ("initializer ops", "static Ops ops = {\n    .save = f,\n};\n", ".save = g,"),
    ],
)
def test_member_that_exists_with_another_content_is_drift(where: str, source: str, text: str) -> None:
    result = outcome(source, add_edit(where, text))
    assert isinstance(result, Drifted)
    assert "already, with another content" in result.message


def test_member_that_exists_in_another_layout_is_already_there() -> None:
    result = outcome("struct Demo {\n    int  a ; /* it */\n};\n", add_edit("struct Demo", "int a;"))
    assert isinstance(result, AlreadyThere)
