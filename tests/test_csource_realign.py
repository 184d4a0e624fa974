# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows for the lines around when code becomes longer or shorter: brackets, columns, the longest line."""

from __future__ import annotations

import pytest
from csource_support import PATH, gutter, hunk_edit
from hypothesis import given
from hypothesis import strategies as st

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.results import Applied
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.coding_style import coding_style
from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.realign import realigned
from qpatch.csource.tokens import c_tokens
from qpatch.csource.workspace import EditWorkspace

LONGER = "- foo\n+ foo_longer"


def renamed(source: str, hunk: str = LONGER, kind: str = "qemu", **also: bool) -> str:
    """Return what becomes of a file by an edit everywhere, wherever and however often it applies."""
    operation = EverywhereOperation(read_rewriting(gutter(hunk)), at_least=True, **also)
    return _applied(source, Edit(Anchor(ANCHOR_KINDS["tree"], "", ""), operation), kind)


def _applied(source: str, edit: Edit, kind: str = "qemu") -> str:
    space = EditWorkspace(Overlay(DictTree({PATH: source.encode()})), ParseCache(macro_table(kind)))
    assert isinstance(result := apply_edit(edit, space), Applied), result
    return space.tree.changed[PATH].decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    x = foo(a,\n            b);\n", "    x = foo_longer(a,\n                   b);\n"),
        (
            "    x = foo(a,\n            g(b,\n              c),\n            d);\n    next(a,\n         b);\n",
            "    x = foo_longer(a,\n                   g(b,\n                     c),\n"
            "                   d);\n    next(a,\n         b);\n",
        ),
        (
            "    g(a,\n      foo(b,\n          c),\n      d);\n",
            "    g(a,\n      foo_longer(b,\n                 c),\n      d);\n",
        ),
        ("    g(foo,\n      b);\n", "    g(foo_longer,\n      b);\n"),
        ("    foo(\n        a,\n        b);\n", "    foo_longer(\n        a,\n        b);\n"),
        ("    foo(a, {\n        .b = 1,\n    });\n", "    foo_longer(a, {\n        .b = 1,\n    });\n"),
        ('    foo("(",\n        b);\n', '    foo_longer("(",\n               b);\n'),
        ("    foo(a, /* ( */\n        b);\n", "    foo_longer(a, /* ( */\n               b);\n"),
        ("    x[foo(a,\n          b)] = 1;\n", "    x[foo_longer(a,\n                 b)] = 1;\n"),
    ],
)
def test_lines_follow_the_bracket_at_which_they_go_on(before: str, after: str) -> None:
    assert renamed(FRAME.format(before)) == FRAME.format(after)
    assert renamed(FRAME.format(after), "- foo_longer\n+ foo") == FRAME.format(before)


def test_prototypes_and_definitions_in_tabs_follow_too() -> None:
    source = "static int foo(int a,\n\t       int b);\n\nvoid g(void)\n{\n\tif (x)\n\t\tfoo(a,\n\t\t    b);\n}\n"
    assert renamed(source, kind="linux") == (
        "static int foo_longer(int a,\n\t\t      int b);\n\nvoid g(void)\n{\n\tif (x)\n"
        "\t\tfoo_longer(a,\n\t\t\t   b);\n}\n"
    )


def test_an_expression_over_several_lines_is_followed() -> None:
    source = "void f(void)\n{\n    x = old(a,\n            b) + g(c,\n                   d);\n}\n"
    swapped = "void f(void)\n{\n    x = fresh(b, a) + g(c,\n                        d);\n}\n"
    assert renamed(source, "- old($a, $b)\n+ fresh($b, $a)") == swapped


FRAME = "void f(void)\n{{\n{}}}\n"


def test_a_line_that_becomes_too_long_is_broken() -> None:
    line = "    result_of_the_call = foo(first_argument_of_it, second_argument_of_it, thi);\n"
    broken = (
        "    result_of_the_call = foo_longer(first_argument_of_it, second_argument_of_it,\n"
        "                                    thi);\n"
    )
    assert renamed(FRAME.format(line)) == FRAME.format(broken)
    assert renamed(FRAME.format(line), kind="linux") == FRAME.format(line.replace("foo", "foo_longer"))


def test_the_rest_of_a_broken_line_is_filled_up() -> None:
    before = (
        "    result = foo(first_argument_of_the_call, second_argument_of_it, third,\n"
        "                 fourth, g(fifth,\n"
        "                           sixth));\n"
    )
    after = (
        "    result = foo_very_long(first_argument_of_the_call, second_argument_of_it,\n"
        "                           third, fourth, g(fifth,\n"
        "                                            sixth));\n"
    )
    assert renamed(FRAME.format(before), "- foo\n+ foo_very_long") == FRAME.format(after)


def test_a_line_that_was_too_long_before_or_is_so_by_its_comment_stays() -> None:
    long = f"    foo({', '.join(['argument'] * 9)});\n"
    comment = f"    foo(a, b); /* {'x' * 58} */\n"
    for line in (long, comment):
        source = f"void f(void)\n{{\n{line}}}\n"
        assert renamed(source) == source.replace("foo", "foo_longer")


