# SPDX-License-Identifier: GPL-2.0-or-later
"""How added directives are written, what stands beside trailing comments, and what comes into an empty block."""

from __future__ import annotations

import pytest
from csource_support import add_edit, check_applied, code, hunk_edit, outcome

from qpatch.csource.edit import Position
from qpatch.csource.results import Drifted
from qpatch.csource.syntax.directives import gap_at, with_gaps
from qpatch.errors import UserError

STRUCT = "struct demo {\n    int a;\n    int b;\n};\n"
TABLE = "static const struct ops demo = {\n    .a = 1,\n    .b = 2,\n};\n"
ENUM = "enum demo {\n    A,\n    B,\n};\n"


@pytest.mark.parametrize("column", ["", "    "])
@pytest.mark.parametrize(
    ("source", "where", "member", "last"),
    [
        (STRUCT, "struct demo", "int c;", "int b;\n"),
        (TABLE, "initializer demo", ".c = 3,", ".b = 2,\n"),
        (ENUM, "enum demo", "C,", "B,\n"),
    ],
)
def test_directives_added_inside_stand_in_the_first_column(
    source: str, where: str, member: str, last: str, column: str
) -> None:
    text = f"{column}#ifdef CONFIG_DEMO\n    {member}\n{column}#endif\n"
    written = f"#ifdef CONFIG_DEMO\n    {member}\n#endif\n"
    check_applied(source, add_edit(where, text), source.replace(last, last + written))
    hunk = f"  {last}+ {column}#ifdef CONFIG_DEMO\n+ {member}\n+ {column}#endif"
    check_applied(source, hunk_edit(where, hunk), source.replace(last, last + written))


def test_directives_added_beside_a_member_stand_in_the_first_column() -> None:
    text = "#ifdef CONFIG_DEMO\n.c = 3,\n#else\n.d = 4,\n#endif\n"
    written = "#ifdef CONFIG_DEMO\n    .c = 3,\n#else\n    .d = 4,\n#endif\n"
    check_applied(TABLE, add_edit("initializer demo", text, beside="a"), TABLE.replace("    .b", f"{written}    .b"))


def test_directives_keep_the_column_that_the_others_of_the_block_have() -> None:
    source = "struct demo {\n    int a;\n    #ifdef X\n    int b;\n    #endif\n};\n"
    text = "#ifdef Y\nint c;\n#endif\n"
    check_applied(
        source, add_edit("struct demo", text), source.replace("};", "    #ifdef Y\n    int c;\n    #endif\n};")
    )


def test_directives_in_an_element_of_a_table_stand_in_the_first_column() -> None:
    source = "static const struct ops demo[] = {\n    {\n        .a = 1,\n    },\n};\n"
    hunk = "  {\n      .a = 1,\n+ #ifdef X\n+     .b = 2,\n+ #endif\n  },"
    check_applied(
        source, hunk_edit("initializer demo", hunk), source.replace("1,\n", "1,\n#ifdef X\n        .b = 2,\n#endif\n")
    )


NESTED = "#ifdef A\n# define X 1\n# ifdef B\n#  define Y 2\n# endif\n#endif\n"


def test_blanks_behind_the_sign_are_those_of_the_neighbours() -> None:
    hunk = "  #ifdef A\n  # define X 1\n+ #define W 3\n  ...\n  #endif"
    check_applied(NESTED, hunk_edit("file hw/demo/demo.c", hunk), NESTED.replace("X 1\n", "X 1\n# define W 3\n"))
    hunk = "  # ifdef B\n  #define Y 2\n+ #ifdef C\n+ #define Z 3\n+ #endif\n  # endif"
    around = f"  #ifdef A\n  ...\n{hunk}\n  #endif"
    check_applied(
        NESTED,
        hunk_edit("file hw/demo/demo.c", around),
        NESTED.replace("Y 2\n", "Y 2\n#  ifdef C\n#   define Z 3\n#  endif\n"),
    )


@pytest.mark.parametrize(
    ("source", "gap"),
    [
        ("@", ""),
        ("#define A\n@", ""),
        ("# define A\n@", " "),
        ("#ifndef H\n#define H\n@\n#endif\n", ""),
        ("# ifdef A\n@\n# endif\n", "  "),
        ("#ifdef A\n# define X\n#else\n@\n#endif\n", ""),
        ("#ifdef A\n@\n#else\n# define X\n#endif\n", ""),
        ("#ifdef A\n# ifdef B\n#  define X\n# endif\n@\n#endif\n", " "),
        ("#ifdef A\n@\n# define X\n#endif\n#define Y\n", " "),
    ],
)
def test_the_blanks_are_those_of_the_same_arm(source: str, gap: str) -> None:
    before, _, after = source.partition("@")
    assert gap_at((before + after).encode(), len(before)) == gap


def test_a_directive_written_with_blanks_keeps_them() -> None:
    lines = ["#  define A \\", "    #x", "#define B"]
    assert with_gaps(lines, b"# define C\n", 0) == ["#  define A \\", "    #x", "# define B"]
    assert with_gaps(["int a;"], b"# define C\n", 0) == ["int a;"]


