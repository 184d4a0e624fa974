# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines belong to a symbol: attribute macros above it go with it, and what an `#if` cuts through stays whole."""

from __future__ import annotations

import pytest
from csource_support import add_edit, anchor, check_applied, hunk_edit, operation_edit, outcome

from qpatch.csource.edit import DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import build

REST = "\nint after(void)\n{\n    return 2;\n}\n"
OWNED = [
    "HOT_PATH(1)\nstatic void spin(Motor *motor)\n{\n    turn(motor);\n}\n",
    "HOT_PATH\nstatic void spin(Motor *motor)\n{\n    turn(motor);\n}\n",
    "/* It turns. */\nHOT_PATH(1)\nvoid spin(Motor *motor)\n{\n    turn(motor);\n}\n",
    "HOT_PATH(1,\n         2)\nvoid spin(Motor *motor)\n{\n    turn(motor);\n}\n",
    'HOT_PATH("a;b")\nstatic Motor *spin(Motor *motor)\n{\n    turn(motor);\n}\n',
    "HOT_PATH(1) /* because */\nstatic void\nspin(Motor *motor)\n{\n    turn(motor);\n}\n",
    "QEMU_NORETURN\nstatic void spin(Motor *motor)\n{\n    turn(motor);\n}\n",
    "__attribute__((hot))\nstatic void spin(Motor *motor)\n{\n    turn(motor);\n}\n",
]
DELETE = operation_edit("function spin", DeleteOperation())
BEFORE = add_edit("function spin", "int turns(void)\n{\n    return 1;\n}", Position.BEFORE)
AFTER = add_edit("function spin", "int turns(void)\n{\n    return 1;\n}", Position.AFTER)
MOVE = operation_edit("function spin", MoveOperation(anchor("function after", Position.AFTER)))


@pytest.mark.parametrize("function", OWNED)
def test_attribute_macros_go_with_their_function(function: str) -> None:
    before = "int first;\n"
    check_applied(f"{before}\n{function}{REST}", DELETE, f"{before}{REST}")
    check_applied(f"{function}{REST}", MOVE, f"{REST.lstrip()}\n{function}")
    added = "int turns(void)\n{\n    return 1;\n}\n"
    check_applied(f"{before}\n{function}{REST}", BEFORE, f"{before}\n{added}\n{function}{REST}")


def test_several_attribute_macros_go_with_their_function() -> None:
    function = "HOT_PATH(1)\nCOLD\nstatic void spin(Motor *motor)\n{\n    turn(motor);\n}\n"
    check_applied(f"int first;\n\n{function}{REST}", DELETE, f"int first;\n{REST}")


@pytest.mark.parametrize("function", OWNED)
def test_addition_below_the_symbol_above_stays_above_the_attributes(function: str) -> None:
    above = "int first(void)\n{\n    return 0;\n}\n"
    edit = add_edit("function first", "int turns(void)\n{\n    return 1;\n}", Position.AFTER)
    added = "int turns(void)\n{\n    return 1;\n}\n"
    check_applied(f"{above}\n{function}", edit, f"{above}\n{added}\n{function}")


@pytest.mark.parametrize("kind", ["struct", "prototype", "initializer", "union"])
def test_attribute_macros_go_with_other_symbols(kind: str) -> None:
    symbol = {
        "struct": "struct spin {\n    int turns;\n};\n",
        "union": "union spin {\n    int turns;\n};\n",
        "prototype": "static void spin(int turns);\n",
        "initializer": "static int spin = 1;\n",
    }[kind]
    edit = operation_edit(f"{kind} spin", DeleteOperation())
    check_applied(f"int first;\n\nHOT_PATH(1)\n{symbol}\nint last;\n", edit, "int first;\n\nint last;\n")


@pytest.mark.parametrize(
    "above",
    [
        "int first(void)\n{\n    return 0;\n}\nOFFER(first)\n",
        "int first;\nOFFER(first)\n",
        "int first;\n\nOFFER(first)\n\n",
        "#ifdef FAST\nHOT_PATH(1)\n#endif\n",
        "#ifdef FAST\nstatic\n#endif\n",
        "int first(void)\n{\n    return 0;\n}\nOFFERED\n",
    ],
)
@pytest.mark.parametrize("edit", [DELETE, BEFORE, MOVE], ids=lambda edit: str(edit.action))
def test_macro_that_may_belong_to_what_stands_above_it_is_a_question(above: str, edit: Edit) -> None:
    function = f"{'' if 'static' in above else 'static '}void spin(Motor *motor)\n{{\n    turn(motor);\n}}\n"
    result = outcome(f"{above}{function}{REST}", edit)
    assert isinstance(result, Ambiguous)
    assert "verbatim" in result.advice


@pytest.mark.parametrize(
    "above",
    [
        "type_init(first)\n\n",
        "type_init(first)\n",
        "int first;\n",
        "int first(void)\n{\n    return 0;\n}\n\n",
        "#include <first.h>\n\n",
        '#define OFFER(x) \\\n    something x\n\n/* "a comment" */\n',
        'extern "C" {\n',
    ],
)
def test_what_is_ended_above_a_function_stays(above: str) -> None:
    end = "}\n" if "extern" in above else ""
    function = "static void spin(Motor *motor)\n{\n    turn(motor);\n}\n"
    result = outcome(f"{above}{function}{REST}{end}", DELETE)
    assert isinstance(result, Applied)


