# SPDX-License-Identifier: GPL-2.0-or-later
"""Backslashes at line ends: what they take in, at the end of a macro, behind `//` comments, in added text."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, anchor, check_applied, gutter, hunk_edit, operation_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import check_addition, read_hunk
from qpatch.csource.edit import DeleteOperation, Position
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import Applied
from qpatch.csource.syntax.macros import macro_table

OPEN = "#define ALL(X) \\\n    X(one) \\\n\nint behind;\n"
AT_END = "#define ALL(X) \\\n    X(one) \\\n"
NOTED = "#define ALL(X) \\\n    X(one) \\\n    X(two) // the last\nint behind;\n"
STEPS = "#define STEPS(x) \\\n    one(x); \\\n    two(x)\nint behind;\n"


@pytest.mark.parametrize("text", ["#define MORE 1\n", "int more;\n", "int more(void)\n{\n    return 1;\n}\n"])
@pytest.mark.parametrize("source", [OPEN, AT_END])
def test_what_follows_a_macro_is_no_line_of_it(source: str, text: str) -> None:
    space = workspace(source)
    edit = add_edit("macro ALL", text, Position.AFTER)
    assert isinstance(apply_edit(edit, space), Applied)
    lines = space.tree.changed[PATH].decode().split("\n")
    assert lines[2] == ""
    assert lines.index(text.split("\n")[0]) > 2
    assert apply_edit(edit, space).status == "already there"


def test_directive_below_a_macro_is_no_line_of_it() -> None:
    check_applied(
        OPEN,
        hunk_edit(f"file {PATH}", "  #define ALL(X) \\\n      X(one)\n+ #define MORE 1"),
        OPEN.replace("\\\n\n", "\\\n\n#define MORE 1\n"),
    )


def test_macro_is_deleted_with_its_blank_line() -> None:
    check_applied(OPEN, operation_edit("macro ALL", DeleteOperation()), "int behind;\n")


@pytest.mark.parametrize(
    ("where", "hunk"),
    [
        ("macro ALL", "  X(two)\n+ X(three)"),
        ("macro ALL", "  ...\n+ X(three)"),
        (f"file {PATH}", "  #define ALL(X) \\\n      X(one) \\\n      X(two) \\\n+     X(three)"),
    ],
)
def test_comment_at_the_end_of_a_macro_gets_an_end(where: str, hunk: str) -> None:
    check_applied(
        NOTED, hunk_edit(where, hunk), NOTED.replace("X(two) // the last", "X(two) /* the last */ \\\n    X(three)")
    )


@pytest.mark.parametrize(
    ("hunk", "after"),
    [
        ("- one(x);", "#define STEPS(x) \\\n    two(x)\nint behind;\n"),
        ("- two(x)", "#define STEPS(x) \\\n    one(x);\nint behind;\n"),
        ("- one(x);\n- two(x)", "#define STEPS(x)\nint behind;\n"),
    ],
)
def test_lines_of_a_macro_are_removed(hunk: str, after: str) -> None:
    space = workspace(STEPS)
    assert isinstance(apply_edit(hunk_edit("macro STEPS", hunk), space), Applied)
    assert space.tree.changed[PATH].decode() == after


@pytest.mark.parametrize(
    "hunk",
    [
        "  a();\n+ b(); // in c:\\\n  c();",
        "  a();\n+ // in c:\\\n+ b();\n  c();",
        '  a();\n- b();\n+ b("//"); // not in "x" \\',
    ],
)
def test_comment_that_takes_in_the_next_line_is_refused(hunk: str) -> None:
    with pytest.raises(HunkError, match="ends in a backslash"):
        read_hunk(gutter(hunk), anchor("function f"))


def test_backslash_in_a_comment_that_has_an_end_is_written() -> None:
    assert read_hunk("  a();\n+ b(); /* http://x \\\n+ */\n  c();", anchor("function f")).lines


@pytest.mark.parametrize("text", ["int x; // c:\\\n", "#define MORE \\\n    1 \\\n", "// \\\nint x;\n"])
def test_added_text_that_takes_in_a_line_is_refused(text: str) -> None:
    with pytest.raises(HunkError, match="ends in a backslash"):
        check_addition(text, anchor("function f", Position.AFTER), macro_table("qemu"))
