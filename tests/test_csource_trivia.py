# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of what matching does not look at: comments, blank lines, the layout of code."""

from __future__ import annotations

import pytest
from csource_support import PATH, check_applied, code, hunk_edit, outcome, workspace
from hypothesis import given, settings
from hypothesis import strategies as st

from qpatch.csource.apply import apply_edit
from qpatch.csource.matching.trivia import aligned
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted


def body(*lines: str) -> str:
    return "void demo(void)\n{\n" + "".join(f"    {line}\n" if line else "\n" for line in lines) + "}\n"


@pytest.mark.parametrize(
    ("before", "hunk", "after"),
    [
        # Comments: removed, added, changed, on their own lines and behind code.
        (["one();", "/* stale */", "two();"], "- /* stale */\n  two();", ["one();", "two();"]),
        (["/* stale */", "one();"], "- /* stale */\n  one();", ["one();"]),
        (["one();", "/* stale */"], "  one();\n- /* stale */", ["one();"]),
        (["one(); // stale", "two();"], "- one(); // stale\n+ one();", ["one();", "two();"]),
        (["one();", "two();"], "- one();\n+ one(); /* fresh */", ["one(); /* fresh */", "two();"]),
        (["one(); /* a */"], "- one(); /* a */\n+ one(); /* b */", ["one(); /* b */"]),
        (["/* a", " * b */", "one();"], "- /* a\n-  * b */\n+ /* c */\n  one();", ["/* c */", "one();"]),
        (["one();"], "  one();\n+ /* why:\n+  * so */", ["one();", "/* why:", " * so */"]),
        (
            ["/*", " * first", " * secnd", " */", "one();"],
            "  /*\n   * first\n-  * secnd\n+  * second\n+  * third\n   */\n  one();",
            ["/*", " * first", " * second", " * third", " */", "one();"],
        ),
        (["one();", "two();"], "- one();\n+ /* why */\n+ one();\n  two();", ["/* why */", "one();", "two();"]),
        # Blank lines: added, removed, several.
        (["one();", "two();"], "  one();\n+\n  two();", ["one();", "", "two();"]),
        (["one();", "", "two();"], "  one();\n-\n  two();", ["one();", "two();"]),
        (["one();", "", "", "two();"], "  one();\n\n-\n  two();", ["one();", "", "two();"]),
        (["one();", "", "/* c */", "", "two();"], "  /* c */\n-\n  two();", ["one();", "", "/* c */", "two();"]),
        (["int a;", "", "int b;", "one();"], "  int a;\n-\n  int b;\n+\n  one();", ["int a;", "int b;", "", "one();"]),
        # Layout: another wrap, another indentation.
        (["one(a,", "    b);"], "- one(a,\n-     b);\n+ one(a, b);", ["one(a, b);"]),
        (["one(a, b);", "two();"], "- one(a, b);\n+ one(a,\n+     b);\n  two();", ["one(a,", "    b);", "two();"]),
        (["if (a)", "  one();"], "- if (a)\n-   one();\n+ if (a)\n+     one();", ["if (a)", "    one();"]),
        (["x=1;"], "- x=1;\n+ x = 1;", ["x = 1;"]),
    ],
)
def test_comments_blank_lines_and_layout_are_edits(before: list[str], hunk: str, after: list[str]) -> None:
    check_applied(body(*before), hunk_edit("function demo", hunk), body(*after))


@pytest.mark.parametrize(
    ("source", "hunk", "words"),
    [
        (["one();", "/* stale, and more */", "two();"], "  one();\n- /* stale */\n  two();", "/* stale */"),
        (["one();", "", "", "two();"], "  one();\n-\n  two();", "2 blank lines"),
        (["one();", "", "", "", "two();"], "  one();\n+\n  two();", "3 blank lines"),
        (["one();", "other();"], "- one(); /* a */\n+ one(); /* b */", "/* a */"),
    ],
)
def test_trivia_that_is_on_neither_side_of_the_hunk_has_drifted(source: list[str], hunk: str, words: str) -> None:
    result = outcome(body(*source), hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted), result
    assert words in result.message


def test_code_without_the_comment_that_is_added_with_it_is_not_there_already() -> None:
    edit = hunk_edit("function demo", "  one();\n+ /* why */\n+ two();")
    result = outcome(body("one();", "two();"), edit)
    assert isinstance(result, Drifted), result
    assert "/* why */" in result.message
    assert isinstance(outcome(body("one();", "/* why */", "two();"), edit), AlreadyThere)


def test_the_comma_behind_a_last_entry_is_written_once() -> None:
    check_applied(
        "enum e {\n    A,\n    B\n};\n",
        hunk_edit("enum e", "  A,\n- B\n+ B, /* last */"),
        "enum e {\n    A,\n    B, /* last */\n};\n",
    )


