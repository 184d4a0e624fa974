# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits on code that lies in wait: one-line blocks, `#if` arms, licences, CR LF, overlapping places, look-alikes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import (
    PATH,
    add_edit,
    anchor,
    check_applied,
    hunk_edit,
    operation_edit,
    outcome,
    workspace,
)

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.symbols import symbols_named
from qpatch.errors import UserError

HEADER = """
/* Copyright: everyone. */
#ifndef DEMO_H
#define DEMO_H

#include "a.h"
#include "b.h"

int demo(void);

#endif /* DEMO_H */
"""
GUARDED = "#ifdef CONFIG_X\nvoid first(void)\n{\n}\n#endif\n\nvoid second(void)\n{\n}\n"
ENTRIES = "static Ops ops = {\n    .a = 1,\n#ifdef CONFIG_X\n    .c = 1,\n#endif\n};\n"


def test_name_that_occurs_behind_the_last_item_of_an_arm_is_looked_up() -> None:
    # `#endif` is behind all named children of the arm: what tree-sitter finds there crashes the process.
    found = symbols_named(parse(b"#ifdef X\nint endif(void);\n#endif\n", macro_table("qemu")), "endif")
    assert [symbol.name for symbol in found] == ["endif"]


def test_addition_to_the_end_of_a_block_on_one_line_stays_inside() -> None:
    check_applied(
        "int x;\nvoid f(void) { a(); }\n",
        hunk_edit("function f", "  a();\n  ...\n+ b();"),
        "int x;\nvoid f(void) { a(); b();\n}\n",
    )


def test_addition_to_the_end_of_a_file_follows_its_last_item() -> None:
    check_applied(
        "int x;\nvoid f(void)\n{\n    a();\n}\n",
        hunk_edit("file here", "  int x;\n  ...\n+ int y;"),
        "int x;\nvoid f(void)\n{\n    a();\n}\nint y;\n",
    )


def test_addition_to_the_end_is_not_there_already_in_the_middle() -> None:
    source = "void f(void)\n{\n    lock();\n    go();\n    more();\n}\n"
    check_applied(
        source,
        hunk_edit("function f", "  lock();\n  ...\n+ go();"),
        source.replace("more();\n", "more();\n    go();\n"),
    )


def test_lines_end_as_the_file_has_them() -> None:
    space = workspace(**{PATH: "void f(void)\r\n{\r\n    a();\r\n    c();\r\n}\r\n"})
    assert isinstance(apply_edit(hunk_edit("function f", "  a();\n+ b();\n+ d();"), space), Applied)
    assert space.tree.changed[PATH] == b"void f(void)\r\n{\r\n    a();\r\n    b();\r\n    d();\r\n    c();\r\n}\r\n"


def test_comment_that_stands_elsewhere_is_not_there_already() -> None:
    source = "void f(void)\n{\n    /* again */\n    a();\n    b();\n}\n"
    check_applied(
        source,
        hunk_edit("function f", "+ /* again */\n  b();"),
        source.replace("    b();", "    /* again */\n    b();"),
    )


def test_comment_is_replaced_where_the_hunk_shows_it() -> None:
    source = "void f(void)\n{\n    /* again */\n    a();\n    /* again */\n    b();\n}\n"
    check_applied(
        source,
        hunk_edit("function f", "- /* again */\n+ /* for b */\n  b();"),
        source.replace("/* again */\n    b();", "/* for b */\n    b();"),
    )


@pytest.mark.parametrize("hunk", ["- a();\n- a();", "- a();\n- a();\n+ b();", "  a();\n- a();"])
def test_places_that_overlap_are_ambiguous_whatever_is_expected(hunk: str) -> None:
    result = outcome("void f(void)\n{\n    a();\n    a();\n    a();\n}\n", hunk_edit("function f", hunk, expect=2))
    assert isinstance(result, Ambiguous)
    assert "overlap" in result.message


@pytest.mark.parametrize("between", ["", "  /* about b */"])
def test_removed_and_added_lines_may_stand_apart_without_code_between(between: str) -> None:
    check_applied(
        "void f(void)\n{\n    a();\n    c();\n}\n",
        hunk_edit("function f", f"- a();\n{between}\n+ b();"),
        "void f(void)\n{\n    b();\n    c();\n}\n",
    )


