# SPDX-License-Identifier: GPL-2.0-or-later
"""A work tree that is switched between commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from series_support import git

from qpatch.series.model import PLACEHOLDER
from qpatch.trees.checkout import Checkout
from qpatch.trees.git import Repository
from qpatch.trees.private import NewCommit, import_commits

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lender(tmp_path: Path) -> Repository:
    directory = tmp_path / "lender"
    directory.mkdir()
    git(directory, "init", "-q")
    for name, text in {"same.c": "same\n", "changed.c": "old\n", "removed.c": "removed\n"}.items():
        (directory / name).write_text(text)
    (directory / "configure").write_text("#!/bin/sh\n")
    (directory / "configure").chmod(0o755)
    git(directory, "add", ".")
    git(directory, "commit", "-q", "-m", "base")
    return Repository(directory)


def commits(checkout: Checkout, lender: Repository) -> tuple[str, str]:
    base = lender.resolve("HEAD")
    repository = checkout.borrow(lender, base)
    changes = {"changed.c": b"new\n", "removed.c": None, "added.c": b"added\n"}
    return base, import_commits(repository, base, [NewCommit("patch", PLACEHOLDER, 1, changes)])[0]


def content(checkout: Checkout) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(checkout.source.iterdir())}


def test_switching_touches_only_what_differs(tmp_path: Path, lender: Repository) -> None:
    checkout = Checkout(tmp_path / "workspace")
    base, patch = commits(checkout, lender)
    checkout.switch(base)
    assert (checkout.source / "configure").stat().st_mode & 0o111
    before = (checkout.source / "same.c").stat()
    checkout.switch(patch)
    assert content(checkout) == {
        "added.c": "added\n",
        "changed.c": "new\n",
        "configure": "#!/bin/sh\n",
        "same.c": "same\n",
    }
    after = (checkout.source / "same.c").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    checkout.switch(base)
    assert set(content(checkout)) == {"changed.c", "configure", "removed.c", "same.c"}


def test_a_new_process_goes_on_where_the_last_one_stopped(tmp_path: Path, lender: Repository) -> None:
    base, patch = commits(first := Checkout(tmp_path / "workspace"), lender)
    first.switch(patch)
    before = (first.source / "same.c").stat().st_mtime_ns
    again = Checkout(tmp_path / "workspace")
    base, _ = commits(again, lender)
    again.switch(base)
    assert content(again)["changed.c"] == "old\n"
    assert "added.c" not in content(again)
    assert (again.source / "same.c").stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["edited", "removed", "index", "no index", "lock", "git"])
def test_damage_is_mended(tmp_path: Path, lender: Repository, damage: str) -> None:
    directory = tmp_path / "workspace"
    checkout = Checkout(directory)
    base, _ = commits(checkout, lender)
    checkout.switch(base)
    if damage == "edited":
        (checkout.source / "same.c").write_text("edited by hand\n")
    elif damage == "removed":
        (checkout.source / "same.c").unlink()
    elif damage == "index":
        (directory / "index").write_bytes(b"DIRC, but no index")
    elif damage == "no index":
        (directory / "index").unlink()
    elif damage == "lock":
        (directory / "index.lock").touch()
    else:
        (directory / "git" / "HEAD").unlink()
    base, patch = commits(checkout, lender)
    checkout.switch(patch)
    assert content(checkout)["same.c"] == "same\n"
    assert content(checkout)["changed.c"] == "new\n"


def test_what_a_build_leaves_stays(tmp_path: Path, lender: Repository) -> None:
    checkout = Checkout(tmp_path / "workspace")
    base, patch = commits(checkout, lender)
    checkout.switch(base)
    (checkout.source / "same.o").write_text("object")
    checkout.switch(patch)
    assert content(checkout)["same.o"] == "object"


@pytest.mark.parametrize("damage", ["killed", "index"])
def test_after_a_broken_switch_no_file_of_another_commit_is_left(
    tmp_path: Path, lender: Repository, damage: str
) -> None:
    directory = tmp_path / "workspace"
    checkout = Checkout(directory)
    base, _ = commits(checkout, lender)
    checkout.switch(base)
    if damage == "killed":  # after git wrote the work tree, before it wrote the index
        (directory / "switching").touch()
        (directory / "index.lock").touch()
    else:
        (directory / "index").write_bytes(b"DIRC, but no index")
    (checkout.source / "added.c").write_text("of the other commit\n")
    checkout.switch(base)
    assert set(content(checkout)) == {"changed.c", "configure", "removed.c", "same.c"}


def test_what_git_does_not_have_is_taken_from_the_clone(tmp_path: Path, lender: Repository) -> None:
    (lender.path / "ui/keycodemapdb").mkdir(parents=True)
    (lender.path / "ui/keycodemapdb/README").write_text("of a submodule\n")
    checkout = Checkout(tmp_path / "workspace")
    base, _ = commits(checkout, lender)
    checkout.switch(base)
    assert checkout.copy_missing(lender, ["ui/keycodemapdb", "subprojects/berkeley"]) == ["subprojects/berkeley"]
    assert (checkout.source / "ui/keycodemapdb/README").read_text() == "of a submodule\n"


def test_the_lender_is_only_read(tmp_path: Path, lender: Repository) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in lender.path.rglob("*"))
    checkout = Checkout(tmp_path / "workspace")
    base, patch = commits(checkout, lender)
    checkout.switch(patch)
    checkout.switch(base)
    assert sorted((path, path.stat().st_mtime_ns) for path in lender.path.rglob("*")) == before
