# SPDX-License-Identifier: GPL-2.0-or-later
"""Code that nests deep and hunks that are long: edited, or refused by a stated bound, never a matter of the stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from csource_support import add_edit, code, hunk_edit, operation_edit, outcome, workspace
from textfile_support import applied, hunks

from qpatch.capabilities.details import Details
from qpatch.capabilities.query import SymbolQuery
from qpatch.capabilities.sources import Scope, Sources
from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, DeleteOperation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.fragment import Fragment
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.results import Applied, Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.workspace import EditWorkspace
from qpatch.thresholds import thresholds

Shape: TypeAlias = Callable[[int], str]
BOUND = thresholds().limits.nesting
DEEP = 400


def chain(links: int) -> str:
    tail = "".join(f" else if (kind == {link}) {{\n        stop();\n    }}" for link in range(links))
    return f"    if (kind) {{\n        stop();\n    }}{tail}\n"


def blocks(depth: int) -> str:
    return "    {\n" * depth + "    stop();\n" + "    }\n" * depth


def sum_of(terms: int) -> str:
    return "    kind = " + " + ".join(f"part{number}" for number in range(terms)) + ";\n"


def brackets(depth: int) -> str:
    return "    kind = " + "(" * depth + "1" + ")" * depth + ";\n"


def choices(depth: int) -> str:
    return "    kind = " + "".join(f"kind == {number} ? {number} : " for number in range(depth)) + "0;\n"


def arms(number: int) -> str:
    later = "".join(f"#elif LEVEL == {arm}\n    stop();\n" for arm in range(number))
    return f"#if LEVEL > {number}\n    stop();\n{later}#endif\n"


def governed(depth: int) -> str:
    return "    if (kind)\n" * depth + "    stop();\n"


SHAPES = (chain, blocks, sum_of, brackets, choices, arms, governed)


def function(body: str) -> str:
    return f"void handle(int kind)\n{{\n    start(kind);\n{body}}}\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_statement_beside_deep_code_is_edited(shape: Shape) -> None:
    edit = hunk_edit("function handle", "  start(kind);\n+ count(kind);")
    assert isinstance(outcome(function(shape(DEEP)), edit), Applied)


@pytest.mark.parametrize("shape", SHAPES)
def test_deep_code_is_shown_in_a_hunk_and_removed(shape: Shape) -> None:
    shown = "".join(f"- {line}\n" for line in shape(DEEP).splitlines())
    space = workspace(function(shape(DEEP)))
    result = apply_edit(hunk_edit("function handle", f"      start($kind);\n{shown}+     stop();"), space)
    assert isinstance(result, Applied), result
    (changed,) = space.tree.changed.values()
    assert changed.decode() == function("    stop();\n")


@pytest.mark.parametrize("shape", SHAPES)
def test_hunk_on_deep_code_that_fits_nowhere_is_explained(shape: Shape) -> None:
    edit = hunk_edit("function handle", "  begin(kind);\n+ count(kind);")
    result = outcome(function(shape(DEEP)), edit)
    assert isinstance(result, Drifted)
    assert result.candidates[0].place.line == 3


def test_code_beyond_the_bound_is_refused_and_the_bound_named() -> None:
    result = outcome(function(blocks(BOUND)), hunk_edit("function handle", "  start(kind);\n+ count(kind);"))
    assert isinstance(result, Drifted)
    assert result.message == f"function handle: the code nests deeper than {BOUND} levels at line {3 + BOUND}"


def test_hunk_beyond_the_bound_is_an_error_at_its_line() -> None:
    added = "".join(f"+ {line}\n" for line in sum_of(BOUND + 1).splitlines())
    with pytest.raises(HunkError, match=f"nests deeper than {BOUND} levels at line 2 of the hunk"):
        outcome(function(""), hunk_edit("function handle", f"  start(kind);\n{added}"))


def test_renamed_function_is_looked_for_beside_code_beyond_the_bound() -> None:
    deep = function(blocks(BOUND)).replace("handle", "handle_all")
    edit = hunk_edit("function handle", "  start(kind);\n+ count(kind);")
    result = outcome(deep + "\n" + function("").replace("handle", "handle_one"), edit)
    assert isinstance(result, Drifted)
    assert "renamed to handle_one" in result.message


def test_long_hunk_is_matched() -> None:
    calls = [f"step{number}(kind);" for number in range(2 * DEEP)]
    hunk = "".join(f"  {call}\n" for call in calls) + "+ stop();"
    body = "".join(f"    {call}\n" for call in calls)
    assert isinstance(outcome(function(body), hunk_edit("function handle", hunk)), Applied)


def test_long_hunk_on_a_text_file_is_matched() -> None:
    lines = "".join(f"config OPTION{number}\n" for number in range(2 * DEEP))
    shown = "".join(f"  {line}\n" for line in lines.splitlines())
    whole_file = Anchor(ANCHOR_KINDS["file"], "", "hw/demo/Kconfig")
    assert applied(whole_file, hunks(f"{shown}+ config LAST"), lines) == f"{lines}config LAST\n"


def test_symbols_are_found_in_deeply_nested_conditions() -> None:
    openings = "".join(f"#ifdef LEVEL{number}\n" for number in range(DEEP))
    source = f"{openings}int inner(void)\n{{\n    return 1;\n}}\n" + "#endif\n" * DEEP
    assert outcome(source, operation_edit("function inner", DeleteOperation())).status == "ambiguous"


def test_symbols_are_found_behind_many_arms() -> None:
    later = "".join(f"#elif LEVEL == {number}\nint arm{number}(void);\n" for number in range(DEEP))
    source = f"#if LEVEL > {DEEP}\nint first(void);\n{later}#endif\n\nint last(void);\n"
    edit = add_edit("prototype last", "int more(void);", Position.AFTER)
    assert isinstance(outcome(source, edit), Applied)


def test_capability_looks_at_a_struct_with_deep_conditions() -> None:
    members = "".join(f"#ifdef LEVEL{number}\n" for number in range(DEEP)) + "int inner;\n" + "#endif\n" * DEEP
    tree = DictTree({"a.h": code(f"struct Demo {{\n{members}}};\n").encode()})
    space = EditWorkspace(Overlay(tree), workspace("").cache)
    query = SymbolQuery(SymbolKind.STRUCT, ("Demo",), Scope(), Details(member=Fragment("inner")))
    assert query.answer(Sources(tree, space.cache)) is True