def test_a_removed_comment_tells_places_apart() -> None:
    source = body("one();", "two();", "/* here */", "one();")
    check_applied(source, hunk_edit("function demo", "- /* here */\n  one();"), body("one();", "two();", "one();"))


def test_comments_and_blank_lines_at_file_scope() -> None:
    source = "int a;\n\n/* stale */\nint b;\nint c;\n"
    check_applied(
        source,
        hunk_edit("file here", "  int a;\n\n- /* stale */\n  int b;\n+\n  int c;"),
        "int a;\n\nint b;\n\nint c;\n",
    )


@pytest.mark.parametrize(
    ("before", "hunk", "after"),
    [
        (
            ["int a = 1;", "", "go(a);"],
            "  int a = 1;\n\n+ if (!a) {\n+     return;\n+ }\n+\n  go(a);",
            ["int a = 1;", "", "if (!a) {", "    return;", "}", "", "go(a);"],
        ),
        (["one();", "", "two();"], "  one();\n+ more();\n\n  two();", ["one();", "more();", "", "two();"]),
        (["one();", "", "two();"], "+ more();\n\n  two();", ["one();", "more();", "", "two();"]),
        (["one();", "", "two();"], "  ...\n\n+ more();\n  two();", ["one();", "", "more();", "two();"]),
        (
            ["one();", "/* two */", "two();"],
            "  one();\n  /* two */\n+ more();\n  two();",
            ["one();", "/* two */", "more();", "two();"],
        ),
        (["one();", "two();"], "  one();\n\n+ more();\n  two();", ["one();", "more();", "two();"]),
        (
            ["one();", "", "two();", "", "three();"],
            "  one();\n\n- two();\n\n  three();",
            ["one();", "", "", "three();"],
        ),
        (["one();", "", "two();", "", "three();"], "  one();\n\n- two();\n  three();", ["one();", "", "three();"]),
        (["one();", "", "two();"], "- one();\n\n+ more();\n  two();", ["", "more();", "two();"]),
        (
            ["one();", "/* stays */", "two();"],
            "- one();\n  /* stays */\n- two();\n+ more();",
            ["/* stays */", "more();"],
        ),
    ],
)
def test_blank_lines_and_comments_of_the_context_say_the_side(before: list[str], hunk: str, after: list[str]) -> None:
    check_applied(body(*before), hunk_edit("function demo", hunk), body(*after))


LINES = st.sampled_from(["one();", "two(a,\n        b);", "three();", "/* note */", "/* other */", ""])


def block(lines: list[str]) -> str:
    return body("first();", *lines, "last();")


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[str], list[str], str]:
    """Draw lines, the lines after a change of comments and blank lines, and the diff that leads there."""
    signs = draw(st.lists(st.tuples(st.sampled_from(" +-"), LINES), min_size=1, max_size=6))
    code = [(" " if line.endswith(";") else sign, line) for sign, line in signs]
    hunk = "\n".join(f"{sign} {part}" for sign, line in code for part in line.replace("\n    ", "\n").split("\n"))
    before = [line for sign, line in code if sign != "+"]
    return before, [line for sign, line in code if sign != "-"], f"  first();\n{hunk}\n  last();"


@settings(max_examples=40)
@given(layouts())
def test_a_verbatim_diff_of_comments_and_blank_lines_does_what_it_says(drawn: tuple[list[str], list[str], str]) -> None:
    before, after, hunk = drawn
    edit = hunk_edit("function demo", hunk)
    result = outcome(block(before), edit)
    if before == after:
        assert isinstance(result, AlreadyThere)
    else:
        assert isinstance(result, Applied), result
        check_applied(block(before), edit, block(after))


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_aligned_pairs_are_equal_and_in_order(wanted: list[str], present: list[str]) -> None:
    pairs = aligned(wanted, present, [1] * len(wanted))
    assert all(wanted[mine] == present[theirs] for mine, theirs in pairs)
    assert pairs == sorted(pairs)
    assert len({mine for mine, _ in pairs}) == len({theirs for _, theirs in pairs}) == len(pairs)


DOCUMENTED = """
    /**
     * demo: does it
     *
     * @a: the frist
     */
    void demo(int a)
    {
        /*
         * one
         * twoo
         */
        go();
        /* again */
        more();
        /* again */
    }
"""


