# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: a ref of a git repository on this machine, bare or not, which is only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.trees.git import open_repository
from qpatch.trees.places import expanded
from qpatch.trees.providers import giturl
from qpatch.trees.releases import GitSource

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import LocalSource


def fetch(job: FetchJob, name: str, source: LocalSource) -> str:
    """Import the tree of `source` as the release `name` and return the commit.

    Raises UserError where the path is no repository or has no such ref, and the errors of fetching.
    """
    repository = open_repository(expanded(source.path))
    commit = repository.resolve(source.ref)
    location = GitSource(url=repository.git_directory.as_uri(), ref=commit)
    return giturl.fetch(job, name, location)
