# SPDX-License-Identifier: GPL-2.0-or-later
"""What is deleted or moved takes along what is its own, and nothing else: not what shares a line or a declaration."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, anchor, check_applied, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.results import Ambiguous, Applied

LAST = "\nint last(void)\n{\n    return 2;\n}\n"


def deletion(where: str) -> Edit:
    return operation_edit(where, DeleteOperation())


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("int f(void) { return 1; } int g(void) { return 2; }\n", "function f"),
        ("int f(void) { return 1; } int g(void) { return 2; }\n", "function g"),
        ("int f(void)\n{\n    return 1;\n} static int g = 2;\n", "function f"),
        ("struct a {\n    int x;\n}; struct b {\n    int y;\n};\n", "struct a"),
        ("struct a {\n    int x;\n}; struct b {\n    int y;\n};\n", "struct b"),
        ("int f(void); int g(void);\n", "prototype f"),
        ("static int a = 1; static int b = 2;\n", "initializer b"),
        ("int q; /* about q\n        * more */ int f(void)\n{\n    return 1;\n}\nint z; /* z */\n", "function f"),
        ("/* about q\n */ static int a = 1;\nint z; /* z */\n", "initializer a"),
        ("int f(void) { return 1; } /* g */ int g(void) { return 2; }\n", "function f"),
    ],
)
def test_what_shares_a_line_is_a_question(source: str, where: str) -> None:
    move = operation_edit(where, MoveOperation(anchor("function last", Position.AFTER)))
    for edit in (deletion(where), move):
        result = outcome(source + LAST, edit)
        assert isinstance(result, Ambiguous) and "something else stands on the line" in result.message, result


def test_nothing_is_added_behind_the_line_of_another_symbol() -> None:
    edit = add_edit("function f", "int h(void);", Position.AFTER)
    assert isinstance(outcome("int f(void) { return 1; } int g(void) { return 2; }\n", edit), Ambiguous)


@pytest.mark.parametrize(
    "own",
    [
        "int f(void) { return 1; }\n",
        "int f(void) { return 1; } /* done */\n",
        "int f(void) { return 1; };\n",
        "int f(void) { return 1; } ;\n",
        "/* why */ int f(void) { return 1; }\n",
        "  int f(void) { return 1; } // done\n",
        "int f(void)\n{\n    return 1;\n} /* one\n   * two */\n",
    ],
)
def test_what_stands_alone_on_its_lines_is_deleted(own: str) -> None:
    check_applied(f"int first;\n\n{own}{LAST}", deletion("function f"), f"int first;\n{LAST}")


@pytest.mark.parametrize(
    ("source", "where", "name"),
    [
        ("struct q {\n    int x;\n} d = { 1 };\n\nstruct q e;\n", "initializer d", "q"),
        ("union q {\n    int x;\n} d = { 1 };\n\nint f(union q *q);\n", "initializer d", "q"),
        ("static enum { SLOW, FAST } mode = SLOW;\n\nint speed = FAST;\n", "initializer mode", "FAST"),
        ("struct q { int x; } *made(void);\n\nstruct q e;\n", "prototype made", "q"),
    ],
)
def test_type_that_is_used_elsewhere_is_not_deleted_in_passing(source: str, where: str, name: str) -> None:
    result = outcome(source, deletion(where))
    assert isinstance(result, Ambiguous) and f"defines {name}, too" in result.message, result


@pytest.mark.parametrize(
    "declaration",
    [
        "static struct q {\n    int x;\n} d = { 1 };\n",
        "static const struct {\n    int x;\n} d = { 1 };\n",
        "static enum { SLOW, FAST } d = SLOW;\n",
    ],
)
def test_type_of_a_variable_alone_goes_with_it(declaration: str) -> None:
    check_applied(f"int a; /* q */\n{declaration}int b;\n", deletion("initializer d"), "int a; /* q */\nint b;\n")


EXPORTED = [
    "OFFER(spin);\n",
    "type_init(spin)\n",
    'OFFER_AS(spin, "a") /* for all */\n',
    "OFFER(spin);\nLET_FAIL(spin,\n         ERRNO);\n",
    'early("spin=", spin);\n',
]


@pytest.mark.parametrize("exports", EXPORTED)
def test_calls_below_a_function_that_name_it_are_its_own(exports: str) -> None:
    function = f"int spin(void)\n{{\n    return 1;\n}}\n{exports}"
    added = "int h(void)\n{\n    return 3;\n}\n"
    check_applied(f"int a;\n\n{function}{LAST}", deletion("function spin"), f"int a;\n{LAST}")
    move = operation_edit("function spin", MoveOperation(anchor("function last", Position.AFTER)))
    check_applied(f"{function}{LAST}OFFER(last);\n", move, f"{LAST.lstrip()}OFFER(last);\n\n{function}")
    after = add_edit("function spin", added, Position.AFTER)
    check_applied(f"{function}{LAST}", after, f"{function}\n{added}{LAST}")


def test_calls_below_a_variable_that_name_it_are_its_own() -> None:
    variable = 'static int spin = 1;\nparameter(spin, int, 0644);\nDESCRIBE(spin, "how fast");\n'
    check_applied(f"int a;\n\n{variable}\nint b;\n", deletion("initializer spin"), "int a;\n\nint b;\n")


@pytest.mark.parametrize(
    "below", ["type_init(spinner)\n", "\ntype_init(spin)\n", "static int spun(int spin);\n", 'module_obj("spin")\n']
)
def test_other_calls_below_a_function_stay(below: str) -> None:
    function = "int spin(void)\n{\n    return 1;\n}\n"
    space = workspace(f"int a;\n\n{function}{below}{LAST}")
    assert isinstance(apply_edit(deletion("function spin"), space), Applied)
    assert space.tree.changed[PATH].decode() == "int a;\n\n" + below.lstrip("\n") + LAST