def test_backslashes_of_a_macro_stay_in_their_column() -> None:
    source = (
        "#define A(x)                \\\n    do {                    \\\n        foo(x,              \\\n"
        "            2);             \\\n    } while (0)\n"
    )
    assert renamed(source) == (
        "#define A(x)                \\\n    do {                    \\\n        foo_longer(x,       \\\n"
        "                   2);      \\\n    } while (0)\n"
    )
    ragged = "#define A(x)    \\\n    do {        \\\n        one(x, 2);   \\\n        foo(x); \\\n    } while (0)\n"
    assert renamed(ragged, "- foo\n+ f") == ragged.replace("foo(x);", "f(x);  ")
    tabs = "#define A(x)\t\t\\\n\tdo {\t\t\\\n\t\tfoo();\t\\\n\t} while (0)\n"
    shorter = tabs.replace("foo();\t\\", "fo();\t\\")
    assert renamed(tabs, "- foo\n+ fo", "linux") == shorter


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "int foo;          /* a */\nint b;            /* b */\n",
            "int foo_longer;   /* a */\nint b;            /* b */\n",
        ),
        ("int foo;   // a\nint b;     // b\n", "int foo_longer; // a\nint b;     // b\n"),
        ("#define foo\t\t1\n#define b\t\t2\n", "#define foo_longer\t1\n#define b\t\t2\n"),
        (
            "enum e {\n    foo         = 1,\n    b           = 2,\n};\n",
            "enum e {\n    foo_longer  = 1,\n    b           = 2,\n};\n",
        ),
        ("int foo; /* a */\nint b;   /* b */\n", "int foo_longer; /* a */\nint b;   /* b */\n"),
        ("int foo;   /* a */\n\nint b;\n", "int foo_longer;   /* a */\n\nint b;\n"),
        ("int foo = 1;\nint fox = 2;\n", "int foo_longer = 1;\nint fox = 2;\n"),
        # where all lines of a column change and have no room there, they get another one
        (
            "#define A1(x)  foo(x)\n#define A22(x) foo(x)\n",
            "#define A1(x)  foo_longer(x)\n#define A22(x) foo_longer(x)\n",
        ),
    ],
)
def test_columns_that_lines_share_stay(before: str, after: str) -> None:
    assert renamed(before) == after


def test_a_shorter_name_leaves_the_column_where_it_is() -> None:
    source = "struct s {\n    int foo_bar;    /* a */\n    int b;          /* b */\n};\n"
    assert renamed(source, "- foo_bar\n+ f") == source.replace("foo_bar;", "f;      ")


def test_a_column_of_which_all_lines_change_moves() -> None:
    source = "void f(void)\n{\n    s->foo = 1;     /* one */\n    t->foo = 22;    /* two */\n}\n"
    assert renamed(source, "- foo\n+ foo_very_long") == (
        "void f(void)\n{\n    s->foo_very_long = 1;  /* one */\n    t->foo_very_long = 22; /* two */\n}\n"
    )


def test_what_stands_in_comments_and_strings_moves_nothing() -> None:
    source = '/* see foo(a,\n           b) */\nvoid f(void)\n{\n    puts("foo(",\n         1);\n}\n'
    assert renamed(source, comments=True, strings=True) == source.replace("foo", "foo_longer")


@pytest.mark.parametrize(
    ("where", "hunk", "before", "after"),
    [
        (
            "function f",
            "- x = go(a,\n+ x = go_on(a,\n          b);",
            "int f(int a)\n{\n    x = go(a,\n           b);\n}\n",
            "int f(int a)\n{\n    x = go_on(a,\n              b);\n}\n",
        ),
        (
            "signature f",
            "- int f(int a,\n+ static int fresh(int a,\n        ...)",
            "int f(int a,\n      int b,\n      int c)\n{\n    return g(a,\n             b);\n}\n",
            "static int fresh(int a,\n                 int b,\n                 int c)\n"
            "{\n    return g(a,\n             b);\n}\n",
        ),
        (
            "function f",
            "- if (a(b,\n+ if (!is_a(b,\n        c)) {\n      ...\n  }",
            "int f(int a)\n{\n    if (a(b,\n          c)) {\n        x(y,\n          z);\n    }\n}\n",
            "int f(int a)\n{\n    if (!is_a(b,\n              c)) {\n        x(y,\n          z);\n    }\n}\n",
        ),
    ],
)
def test_context_of_a_hunk_follows_the_bracket_too(where: str, hunk: str, before: str, after: str) -> None:
    assert _applied(before, hunk_edit(where, hunk)) == after


def test_a_blank_line_in_a_macro_has_its_backslash_where_the_others_have_theirs() -> None:
    source = "#define A(x)      \\\n    do {          \\\n        one(x);   \\\n    } while (0)\n"
    hunk = "  one(x);\n+\n+ two(x);"
    assert _applied(source, hunk_edit("macro A", hunk)) == source.replace(
        "one(x);   \\\n", "one(x);   \\\n                  \\\n        two(x);   \\\n"
    )
    loose = "#define A(x) \\\n    do { \\\n        one(x); \\\n    } while (0)\n"
    assert _applied(loose, hunk_edit("macro A", hunk)) == loose.replace(
        "one(x); \\\n", "one(x); \\\n\\\n        two(x); \\\n"
    )


_WORDS = st.sampled_from(["foo", "a", "(", ")", ",", "\n    ", " ", '"s"', "/* c */", "{", "}", "[", "]", "=", "\t"])


@given(words=st.lists(_WORDS, max_size=30))
def test_only_white_space_follows(words: list[str]) -> None:
    source = "".join(words)
    places = [token for token in c_tokens(source) if token.text == "foo"]
    changes = [Replacement(token.start, token.end, b"foo_very_long") for token in places]
    parts, position = [], 0
    for change in realigned(source.encode(), changes, coding_style(macro_table("qemu"))):
        parts += [source.encode()[position : change.start], change.text]
        position = change.end
    written = b"".join([*parts, source.encode()[position:]]).decode()
    plain = source
    for token in reversed(places):
        plain = plain[: token.start] + "foo_very_long" + plain[token.end :]
    assert written.split() == plain.split()
