# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule 8 of the edit language: what becomes of a series whose patches are there in part."""

from __future__ import annotations

import pytest

from qpatch.cells.base import Status
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted, EditResult, Skipped
from qpatch.errors import Location
from qpatch.series.plan import Decision, EditOutcome, PatchOutcome, decide

APPLIED = Applied("a.c")
THERE = AlreadyThere("a.c")
DRIFTED = Drifted("no function f")
AMBIGUOUS = Ambiguous("two of them")
SKIPPED = Skipped("`when` is false")


def patch(*results: EditResult, partial: bool = False, unwanted: str = "") -> PatchOutcome:
    edits = tuple(
        EditOutcome(f"function f{number}", Location("s.yaml", number + 1), result)
        for number, result in enumerate(results)
    )
    return PatchOutcome("subject", partial, edits, unwanted)


@pytest.mark.parametrize(
    ("patches", "status", "kept"),
    [
        ([patch(APPLIED)], Status.RENDERED, (0,)),
        ([patch(APPLIED, SKIPPED)], Status.RENDERED, (0,)),
        ([patch(THERE, SKIPPED), patch(APPLIED), patch(THERE), patch(APPLIED)], Status.RENDERED, (1, 3)),
        ([patch(unwanted="no"), patch(APPLIED)], Status.RENDERED, (1,)),
        ([patch(THERE), patch(THERE, THERE)], Status.LANDED, ()),
        ([patch(THERE), patch(SKIPPED)], Status.LANDED, ()),
        ([patch(SKIPPED), patch(unwanted="no")], Status.VOID, ()),
        ([patch(THERE, APPLIED)], Status.DRIFTED, ()),
        ([patch(THERE, APPLIED, partial=True)], Status.RENDERED, (0,)),
        ([patch(APPLIED), patch(DRIFTED)], Status.DRIFTED, ()),
        ([patch(APPLIED), patch(AMBIGUOUS)], Status.AMBIGUOUS, ()),
        ([patch(AMBIGUOUS, DRIFTED)], Status.DRIFTED, ()),
        ([patch(THERE, AMBIGUOUS, partial=True)], Status.AMBIGUOUS, ()),
    ],
)
def test_decisions(patches: list[PatchOutcome], status: Status, kept: tuple[int, ...]) -> None:
    decision = decide(patches)
    assert (decision.status, decision.kept) == (status, kept)
    assert bool(decision.reason) == (status is not Status.RENDERED)


def test_miss_names_patch_anchor_and_message() -> None:
    assert decide([patch(APPLIED), patch(APPLIED, DRIFTED, AMBIGUOUS)]) == Decision(
        Status.DRIFTED, "patch 2 (subject): function f1: no function f (and 1 more)"
    )


def test_partial_names_what_is_there_and_the_way_out() -> None:
    reason = decide([patch(APPLIED, THERE)]).reason
    assert reason.startswith("patch 1 (subject): the tree has a part of it already (function f1)")
    assert "partial: ok" in reason