TWO_HEADS = [
    "#ifdef FAST\nvoid spin(Motor *m)\n{\n#else\nvoid spin(Motor *m, int n)\n{\n#endif\n    turn(m);\n}\n",
    "#ifdef FAST\nvoid spin(Motor *m)\n#else\nvoid spin(Motor *m, int n)\n#endif\n{\n    turn(m);\n}\n",
    "#if A\nint spin(Motor *m)\n#elif B\nlong spin(Motor *m)\n#else\nvoid spin(Motor *m)\n#endif\n{\n    turn(m);\n}\n",
    "#ifndef FAST\nstatic\n#endif\nvoid spin(Motor *m)\n{\n    turn(m);\n}\n",
    "#ifndef FAST\nstatic inline void\n#else\nvoid\n#endif\nspin(Motor *m)\n{\n    turn(m);\n}\n",
]


@pytest.mark.parametrize("function", TWO_HEADS)
def test_hunk_works_in_the_body_below_two_heads(function: str) -> None:
    edit = hunk_edit("function spin", "  turn(m);\n+ count(m);")
    check_applied(f"int first;\n{function}{REST}", edit, f"int first;\n{function[:-2]}    count(m);\n}}\n{REST}")


@pytest.mark.parametrize("function", TWO_HEADS)
@pytest.mark.parametrize(
    "edit",
    [DELETE, BEFORE, MOVE, hunk_edit("signature spin", "- spin(Motor *m)\n+ spin(Motor *m, int turns)")],
    ids=lambda edit: f"{edit.action} {edit.anchor.kind}",
)
def test_function_with_two_heads_is_not_torn(function: str, edit: Edit) -> None:
    result = outcome(f"int first;\n{function}{REST}", edit)
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [2]
    assert "#if" in result.message


def test_code_in_the_arms_of_a_body_is_not_hidden() -> None:
    arms = "#ifdef FAST\n    if (m->fast)\n#else\n    if (m->slow)\n#endif\n        turn(m);\n"
    source = f"{HEAD}{{\n{arms}    stop(m);\n}}\n"
    parsed = parse(source.encode(), macro_table("qemu"))
    assert {"fast", "slow"} <= set(build(parsed, parsed.tree.root_node).tokens)


def test_signature_with_a_parameter_in_an_arm_is_not_edited() -> None:
    source = "void spin(Motor *m\n#ifdef FAST\n    , int n\n#endif\n    )\n{\n    turn(m);\n}\n"
    result = outcome(source, hunk_edit("signature spin", "- void spin($a, int n)\n+ void spin($a, long n)"))
    assert isinstance(result, Ambiguous)


def test_head_of_another_name_below_the_first_is_there_but_not_parsed() -> None:
    source = "#ifdef FAST\nvoid spin(Motor *m)\n#else\nvoid crawl(Motor *m)\n#endif\n{\n    turn(m);\n}\n"
    result = outcome(source, operation_edit("function crawl", DeleteOperation()))
    assert isinstance(result, Drifted)
    assert result.message == "function crawl is there (line 4) but could not be parsed"


def test_function_around_whole_conditions_is_deleted() -> None:
    function = "void spin(Motor *m)\n{\n#ifdef FAST\n    turn(m);\n#else\n    crawl(m);\n#endif\n}\n"
    check_applied(f"int first;\n\n{function}{REST}", DELETE, f"int first;\n{REST}")


HEAD = "static void spin(Motor *m)\n"


@pytest.mark.parametrize("edit", [DELETE, AFTER], ids=lambda edit: str(edit.action))
@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("{\n    turn(m);\nEND_OF_IT\n", 4),
        ("{\n    turn(m);\n    END_OF_IT\n", 6),
        ("{\n    if (m) {\n        turn(m);\n    CLOSE(m);\n    stop(m);\n}\n", 7),
        ("{\n    OPEN(m)\n    turn(m);\n    }\n    stop(m);\n}\n", 6),
        ("{\n    OPEN(m);\n    turn(m);\n    }\n}\n", 6),
    ],
)
def test_macro_for_a_brace_makes_the_end_of_a_function_unclear(body: str, line: int, edit: Edit) -> None:
    result = outcome(f"{HEAD}{body}{REST}", edit)
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [line]


def test_function_below_a_missing_brace_is_there() -> None:
    result = outcome(
        f"{HEAD}{{\n    turn(m);\n    END_OF_IT\n{REST}", operation_edit("function after", DeleteOperation())
    )
    assert isinstance(result, Drifted)
    assert result.message == "function after is there (line 6) but could not be parsed"


@pytest.mark.parametrize("body", ["BEGIN_IT\n    turn(m);\n}\n", "BEGIN_IT\n    turn(m);\nEND_OF_IT\n"])
def test_macro_for_an_opening_brace_leaves_the_function_there(body: str) -> None:
    result = outcome(f"{HEAD}{body}{REST}", DELETE)
    assert isinstance(result, Drifted)
    assert result.message == "function spin is there (line 1) but could not be parsed"


@pytest.mark.parametrize(
    "body",
    [
        "{\n    turn(m);\n};\n",
        "{\n    int turns[] = {\n1, 2\n};\nout:\n    turn(m);\n}\n",
        '{\n    turn("\\\nhalf");\n#ifdef FAST\n    turn(m);\n#endif\n/*\nnothing */\n}\n',
    ],
)
def test_code_in_the_first_column_of_a_whole_body_is_no_question(body: str) -> None:
    assert isinstance(outcome(f"{HEAD}{body}{REST}", DELETE), Applied)
