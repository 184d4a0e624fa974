# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: a ref of a git repository given by URL, fetched without history into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.commands import GitError, run_with_user_configuration
from qpatch.trees.importer import commit_of_tree

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import GitSource


def fetch(job: FetchJob, name: str, source: GitSource) -> str:
    """Import the tree of `source` as the release `name`: one parentless commit dated as the ref's; return it.

    The user's git configuration is in force (credentials, proxies, rewritten URLs). Raises EnvironmentFault
    `fetch-failed` where it cannot be had.
    """
    job.progress.begin(f"fetching {source.ref} of {source.url}", None)
    with job.store.importing() as repository:
        staging = job.store.staging_ref(name)
        try:
            run_with_user_configuration(
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--end-of-options",
                source.url,
                f"+{source.ref}:{staging}",
                cwd=repository.path,
            )
        except GitError as error:
            if error.code == "disk-full":
                raise
            raise EnvironmentFault("fetch-failed", f"{source.url}: {error.stderr.strip()}") from error
        fetched = repository.resolve(staging)
        message = f"Import {source.ref} of {source.url}\n\nThere it is commit {fetched}.\n"
        commit = commit_of_tree(repository, repository.tree_of(fetched), message, repository.date_of(fetched))
        job.store.publish(name, commit)
    return commit
