# SPDX-License-Identifier: GPL-2.0-or-later
"""From a planned series to commits: messages, authors, dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.series.message import compose_message
from qpatch.trees.private import NewCommit

if TYPE_CHECKING:
    from qpatch.series.model import PlannedSeries
    from qpatch.trees.git import Identity


def new_commits(series: PlannedSeries, author: Identity, *, signoff: bool) -> list[NewCommit]:
    """Return the commits to make for `series`, signed off by `author` where `signoff` is set.

    The date of a commit is the base's plus the patch's number, so the same input gives the same ids. Raises
    UserError where a message cannot be mailed, see `qpatch.series.message`.
    """
    signer = str(author) if signoff else ""
    return [
        NewCommit(
            compose_message(patch.subject, patch.body, patch.trailers, signer),
            author,
            series.base_date + number,
            patch.changes,
        )
        for number, patch in enumerate(series.patches, start=1)
    ]
