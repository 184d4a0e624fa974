"""From a planned series to commits in a private repository, all by one `git fast-import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.series.message import compose_message
from qpatch.trees.private import SERIES_REF, NewCommit, import_commits

if TYPE_CHECKING:
    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.trees.git import Identity, Repository


def commit_series(repository: Repository, series: PlannedSeries, options: RenderOptions,
                  ref: str = SERIES_REF) -> list[str]:
    """Commit the patches of `series` at `ref` of the private `repository`; return their ids in order.

    The date of a commit is the base's plus the patch's number, so the same input gives the same ids. Raises
    UserError where a message cannot be mailed, see `qpatch.series.message`.
    """
    return import_commits(repository, series.base, new_commits(series, options.author, options.signoff),
                          series.modes, ref)


def new_commits(series: PlannedSeries, author: Identity, signoff: bool) -> list[NewCommit]:
    """Return the commits to make for `series`."""
    signer = str(author) if signoff else ""
    return [NewCommit(compose_message(patch.subject, patch.body, patch.trailers, signer), author,
                      series.base_date + number, patch.changes)
            for number, patch in enumerate(series.patches, start=1)]
