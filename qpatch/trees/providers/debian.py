# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: Debian's source packages, through a private apt root and the machine's own mirror."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.apt_packages import SourceRoot, root_directory, updated_root, version_unlisted
from qpatch.trees.dsc import read_description
from qpatch.trees.importer import import_package

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import DebianSource


def fetch(job: FetchJob, name: str, source: DebianSource) -> str:
    """Import the newest version of `source` that the mirror has as `name`; return the commit.

    A version that the index lists but whose files are gone is reported, and the next one is tried. Raises
    EnvironmentFault: `no-debian-mirror`, `version-unlisted`, `version-gone`, `apt-failed`,
    `checksum-mismatch` and those of importing.
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
        return _first_available(job, name, root, source.package, matching)


def _first_available(job: FetchJob, name: str, root: SourceRoot, package: str, versions: list[str]) -> str:
    gone: list[EnvironmentFault] = []
    for version in versions:
        directory = root.directory / "downloads" / f"{package}_{version}"
        try:
            description = root.download(package, version, directory, job.progress)
        except EnvironmentFault as fault:
            if fault.code != "version-gone":
                raise
            job.progress.note(fault.message)
            gone.append(fault)
            continue
        source_package = read_description(description).verified_package()  # apt has verified the signature
        commit = import_package(job.store, name, source_package, job.progress)
        shutil.rmtree(directory)
        return commit
    raise EnvironmentFault("version-gone", "; ".join(fault.message for fault in gone))