@pytest.mark.parametrize(
    ("source", "where", "text", "after"),
    [
        ("struct demo {};\n", "struct demo", "int a;", "struct demo {\n    int a;\n};\n"),
        ("enum demo { };\n", "enum demo", "A,", "enum demo {\n    A,\n};\n"),
        ("int demo[] = {};\n", "initializer demo", "1,\n2,", "int demo[] = {\n    1,\n    2,\n};\n"),
        ("struct demo {\n};\n", "struct demo", "int a;", "struct demo {\n    int a;\n};\n"),
        ("struct demo { /* no */ };\n", "struct demo", "int a;", "struct demo { /* no */\n    int a;\n};\n"),
        (
            "struct demo {\n};\nvoid f(void)\n{\n\tg();\n}\n",
            "struct demo",
            "int a;",
            "struct demo {\n\tint a;\n};\nvoid f(void)\n{\n\tg();\n}\n",
        ),
    ],
)
def test_what_comes_into_an_empty_block_stands_on_lines_of_its_own(
    source: str, where: str, text: str, after: str
) -> None:
    check_applied(source, add_edit(where, text), after)
    hunk = "  ...\n" + "\n".join(f"+ {line}" for line in text.split("\n"))
    check_applied(source, hunk_edit(where, hunk), after)


def test_a_hunk_fills_an_empty_function() -> None:
    check_applied(
        "void demo(void) { }\n", hunk_edit("function demo", "  ...\n+ one();"), "void demo(void) {\n    one();\n}\n"
    )


COMMENTED = """
    struct demo {
        int a; /* one */
               /* that goes on */
        int b; /* two */
    };
"""


def test_a_comment_below_in_the_column_of_one_behind_code_goes_with_that() -> None:
    check_applied(
        COMMENTED,
        add_edit("struct demo", "int c;", beside="a"),
        code(COMMENTED).replace("    int b;", "    int c;\n    int b;"),
    )
    check_applied(
        COMMENTED,
        add_edit("struct demo", "int c;", beside="b", beside_position=Position.BEFORE),
        code(COMMENTED).replace("    int b;", "    int c;\n    int b;"),
    )
    check_applied(
        COMMENTED,
        hunk_edit("struct demo", "  int a;\n+ int c;"),
        code(COMMENTED).replace("    int b;", "    int c;\n    int b;"),
    )


def test_a_comment_in_another_column_belongs_to_what_is_below() -> None:
    source = code(COMMENTED).replace("           /* that goes on */", "    /* of b */")
    check_applied(
        source, add_edit("struct demo", "int c;", beside="a"), source.replace("    /* of b", "    int c;\n    /* of b")
    )


@pytest.mark.parametrize(
    ("hunk", "written"),
    [
        ("  one();\n+ if (x)\n+     y();\n+ else\n  two();", None),
        ("  one();\n+ for (;;)\n+     if (x)\n  two();", None),
        ("  one();\n+ if (x)\n      two();", None),
        ("  one();\n+ y();\n  two();", "    y();\n\n    two();\n"),
    ],
)
def test_what_governs_the_line_below_stands_right_above_it(hunk: str, written: str | None) -> None:
    source = "void demo(void)\n{\n    one();\n\n    two();\n}\n"
    if written is not None:
        check_applied(source, hunk_edit("function demo", hunk), source.replace("\n    two();\n", written))
        return
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted) and "would come under the" in result.message


def test_a_head_above_code_that_is_indented_for_it_lands_right_above_it() -> None:
    source = "void demo(void)\n{\n    one();\n\n        two();\n}\n"
    check_applied(
        source,
        hunk_edit("function demo", "  one();\n+ if (x)\n      two();"),
        source.replace("        two", "    if (x)\n        two"),
    )


def test_a_macro_of_several_lines_becomes_one_and_the_reverse() -> None:
    source = "#define A(x) \\\n    do { \\\n        one(x); \\\n    } while (0)\n"
    check_applied(
        source, hunk_edit("macro A", "- #define A(x) \\\n- ...\n+ #define A(x) two(x)"), "#define A(x) two(x)\n"
    )
    check_applied(
        "#define A(x) two(x)\n",
        hunk_edit("macro A", "- #define A(x) two(x)\n+ #define A(x)\n+     do {\n+         one(x);\n+     } while (0)"),
        source,
    )
    check_applied(
        source,
        hunk_edit("macro A", "- #define A(x) \\\n- ...\n+ #define A(x, y) \\\n+     two(x, \\\n+         y)"),
        "#define A(x, y) \\\n    two(x, \\\n        y)\n",
    )


def test_a_case_under_an_ifdef_that_ends_in_a_jump_is_no_fall_through() -> None:
    cases = "    case 1:\n        return 2;\n    default:\n        return 0;\n"
    source = f"int demo(int x)\n{{\n    switch (x) {{\n{cases}    }}\n}}\n"
    hunk = "  case 1:\n      return 2;\n+ #ifdef Y\n+ case 2:\n+     return 5;\n+ #endif"
    check_applied(
        source,
        hunk_edit("switch demo", hunk),
        source.replace("2;\n", "2;\n#ifdef Y\n    case 2:\n        return 5;\n#endif\n"),
    )
    falls = outcome(source, hunk_edit("switch demo", hunk.replace("return 5", "five()")))
    assert isinstance(falls, Drifted) and "would fall into" in falls.message
    with pytest.raises(UserError, match="does not begin with a case"):
        outcome(source, add_edit("switch demo", "#ifdef Y\ncase 2:\n    return 5;\n#endif"))
