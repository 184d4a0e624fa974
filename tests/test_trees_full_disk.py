# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports on a disk that gets full: told as that, and nothing half done is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from disk_support import mounted
from test_trees_fetch import Listener, job, only, pinned
from trees_support import QEMU_FILES, git, repository, tarball

from qpatch.errors import EnvironmentFault
from qpatch.trees.places import reports_full_disk

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 4 << 20  # bytes


def leftovers(store: Path) -> list[str]:
    return sorted(path.name for pattern in ("tmp_*", "fast_import_crash_*", "*.lock") for path in store.rglob(pattern))


@pytest.mark.parametrize("provider", ["tarball", "git"])
def test_a_full_disk_leaves_nothing_half_done(tmp_path: Path, provider: str) -> None:
    noise = {**QEMU_FILES, "noise": os.urandom(LARGE // 2).hex()}
    source = pinned(tarball(tmp_path / "x.tar", noise))
    if provider == "git":
        source = {"git": {"url": repository(tmp_path / "source", noise).as_uri(), "ref": "v1"}}
    with mounted(tmp_path / "disk", f"size={LARGE // 2}") as disk:
        with pytest.raises(EnvironmentFault) as caught:
            only(job(disk, Listener(), source, pinned(tarball(tmp_path / "y.tar", QEMU_FILES))))
        assert (caught.value.code, caught.value.message.count("\n")) == ("disk-full", 0)
        assert reports_full_disk(caught.value.message)
        assert "corrupt" not in caught.value.message and "checksum" not in caught.value.message.lower()
        assert leftovers(disk / "cache" / "trees.git") == []
        git(disk / "cache" / "trees.git", "fsck", "--full")
        small = pinned(tarball(tmp_path / "z.tar", QEMU_FILES))
        assert only(job(disk, Listener(), small)).status == "fetched"  # there is room again
