# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: Debian's source packages, through a private apt root and the machine's own mirror."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from qpatch.trees.apt_packages import SourceRoot, root_directory, updated_root, version_unlisted
from qpatch.trees.dsc import read_description
from qpatch.trees.importer import import_package
from qpatch.trees.job import first_import

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob, ImportAttempts
    from qpatch.trees.releases import DebianSource


def fetch(job: FetchJob, name: str, source: DebianSource) -> ImportAttempts:
    """Import the newest version of `source` that the mirror has, and that is intact, as `name`.

    A version that the index lists but whose files are gone, or are damaged, is reported, and the next one is tried.
    Raises EnvironmentFault `no-debian-mirror`, `version-unlisted`, `apt-failed` where no version can be tried.
    """
    from filelock import FileLock  # only here: looking at trees needs no lock

    directory = root_directory(job, SourceRoot, (source.suite,))
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "lock"):
        root = updated_root(job, SourceRoot, (source.suite,))
        listed = root.versions(source.package)
        matching = [version for version in listed if fnmatchcase(version, source.version)]
        if not matching:
            raise version_unlisted(root, source.package, source.version, listed)
        return first_import(job, name, (partial(_import, job, name, root, source.package, each) for each in matching))


def _import(job: FetchJob, name: str, root: SourceRoot, package: str, version: str) -> str:
    directory = root.directory / "downloads" / f"{package}_{version}"
    description = root.download(package, version, directory, job.progress)
    source_package = read_description(description).verified_package()  # apt has verified the signature
    commit = import_package(job.store, name, source_package, job.progress)
    shutil.rmtree(directory)
    return commit
