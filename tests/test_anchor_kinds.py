# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of anchor kinds: what it says holds, the documentation says the same, and a new kind needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from csource_support import PATH, anchor, check_applied, hunk_edit, outcome, workspace
from series_support import make_tree
from strategy_support import CAPABILITIES, line_of, write_strategy

from qpatch.cells.base import Status
from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import check_edit
from qpatch.csource.edit import (
    Action,
    AddOperation,
    Anchor,
    AnchorKind,
    DeleteOperation,
    Edit,
    MoveOperation,
    Position,
)
from qpatch.csource.kinds.base import BlockHandler
from qpatch.csource.kinds.table import ANCHOR_KINDS, AnchorKinds
from qpatch.csource.matching.pattern import Context
from qpatch.csource.results import Applied, Drifted
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import LocatedAnchor
from qpatch.errors import UserError
from qpatch.series.model import RenderOptions
from qpatch.series.open_tree import OpenTree
from qpatch.series.outputs.branch import BranchOutput
from qpatch.series.render import render
from qpatch.strategy.bind import TreeInfo
from qpatch.strategy.check import check_file
from qpatch.strategy.load import load_strategy
from qpatch.trees.commit_tree import CommitTree

if TYPE_CHECKING:
    from qpatch.csource.results import Ambiguous
    from qpatch.csource.workspace import EditWorkspace

DOCUMENT = Path(__file__).parent.parent / "docs" / "strategies.md"
LOOPS = ("while_statement", "for_statement", "do_statement")


@dataclass(frozen=True)
class LoopHandler(BlockHandler):
    """The only loop of a function."""

    function: AnchorKind

    def locate(self, anchor: Anchor, workspace: EditWorkspace) -> LocatedAnchor | Drifted | Ambiguous:
        found = replace(anchor, kind=self.function).locate(workspace)
        if not isinstance(found, LocatedAnchor):
            return found
        assert found.symbol is not None and found.symbol.body is not None
        loops = [node for node in found.symbol.body.children if node.type in LOOPS]
        if len(loops) != 1:
            return Drifted(f"function {anchor.name} has {len(loops)} loops", found.path)
        (loop,) = loops
        body = loop.child_by_field_name("body")
        return replace(found, symbol=replace(found.symbol, kind="loop", node=loop, body=body))


LOOP = AnchorKind(
    "loop",
    "the only loop of a function",
    frozenset({Action.HUNK, Action.ADD_INSIDE}),
    LoopHandler(ANCHOR_KINDS["function"]),
    Context.STATEMENTS,
    name="FUNCTION",
    is_function_body=True,
)
STRATEGY = """\
name: demo
title: "demo: Change a loop"
summary: Changes a loop.
qemu:
  cover: All of it.
  patches:
    - subject: "demo: Change the loop"
      body: It is wrong.
      edits:
        - in: loop start
          path: hw/demo.c
          hunk: |2
            - step($x);
            + step($x, 1);
        - in: loop start
          path: hw/demo.c
          add: |
            if (done()) {
                break;
            }
"""
SOURCE = """\
static void start(void)
{
    step(0);
    while (more()) {
        step(1);
    }
    step(2);
}
"""
CHANGED = """\
static void start(void)
{
    step(0);
    while (more()) {
        step(1, 1);
        if (done()) {
            break;
        }
    }
    step(2);
}
"""


def edit_of(where: str, operation: AddOperation | DeleteOperation | MoveOperation, position: Position) -> Edit:
    return Edit(anchor(where, position), operation)


def test_a_new_kind_goes_from_a_strategy_to_a_series(tmp_path: Path) -> None:
    strategy = load_strategy(write_strategy(tmp_path / "mine", STRATEGY, {}), (LOOP,))
    repository = make_tree(tmp_path / "tree", {"hw/demo.c": SOURCE.encode()})
    options = RenderOptions(tmp_path / "out", outputs=(BranchOutput("topic"),), check=False, maintainers=False)
    with CommitTree(repository, repository.resolve("HEAD")) as source:
        tree = OpenTree(TreeInfo("qemu-1.0", "1.0", "qemu"), source, CAPABILITIES, ParseCache(macro_table("qemu")))
        result = render(strategy, tree, options)
    assert result.status is Status.RENDERED, result.reason
    edits = [(edit.anchor, edit.status) for edit in result.edits]
    assert edits == [("loop start", "applied")] * 2
    with CommitTree(repository, repository.resolve("topic")) as after:
        assert (after.read("hw/demo.c") or b"").decode() == CHANGED


