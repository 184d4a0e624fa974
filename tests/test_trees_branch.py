# SPDX-License-Identifier: GPL-2.0-or-later
"""Making a branch in the user's repository: what is written there, and that nothing of the user's runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from trees_support import git, repository

from qpatch.errors import ExitCode, UserError
from qpatch.trees.git import Identity, Repository, open_repository
from qpatch.trees.private import (
    CommitRange,
    NewCommit,
    check_new_branch,
    import_commits,
    make_branch,
    private_repository,
)

if TYPE_CHECKING:
    from pathlib import Path

ANN = Identity("Ann", "ann@example.com")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a repository that borrows its objects from another one."""
    repository(tmp_path / "lender")
    git(tmp_path, "clone", "-q", "--shared", str(tmp_path / "lender"), "clone")
    return tmp_path / "clone"


def branch(clone: Path, name: str) -> str:
    """Make the branch `name` of two commits and return its tip."""
    opened = open_repository(clone)
    base = opened.resolve("HEAD")
    texts = ("one", "two")
    commits = [NewCommit(text, ANN, 1_700_000_000, {"hw/dev.c": f"{text}\n".encode()}) for text in texts]
    with private_repository([opened], base) as private:
        tip = import_commits(private, base, commits)[-1]
        make_branch(opened, name, private, CommitRange(base, tip), ANN)
    return tip


def test_the_branch_has_all_its_objects(clone: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    tip = branch(clone, "rfc/one")
    assert git(clone, "rev-parse", "rfc/one", "rfc/one~2", "HEAD").split() == [tip, head, head]
    assert git(clone, "show", "rfc/one:hw/dev.c") == "two"
    assert git(clone, "fsck", "--strict", "--no-dangling") == ""
    assert "qpatch: series rendered" in git(clone, "reflog", "rfc/one")


def test_nothing_runs_that_the_repository_names(clone: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "hooks" / "reference-transaction"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $0 >>{ran}\n")
    program.chmod(0o755)
    git(clone, "config", "core.alternateRefsCommand", f"{program} #")
    git(clone, "config", "core.hooksPath", str(program.parent))
    git(clone, "config", "core.fsmonitor", str(program))
    git(clone, "config", "protocol.ext.allow", "always")
    git(clone, "config", f"url.ext::{program} .insteadOf", "/")
    branch(clone, "one")
    git(clone, "config", "--unset", "core.hooksPath")
    (clone / ".git/hooks").mkdir(exist_ok=True)
    (clone / ".git/hooks/reference-transaction").symlink_to(program)
    branch(clone, "two")
    assert not ran.exists()


def test_protocols_do_not_matter(clone: Path) -> None:
    git(clone, "config", "protocol.file.allow", "never")
    git(clone, "config", "protocol.allow", "never")
    assert branch(clone, "one") == git(clone, "rev-parse", "one")


@pytest.mark.parametrize(
    ("existing", "name"), [("main", "main/sub"), ("main", "main/sub/deep"), ("rfc/one", "rfc"), ("a/b/c", "a/b")]
)
def test_a_branch_is_not_the_directory_of_another(clone: Path, existing: str, name: str) -> None:
    if existing != "main":
        git(clone, "branch", existing)
    with pytest.raises(UserError, match=f"has a branch '{existing}'") as caught:
        check_new_branch(open_repository(clone), name)
    assert (caught.value.code, caught.value.exit_code) == ("branch-exists", ExitCode.USAGE)


def test_a_name_beside_others_is_free(clone: Path) -> None:
    git(clone, "branch", "rfc/one")
    for name in ("rfc/two", "rf", "rfc/one-b", "main2"):
        check_new_branch(Repository(clone), name)


@pytest.mark.parametrize("name", ["", "-x", "a..b", "HEAD", "@{-1}", "a b", "x.lock"])
def test_what_cannot_be_the_name_of_a_branch(clone: Path, name: str) -> None:
    git(clone, "checkout", "-q", "-b", "other")
    git(clone, "checkout", "-q", "main")
    with pytest.raises(UserError) as caught:
        check_new_branch(open_repository(clone), name)
    assert caught.value.code == "bad-branch-name"
