# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries that are added to lists: the commas between them, `#if` arms at their end, what has to stay last."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, check_applied, hunk_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Edit, Position
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted

NAMES = """\
static const char *names[] = {
    "left",
    "right"
};
"""
POINTERS = """\
int *pointers[] = {
    one, /* first */
    two /* second */
};
"""
COLOURS = """\
enum colour {
    RED,
    BLUE
};
"""
NESTED = """\
static const Table table = {
    .rows = (const Row * const []) {
        &row_a,
        NULL
    },
    .name = "demo"
};
"""
LOCAL = """\
int f(void)
{
    static const int codes[] = {
        high,
        low
    };
    return g(codes);
}
"""
ONE_LINE = "int numbers[] = { 1, 2 };\n"


@pytest.mark.parametrize(
    ("source", "where", "hunk", "old", "new"),
    [
        (NAMES, "initializer names", '  ...\n+ "both",', '"right"', '"right",\n    "both",'),
        (NAMES, "initializer names", '  "right"\n+ "both"', '"right"', '"right",\n    "both"'),
        (NAMES, "initializer names", '+ "both"\n  "right"', '"right"', '"both",\n    "right"'),
        (NAMES, "initializer names", '  "left",\n+ "both"\n  ...', '"right"', '"both",\n    "right"'),
        (NAMES, "initializer names", '- "left",\n+ "both"\n  ...', '"left"', '"both"'),
        (POINTERS, "initializer pointers", "  ...\n+ &three,", "two /* second */", "two, /* second */\n    &three,"),
        (POINTERS, "initializer pointers", "  two\n+ &three", "two /* second */", "two, /* second */\n    &three"),
        (POINTERS, "initializer pointers", "+ *three\n  one,", "    one", "    *three,\n    one"),
        (COLOURS, "enum colour", "  ...\n+ GREEN,", "BLUE", "BLUE,\n    GREEN,"),
        (COLOURS, "enum colour", "  BLUE\n+ GREEN = 7", "BLUE", "BLUE,\n    GREEN = 7"),
        (
            NESTED,
            "initializer table",
            "  .rows = ($t) {\n      ...\n+     &row_b,\n  },",
            "NULL",
            "NULL,\n        &row_b,",
        ),
        (NESTED, "initializer table", "  ...\n+ .size = 2,", '"demo"', '"demo",\n    .size = 2,'),
        (LOCAL, "function f", "  static const int codes[] = {\n      ...\n+     -1,\n  };", "low", "low,\n        -1,"),
        (
            LOCAL,
            "function f",
            "  static const int codes[] = {\n      ...\n      low\n+     (none)\n  };",
            "low",
            "low,\n        (none)",
        ),
    ],
)
def test_comma_between_entries_is_written(source: str, where: str, hunk: str, old: str, new: str) -> None:
    check_applied(source, hunk_edit(where, hunk), source.replace(old, new))


@pytest.mark.parametrize(
    ("source", "where", "text", "beside", "position", "after"),
    [
        (NAMES, "initializer names", '"both"', "right", Position.BEFORE, '    "left",\n    "both",\n    "right"\n'),
        (NAMES, "initializer names", '"both"', "left", Position.AFTER, '    "left",\n    "both",\n    "right"\n'),
        (COLOURS, "enum colour", "GREEN /* new */", "BLUE", Position.BEFORE, "    GREEN, /* new */\n    BLUE\n"),
        (ONE_LINE, "initializer numbers", "-3", "2", Position.BEFORE, "{ 1, -3, 2 }"),
    ],
)
def test_comma_of_what_is_added_beside_an_entry(
    source: str, where: str, text: str, beside: str, position: Position, after: str
) -> None:
    space = workspace(source)
    edit = add_edit(where, text, beside=beside, beside_position=position)
    assert isinstance(apply_edit(edit, space), Applied)
    assert after in space.tree.changed[PATH].decode()
    assert isinstance(apply_edit(edit, space), AlreadyThere)


def test_comma_before_a_sentinel() -> None:
    source = "Entry entries[] = {\n    { 1 },\n    { }\n};\n"
    check_applied(source, add_edit("initializer entries", "{ 2 }"), source.replace("{ 1 },", "{ 1 },\n    { 2 },"))


