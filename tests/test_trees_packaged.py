# SPDX-License-Identifier: GPL-2.0-or-later
"""Sources out of a binary package, by the real apt from a small signed archive on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from debs_support import SUITE, Archive, Signer, missing_programs, signing
from trees_support import tarball

from qpatch.errors import EnvironmentFault
from qpatch.trees.progress import NoProgress
from qpatch.trees.providers import fetch_candidate
from qpatch.trees.releases import SourceCandidate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qpatch.trees.job import FetchJob

PACKAGE = "linux-source-7.2"
ARCHIVE = "usr/src/linux-source-7.2.tar.xz"

pytestmark = pytest.mark.skipif(bool(missing_programs()), reason=f"not here: {' '.join(missing_programs())}")


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as made:
        yield made


@pytest.fixture
def job(tmp_path: Path, signer: Signer) -> FetchJob:
    archive = Archive(tmp_path / "archive", signer)
    sources = tarball(tmp_path / "linux-source-7.2.tar.xz", {"Makefile": "VERSION = 7\n"}, top="linux-source-7.2/")
    archive.add(PACKAGE, "7.2.6-1", {ARCHIVE: sources.read_bytes()})
    archive.add(PACKAGE, "7.3.4-1", {"usr/src/other": b""})
    archive.publish()
    return archive.job(tmp_path / "cache", NoProgress())


def candidate(version: str) -> SourceCandidate:
    return SourceCandidate.model_validate(
        {"packaged": {"suite": SUITE, "package": PACKAGE, "version": version, "archive": ARCHIVE}}
    )


def test_the_tarball_is_imported(job: FetchJob) -> None:
    commit = fetch_candidate(job, "linux-7.2", candidate("7.2.*")).commit
    repository = job.store.repository
    assert repository.text("show", f"{commit}:Makefile") == "VERSION = 7"
    assert repository.text("log", "-1", "--format=%s", commit) == "Import linux-source-7.2 7.2.6-1 from Debian"
    assert not list((job.store.cache / "apt").rglob("*.tar.xz"))


@pytest.mark.parametrize(("version", "code"), [("7.4.*", "version-unlisted"), ("7.3.*", "archive-missing")])
def test_what_is_not_there(job: FetchJob, version: str, code: str) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        fetch_candidate(job, "linux-7.2", candidate(version))
    assert caught.value.code == code
