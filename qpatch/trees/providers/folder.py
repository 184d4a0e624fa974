# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: a folder of Debian source packages (.dsc files with their tarballs), for releases that mirrors have lost.

A .dsc names the checksum of each tarball. Its own signature is checked where the keys are installed; where they are
not, a note says so, and the folder itself is trusted.
"""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault, QpatchError
from qpatch.trees.apt_packages import newest_first
from qpatch.trees.dsc import read_description
from qpatch.trees.importer import import_package
from qpatch.trees.job import FINAL_FAULTS
from qpatch.trees.places import expanded
from qpatch.trees.signature import check_signature

if TYPE_CHECKING:
    from qpatch.trees.dsc import SourceDescription
    from qpatch.trees.job import FetchJob
    from qpatch.trees.releases import FolderSource


def fetch(job: FetchJob, name: str, source: FolderSource) -> str:
    """Import the newest intact package of `source` as `name` and return the commit.

    A package that is damaged or lacks a file is reported, and the next newest is tried. Raises the newest one's error
    where none can be imported, and EnvironmentFault `version-unlisted` where the folder has no such version.
    """
    faults: list[QpatchError] = []
    for description in _matching(source, faults):
        try:
            check_signature(description.file, source.signed_by, job.progress.note)
            return import_package(job.store, name, description.verified_package(), job.progress)
        except QpatchError as fault:
            if fault.code in FINAL_FAULTS:
                raise
            faults.append(fault)
    if not faults:
        raise EnvironmentFault("version-unlisted", f"{source.path} has no {source.package} {source.version}")
    for other in faults[1:]:
        job.progress.note(f"{name}: not from {source.path}: {other.message}")
    raise faults[0]


def _matching(source: FolderSource, faults: list[QpatchError]) -> list[SourceDescription]:
    """Return the descriptions of `source`, newest first; what is wrong with unreadable ones goes into `faults`.

    Of several files with one version, the last by name comes first.
    """
    found: defaultdict[str, list[SourceDescription]] = defaultdict(list)
    for file in sorted(expanded(source.path).glob(f"{source.package}_*.dsc")):
        try:
            description = read_description(file)
        except QpatchError as fault:
            faults.append(fault)
            continue
        if description.package == source.package and fnmatchcase(description.version, source.version):
            found[description.version].insert(0, description)
    return [description for version in newest_first(found) for description in found[version]]