@pytest.mark.parametrize(
    ("source", "hunk", "new"),
    [
        (
            "int flags[] = {\n    A |\n    B,\n    C\n};\n",
            "  A |\n- B,\n+ B |\n+ D,\n  C",
            "    A |\n    B |\n    D,\n",
        ),
        ("char *texts[] = {\n    one,\n};\n", '  one,\n+ "two "\n+ "words",', '    one,\n    "two "\n    "words",\n'),
    ],
)
def test_what_goes_on_with_a_line_gets_no_comma(source: str, hunk: str, new: str) -> None:
    space = workspace(source)
    name = source.split("[")[0].split()[-1].lstrip("*")
    assert isinstance(apply_edit(hunk_edit(f"initializer {name}", hunk), space), Applied)
    assert new in space.tree.changed[PATH].decode()


def test_argument_that_goes_on_gets_no_comma() -> None:
    source = 'void f(void)\n{\n    report("a"\n           );\n}\n'
    check_applied(
        source,
        hunk_edit("function f", '  report("a"\n+        " b"\n         );'),
        source.replace('"a"\n', '"a"\n           " b"\n'),
    )


ENDS_IN_ARM = [
    ("enum e", "enum e {\n    A\n#ifdef X\n    , B\n#endif\n};\n", "C"),
    ("enum e", "enum e {\n    A,\n#ifdef X\n    B\n#endif\n};\n", "C"),
    ("enum e", "enum e {\n    A,\n#ifdef X\n    B,\n#else\n    B\n#endif\n};\n", "C"),
    ("initializer s", "struct s s = {\n    .a = 1\n#ifdef X\n    , .b = 2\n#endif\n};\n", ".c = 3"),
    (
        "initializer s",
        "struct s s = {\n    .a = 1\n#ifdef X\n    , .b = 2\n#else\n    , .b = 3\n#endif\n};\n",
        ".c = 3",
    ),
    ("initializer s", "struct s s = {\n    .a = 1,\n#ifdef X\n    .b = 2\n#endif\n};\n", ".c = 3"),
]


@pytest.mark.parametrize(("where", "source", "text"), ENDS_IN_ARM)
def test_list_that_ends_in_an_arm_without_a_comma(where: str, source: str, text: str) -> None:
    assert isinstance(outcome(source, add_edit(where, f"{text},")), Ambiguous)
    assert isinstance(outcome(source, hunk_edit(where, f"  ...\n+ {text},")), Ambiguous)


def test_list_that_ends_in_an_arm_with_a_comma() -> None:
    source = "enum e {\n    A,\n#ifdef X\n    B,\n#endif\n};\n"
    for edit in (add_edit("enum e", "C,"), hunk_edit("enum e", "  ...\n+ C,")):
        check_applied(source, edit, source.replace("#endif\n", "#endif\n    C,\n"))


@pytest.mark.parametrize("text", ["ENT(3)", "ENT(3),"])
def test_macros_that_bring_their_commas_get_none(text: str) -> None:
    source = "static struct t t[] = {\n    ENT(1)\n    ENT(2)\n};\n"
    wanted = source.replace("ENT(2)\n", "ENT(2)\n    ENT(3)\n")
    for edit in (add_edit("initializer t", text), hunk_edit("initializer t", f"  ...\n+ {text}")):
        check_applied(source, edit, wanted)


FLEXIBLE = """\
struct blob {
    int size;
    /* What it holds. */
    char data[];
};
typedef struct {
    int count;
    long values[];
} Values;
"""


def test_member_is_added_before_a_flexible_array() -> None:
    check_applied(
        FLEXIBLE, add_edit("struct blob", "int flags;"), FLEXIBLE.replace("int size;\n", "int size;\n    int flags;\n")
    )
    check_applied(
        FLEXIBLE, add_edit("struct Values", "int flags;"), FLEXIBLE.replace("count;\n", "count;\n    int flags;\n")
    )


@pytest.mark.parametrize(
    "edit",
    [
        add_edit("struct blob", "int flags;", beside="data"),
        hunk_edit("struct blob", "  ...\n+ int flags;"),
        hunk_edit("struct Values", "  long values[];\n+ int flags;"),
        hunk_edit("struct Values", "- int count;\n  long values[];\n+ int count;"),
    ],
)
def test_flexible_array_stays_last(edit: Edit) -> None:
    (result,) = apply_edits([edit], workspace(FLEXIBLE))
    assert isinstance(result, Drifted)
    assert "flexible array" in result.message


def test_struct_that_had_a_member_behind_its_array_is_left_in_peace() -> None:
    source = "struct odd {\n    char data[];\n    int size;\n};\n"
    (result,) = apply_edits([hunk_edit("struct odd", "  int size;\n+ int flags;")], workspace(source))
    assert isinstance(result, Applied)
