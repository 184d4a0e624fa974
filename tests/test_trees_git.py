# SPDX-License-Identifier: GPL-2.0-or-later
"""The reading side of git: commits as source trees, and repositories that stay untouched."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from trees_support import git, repository, snapshot

from qpatch.errors import ExitCode, UserError
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import (
    GitError,
    Identity,
    Repository,
    Role,
    open_repository,
    user_identity,
    why_unknown,
)

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "a.c": "int foo;\nint foobar;\n",
    "sub/b.h": "extern int foo;\n",
    "notes.txt": "foo\n",
    "empty.c": "",
    "one_line.c": "int x;",
    'odd "näme".c': "foo\n",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = repository(tmp_path / "clone", FILES)
    (path / "link.c").symlink_to("a.c")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "two")
    return path


@pytest.fixture
def tree(clone: Path) -> CommitTree:
    opened = open_repository(clone)
    return CommitTree(opened, opened.resolve("HEAD"))


def test_reads_files_and_nothing_else(tree: CommitTree) -> None:
    with tree:
        assert tree.read("a.c") == b"int foo;\nint foobar;\n"
        assert tree.read("empty.c") == b""
        assert tree.read("one_line.c") == b"int x;"
        assert tree.read('odd "näme".c') == b"foo\n"
        assert tree.read("sub") is None
        assert tree.read("nowhere.c") is None
        assert tree.read("a.c\nsub/b.h") is None
        assert tree.read("link.c") is None


def test_lists_files_sorted_without_links(tree: CommitTree) -> None:
    with tree:
        assert tree.paths() == tuple(sorted(FILES))


def test_mentioning_finds_whole_words_in_c_files(tree: CommitTree) -> None:
    with tree:
        assert tree.mentioning("foo") == ["a.c", 'odd "näme".c', "sub/b.h"]
        assert tree.mentioning("foobar") == ["a.c"]
        assert tree.mentioning("fo") == []
        assert tree.mentioning("foo", (".txt",)) == ["notes.txt"]


def test_containing_finds_parts_of_words(tree: CommitTree) -> None:
    with tree:
        assert tree.containing(["foob", "nowhere"]) == ["a.c"]
        assert tree.containing(["nowhere"]) == [] and tree.mentioning("foob") == []


def test_reading_works_again_after_close(tree: CommitTree) -> None:
    assert tree.read("a.c")
    tree.close()
    assert tree.read("sub/b.h") == b"extern int foo;\n"
    tree.close()


def test_reads_the_commit_and_not_the_work_tree(clone: Path, tree: CommitTree) -> None:
    (clone / "a.c").write_text("changed\n")
    with tree:
        assert tree.read("a.c") == b"int foo;\nint foobar;\n"


def test_reading_changes_nothing_in_a_dirty_repository(clone: Path) -> None:
    (clone / "a.c").write_text("changed\n")
    (clone / "sub" / "b.h").touch()  # git would refresh its index for this, were it allowed to
    before = snapshot(clone)
    opened = open_repository(clone)
    with CommitTree(opened, opened.resolve("v1")) as tree:
        tree.paths()
        tree.read("a.c")
        tree.mentioning("foo")
    assert opened.date_of("HEAD") > 0
    assert snapshot(clone) == before


@pytest.mark.parametrize("ref", ["-f", "--output=x", "", "a\nb"])
def test_a_ref_that_git_would_take_for_an_option_is_refused(clone: Path, ref: str) -> None:
    with pytest.raises(UserError) as caught:
        open_repository(clone).resolve(ref)
    assert caught.value.code == "bad-ref"
    assert caught.value.exit_code == ExitCode.USAGE


def test_an_unknown_ref_is_the_users_mistake(clone: Path) -> None:
    with pytest.raises(UserError, match="no commit named 'v9'") as caught:
        open_repository(clone).resolve("v9")
    assert caught.value.code == "unknown-ref"


def test_refs_resolve_to_commits(clone: Path) -> None:
    git(clone, "tag", "-a", "-m", "annotated", "v2")
    opened = open_repository(clone)
    head = git(clone, "rev-parse", "HEAD")
    assert opened.resolve("v2") == opened.resolve("HEAD") == head
    assert opened.tree_of("v2") == git(clone, "rev-parse", "HEAD^{tree}")
    assert opened.date_of(head) == int(git(clone, "show", "-s", "--format=%ct"))


def test_a_directory_of_the_work_tree_leads_to_its_top(clone: Path) -> None:
    assert open_repository(clone / "sub").path == clone
    bare = clone.parent / "bare.git"
    git(clone, "clone", "-q", "--bare", ".", str(bare))
    opened = open_repository(bare)
    assert (opened.path, opened.object_directory) == (bare, bare / "objects")


def test_a_linked_work_tree_shares_the_objects(clone: Path) -> None:
    linked = clone.parent / "linked"
    git(clone, "worktree", "add", "-q", str(linked))
    assert open_repository(linked).object_directory == clone / ".git" / "objects"


def test_no_repository(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError) as caught:
            open_repository(path)
        assert caught.value.code == "no-repository"


def test_git_run_by_git_stays_in_the_repository_asked_for(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other", {"x": "x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert open_repository(clone).path == clone


def test_a_repository_of_another_user_needs_the_users_trust(
    clone: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("qpatch.trees.commands.isolated_environment", _isolated_but_foreign)
    with pytest.raises(UserError) as caught:
        open_repository(clone)
    assert caught.value.code == "foreign-repository"
    assert f"safe.directory {clone}" in caught.value.hint
    (isolated / "gitconfig").write_text(f"[safe]\n\tdirectory = {clone}\n")
    opened = open_repository(clone)
    with CommitTree(opened, opened.resolve("HEAD")) as tree:
        assert tree.read("one_line.c") == b"int x;"


def _isolated_but_foreign() -> dict[str, str]:
    import os

    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_CONFIG")}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1",
    }


def test_the_users_identity(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_identity() is None
    (isolated / "gitconfig").write_text("[user]\n\tname = Ann\n")
    assert user_identity() is None
    (isolated / "gitconfig").write_text("[user]\n\tname = Ann\n\temail = ann@example.com\n")
    assert user_identity() == Identity("Ann", "ann@example.com")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bea")
    assert str(user_identity()) == "Bea <ann@example.com>"


IDENTITIES = [
    ("[user]\nname = Uma\nemail = u@a.org\n[author]\nname = Avi\n", {}, "Avi <u@a.org>", "Uma <u@a.org>"),
    ("[user]\nname = Uma\nemail = u@a.org\n[author]\nemail = a@a.org\n", {}, "Uma <a@a.org>", "Uma <u@a.org>"),
    ("[user]\nname = Uma\nemail = u@a.org\n[committer]\nname = Cy\n", {}, "Uma <u@a.org>", "Cy <u@a.org>"),
    ("[author]\nname = Avi\nemail = a@a.org\n", {"GIT_AUTHOR_NAME": "Bo"}, "Bo <a@a.org>", None),
    ("[user]\nname = Uma\nemail = u@a.org\n", {"GIT_COMMITTER_EMAIL": "c@a.org"}, "Uma <u@a.org>", "Uma <c@a.org>"),
    ("[user]\nname = Uma\nemail = u@a.org\n", {"EMAIL": "e@a.org"}, "Uma <u@a.org>", "Uma <u@a.org>"),
    ("[user]\nname = Uma\n", {"EMAIL": "e@a.org"}, "Uma <e@a.org>", "Uma <e@a.org>"),
    ("[user]\nname = Uma\nuseConfigOnly = true\n", {"EMAIL": "e@a.org"}, None, None),
    ("[user]\nname = Uma\nemail =\n", {}, "Uma <>", "Uma <>"),
    ("[user]\nname = ' Uma. '\nemail = <u@a.org>\n", {}, "Uma <u@a.org>", "Uma <u@a.org>"),
    ("[user]\nname =\nemail = u@a.org\n", {}, None, None),
    ("[user]\nname = Uma\nemail = u@a.org\n[broken\n", {}, None, None),
]


@pytest.mark.parametrize(("configuration", "variables", "author", "committer"), IDENTITIES)
def test_who_the_user_is_says_git(
    isolated: Path,
    monkeypatch: pytest.MonkeyPatch,
    configuration: str,
    variables: dict[str, str],
    author: str | None,
    committer: str | None,
) -> None:
    (isolated / "gitconfig").write_text(configuration)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = [user_identity(role=role) for role in Role]
    assert [str(person) if person else None for person in found] == [author, committer]
    assert bool(why_unknown()) == (author is None)


def test_an_address_that_git_makes_up_is_no_identity(
    isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "git"  # what git says on a machine whose name has a domain
    script.write_text(
        '#!/bin/sh\ncase "$*" in *useConfigOnly=true*) echo "fatal: no email was given" >&2; exit 128;; esac\n'
        'echo "root <root@host.example.org> 1 +0000"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert user_identity() is None and why_unknown() == "no email was given"
    monkeypatch.setenv("EMAIL", "root@host.example.org")
    assert str(user_identity()) == "root <root@host.example.org>"


def test_an_identity_has_a_name() -> None:
    with pytest.raises(UserError, match="is empty"):
        Identity(" ", "u@a.org")


def test_the_users_configuration_does_not_reach_git(clone: Path, isolated: Path) -> None:
    (isolated / "gitconfig").write_text("[color]\n\tui = always\n[grep]\n\tpatternType = perl\n")
    opened = open_repository(clone)
    assert subprocess.run(["git", "config", "color.ui"], check=True, capture_output=True).stdout
    assert not opened.succeeds("config", "color.ui")


def test_a_failure_says_what_git_said(clone: Path) -> None:
    with pytest.raises(GitError, match="git cat-file") as caught:
        Repository(clone).run("cat-file", "blob", "nothing")
    assert "nothing" in caught.value.stderr
    assert GitError(["x"], "fatal: write error: No space left on device").code == "disk-full"


def test_searches_are_remembered_between_runs(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qpatch.trees.mentions import MentionCache

    opened = open_repository(clone)
    commit = opened.resolve("HEAD")
    with CommitTree(opened, commit, MentionCache(tmp_path / "memory" / "m.json")) as tree:
        found = list(tree.mentioning("foo"))
    monkeypatch.setattr(CommitTree, "_grep", None)  # calling it again would fail
    with CommitTree(opened, commit, MentionCache(tmp_path / "memory" / "m.json")) as tree:
        assert tree.mentioning("foo") == found
