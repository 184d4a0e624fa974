# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetching releases by name: each candidate in its order, and one failure does not stop the others.

QPATCH_SOURCES names folders of Debian source packages, separated by `:`, which are looked into before all else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qpatch.errors import QpatchError, UserError, system_faults
from qpatch.suggest import did_you_mean
from qpatch.trees.job import FINAL_FAULTS, FetchJob
from qpatch.trees.places import configuration_file, expanded
from qpatch.trees.progress import NoProgress
from qpatch.trees.providers import fetch_candidate
from qpatch.trees.releases import known_releases, load_configuration
from qpatch.trees.store import default_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qpatch.trees.progress import Progress
    from qpatch.trees.releases import Release

SOURCES = "QPATCH_SOURCES"
_APT_CONFIGURATION = Path("/etc/apt")


@dataclass(frozen=True)
class FetchResult:
    """What became of one release: `commit` is '' where it is missing, `faults` say what was passed over."""

    name: str
    status: Literal["fetched", "present", "missing"]
    commit: str
    faults: tuple[QpatchError, ...] = ()

    @property
    def reason(self) -> str:
        """Why it is missing: what each candidate came to."""
        return "; ".join(fault.message for fault in self.faults)


def default_job(progress: Progress | None = None) -> FetchJob:
    """Return a job on the user's cache, configuration, folders of sources and apt sources.

    Raises UserError `bad-configuration`.
    """
    listener = progress or NoProgress()
    folders = [folder for folder in os.environ.get(SOURCES, "").split(os.pathsep) if folder]
    for folder in folders:
        if not os.path.isdir(expanded(folder)):  # noqa: PTH112 - is_dir raises if overlong
            listener.note(f"{SOURCES} names {folder}, which is not a directory")
    configuration = load_configuration(configuration_file()).with_folders(folders)
    return FetchJob(default_store(), configuration, listener, _APT_CONFIGURATION)


def fetch_releases(job: FetchJob, names: Iterable[str], *, again: bool = False) -> Iterator[FetchResult]:
    """Import the releases called `names`, yielding the outcome of each; those present are left alone.

    With `again` they are imported anew, for updates within a release. Raises UserError `unknown-tree` for a
    name that is not a release, before anything is fetched.
    """
    releases = known_releases(job.configuration)
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in releases:
            raise UserError("unknown-tree", f"there is no release called '{name}'", hint=did_you_mean(name, releases))
    for name in wanted:
        commit = job.store.commit_of(name)
        if commit is not None and not again:
            yield FetchResult(name, "present", commit)
        else:
            yield _fetch(job, releases[name])


def _fetch(job: FetchJob, release: Release) -> FetchResult:
    try:
        release.require_sources()
    except UserError as fault:
        return FetchResult(release.name, "missing", "", (fault,))
    faults: list[QpatchError] = []
    for candidate in job.configuration.ordered(release):
        try:
            with system_faults():
                attempts = fetch_candidate(job, release.name, candidate)
        except QpatchError as fault:
            if fault.code in FINAL_FAULTS:
                raise
            job.progress.note(f"{release.name}: not from {candidate.provider}: {fault.message}")
            faults.append(fault)
            continue
        faults += attempts.faults
        if attempts.commit:
            return FetchResult(release.name, "fetched", attempts.commit, tuple(faults))
    return FetchResult(release.name, "missing", "", tuple(faults))
