# SPDX-License-Identifier: GPL-2.0-or-later
"""Which edits of a series build on one that missed, and for which nothing can be suggested yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import add_edit, anchor, hunk_edit

from qpatch.csource.edit import (
    CreateOperation,
    Edit,
    EverywhereOperation,
    MoveOperation,
    Position,
    RenameOperation,
    VerbatimOperation,
)
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.source import REGULAR, DictTree
from qpatch.series.dependence import builds_on, stands_in_missed

if TYPE_CHECKING:
    from qpatch.csource.edit import Operation

TREE = DictTree({"a.c": b"void known(void)\n{\n    go();\n}\n"})
ADDS = add_edit("function gone", "static void fresh(void)\n{\n    go();\n}", Position.AFTER)


def test_an_edit_that_mentions_what_a_missed_one_would_bring_builds_on_it() -> None:
    calls = hunk_edit("function known", "- go();\n+ fresh();\n")
    assert builds_on(calls, [ADDS], TREE) == (ADDS,)
    assert not stands_in_missed(calls, [ADDS], TREE)  # its own place is in the tree: a suggestion can be tried


def test_an_edit_whose_anchor_a_missed_one_would_bring_has_no_place_yet() -> None:
    inside = hunk_edit("function fresh", "- go();\n+ stop();\n")
    assert builds_on(inside, [ADDS], TREE) == (ADDS,)
    assert stands_in_missed(inside, [ADDS], TREE)


def test_what_the_tree_has_is_brought_by_no_edit() -> None:
    other = add_edit("function gone", "static void known(void)\n{\n    go();\n}", Position.AFTER)
    inside = hunk_edit("function known", "- go();\n+ stop();\n")
    assert builds_on(inside, [other], TREE) == ()
    assert not stands_in_missed(inside, [other], TREE)


@pytest.mark.parametrize("text", ["- go\n+ fresh", "- go()\n+ fresh(1)"])
def test_a_missed_replacement_brings_what_it_writes(text: str) -> None:
    edit = Edit(anchor("tree here", path=""), EverywhereOperation(read_rewriting(text)), 9)
    inside = hunk_edit("function fresh", "- go();\n+ stop();\n")
    beside = add_edit("function fresh", "int more;", Position.AFTER)
    for later in (inside, beside, hunk_edit("signature fresh", "- void fresh(void)\n+ void fresh(int n)")):
        assert builds_on(later, [edit], TREE) == (edit,)
        assert stands_in_missed(later, [edit], TREE)
    assert builds_on(hunk_edit("function known", "- go();\n+ stop();\n"), [edit], TREE) == ()


def test_a_missed_move_brings_its_symbol_to_another_file() -> None:
    move = Edit(anchor("function known", path="a.c"), MoveOperation(anchor("function gone", path="b.c")))
    there = hunk_edit("function known", "- go();\n+ stop();\n", path="b.c")
    assert builds_on(there, [move], TREE) == (move,) and stands_in_missed(there, [move], TREE)
    here = hunk_edit("function known", "- go();\n+ stop();\n", path="a.c")
    assert builds_on(here, [move], TREE) == () and not stands_in_missed(here, [move], TREE)


@pytest.mark.parametrize(
    ("operation", "later"),
    [
        (
            CreateOperation(b"int fresh(void);\n", REGULAR),
            hunk_edit("prototype fresh", "- int fresh(void);\n+ int fresh(int);"),
        ),
        (CreateOperation(b"\n", REGULAR), hunk_edit("file here", "  int x;\n+ int y;", path="b.h")),
        (RenameOperation("c.h"), hunk_edit("file here", "  int x;\n+ int y;", path="c.h")),
        (
            VerbatimOperation(parse_verbatim(" int x;\n+int fresh;\n")),
            hunk_edit("function known", "  go();\n+ fresh = 1;"),
        ),
    ],
    ids=["name", "file", "rename", "verbatim"],
)
def test_other_kinds_bring_names_and_paths(operation: Operation, later: Edit) -> None:
    edit = Edit(anchor("file here", path="b.h"), operation)
    assert builds_on(later, [edit], TREE) == (edit,)
