# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that are not written as C's grammar has them: defined by a macro, or in the style of K&R."""

from __future__ import annotations

import pytest
from csource_support import add_edit, anchor, check_applied, hunk_edit, operation_edit, outcome

from qpatch.csource.edit import DeleteOperation, MoveOperation, Position
from qpatch.csource.results import Ambiguous, Drifted
from qpatch.csource.syntax.macros import TreeKind, macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.symbols import outline

BODY = "{\n    pour(cup);\n    return 0;\n}\n"
AROUND = ("int before(void)\n{\n    return 1;\n}\n\n", "\nint after(void)\n{\n    return 2;\n}\n")
HEADS = [
    "SYSCALL_DEFINE2(brew, unsigned int, cup, const char __user *, label)\n",
    "COMPAT_SYSCALL_DEFINE1(brew, int, cup)\n",
    "SYSCALL_DEFINE0(brew)\n",
    "BPF_CALL_3(brew, u32, cup,\n           u64, size, u64, flags)\n",
    "TEST(brew)\n",
    "static DEFINE_CUP(brew) ",
    "static MAKE_BREWER(brew, int cup)\n",
    "BREWER_FN( brew, cup )\n",
    "char *brew(cup, size)\n    char *cup;\n    int size;\n",
    "static const struct Cup *brew(cup)\nstruct Cup *cup;\n",
    "char **\nbrew(cup)\n    char **cup, *lid;\n",
    "int brew(cup)\n    int cup;\n",
]


@pytest.mark.parametrize("head", HEADS)
def test_function_is_found_by_its_name(head: str) -> None:
    above, below = AROUND
    edit = hunk_edit("function brew", "  pour(cup);\n+ stir(cup);")
    after = BODY.replace("pour(cup);\n", "pour(cup);\n    stir(cup);\n")
    check_applied(f"{above}{head}{BODY}{below}", edit, f"{above}{head}{after}{below}")
    check_applied(f"{above}{head}{BODY}{below}", operation_edit("function brew", DeleteOperation()), above + below[1:])
    move = operation_edit("function brew", MoveOperation(anchor("function after", Position.AFTER)))
    check_applied(f"{above}{head}{BODY}{below}", move, f"{above}{below[1:]}\n{head}{BODY}")
    add = add_edit("function brew", "int cups(void)\n{\n    return 3;\n}", Position.BEFORE)
    added = "int cups(void)\n{\n    return 3;\n}\n\n"
    check_applied(f"{above}{head}{BODY}{below}", add, f"{above}{added}{head}{BODY}{below}")


@pytest.mark.parametrize("kind", ["linux", "qemu"])
@pytest.mark.parametrize("head", HEADS)
def test_function_parses_without_errors_and_once(head: str, kind: TreeKind) -> None:
    above, below = AROUND
    parsed = parse(f"{above}{head}{BODY}{below}".encode(), macro_table(kind))
    assert not parsed.tree.root_node.has_error
    assert [symbol.name for symbol in outline(parsed)] == ["before", "brew", "after"]


def test_test_with_a_fixture_is_called_as_its_second_argument() -> None:
    source = f"TEST_F(kettle, brew)\n{BODY}\nTEST_F(kettle, cool)\n{BODY}"
    assert [symbol.name for symbol in outline(parse(source.encode(), macro_table("linux")))] == ["brew", "cool"]


TWO_CALLS = f"SYSCALL_DEFINE1(brew, int, cup)\n{BODY}\nCOMPAT_SYSCALL_DEFINE1(brew, int, cup)\n{BODY}"


@pytest.mark.parametrize("parameters", ["brew, ...", "brew, int, cup", "$f, int, $cup"])
def test_call_that_defines_a_function_tells_it_from_a_namesake(parameters: str) -> None:
    first, second = TWO_CALLS.split("COMPAT_", 1)
    if parameters.startswith("$"):
        parameters = parameters.replace("$f", "brew")
    edit = hunk_edit(f"function COMPAT_SYSCALL_DEFINE1({parameters})", "  pour(cup);\n+ stir(cup);")
    after = second.replace("pour(cup);\n", "pour(cup);\n    stir(cup);\n")
    check_applied(TWO_CALLS, edit, f"{first}COMPAT_{after}")


def test_name_alone_of_two_calls_is_ambiguous() -> None:
    assert isinstance(outcome(TWO_CALLS, hunk_edit("function brew", "- pour(cup);")), Ambiguous)


@pytest.mark.parametrize(
    "call", ["SYSCALL_DEFINE1(brew, long, cup)", "SYSCALL_DEFINE1(boil, ...)", "SYSCALL_DEFINE1(brew)"]
)
def test_call_with_other_arguments_is_not_found(call: str) -> None:
    result = outcome(TWO_CALLS, hunk_edit(f"function {call}", "- pour(cup);"))
    assert isinstance(result, Drifted)


def test_signature_of_a_function_that_a_macro_defines_is_not_edited() -> None:
    edit = hunk_edit("signature brew", "- SYSCALL_DEFINE1(brew, int, cup)\n+ SYSCALL_DEFINE1(brew, long, cup)")
    assert isinstance(outcome(f"SYSCALL_DEFINE1(brew, int, cup)\n{BODY}", edit), Drifted)


@pytest.mark.parametrize(
    "source",
    [
        "main(count)\n{\n}\n",
        "DECLARE_CUP(brew, 3);\n",
        "CUP_ATTR(brew, 3)\nint after(void)\n{\n    return 0;\n}\n",
        "static CUP brew = {\n    0\n};\n",
    ],
)
def test_what_defines_no_function_has_none_of_that_name(source: str) -> None:
    names = [
        symbol.name for symbol in outline(parse(source.encode(), macro_table("linux"))) if symbol.kind == "function"
    ]
    assert "brew" not in names
    assert "count" not in names
