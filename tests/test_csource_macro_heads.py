# SPDX-License-Identifier: GPL-2.0-or-later
"""Macros that look like the head of a loop, of which nothing else is known."""

from __future__ import annotations

import pytest
from csource_support import code, hunk_edit, outcome

from qpatch.csource.results import Applied, Drifted


def governed(head: str) -> str:
    return code(f"void f(int x)\n{{\n    {head}\n        a();\n    b();\n    c();\n}}\n")


HEADS = ["my_iter(d, &l)", "with_power(x)", "locked(&lock, y(1))", "pairs_of(a, /* b */\n             c)"]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("hunk", ["- a();\n  b();", "+ g();\n  a();\n  b();"])
def test_statement_that_comes_under_a_macro_is_refused(head: str, hunk: str) -> None:
    result = outcome(governed(head), hunk_edit("function f", hunk))
    assert isinstance(result, Drifted), result


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("hunk", ["- a();\n+ g(x);", "- b();\n  c();", "  b();\n+ g();\n  c();"])
def test_what_the_macro_governs_may_change(head: str, hunk: str) -> None:
    result = outcome(governed(head), hunk_edit("function f", hunk))
    assert isinstance(result, Applied | Drifted)
    assert "would come under" not in getattr(result, "message", "")


def test_arguments_on_lines_of_their_own_are_no_statements() -> None:
    source = "void f(int x)\n{\n    call(x,\n         y(1)\n             + z(2));\n    b();\n    c();\n}\n"
    assert isinstance(outcome(source, hunk_edit("function f", "- b();\n  c();")), Applied)


SWITCH = code(
    """
    void f(int x)
    {
        switch (x) {
        case 1:
            a();
            break;
        default:
            d();
        }
    }
    """
)
WRAP = "  case 1:\n+     %s {\n          ...\n+     }\n  default:\n      ..."


@pytest.mark.parametrize("head", ["FOR_EACH(x)", "my_iter(d, &l)", "EACH_OF(x, y)"])
def test_break_that_comes_into_the_block_of_a_macro_is_refused(head: str) -> None:
    result = outcome(SWITCH, hunk_edit("switch f", WRAP % head))
    assert isinstance(result, Drifted), result


def test_continue_that_comes_into_the_block_of_a_macro_is_refused() -> None:
    source = "void f(int x)\n{\n    while (x) {\n        if (a(x)) {\n            continue;\n        }\n    }\n}\n"
    wrapped = "  while (x) {\n+     EACH_ONE(x) {\n          ...\n+     }\n  }"
    result = outcome(source, hunk_edit("function f", wrapped))
    assert isinstance(result, Drifted) and "`continue`" in result.message, result


def test_break_of_an_inner_loop_may_come_into_the_block_of_a_macro() -> None:
    source = "void f(int x)\n{\n    b();\n    while (x) {\n        break;\n    }\n}\n"
    wrapped = "  b();\n+ EACH_ONE(x) {\n      ...\n+ }"
    assert isinstance(outcome(source, hunk_edit("function f", wrapped)), Applied)
