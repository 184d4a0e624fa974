# SPDX-License-Identifier: GPL-2.0-or-later
"""GitPython as qpatch uses it: in the repository that is meant, isolated, and nothing of it left running."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from trees_support import git, repository, snapshot

from qpatch.errors import UserError
from qpatch.trees.commands import GitError
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import Repository, open_repository
from qpatch.trees.gitpython import IsolatedGit, make_bare_repository
from qpatch.trees.identity import Identity

ANN = Identity("Ann Ü", "ann@example.com")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return repository(tmp_path / "clone")


def children() -> set[str]:
    """Return the processes that this one has started and that have not ended."""
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


def check_reads_right(opened: Repository, path: Path) -> None:
    """Compare what GitPython reads with what git says."""
    head = git(path, "rev-parse", "HEAD")
    assert opened.date_of(head) == opened.date_of("HEAD") == int(git(path, "show", "-s", "--format=%ct"))
    assert opened.tree_of("v1") == git(path, "rev-parse", "v1^{tree}")


def test_commits_are_read_and_no_process_is_left(clone: Path) -> None:
    git(clone, "tag", "-a", "-m", "annotated", "v2")
    before, running = snapshot(clone), children()
    check_reads_right(open_repository(clone), clone)
    assert open_repository(clone).tree_of("v2") == git(clone, "rev-parse", "HEAD^{tree}")
    assert children() == running
    assert snapshot(clone) == before


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("committer", ["committer A <a@b.c> yesterday +0000\n", "committer nobody\n", ""])
def test_a_date_that_is_none_is_the_first_of_all(tmp_path: Path, object_format: str, committer: str) -> None:
    git(tmp_path, "init", "-q", f"--object-format={object_format}")
    tree = git(tmp_path, "write-tree")
    (tmp_path / "commit").write_text(f"tree {tree}\nauthor A <a@b.c> 1 +0000\n{committer}\nwhy\n")
    commit = git(tmp_path, "hash-object", "--literally", "-t", "commit", "-w", "commit")
    opened = open_repository(tmp_path)
    assert (opened.date_of(commit), opened.tree_of(commit)) == (0, tree)


def test_a_repository_with_sha256_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    clone = repository(tmp_path / "clone")
    opened = open_repository(clone)
    assert len(opened.resolve("HEAD")) == 64
    check_reads_right(opened, clone)
    with CommitTree(opened, opened.resolve("v1")) as tree:
        assert tree.read("VERSION") == b"10.2.2\n"


@pytest.mark.parametrize("kind", ["bare", "linked", "alternates", "shallow", "$HOME"])
def test_kinds_of_repositories(clone: Path, tmp_path: Path, kind: str) -> None:
    other = tmp_path / f"other {kind}"
    if kind == "linked":
        git(clone, "worktree", "add", "-q", "--detach", str(other))
    else:
        option = {"bare": "--bare", "alternates": "--shared", "shallow": "--depth=1"}.get(kind, "--no-local")
        git(clone, "clone", "-q", option, clone.as_uri() if kind == "shallow" else str(clone), str(other))
    check_reads_right(open_repository(other), other)
    expected = git(other, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    assert open_repository(other).object_directory == Path(expected)
    assert open_repository(other).git_directory == Path(git(other, "rev-parse", "--absolute-git-dir"))


@pytest.mark.parametrize("configuration", [None, "", "[core]\n\tbare = true\n"])
def test_a_bare_repository_need_not_say_that_it_is_one(clone: Path, tmp_path: Path, configuration: str | None) -> None:
    bare = tmp_path / "bare"
    git(clone, "clone", "-q", "--bare", str(clone), str(bare))
    if configuration is None:
        (bare / "config").unlink()
    else:
        (bare / "config").write_text(configuration)
    check_reads_right(open_repository(bare), bare)


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"])
def test_run_by_git_it_stays_in_the_repository_that_is_meant(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = repository(tmp_path / "other", {"x": "x"})
    directory = {"GIT_OBJECT_DIRECTORY": ".git/objects", "GIT_WORK_TREE": "."}.get(name, ".git")
    expected = (git(clone, "rev-parse", "v1^{tree}"), clone / ".git" / "objects")
    monkeypatch.setenv(name, str(other / directory))
    opened = Repository(clone)
    assert (opened.tree_of("v1"), opened.object_directory) == expected
    assert os.environ[name] == str(other / directory)


def test_the_users_configuration_does_not_reach_a_commit(tmp_path: Path, isolated: Path) -> None:
    (isolated / ".gitconfig").write_text("[i18n]\n\tcommitEncoding = latin1\n[user]\n\tname = Bea\n\temail = b@x\n")
    (isolated / "gitconfig").write_text((isolated / ".gitconfig").read_text())
    path = tmp_path / "own.git"
    make_bare_repository(path)
    blob = Repository(path).run("hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    tree = Repository(path).run("mktree", stdin=f"100644 blob {blob}\tf\n".encode()).decode().strip()
    with Repository(path).opened() as repo:
        made = repo.commit_tree(tree, "Ünï\n\nbody\n", ANN, 1_700_000_000)
    person = "Ann Ü <ann@example.com> 1700000000 +0000"
    expected = f"tree {tree}\nauthor {person}\ncommitter {person}\n\nÜnï\n\nbody\n"
    assert Repository(path).run("cat-file", "commit", made).decode() == expected
    git(path, "fsck", "--strict")


def test_a_repository_of_ours_has_no_hooks_and_is_never_repacked(
    tmp_path: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    (template / "post-commit").write_text("#!/bin/sh\n")
    (isolated / "gitconfig").write_text(f"[init]\n\ttemplateDir = {template.parent}\n")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    make_bare_repository(tmp_path / "own.git")
    assert not (tmp_path / "own.git" / "hooks").exists()
    settings = git(tmp_path / "own.git", "config", "--local", "--list").splitlines()
    assert {"core.bare=true", "gc.auto=0"} <= set(settings)
    assert not [line for line in settings if "objectformat" in line]


def test_git_that_gitpython_runs_has_no_environment_of_the_users(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.nickname")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ann")
    assert git(clone, "config", "user.nickname") == "ann"
    runner = IsolatedGit(clone)
    with pytest.raises(Exception, match="exit code"):
        runner.config("user.nickname")
    assert runner.config("core.bare") == "false"
    with pytest.raises(TypeError, match="kill_after_timeout"):
        runner.execute(["git", "status"], kill_after_timeout=1)


def test_what_goes_wrong_is_an_error_of_ours(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a git repository"):
        Repository(tmp_path).date_of("HEAD")
    with pytest.raises(GitError, match="0123"):
        Repository(clone).date_of("0123" * 10)
    with pytest.raises(GitError, match="nowhere"):
        Repository(clone).tree_of("nowhere")


def test_git_that_ends_before_it_answers_is_no_reader_that_went_away(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Repository(clone)
    monkeypatch.setattr(IsolatedGit, "get_object_header", broken_pipe)
    with pytest.raises(GitError, match="git ended before it had answered"):
        opened.date_of("HEAD")


def broken_pipe(*_: object) -> None:
    """Fail as a write to a process that has ended does."""
    raise BrokenPipeError(32, "Broken pipe")


def test_several_threads_at_a_time(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    opened, dates = Repository(clone), []
    threads = [threading.Thread(target=lambda: dates.append(opened.date_of("v1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(dates)) == 1 and len(dates) == 8
    assert os.environ["GIT_DIR"] == "/nowhere"


def ran(code: str, **environment: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, text=True, env={**os.environ, **environment}).strip()


def test_it_is_imported_only_when_a_repository_is_opened() -> None:
    modules = (
        "qpatch.cli.main",
        "qpatch.cli.tree",
        "qpatch.cli.render",
        "qpatch.trees.resolve",
        "qpatch.series.render",
    )
    imports = "".join(f"import {name}\n" for name in modules)
    assert ran(f"{imports}import sys\nprint('git' in sys.modules)") == "False"


def test_without_git(clone: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nfrom qpatch.errors import EnvironmentFault\n"
        "from qpatch.trees.git import Repository\n"
        f"try: Repository(Path({str(clone)!r})).object_directory\nexcept EnvironmentFault as fault: print(fault.code)"
    )
    assert ran(code, PATH=str(tmp_path)) == "git-missing"


def test_importing_it_runs_no_program_of_the_environments(clone: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\ntouch {tmp_path / "ran"}\nexec git "$@"\n')
    program.chmod(0o755)
    variables = {"GIT_PYTHON_GIT_EXECUTABLE": str(program), "GIT_PYTHON_TRACE": "full", "GIT_PYTHON_REFRESH": "x"}
    script = (
        "import os, sys; from pathlib import Path; from qpatch.trees.git import open_repository\n"
        "print(open_repository(Path(sys.argv[1])).date_of('HEAD'), os.environ['GIT_PYTHON_REFRESH'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(clone)], env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == ([git(clone, "show", "-s", "--format=%ct"), "x"], "")
    assert not (tmp_path / "ran").exists()
