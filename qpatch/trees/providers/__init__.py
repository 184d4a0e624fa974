# SPDX-License-Identifier: GPL-2.0-or-later
"""Where sources come from: one module for each provider, each with a function `fetch(job, name, source)`.

It returns the commit, or what it came to where it tries several versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.trees.job import ImportAttempts
from qpatch.trees.releases import DebianSource, FolderSource, GitSource, PackagedSource, TarballSource

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import SourceCandidate


def fetch_candidate(job: FetchJob, name: str, candidate: SourceCandidate) -> ImportAttempts:
    """Import the release `name` from `candidate` and return what that came to; only its provider is imported.

    Raises QpatchError where there is nothing to try, or only one thing, which failed.
    """
    source = candidate.source
    if isinstance(source, FolderSource):
        from qpatch.trees.providers import folder

        return folder.fetch(job, name, source)
    if isinstance(source, DebianSource):
        from qpatch.trees.providers import debian

        return debian.fetch(job, name, source)
    if isinstance(source, PackagedSource):
        from qpatch.trees.providers import packaged

        return ImportAttempts(packaged.fetch(job, name, source))
    if isinstance(source, TarballSource):
        from qpatch.trees.providers import tarball

        return ImportAttempts(tarball.fetch(job, name, source))
    if isinstance(source, GitSource):
        from qpatch.trees.providers import giturl

        return ImportAttempts(giturl.fetch(job, name, source))
    from qpatch.trees.providers import local

    return ImportAttempts(local.fetch(job, name, source))
