# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys that a mend is written with are those of the edit, and likeness of names alone makes no mend."""

from __future__ import annotations

import pytest
from csource_support import PATH, anchor, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.own_work import workspace_of_series
from qpatch.csource.results import AlreadyThere, Applied, Drifted

SOURCE = """
    static int tank_fill(Tank *tank)
    {
        return fill(tank);
    }

    static int tank_leaks(Tank *tank)
    {
        return leaks(tank);
    }

    static int tank_level(Tank *tank)
    {
        return tank_leaks(tank) ? 0 : level(tank);
    }
"""
ONLY_NAMES = "only names could be compared"


def move_edit(where: str, target: str, position: Position = Position.AFTER) -> Edit:
    return operation_edit(where, MoveOperation(anchor(target, position, "")))


def test_a_move_of_what_is_gone_names_what_is_alike_with_its_own_key() -> None:
    result = outcome(SOURCE, move_edit("function tank_filled", "function tank_level"))
    assert isinstance(result, Drifted) and not result.suggestion
    assert result.advice.startswith(ONLY_NAMES)
    assert f"move: function tank_fill\npath: {PATH}" in result.advice and "in: " not in result.advice


@pytest.mark.parametrize("position", [Position.AFTER, Position.BEFORE])
def test_a_move_beside_what_is_gone_names_what_is_alike_as_its_target(position: Position) -> None:
    result = outcome(SOURCE, move_edit("function tank_fill", "function tank_levels", position))
    assert isinstance(result, Drifted) and not result.suggestion
    assert result.advice.startswith(ONLY_NAMES)
    assert f"to: {position} function tank_level" in result.advice.splitlines()
    assert f"path: {PATH}" not in result.advice


def test_a_mended_target_keeps_the_symbol_that_is_moved() -> None:
    result = outcome(SOURCE, move_edit("function tank_fill", "function tank_levels"))
    assert isinstance(result, Drifted)
    line = next(line for line in result.advice.splitlines() if line.endswith("tank_level"))
    mended = move_edit("function tank_fill", line.removeprefix("to: after "))
    assert isinstance(outcome(SOURCE, mended), Applied)


def test_a_deletion_with_a_hunk_beside_it_that_tells_the_new_name_has_its_own_key() -> None:
    edits = [
        hunk_edit("function tank_filled", "- return fill(tank);\n+ return 0;"),
        operation_edit("function tank_filled", DeleteOperation()),
        move_edit("function tank_filled", "function tank_level"),
    ]
    results = apply_edits(edits, workspace(SOURCE))
    assert [getattr(result, "suggestion", "").partition(" ")[0] for result in results] == ["in:", "delete:", "move:"]


@pytest.mark.parametrize(
    "edits",
    [
        [
            move_edit("function tank_empty", "function tank_level"),
            operation_edit("function tank_empty", DeleteOperation()),
        ],
        [hunk_edit("function tank_leak", "- x();\n+ y();"), operation_edit("function tank_leak", DeleteOperation())],
        [
            move_edit("function tank_filled", "function tank_level", Position.BEFORE),
            operation_edit("function tank_filled", DeleteOperation()),
        ],
    ],
    ids=["move", "hunk", "move-before"],
)
def test_what_a_later_edit_deletes_is_not_mended_by_what_sounds_alike(edits: list[Edit]) -> None:
    space = workspace_of_series(edits, workspace(SOURCE))
    result = apply_edit(edits[0], space)
    assert isinstance(result, AlreadyThere) and result.unproven is not None
    assert not result.unproven.suggestion
    assert "in: " not in result.unproven.advice
