# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a strategy on a tree, as the plain data of a cell's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cells.key import CellKey
from qpatch.cells.rendered import EditRow, RenderedResult, TriedPatch
from qpatch.csource.results import Applied
from qpatch.series.explain import explain_edit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.series.model import RenderedSeries
    from qpatch.series.plan import EditOutcome, PatchOutcome, SeriesAttempt


def rendered_result(tried: SeriesAttempt, series: RenderedSeries | None = None) -> RenderedResult:
    """Return the result of an attempt; `series` is what was written of it, if anything was."""
    info = tried.target.info
    return RenderedResult(
        key=CellKey(tried.strategy, info.name, info.kind),
        status=tried.decision.status,
        reason=tried.decision.reason,
        base=tried.target.source.commit,
        tip=series.tip if series else "",
        directory=str(series.directory) if series else "",
        patches=series.patches if series else (),
        edits=edit_rows(tried.patches),
        tried=tuple(
            TriedPatch(subject=patch.subject, kept=index in tried.decision.kept, unwanted=patch.unwanted)
            for index, patch in enumerate(tried.patches)
        ),
        remarks=series.remarks if series else None,
    )


def edit_rows(patches: Sequence[PatchOutcome]) -> tuple[EditRow, ...]:
    """Return the table of edits of the strategy's `patches`."""
    return tuple(_edit_row(number, outcome) for number, patch in enumerate(patches, start=1) for outcome in patch.edits)


def _edit_row(patch: int, outcome: EditOutcome) -> EditRow:
    result = outcome.result
    return EditRow(
        patch=patch,
        file=result.path,
        anchor=outcome.anchor,
        status=result.status,
        count=result.count if isinstance(result, Applied) else 0,
        message=outcome.message,
        explanation="\n".join(explain_edit(outcome)),
        warnings=result.warnings if isinstance(result, Applied) else (),
    )