@pytest.mark.parametrize(
    ("hunk", "old", "new"),
    [
        ("   * one\n-  * twoo\n+  * two\n   */", "* twoo", "* two"),
        ("-  * twoo\n+  * two\n+  * three", "* twoo\n", "* two\n     * three\n"),
        ("   * one\n-  * twoo", "     * twoo\n", ""),
        ("   * one\n+  * one and a half\n   * twoo", "* one\n", "* one\n     * one and a half\n"),
        ("   *\n-  * @a: the frist\n+  * @a: the first (1)\n   */", "frist", "first (1)"),
    ],
)
def test_a_hunk_of_comment_lines_needs_no_code(hunk: str, old: str, new: str) -> None:
    assert code(DOCUMENTED).count(old) == 1
    edit = hunk_edit("function demo", hunk)
    if new:
        check_applied(DOCUMENTED, edit, code(DOCUMENTED).replace(old, new))
    else:
        assert isinstance(outcome(DOCUMENTED, edit), Applied)


def test_comment_lines_that_stand_elsewhere_or_twice_are_refused() -> None:
    assert isinstance(outcome(code(DOCUMENTED), hunk_edit("function demo", "   * three\n-  * two\n+  * 2")), Drifted)
    twice = hunk_edit("function demo", "- /* again */\n+ /* once more */")
    result = outcome(code(DOCUMENTED), twice)
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [13, 15]


def test_a_line_that_begins_with_a_star_may_be_code() -> None:
    source = "void demo(int *p)\n{\n    *p = 1;\n}\n"
    check_applied(source, hunk_edit("function demo", "- *p = 1;\n+ *p = 2;"), source.replace("= 1", "= 2"))


@pytest.mark.parametrize(("tree", "shown"), [("#", "# "), ("# ", "#"), ("#  ", "#"), ("#", "#\t")])
@pytest.mark.parametrize(
    ("where", "lines", "hunk", "after"),
    [
        (
            "file hw/demo/demo.c",
            ["@ifdef CONFIG_A", "@define TOP 1", "@endif /* CONFIG_A */"],
            "  ~ifdef CONFIG_A\n  ~define TOP 1\n+ int top;\n  ~endif",
            ["@ifdef CONFIG_A", "@define TOP 1", "int top;", "@endif /* CONFIG_A */"],
        ),
        (
            "file hw/demo/demo.c",
            ["@include <a.h>", "int a;"],
            "- ~include <a.h>\n+ #include <b.h>\n  int a;",
            ["@include <b.h>", "int a;"],
        ),
        (
            "function demo",
            ["void demo(void)", "{", "@if defined(A) && B > 1", "    one();", "@else", "    two();", "@endif", "}"],
            "  ~if defined(A) && B > 1\n- one();\n+ six();\n  ~else\n  ...\n  ~endif",
            ["void demo(void)", "{", "@if defined(A) && B > 1", "    six();", "@else", "    two();", "@endif", "}"],
        ),
        (
            "initializer demo",
            ["int demo[] = {", "@ifdef CONFIG_A", "    1,", "@endif", "    2,", "};"],
            "  ~ifdef CONFIG_A\n- 1,\n+ 3,\n  ~endif",
            ["int demo[] = {", "@ifdef CONFIG_A", "    3,", "@endif", "    2,", "};"],
        ),
        ("macro TOP", ["@define TOP 1"], "- ~define TOP 1\n+ #define TOP 2", ["@define TOP 2"]),
    ],
)
def test_white_space_behind_the_sign_of_a_directive_makes_no_difference(
    tree: str, shown: str, where: str, lines: list[str], hunk: str, after: list[str]
) -> None:
    before, wanted = ("\n".join([*part, ""]).replace("@", tree) for part in (lines, after))
    check_applied(before, hunk_edit(where, hunk.replace("~", shown)), wanted)


NOTES = """
    #include "notes.h"

    /* How many notes there are. */
    //#define NOTES_MANY

    #define NOTES 1

    void play(void)
    {
        one();

        /* first */

        two();
    }
"""


@pytest.mark.parametrize(
    ("where", "hunk", "gone"),
    [
        (f"file {PATH}", "- /* How many notes there are. */\n- //#define NOTES_MANY", ("\n", 3)),
        (f"file {PATH}", "- /* How many notes there are. */\n- //#define NOTES_MANY\n\n  #define NOTES 1", ("\n", 3)),
        (f"file {PATH}", "- //#define NOTES_MANY", ("//#", 1)),
        ("function play", "- /* first */", ("    /* f", 2)),
        ("function play", "  one();\n- /* first */\n  two();", ("    /* f", 2)),
        ("function play", "  one();\n- \n- /* first */\n  two();", ("    /* f", 2)),
        ("function play", "  one();\n\n- /* first */\n\n  two();", ("    /* f", 1)),
    ],
)
def test_the_removal_of_comments_takes_one_surplus_blank_line(where: str, hunk: str, gone: tuple[str, int]) -> None:
    lines = code(NOTES).splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith(gone[0]))
    space = workspace(NOTES)
    assert isinstance(apply_edit(hunk_edit(where, hunk), space), Applied)
    assert space.tree.changed[PATH].decode() == "".join(lines[:first] + lines[first + gone[1] :])
