# SPDX-License-Identifier: GPL-2.0-or-later
"""The real releases, as they were imported: what they are, what was patched, what dpkg-source makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from release_support import need
from trees_support import git

from qpatch.trees.releases import release_names
from qpatch.trees.store import default_store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tree
RELEASES = release_names("qemu", "render")


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_is_what_its_name_says(name: str) -> None:
    tree = need(name)
    assert f"{tree.kind}-{tree.release}".startswith(name)
    with tree.open() as source:
        assert source.read("debian/control") is None
        assert b"vfio" in (source.read("hw/vfio/migration.c") or b"")
        assert "hw/vfio/pci.c" in source.mentioning("vfio_msix_vector_use")
    assert git(tree.repository.path, "rev-list", "--count", tree.commit) == "1"


def test_debians_patches_are_in() -> None:
    with need("qemu-10.2").open() as source:
        # skip-unpack-edk2-blobs.patch: without it the source does not configure
        assert b"unpack_edk2_blobs = false" in (source.read("meson.build") or b"")


def test_the_store_is_sound() -> None:
    git(default_store().path, "fsck", "--full", "--no-dangling")


@pytest.mark.skipif(shutil.which("dpkg-source") is None, reason="compares with dpkg-source")
def test_an_import_equals_what_dpkg_source_unpacks(tmp_path: Path) -> None:
    """Fetch the release with the most patches by apt and dpkg-source, and compare every file."""
    tree = need("qemu-7.2")
    conf = default_store().cache / "apt" / "bookworm" / "apt.conf"
    version = git(default_store().path, "show", "-s", "--format=%s", "qemu-7.2").split()[2]
    subprocess.run(
        ["apt-get", "-q", "source", "--only-source", f"qemu={version}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env={**os.environ, "APT_CONFIG": str(conf)},
    )
    unpacked = next(path for path in tmp_path.iterdir() if path.is_dir())
    for left_over in ("debian", ".pc"):
        shutil.rmtree(unpacked / left_over)
    git(tmp_path, "init", "-q", "compare")
    place = ["--git-dir", str(tmp_path / "compare" / ".git"), "--work-tree", str(unpacked)]
    git(tmp_path, *place, "add", "-A", "-f")
    assert git(tmp_path, *place, "write-tree") == tree.repository.tree_of("qemu-7.2")
