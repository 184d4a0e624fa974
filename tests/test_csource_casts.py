# SPDX-License-Identifier: GPL-2.0-or-later
"""Casts to types that only the edit knows, and products that might be declarations, replaced everywhere."""

from __future__ import annotations

import pytest
from csource_support import PATH, gutter, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.rewriting import check_rewriting, read_rewriting
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult

UNCAST = """
- (Level)$v
+ level_of($v)
"""


def replaced(statement: str, hunk: str, expect: int = 1) -> tuple[EditResult, str]:
    """Return what the edit of a function ends as, and what becomes of its only statement."""
    space = workspace(f"void f(void)\n{{\n    {statement}\n}}\n")
    check_rewriting(gutter(hunk), space.table)
    edit = Edit(Anchor(ANCHOR_KINDS["function"], "f", PATH), EverywhereOperation(read_rewriting(gutter(hunk))), expect)
    result = apply_edit(edit, space)
    text = (space.tree.read(PATH) or b"").decode()
    return result, text.removeprefix("void f(void)\n{\n    ").removesuffix("\n}\n")


@pytest.mark.parametrize(
    ("statement", "after"),
    [
        ("a = (Level)(y);", "a = level_of(y);"),
        ("a = (Level)-y;", "a = level_of(-y);"),
        ("a = (Level)&y;", "a = level_of(&y);"),
        ("a = (Level)*y;", "a = level_of(*y);"),
        ("a = (Level)+y;", "a = level_of(+y);"),
        ("a = (Level) (y + 1) * 2;", "a = level_of(y + 1) * 2;"),
        ("a = ( Level )(y).n;", "a = level_of((y).n);"),
        ("a = (Level)y - 1;", "a = level_of(y) - 1;"),
    ],
)
def test_cast_to_a_named_type_is_one(statement: str, after: str) -> None:
    result, text = replaced(statement, UNCAST)
    assert isinstance(result, Applied), result
    assert text == after


def test_casts_left_over_are_not_taken_for_done() -> None:
    result, _ = replaced("a = level_of(y); b = (Level)(y); c = (Level)-y;", UNCAST)
    assert isinstance(result, Ambiguous) and len(result.matches) == 2


def test_cast_in_the_value_of_a_macro_is_one() -> None:
    space = workspace("#define RAISED(y) ((Level)(y) + 1)\n")
    edit = Edit(Anchor(ANCHOR_KINDS["file"], PATH, PATH), EverywhereOperation(read_rewriting(gutter(UNCAST))))
    assert isinstance(apply_edit(edit, space), Applied)
    assert space.tree.read(PATH) == b"#define RAISED(y) (level_of(y) + 1)\n"


def test_cast_on_the_added_side_counts_as_done() -> None:
    result, _ = replaced("a = (Level)(y);", "- level_of($v)\n+ (Level)$v")
    assert isinstance(result, AlreadyThere)


def test_type_too_short_to_be_read_is_named() -> None:
    result, text = replaced("a = (u8)y; b = (u8)(z);", "- (u8)$v\n+ byte_of($v)")
    assert isinstance(result, Drifted) and "could not be read as C" in result.message
    assert text == "a = (u8)y; b = (u8)(z);"


def test_value_in_parentheses_is_no_cast_of_another_type() -> None:
    result, text = replaced("a = (Level)y; b = (low) - y;", UNCAST)
    assert isinstance(result, Applied) and text == "a = level_of(y); b = (low) - y;"


@pytest.mark.parametrize(
    ("statement", "hunk", "after"),
    [
        ("x = a * b;", "- a * b\n+ mul(a, b)", "x = mul(a, b);"),
        ("x = 1 + p(2) * b;", "- $p * b\n+ mul($p, b)", "x = 1 + mul(p(2), b);"),
        ("x = mul(a, b) + 1;", "- mul($a, $b)\n+ $a * $b", "x = a * b + 1;"),
    ],
)
def test_product_is_an_expression(statement: str, hunk: str, after: str) -> None:
    result, text = replaced(statement, hunk)
    assert isinstance(result, Applied), result
    assert text == after


def test_declaration_of_a_pointer_is_no_product() -> None:
    result, text = replaced("a * b; x = a * b;", "- a * b\n+ mul(a, b)")
    assert isinstance(result, Applied) and text == "a * b; x = mul(a, b);"