def test_removed_ellipsis_that_stands_for_nothing_is_already_there() -> None:
    source = "void f(void)\n{\n    a();\n    x();\n    b();\n}\n"
    check_applied(source, hunk_edit("function f", "  a();\n- ...\n  b();"), source.replace("    x();\n", ""))


def test_alternative_that_is_there_beside_one_that_fits_is_ambiguous() -> None:
    source = "void f(void)\n{\n    one();\n    extra();\n    two();\n}\n"
    result = outcome(source, hunk_edit("function f", "  one();\n+ extra();", "  two();\n+ extra();"))
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [5]


def test_lines_beside_a_label_or_a_directive_are_indented_as_the_code_around() -> None:
    source = "void f(void)\n{\n    a();\n#ifdef CONFIG_X\n    b();\n#endif\nout:\n    c();\n}\n"
    check_applied(source, hunk_edit("function f", "+ d();\n  out:\n  c();"), source.replace("out:", "    d();\nout:"))
    check_applied(
        source,
        hunk_edit("function f", "  #ifdef CONFIG_X\n  ...\n+ d();\n  #endif"),
        source.replace("#endif\n", "    d();\n#endif\n"),
    )
    check_applied(
        source,
        hunk_edit("function f", "  #ifdef CONFIG_X\n  ...\n  #endif\n+ d();"),
        source.replace("#endif\n", "#endif\n    d();\n"),
    )


def test_entry_in_an_if_arm_of_an_initializer_is_ambiguous_until_the_arm_is_shown() -> None:
    result = outcome(ENTRIES, hunk_edit("initializer ops", "  .c = 1,\n+ .d = 3,"))
    assert isinstance(result, Ambiguous)
    assert "#if arm" in result.message
    check_applied(
        ENTRIES,
        hunk_edit("initializer ops", "  #ifdef CONFIG_X\n  .c = 1,\n+ .d = 3,\n  #endif"),
        ENTRIES.replace("#endif", "    .d = 3,\n#endif"),
    )


@pytest.mark.parametrize(
    ("source", "where", "added"),
    [
        (ENTRIES, "initializer ops", ".d = 3,"),
        ("struct Demo {\n    int a;\n#ifdef CONFIG_X\n    int c;\n#endif\n};\n", "struct Demo", "int d;"),
        ("enum Kind {\n    A,\n#ifdef CONFIG_X\n    C,\n#endif\n};\n", "enum Kind", "D,"),
    ],
)
def test_member_at_the_end_follows_a_last_if(source: str, where: str, added: str) -> None:
    check_applied(source, add_edit(where, added), source.replace("#endif\n", f"#endif\n    {added}\n"))


@pytest.mark.parametrize("source", [ENTRIES.replace("c = 1,", "c = 1"), ENTRIES.replace("c = 1,", "c = 1 /* , */")])
def test_entry_after_an_arm_without_a_comma_is_ambiguous(source: str) -> None:
    assert isinstance(outcome(source, add_edit("initializer ops", ".d = 3,")), Ambiguous)


def test_neighbour_or_result_in_an_if_arm_does_not_count() -> None:
    assert isinstance(outcome(ENTRIES, add_edit("initializer ops", ".d = 3,", beside="c")), Ambiguous)
    assert isinstance(outcome(ENTRIES, add_edit("initializer ops", ".c = 1,")), Drifted)


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        (
            "struct S { int a; int b; };\n",
            add_edit("struct S", "bool c;", beside="b", beside_position=Position.BEFORE),
            "struct S { int a; bool c; int b; };\n",
        ),
        ("struct S { int a; int b; };\n", add_edit("struct S", "bool c;"), "struct S { int a; int b; bool c; };\n"),
        ("enum E { A, B };\n", add_edit("enum E", "C,", beside="A"), "enum E { A, C, B };\n"),
        ("T t[] = { { 1 }, { } };\n", add_edit("initializer t", "{ 2 },"), "T t[] = { { 1 }, { 2 }, { } };\n"),
    ],
)
def test_member_of_a_block_on_one_line(before: str, edit: Edit, after: str) -> None:
    check_applied(before, edit, after)


