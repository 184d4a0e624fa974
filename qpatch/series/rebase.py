# SPDX-License-Identifier: GPL-2.0-or-later
"""A strategy on a newer tree: rendered anew, compared with what it was on the old one.

Nothing is carried over as text: both series come from the strategy, so the range-diff shows what the trees'
difference makes of the patches, and the drift report which edits end differently.
"""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from qpatch.cells.rendered import EditChange
from qpatch.series.commits import new_commits
from qpatch.series.fit import attempt_fit
from qpatch.series.render import attempt, finish
from qpatch.series.reroll import range_diff
from qpatch.trees.private import import_commits, private_repository

if TYPE_CHECKING:
    from qpatch.cells.rendered import RenderedResult
    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.series.open_tree import OpenTree
    from qpatch.series.plan import EditOutcome, PatchOutcome, SeriesAttempt
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.git import Repository

_OLD_REF = "refs/heads/old"
_NEW_REF = "refs/heads/new"


def rebase(strategy: LoadedStrategy, old: OpenTree, new: OpenTree, options: RenderOptions) -> RenderedResult:
    """Render `strategy` on `new` into `options.output` and compare it with the series on `old`.

    The result has a `from_status`. Nothing is written for the old tree. Raises as `qpatch.series.render.render` does.
    """
    before = attempt(strategy, old, options.parameters)
    after = attempt_fit(strategy, new, options.parameters)
    difference, letters = "", ""
    if before.planned is not None and after.planned is not None:
        difference = _compare(before.planned, after.planned, old, new, options)
        letters = cover_difference(before.planned, after.planned)
    of_rebase = {
        "from_status": before.decision.status,
        "range_diff": difference,
        "cover_diff": letters,
        "changes": drift_report(before, after),
    }
    return finish(after, options).model_copy(update=of_rebase)


def cover_difference(before: PlannedSeries, after: PlannedSeries) -> str:
    """Return the lines of the cover letter that hang on what differs between the trees, as a diff; '' for none.

    What the patches' own messages say otherwise is in the range-diff.
    """
    old, new = ((series.cover_body or "").splitlines() for series in (before, after))
    lines = [line for line in unified_diff(old, new, n=0, lineterm="") if not line.startswith(("---", "+++"))]
    return "\n".join("" if line.startswith("@@") else line for line in lines).strip("\n")


def drift_report(old: SeriesAttempt, new: SeriesAttempt) -> tuple[EditChange, ...]:
    """Return the edits that end differently, or in another file, on the new tree."""
    earlier = {key: outcome for key, _, outcome in _edits(old)}
    changes = []
    for key, patch, outcome in _edits(new):
        before = _ending(earlier[key]) if key in earlier else "not tried"
        if before != _ending(outcome):
            changes.append(
                EditChange(
                    patch=patch.subject,
                    anchor=outcome.anchor,
                    old=before,
                    new=_ending(outcome),
                    message=outcome.message,
                )
            )
    return tuple(changes)


def _edits(tried: SeriesAttempt) -> list[tuple[tuple[int, str], PatchOutcome, EditOutcome]]:
    # An edit is known by its patch and its place in the strategy file: both trees have it from there.
    return [
        ((number, str(outcome.where)), patch, outcome)
        for number, patch in enumerate(tried.patches)
        for outcome in patch.edits
    ]


def _ending(outcome: EditOutcome) -> str:
    path = outcome.result.path
    return f"{outcome.result.status} in {path}" if path else outcome.result.status


def _compare(before: PlannedSeries, after: PlannedSeries, old: OpenTree, new: OpenTree, options: RenderOptions) -> str:
    sources = [old.source.repository, new.source.repository]
    with private_repository(sources, before.base) as private:
        old_range = _commit(private, before, options, _OLD_REF)
        return range_diff(private, old_range, _commit(private, after, options, _NEW_REF))


def _commit(private: Repository, series: PlannedSeries, options: RenderOptions, ref: str) -> str:
    commits = new_commits(series, options.author, options.committer, signoff=options.signoff)
    return f"{series.base}..{import_commits(private, series.base, commits, ref)[-1]}"
