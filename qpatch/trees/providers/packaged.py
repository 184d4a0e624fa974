# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: sources that Debian ships as a tarball in a binary package, with its patches applied (linux-source-*).

Mirrors keep binary packages where they have lost the sources that belong to them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.apt_packages import binary_suites
from qpatch.trees.deb import unpack_all
from qpatch.trees.importer import SourcePackage, import_package

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import PackagedSource


def fetch(job: FetchJob, name: str, source: PackagedSource) -> str:
    """Import the tarball in the newest package of `source` as `name` and return the commit.

    Raises EnvironmentFault `version-unlisted`, `version-gone`, `archive-missing`, and those of apt and importing.
    """
    with binary_suites(job, source.suite) as root, tempfile.TemporaryDirectory(dir=root.directory) as directory:
        package = root.newest(source.package, source.version)
        unpack_all(root.download([package], job.progress), Path(directory), job.progress)
        archive = Path(directory, source.archive)
        if not archive.is_file():
            raise EnvironmentFault("archive-missing", f"{package.name} {package.version} has no {source.archive}")
        origin = f"Import {package.name} {package.version} from Debian"
        return import_package(job.store, name, SourcePackage(archive, origin), job.progress)
