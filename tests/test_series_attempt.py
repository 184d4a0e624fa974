# SPDX-License-Identifier: GPL-2.0-or-later
"""Patches carried out in memory, whatever says their edits: a strategy file or a mail."""

from __future__ import annotations

import pytest

from qpatch.cells.base import Status
from qpatch.csource.edit import AddOperation, Anchor, Edit, HunkOperation, Position
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import parse_hunk
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace
from qpatch.errors import Location
from qpatch.series.attempt import AttemptedPatches, attempt_patches
from qpatch.series.explain import explain_edit
from qpatch.strategy.bind import BoundPatch, SkippedEdit

SOURCE = b"int first(void)\n{\n    return old();\n}\n\nint second(void)\n{\n    return old();\n}\n"


def edit(name: str, where: Location, old: str = "old", new: str = "fresh") -> Edit:
    hunk = f"- return {old}();\n+ return {new}();\n"
    return Edit(Anchor(ANCHOR_KINDS["function"], name), HunkOperation((parse_hunk(hunk),)), where=where)


def attempted(*patches: BoundPatch) -> AttemptedPatches:
    tree = Overlay(DictTree({"a.c": SOURCE}))
    return attempt_patches(patches, EditWorkspace(tree, ParseCache(macro_table("qemu"))))


def test_edits_of_mails_are_told_in_their_order_and_by_their_places() -> None:
    # The second edit stands in another mail, at a smaller line: the order is that of the patch, not of line numbers.
    steps = (
        edit("second", Location("0002-later.patch", 40)),
        SkippedEdit("function third", Location("0001-early.patch", 20), "there is none"),
        edit("first", Location("0001-early.patch", 9)),
    )
    tried = attempted(BoundPatch("demo: Change both", "Why.\n", steps=steps))
    (patch,) = tried.outcomes
    assert [str(outcome.where) for outcome in patch.edits] == [
        "0002-later.patch:40",
        "0001-early.patch:20",
        "0001-early.patch:9",
    ]
    assert [outcome.result.status for outcome in patch.edits] == ["applied", "skipped", "applied"]
    (planned,) = tried.planned([BoundPatch("demo: Change both", "Why.\n", ("Fixes: x",), steps=steps)])
    assert planned.changes == {"a.c": SOURCE.replace(b"old()", b"fresh()")}
    assert (planned.subject, planned.trailers) == ("demo: Change both", ("Fixes: x",))


def test_each_patch_builds_on_the_one_before_and_holds_only_its_own_changes() -> None:
    first = BoundPatch("one", "1\n", steps=(edit("first", Location("x", 1)),))
    second = BoundPatch("two", "2\n", steps=(edit("first", Location("x", 2), "fresh", "newest"),))
    tried = attempted(first, second)
    assert tried.decision.status is Status.RENDERED
    assert [sorted(changes) for changes in tried.changes] == [["a.c"], ["a.c"]]
    assert tried.changes[1]["a.c"] == SOURCE.replace(b"old()", b"newest()", 1)


def test_all_misses_of_a_series_are_told_in_one_run() -> None:
    patches = [
        BoundPatch("missing", "1\n", steps=(edit("absent", Location("series.mbox", 3)),)),
        BoundPatch("fine", "2\n", steps=(edit("first", Location("series.mbox", 30)),)),
        BoundPatch("also missing", "3\n", steps=(edit("nowhere", Location("series.mbox", 40)),)),
    ]
    tried = attempted(*patches)
    assert [patch.missed for patch in tried.outcomes] == [True, False, True]
    assert tried.planned(patches) == ()
    assert tried.decision.status is Status.DRIFTED
    assert "patch 1 (missing)" in tried.decision.reason and "(and 1 more)" in tried.decision.reason


def test_an_edit_that_builds_on_one_that_missed_says_so() -> None:
    first = edit("absent", Location("x", 1), new="brand_new")
    after = edit("first", Location("x", 2), old="brand_new", new="newest")
    apart = edit("second", Location("x", 3))
    tried = attempted(BoundPatch("one", "1\n", steps=(first,)), BoundPatch("two", "2\n", steps=(after, apart)))
    one, two = tried.outcomes
    assert [outcome.builds_on for outcome in (*one.edits, *two.edits)] == [(), (Location("x", 1),), ()]
    assert "  note: it builds on the edit at x:1, which missed" in list(explain_edit(two.edits[0]))


def test_what_could_be_applied_of_a_patch_that_missed_is_there_for_the_next() -> None:
    half = BoundPatch("half", "1\n", steps=(edit("first", Location("x", 1)), edit("absent", Location("x", 2))))
    rest = BoundPatch("rest", "2\n", steps=(edit("first", Location("x", 3), old="fresh", new="newest"),))
    assert [outcome.result.status for outcome in attempted(half, rest).outcomes[1].edits] == ["applied"]


def test_a_patch_whose_edits_leave_the_tree_as_it_is_is_there_already() -> None:
    there, back = edit("first", Location("x", 1)), edit("first", Location("x", 2), "fresh", "old")
    tried = attempted(BoundPatch("demo: Nothing", "Why.\n", steps=(there, back)))
    assert tried.decision.status is Status.LANDED
    assert {outcome.message for outcome in tried.outcomes[0].edits} == {
        "done and undone again: the tree is as this leaves it"
    }


@pytest.mark.parametrize("position", [Position.AFTER, Position.BEFORE])
def test_what_an_edit_adds_is_there_for_the_next_edit(position: Position) -> None:
    added = Edit(
        Anchor(ANCHOR_KINDS["function"], "first", position=position),
        AddOperation("int third(void)\n{\n    return old();\n}\n"),
        where=Location("x", 5),
    )
    tried = attempted(BoundPatch("demo: Add", "Why.\n", steps=(added, edit("third", Location("x", 6)))))
    assert tried.decision.status is Status.RENDERED
    content = tried.changes[0]["a.c"]
    assert content is not None
    assert (content.count(b"fresh()"), content.count(b"old()")) == (1, 2)
