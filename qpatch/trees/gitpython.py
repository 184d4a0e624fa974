# SPDX-License-Identifier: GPL-2.0-or-later
"""GitPython, kept to the repository that is meant: the only module that imports it, and imported only when needed.

As it comes, GitPython takes directories from GIT_* variables, reads the user's configuration when it makes a commit,
and runs git in the environment of the process. Here it does none of this.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.commands import REPOSITORY_VARIABLES, GitError, isolated_environment, start_git

if shutil.which("git") is None:  # GitPython runs it when it is imported
    raise EnvironmentFault("git-missing", "git was not found on PATH")

_environment_lock = threading.Lock()


@contextmanager
def _without_variables(names: Collection[str], added: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Hide environment variables from GitPython, which has no other way to be told not to look at them.

    It sees those that are `added`.
    """
    with _environment_lock:
        hidden = {name: os.environ.pop(name) for name in [*names, *added] if name in os.environ}
        os.environ.update(added)
        try:
            yield
        finally:
            for name in added:
                del os.environ[name]
            os.environ.update(hidden)


# When it is imported, GitPython takes from them which program to run as git, and whether by a shell. It runs it: a
# configuration of the user's that git cannot read must not be the end of that.
with _without_variables(
    [name for name in os.environ if name.startswith("GIT_")],
    {name: value for name, value in isolated_environment().items() if name.startswith("GIT_")},
):
    from git import Actor, Commit, Git, Reference, Repo, SymbolicReference
    from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError, ODBError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from qpatch.trees.identity import Identity


class IsolatedGit(Git):
    """GitPython's command runner, on that of `qpatch.trees.commands`: git runs in the isolated environment."""

    def __init__(self, working_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        self.directory = Path(working_dir or "/")  # GitPython would put values in place of $NAME

    def execute(  # type: ignore[override]  # only what GitPython itself asks for here
        self,
        command: Sequence[str],
        istream: int | None = None,
        *,
        as_process: bool = False,
        env: Mapping[str, str] | None = None,
        **options: object,
    ) -> Git.AutoInterrupt | str:
        """Run git; see `Git.execute`. Raises TypeError for an option that is not known here, GitCommandError."""
        if options or istream not in (None, subprocess.PIPE):
            raise TypeError(f"git {command[1]}: {istream} and {sorted(options)} are not supported")
        process = start_git(command[1:], self.directory, {**self.environment(), **(env or {})})
        if as_process:
            return self.AutoInterrupt(process, command)
        output, stderr = process.communicate()
        if process.returncode:
            raise GitCommandError(list(command), process.returncode, stderr, output)
        return output.decode(errors="surrogateescape").rstrip("\n")


class IsolatedRepo(Repo):
    """GitPython's repository, with no configuration but its own."""

    git: IsolatedGit
    GitCommandWrapperType = IsolatedGit
    config_level = ("repository",)  # type: ignore[assignment]  # fewer than the base class has

    @property
    def is_sha256(self) -> bool:
        """Whether its object ids are SHA-256 sums: GitPython reads no objects of such a repository."""
        return self._setting("extensions", "objectformat").lower() == "sha256"

    @property
    def is_partial(self) -> bool:
        """Whether blobs are missing and would be fetched on demand, which writes to the repository."""
        return bool(self._setting("extensions", "partialclone"))

    def _setting(self, section: str, option: str) -> str:
        return str(self.config_reader("repository").get_value(section, option, ""))

    def target(self, ref: str) -> str | None:
        """Return the id of the object that the full name `ref` stands for, None where there is no such ref."""
        try:
            return SymbolicReference.dereference_recursive(self, ref)
        except ValueError:
            return None

    def targets(self, prefix: str) -> dict[str, str]:
        """Return the refs below `prefix` (such as `refs/tags/`), by what follows it, with the ids of their objects."""
        refs = (str(ref.path) for ref in Reference.iter_items(self, prefix.rstrip("/")))
        return {ref.removeprefix(prefix): commit for ref in refs if (commit := self.target(ref)) is not None}

    def commit_tree(self, tree: str, message: str, by: Identity, date: int) -> str:
        """Make a parentless commit of `tree` by `by`, dated `date` (seconds since 1970, UTC), and return its id."""
        when, author = f"{date} +0000", Actor(by.name, by.email)
        made = Commit.create_from_tree(
            self, tree, message, [], author=author, committer=author, author_date=when, commit_date=when
        )
        return made.hexsha


@contextmanager
def opened_repo(path: Path, environment: Mapping[str, str]) -> Iterator[IsolatedRepo]:
    """Open the repository at `path` (its work tree's top or its git directory), with `environment` added for git.

    Not to be shared between threads; git processes that it has started end with the context. Raises UserError
    `no-repository`, and GitError for what GitPython reports meanwhile.
    """
    try:
        with _without_repository_variables():
            repo = IsolatedRepo(path, expand_vars=False)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise UserError("no-repository", f"{path} is not a git repository") from error
    # GitPython takes the parent for the work tree of a bare repository whose configuration does not say that it is one.
    repo.git.directory = path
    repo.git.update_environment(**environment)
    with repo, _raising_git_errors():
        yield repo


def make_bare_repository(path: Path) -> None:
    """Make a bare repository that git never repacks by itself: others may be reading it at any time."""
    with (
        _raising_git_errors(),
        _without_repository_variables(),
        IsolatedRepo.init(path, bare=True, quiet=True, expand_vars=False) as repo,
        repo.config_writer() as configuration,
    ):
        configuration.set_value("gc", "auto", "0")


@contextmanager
def _raising_git_errors() -> Iterator[None]:
    try:
        yield
    except GitCommandError as error:
        raise GitError(error.command[1:], str(error.stderr)) from error
    except (ODBError, configparser.Error, ValueError) as error:
        raise GitError(("(GitPython)",), str(error)) from error
    except BrokenPipeError as error:
        raise GitError(("(GitPython)",), "git ended before it had answered") from error


def _without_repository_variables() -> AbstractContextManager[None]:
    """Hide what would lead GitPython to another repository: it looks at these variables when it opens one.

    They are set where git itself runs qpatch, in a hook or an alias.
    """
    return _without_variables(REPOSITORY_VARIABLES)
