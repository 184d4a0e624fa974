# SPDX-License-Identifier: GPL-2.0-or-later
"""Where sources come from: one module for each provider, each with a function `fetch(job, name, source)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.trees.releases import DebianSource, FolderSource, GitSource, PackagedSource, TarballSource

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import SourceCandidate


def fetch_candidate(job: FetchJob, name: str, candidate: SourceCandidate) -> str:
    """Import the release `name` from `candidate` and return its commit; only its provider is imported.

    Raises QpatchError where it cannot be had there.
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

        return packaged.fetch(job, name, source)
    if isinstance(source, TarballSource):
        from qpatch.trees.providers import tarball

        return tarball.fetch(job, name, source)
    if isinstance(source, GitSource):
        from qpatch.trees.providers import giturl

        return giturl.fetch(job, name, source)
    from qpatch.trees.providers import local

    return local.fetch(job, name, source)
