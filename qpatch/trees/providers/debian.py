"""Provider: Debian's source packages, through a private apt root and the machine's own mirror."""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.apt_root import AptRoot
from qpatch.trees.apt_sources import Mirror, configured_sources, debian_mirrors
from qpatch.trees.dsc import read_package
from qpatch.trees.importer import import_package

if TYPE_CHECKING:
    from qpatch.trees.providers import Job
    from qpatch.trees.releases import DebianSource


def fetch(job: Job, name: str, source: DebianSource) -> str:
    """Import the newest version of `source` that the mirror has as `name`; return the commit.

    A version that the index lists but whose files are gone is reported, and the next one is tried. Raises
    EnvironmentFault: `no-debian-mirror`, `version-unlisted`, `version-gone`, `apt-failed`,
    `checksum-mismatch` and those of importing.
    """
    from filelock import FileLock  # only here: looking at trees needs no lock

    directory = job.store.cache / "apt" / source.suite
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "lock"):
        root = _updated_root(job, source.suite)
        listed = root.versions(source.package)
        matching = [version for version in listed if fnmatchcase(version, source.version)]
        if not matching:
            raise EnvironmentFault("version-unlisted",
                                   f"{source.suite} has no {source.package} {source.version} "
                                   f"(it has {', '.join(listed) or 'none'})")
        return _first_available(job, name, root, source.package, matching)


def _first_available(job: Job, name: str, root: AptRoot, package: str, versions: list[str]) -> str:
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
        commit = import_package(job.store, name, read_package(description), job.progress)
        shutil.rmtree(directory)
        return commit
    raise EnvironmentFault("version-gone", "; ".join(fault.message for fault in gone))


def _updated_root(job: Job, suite: str) -> AptRoot:
    if suite not in job.updated:
        job.updated[suite] = _first_working(job, suite)
    return job.updated[suite]


def _first_working(job: Job, suite: str) -> AptRoot:
    failures: list[EnvironmentFault] = []
    for mirror in _mirrors(job):
        root = AptRoot(job.store.cache / "apt" / suite, suite, mirror, job.etc)
        job.progress.begin(f"fetching Debian's index of {suite}", None)
        try:
            root.update()
        except EnvironmentFault as fault:
            failures.append(fault)
            continue
        return root
    raise failures[0]


def _mirrors(job: Job) -> list[Mirror]:
    settings = job.configuration.debian
    if settings is not None:
        return [Mirror(settings.mirror, settings.signed_by)]
    mirrors = debian_mirrors(configured_sources(job.etc))
    if not mirrors:
        raise EnvironmentFault("no-debian-mirror", f"no Debian mirror is configured under {job.etc}")
    return mirrors
