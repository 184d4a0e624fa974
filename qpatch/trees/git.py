# SPDX-License-Identifier: GPL-2.0-or-later
"""Git repositories: reading any, writing to those that are ours. Other rooms import git's types from here.

`Repository` never writes unless a method says so, and keeps the user's configuration out of every operation whose bytes
matter, so that the same input gives the same output on every machine. GitPython opens repositories and reads their
refs, configuration and commits (`Repository.opened`); git itself does what GitPython has not (`Repository.run`).
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.trees.commands import GitError, run_with_user_configuration, start_git
from qpatch.trees.identity import Identity, Role, user_identity, why_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.trees.gitpython import IsolatedRepo

__all__ = ["GitError", "Identity", "Repository", "Role", "open_repository", "user_identity", "why_unknown"]

_COMMITTER_DATE = re.compile(r"^committer .*> (?P<seconds>[0-9]{1,20}) [+-][0-9]{4}$", re.MULTILINE)
_DISTRUST = ("dubious ownership", "unsafe repository")  # git 2.37 and later, git 2.35


@dataclass(frozen=True)
class Repository:
    """A git repository, bare or not, at `path` (the work tree's top or the git directory).

    `trusted` holds the user's own `safe.directory` values where git asked for them: the isolated environment
    would otherwise hide from git that the user trusts a repository owned by somebody else.
    """

    path: Path
    trusted: tuple[str, ...] = ()

    def run(self, *arguments: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None) -> bytes:
        """Run git in this repository and return its standard output.

        Raises GitError where git fails; `environment` is added to the process's own.
        """
        process = self.start(*arguments, environment=environment)
        output, stderr = process.communicate(stdin)
        if process.returncode:
            raise GitError(arguments, stderr.decode(errors="replace"))
        return output

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None, stderr: int | IO[bytes] = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        """Start git in this repository with pipes to its standard streams; the caller closes and reaps it."""
        return start_git(arguments, self.path, {**self._trust(), **(environment or {})}, stderr)

    def text(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run git and return its output as text without the newline at the end."""
        return self.run(*arguments, environment=environment).decode(errors="surrogateescape").rstrip("\n")

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether git exits with 0."""
        process = self.start(*arguments)
        process.communicate()
        return process.returncode == 0

    @contextmanager
    def opened(self) -> Iterator[IsolatedRepo]:
        """Open the repository by GitPython, for one thread and for as long as the context lasts.

        Raises UserError `no-repository`, GitError for what goes wrong meanwhile.
        """
        from qpatch.trees.gitpython import opened_repo  # only here: it takes a while to import

        with opened_repo(self.path, self._trust()) as repo:
            yield repo

    @cached_property
    def git_directory(self) -> Path:
        """The repository's git directory, absolute."""
        with self.opened() as repo:
            return Path(repo.git_dir).resolve()

    @cached_property
    def object_directory(self) -> Path:
        """The directory holding the objects, absolute; what an `alternates` file must name."""
        with self.opened() as repo:
            return Path(repo.common_dir, "objects").resolve()

    def resolve(self, ref: str) -> str:
        """Return the id of the commit that `ref` names.

        Raises UserError `bad-ref` where `ref` begins with a dash (git would take it for an option) and
        `unknown-ref` where it names no commit.
        """
        if ref.startswith("-") or not ref or "\n" in ref:
            raise UserError("bad-ref", f"'{ref}' cannot be the name of a commit")
        commit = self.find(f"{ref}^{{commit}}")
        if commit is None:
            raise UserError("unknown-ref", f"{self.path} has no commit named '{ref}'")
        return commit

    def find(self, name: str) -> str | None:
        """Return the id of the object that `name` (any revision expression) stands for, or None."""
        process = self.start("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        output, _ = process.communicate()
        return output.decode().strip() if process.returncode == 0 else None

    def tree_of(self, commit: str) -> str:
        """Return the id of the commit's tree."""
        return self._tree_and_date(commit)[0]

    def date_of(self, commit: str) -> int:
        """Return the committer date of `commit` in seconds since 1970, UTC."""
        return self._tree_and_date(commit)[1]

    def _tree_and_date(self, commit: str) -> tuple[str, int]:
        with self.opened() as repo:
            if not repo.is_sha256:
                read = repo.commit(commit)
                return read.tree.hexsha, read.committed_date
        headers = self.text("cat-file", "commit", f"{commit}^{{commit}}").partition("\n\n")[0]
        tree, date = headers.partition("\n")[0].removeprefix("tree "), _COMMITTER_DATE.search(headers)
        return tree, int(date["seconds"]) if date else 0  # as GitPython, and git itself, read a date that is none

    def is_partial(self) -> bool:
        """Tell whether blobs are missing and would be fetched on demand, which writes to the repository."""
        with self.opened() as repo:
            return repo.is_partial

    def _trust(self) -> dict[str, str]:
        settings = {f"GIT_CONFIG_KEY_{number}": "safe.directory" for number in range(len(self.trusted))}
        values = {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(self.trusted)}
        return {"GIT_CONFIG_COUNT": str(len(self.trusted)), **settings, **values} if self.trusted else {}


def open_repository(path: Path) -> Repository:
    """Return the repository whose work tree or git directory holds `path`.

    Raises UserError `no-repository` where there is none, and `foreign-repository` where git refuses it
    because it belongs to another user and the user's own `safe.directory` does not allow it.
    """
    if not path.is_dir():
        raise UserError("no-repository", f"{path} is no directory")
    repository = Repository(path)
    try:
        top = _top(repository)
    except GitError as error:
        if not any(text in error.stderr for text in _DISTRUST):
            raise UserError("no-repository", f"{path} is not in a git repository") from error
        repository = Repository(path, trusted=_safe_directories())
        top = _trusted_top(repository)
    return replace(repository, path=top)


def _top(repository: Repository) -> Path:
    """Return the work tree's top, or the git directory where nothing leads back to it from that top (core.worktree)."""
    inside, directory = repository.text("rev-parse", "--is-inside-work-tree", "--absolute-git-dir").split("\n", 1)
    if inside == "true":
        top = Path(repository.text("rev-parse", "--show-toplevel"))
        if _leads_to(top / ".git", Path(directory)):
            return top
    return Path(directory)


def _leads_to(link: Path, directory: Path) -> bool:
    """Tell whether `link`, the `.git` of a work tree, is the git `directory` or a file that names it."""
    if link.is_file():
        named = link.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
        link = link.parent / named
    return link.resolve() == directory.resolve()


def _trusted_top(repository: Repository) -> Path:
    try:
        return _top(repository)
    except GitError as error:
        raise UserError(
            "foreign-repository",
            f"{repository.path} belongs to another user",
            hint=f"git config --global --add safe.directory {repository.path}",
        ) from error


def _safe_directories() -> tuple[str, ...]:
    # An empty value resets the list in git as well, so the values are handed over as they are.
    output = run_with_user_configuration("config", "--get-all", "-z", "safe.directory", check=False)
    return tuple(value.decode(errors="surrogateescape") for value in output.split(b"\0")[:-1])
