# SPDX-License-Identifier: GPL-2.0-or-later
"""What a base is called in a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from series_support import commit_files, git, make_tree

from qpatch.trees.described import base_in_words
from qpatch.trees.fastimport import IMPORTER
from qpatch.trees.git import Repository
from qpatch.trees.importer import commit_of_tree

if TYPE_CHECKING:
    from pathlib import Path


def test_a_commit_of_the_users_is_named_by_id_and_subject(tmp_path: Path) -> None:
    repository = make_tree(tmp_path / "user")
    commit = commit_files(tmp_path / "user", {"VERSION": b"10.2.0\n"}, "Update version for v10.2.0 release")
    assert base_in_words(repository, commit) == f'commit {commit[:12]} ("Update version for v10.2.0 release")'


def test_an_import_in_somebody_elses_name_is_a_commit_like_others(tmp_path: Path) -> None:
    repository = make_tree(tmp_path / "user")
    commit = commit_files(tmp_path / "user", {"VERSION": b"5.2.0\n"}, "Import qemu 1:5.2 from Debian")
    assert base_in_words(repository, commit).startswith("commit ")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "Import qemu 1:5.2+dfsg-11+deb11u3 from Debian\n",
            "Debian's source package qemu 1:5.2+dfsg-11+deb11u3, its patches applied, "
            "as `qpatch tree fetch` imports it",
        ),
        (
            f"Import v10.0.0 of https://example.org/qemu.git\n\nThere it is commit {'7' * 40}.\n",
            "commit 777777777777 (v10.0.0 of https://example.org/qemu.git)",
        ),
        ("Import https://example.org/qemu-10.1.0.tar.xz\n", "https://example.org/qemu-10.1.0.tar.xz"),
    ],
)
def test_an_import_is_named_by_what_was_imported(tmp_path: Path, message: str, words: str) -> None:
    make_tree(tmp_path / "user")
    git(tmp_path, "clone", "-q", "--bare", "user", "store")
    store = Repository(tmp_path / "store")
    commit = commit_of_tree(store, store.tree_of("HEAD"), message, 1)
    assert git(store.path, "log", "-1", "--format=%an <%ae>", commit) == str(IMPORTER)
    assert base_in_words(store, commit) == words
