# SPDX-License-Identifier: GPL-2.0-or-later
"""From a planned series to commits: messages, authors, dates; made in a private repository on top of the base."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.series.addresses import is_mailbox
from qpatch.series.model import CommittedSeries
from qpatch.strategy.message import compose_message
from qpatch.trees.git import Identity
from qpatch.trees.private import NewCommit, import_commits, private_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.trees.commit_tree import CommitTree

_ATTRIBUTES = ".gitattributes"


@contextmanager
def committed(series: PlannedSeries, tree: CommitTree, options: RenderOptions) -> Iterator[CommittedSeries]:
    """Commit `series` on `tree`, in a private repository that is there while the context lasts.

    Raises UserError for a message that cannot be mailed, EnvironmentFault where git or the disk fails.
    """
    commits = new_commits(series, options.author, options.committer, signoff=options.signoff)
    with private_repository([tree.repository], series.base, tree.read(_ATTRIBUTES) or b"") as private:
        yield CommittedSeries(series, tree, private, tuple(import_commits(private, series.base, commits)))


def check_identity(options: RenderOptions) -> None:
    """Raise UserError for an author that no mail can be from, and for a sign-off where git has no identity."""
    if options.signoff and options.identity is None:
        raise UserError("no-identity", "git does not know who you are, so nothing can be signed off")
    for person in (options.author, options.committer):
        if person and not is_mailbox(person.email):
            raise UserError("bad-address", f"no mail can be from '{person}': '{person.email}' is no address")


def new_commits(
    series: PlannedSeries, author: Identity, committer: Identity | None = None, *, signoff: bool
) -> list[NewCommit]:
    """Return the commits to make for `series`, as git makes them: the committer, or else the author, signs off.

    A picked patch keeps its own author.

    The date of a commit is the base's plus the patch's number, so the same input gives the same ids. Raises
    UserError where a message cannot be mailed, see `qpatch.strategy.message`.
    """
    signer = str(committer or author) if signoff else ""
    return [
        NewCommit(
            compose_message(patch.subject, patch.body, patch.trailers, signer, patch.picked),
            _mailbox(patch.picked.author) if patch.picked else author,
            series.base_date + number,
            patch.changes,
            patch.modes,
            committer or (author if patch.picked else None),
        )
        for number, patch in enumerate(series.patches, start=1)
    ]


def _mailbox(text: str) -> Identity:
    """Return the person that `text` (`Name <address>`, as the schema demands it) names."""
    name, _, address = text.removesuffix(">").rpartition(" <")
    return Identity(name, address)
