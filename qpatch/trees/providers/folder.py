# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: a folder of Debian source packages (.dsc files with their tarballs), for releases that mirrors have lost.

A .dsc names the checksum of each tarball. Its own signature is checked where the keys are installed; where they are
not, a note says so, and the folder itself is trusted.
"""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault, QpatchError
from qpatch.trees.apt_packages import newest_first
from qpatch.trees.dsc import read_description
from qpatch.trees.importer import import_package
from qpatch.trees.job import first_import
from qpatch.trees.places import expanded
from qpatch.trees.signature import check_signature

if TYPE_CHECKING:
    from qpatch.trees.dsc import SourceDescription
    from qpatch.trees.job import FetchJob, ImportAttempts
    from qpatch.trees.releases import FolderSource


def fetch(job: FetchJob, name: str, source: FolderSource) -> ImportAttempts:
    """Import the newest intact package of `source` as `name`.

    A package that is damaged or lacks a file is reported, and the next newest is tried. Raises EnvironmentFault
    `version-unlisted` where the folder has no such version.
    """
    descriptions, unreadable = _matching(source)
    if not descriptions and not unreadable:
        raise EnvironmentFault("version-unlisted", f"{source.path} has no {source.package} {source.version}")
    imports = (partial(_import, job, name, source, description) for description in descriptions)
    return first_import(job, name, imports, unreadable)


def _import(job: FetchJob, name: str, source: FolderSource, description: SourceDescription) -> str:
    check_signature(description.file, source.signed_by, job.progress.note)
    return import_package(job.store, name, description.verified_package(), job.progress)


def _matching(source: FolderSource) -> tuple[list[SourceDescription], list[QpatchError]]:
    """Return the descriptions of `source`, newest first, and what is wrong with those that cannot be read.

    Of several files with one version, the last by name comes first.
    """
    faults: list[QpatchError] = []
    found: defaultdict[str, list[SourceDescription]] = defaultdict(list)
    for file in sorted(expanded(source.path).glob(f"{source.package}_*.dsc")):
        try:
            description = read_description(file)
        except QpatchError as fault:
            faults.append(fault)
            continue
        if description.package == source.package and fnmatchcase(description.version, source.version):
            found[description.version].insert(0, description)
    return [description for version in newest_first(found) for description in found[version]], faults