def test_a_new_kind_is_checked_without_a_tree(tmp_path: Path) -> None:
    capabilities = {"qemu": set[str](), "linux": set[str]()}
    assert check_file(write_strategy(tmp_path, STRATEGY, {}), capabilities, (LOOP,)) == []
    within = "- in: loop start\n          path: hw/demo.c\n          add"
    outside = STRATEGY.replace(within, within.replace("in:", "after:"))
    (problem,) = check_file(write_strategy(tmp_path, outside, {}), capabilities, (LOOP,))
    assert problem.code == "anchor-operation" and "cannot add beside loop start" in problem.message
    assert problem.message.endswith("an anchor of kind loop allows hunk, add inside")
    assert problem.where is not None and problem.where.line == line_of(outside, "- after: loop start")
    (unknown, _) = check_file(write_strategy(tmp_path, STRATEGY, {}), capabilities)
    assert unknown.code == "bad-anchor" and "'loop'" in unknown.message
    assert unknown.hint == f"The kinds are {', '.join(ANCHOR_KINDS)}."


def test_a_new_kind_explains_its_misses() -> None:
    edit = Edit(Anchor(LOOP, "start", PATH), hunk_edit("function start", "- step($x);").operation)
    result = apply_edit(edit, workspace("void start(void)\n{\n    step(0);\n}\n"))
    assert isinstance(result, Drifted) and result.message == "function start has 0 loops"
    result = apply_edit(edit, workspace("void start(void)\n{\n    while (more()) {\n        stop(1);\n    }\n}\n"))
    assert isinstance(result, Drifted) and result.message.startswith("loop start: the hunk fits nowhere")


def test_two_kinds_cannot_share_a_word() -> None:
    assert list(ANCHOR_KINDS.plus(LOOP)) == [*ANCHOR_KINDS, "loop"]
    with pytest.raises(ValueError, match="two kinds of anchors called 'loop'"):
        ANCHOR_KINDS.plus(LOOP, LOOP)
    with pytest.raises(ValueError, match="called 'function'"):
        AnchorKinds((ANCHOR_KINDS["function"], *ANCHOR_KINDS.values()))


def test_the_document_has_the_table() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index("| anchor | what it is | allows |") + 2
    rows = [
        f"| {', '.join(f'`{form}`' for form in kind.forms)} | {kind.description} | "
        f"{', '.join(action for action in Action if action in kind.actions)} |"
        for kind in ANCHOR_KINDS.values()
    ]
    assert lines[start : start + len(rows) + 1] == [*rows, ""]


TEXT = AddOperation("int x;\n")
NOT_ALLOWED = [
    ("signature f", TEXT, Position.IN, "cannot add inside signature f"),
    ("signature f", TEXT, Position.AFTER, "cannot add beside signature f"),
    ("signature f", DeleteOperation(), Position.IN, "cannot delete signature f"),
    (
        "macro F",
        TEXT,
        Position.IN,
        "cannot add inside macro F: an anchor of kind macro allows hunk, verbatim, add beside",
    ),
    ("file f", MoveOperation(anchor("function f", Position.AFTER)), Position.IN, "cannot move file f: .* rename"),
    ("includes f", DeleteOperation(), Position.IN, "cannot delete includes"),
    ("includes f", MoveOperation(anchor("function f", Position.AFTER)), Position.IN, "cannot move includes"),
    ("function f", MoveOperation(anchor("signature f", Position.AFTER)), Position.IN, "cannot add beside signature"),
    ("function f", MoveOperation(anchor("switch f", Position.AFTER)), Position.IN, "one of them stands in a function"),
    ("switch f", MoveOperation(anchor("macro F", Position.AFTER)), Position.IN, "one of them stands in a function"),
    ("function f", MoveOperation(anchor("section f", Position.AFTER, "")), Position.IN, "one of them is in C"),
]


@pytest.mark.parametrize(("where", "operation", "position", "message"), NOT_ALLOWED)
def test_what_a_kind_does_not_allow_is_refused(
    where: str, operation: AddOperation | DeleteOperation | MoveOperation, position: Position, message: str
) -> None:
    edit = edit_of(where, operation, position)
    with pytest.raises(UserError, match=message):
        outcome("void f(void)\n{\n}\n", edit)
    with pytest.raises(UserError, match=message):
        check_edit(edit)


def test_the_parameters_of_a_signature_are_checked_until_it_is_edited() -> None:
    source = "int save(File *f)\n{\n    return 0;\n}\n"
    hunk = "- int save(File *$f)\n+ int save(File *$f, Error **errp)"
    check_applied(source, hunk_edit("signature save(File *$f)", hunk), source.replace("*f)", "*f, Error **errp)"))
    result = outcome(source, hunk_edit("signature save(File *$f, int n)", hunk))
    assert isinstance(result, Drifted) and result.message == "signature save has other parameters"
    assert result.suggestion == "in: signature save(File *f)"


def test_a_kind_of_text_files_is_none_of_c() -> None:
    assert ANCHOR_KINDS["section"].handler is None
    with pytest.raises(UserError, match="`section X` is an anchor of text files"):
        anchor("section X").locate(workspace("int x;\n"))


def test_an_addition_at_a_file_is_applied_whatever_the_position() -> None:
    for position in Position:
        assert isinstance(outcome("long y;\n", edit_of("file f", TEXT, position)), Applied)