def test_comment_alone_is_no_member() -> None:
    with pytest.raises(UserError, match="nothing is added"):
        outcome("struct S {\n    int a;\n};\n", add_edit("struct S", "/* note */"))


@pytest.mark.parametrize(
    "source",
    [
        "unsigned int count;\n",
        "/* int count; */\n",
        "void f(void)\n{\n    int count;\n}\n",
    ],
)
def test_text_that_is_only_a_part_of_something_is_not_there_already(source: str) -> None:
    check_applied(
        f"#define A 1\n\n{source}",
        add_edit("macro A", "int count;", Position.AFTER),
        f"#define A 1\nint count;\n\n{source}",
    )


def test_include_and_end_of_a_header_are_inside_its_guard() -> None:
    check_applied(
        HEADER, add_edit("includes here", '#include "c.h"'), HEADER.replace('"b.h"\n', '"b.h"\n#include "c.h"\n')
    )
    check_applied(
        HEADER, add_edit("file here", "int more(void);"), HEADER.replace("#endif", "int more(void);\n\n#endif")
    )


def test_include_under_an_if_is_not_there_already() -> None:
    source = '#include "a.h"\n#ifdef CONFIG_X\n#include "c.h"\n#endif\n'
    check_applied(
        source, add_edit("includes here", '#include "c.h"'), source.replace('"a.h"\n', '"a.h"\n#include "c.h"\n')
    )


def test_file_without_includes_takes_none() -> None:
    assert isinstance(outcome("/* Copyright */\nint x;\n", add_edit("includes here", '#include "c.h"')), Drifted)


def test_missing_newline_at_the_end_of_a_file_is_put_in() -> None:
    check_applied("#define A 1", add_edit("macro A", "#define B 2", Position.AFTER), "#define A 1\n#define B 2\n")
    check_applied("void f(void)\n{\n}", add_edit("file here", "int x;"), "void f(void)\n{\n}\n\nint x;\n")


def test_licence_belongs_to_the_file() -> None:
    licence = "/*\n * SPDX-License-Identifier: GPL-2.0-or-later\n */\n"
    check_applied(
        f'{licence}#include "b.h"\n',
        hunk_edit("includes here", '+ #include "a.h"\n  #include "b.h"'),
        f'{licence}#include "a.h"\n#include "b.h"\n',
    )
    check_applied(
        f"{licence}void f(void)\n{{\n}}\nint x;\n",
        operation_edit("function f", DeleteOperation()),
        f"{licence}int x;\n",
    )


@pytest.mark.parametrize("operation", [DeleteOperation(), MoveOperation(anchor("function second", Position.AFTER))])
def test_deletion_and_move_under_an_if_say_so(operation: DeleteOperation | MoveOperation) -> None:
    edit = operation_edit("function first", operation)
    result = outcome(GUARDED, edit)
    assert isinstance(result, Ambiguous)
    assert result.suggestion == "guard: defined(CONFIG_X)"
    assert isinstance(outcome(GUARDED, replace(edit, anchor=replace(edit.anchor, guard="defined(CONFIG_X)"))), Applied)


def test_move_to_a_symbol_under_an_if_is_ambiguous() -> None:
    edit = operation_edit("function second", MoveOperation(anchor("function first", Position.AFTER)))
    assert isinstance(outcome(GUARDED, edit), Ambiguous)


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("int a = 1, b = 2;\n", "initializer a"),
        ("int a(void), b(void);\n", "prototype b"),
        ("struct S { int a; } s = { 1 };\n", "struct S"),
    ],
)
def test_deletion_of_one_of_several_in_a_declaration_is_ambiguous(source: str, where: str) -> None:
    assert isinstance(outcome(source, operation_edit(where, DeleteOperation())), Ambiguous)


def test_deletion_in_another_file_is_reported_as_moved() -> None:
    space = workspace(**{"hw/demo/new.c": "void f(void)\n{\n}\nint x;\n", PATH: "void g(void)\n{\n    f();\n}\n"})
    result = apply_edit(operation_edit("function f", DeleteOperation()), space)
    assert isinstance(result, Applied)
    assert (result.path, result.moved_from) == ("hw/demo/new.c", PATH)


