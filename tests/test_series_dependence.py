# SPDX-License-Identifier: GPL-2.0-or-later
"""Which edits of a series build on one that missed, and for which nothing can be suggested yet."""

from csource_support import add_edit, hunk_edit

from qpatch.csource.edit import Position
from qpatch.csource.source import DictTree
from qpatch.series.dependence import builds_on, stands_in_missed

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