def test_comment_behind_a_directive_stays_on_its_line() -> None:
    source = "void f(void)\n{\n#ifdef CONFIG_X\n    b();\n#endif /* CONFIG_X */\n    c();\n}\n"
    check_applied(
        source,
        hunk_edit("function f", "  #ifdef CONFIG_X\n  b();\n  #endif\n+ d();"),
        source.replace("    c();", "    d();\n    c();"),
    )
    check_applied(
        '#include "a.h" /* first */\n',
        hunk_edit("includes here", '  #include "a.h"\n+ #include "b.h"'),
        '#include "a.h" /* first */\n#include "b.h"\n',
    )


def test_move_beside_itself_is_a_mistake() -> None:
    with pytest.raises(UserError, match="itself"):
        outcome(GUARDED, operation_edit("function second", MoveOperation(anchor("function second", Position.AFTER))))


SWITCH = """
void f(int kind)
{
    switch (kind) {
    case ONE:
        a();
        /* fall through */
    case TWO:
        b();
        break;
    case THREE:
        c();
    }
}
"""


@pytest.mark.parametrize(
    "edit",
    [
        add_edit("switch f", "case FOUR:\n    break;"),
        add_edit("switch f", "case FOUR:\n    break;", beside="ONE"),
        add_edit("switch f", "case FOUR:\n    break;", beside="TWO", beside_position=Position.BEFORE),
    ],
)
def test_case_that_another_would_fall_into_is_ambiguous(edit: Edit) -> None:
    result = outcome(SWITCH, edit)
    assert isinstance(result, Ambiguous)
    assert "fall into" in result.message


def test_case_after_one_that_ends_in_a_jump() -> None:
    check_applied(
        SWITCH,
        add_edit("switch f", "case FOUR:\n    break;", beside="TWO"),
        SWITCH.replace("    case THREE", "    case FOUR:\n        break;\n    case THREE"),
    )


SPDX = "// SPDX-License-Identifier: GPL-2.0-only\n"
OWNERS = "/*\n * Copyright (c) Somebody.\n */\n"


@pytest.mark.parametrize(
    "head",
    [
        f"{SPDX}{OWNERS}",
        f"{SPDX}\n{OWNERS}",
        f"{SPDX}// A pump.\n// Copyright (c) Somebody.\n",
        f"{SPDX}/* A pump. */\n",
        f"{OWNERS}/* A pump. */\n",
        "/* A pump. */\n",
    ],
)
def test_the_head_of_a_file_stays_above_what_is_added_and_where_the_first_include_goes(head: str) -> None:
    source = f'{head}#include "b.h"\n#include "c.h"\n'
    space = workspace(**{PATH: source})
    result = apply_edit(hunk_edit("includes here", '+ #include "a.h"\n  #include "b.h"'), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode() == f'{head}#include "a.h"\n#include "b.h"\n#include "c.h"\n'
    space = workspace(**{PATH: source})
    result = apply_edit(hunk_edit("includes here", '- #include "b.h"\n  #include "c.h"'), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode() == f'{head}#include "c.h"\n'


@pytest.mark.parametrize("head", [f"{SPDX}{OWNERS}\n", f"{OWNERS}", SPDX])
def test_a_comment_below_the_head_of_a_file_goes_with_its_symbol(head: str) -> None:
    space = workspace(**{PATH: f"{head}/* How many. */\n#define MANY 3\nint x;\n"})
    result = apply_edit(operation_edit("macro MANY", DeleteOperation()), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode().rstrip("\n") == f"{head}int x;".rstrip("\n")


def test_a_moved_function_keeps_its_breaks_beside_one_with_other_loops() -> None:
    first = "int f(int a)\n{\n    switch (a) {\n    case 1:\n        a = 2;\n        break;\n    }\n    return a;\n}\n"
    second = "int g(int a)\n{\n    while (a) {\n        a = 3;\n        break;\n    }\n    return a;\n}\n"
    space = workspace(**{PATH: f"{first}\n{second}"})
    move = MoveOperation(anchor("function g", Position.AFTER))
    result = apply_edit(operation_edit("function f", move), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode() == f"{second}\n{first}"
