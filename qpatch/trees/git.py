# SPDX-License-Identifier: GPL-2.0-or-later
"""The only module that runs git: reading a repository, and writing to one that is ours.

`Repository` never writes unless a method says so, and runs git with the user's configuration kept out of
every operation whose bytes matter, so that the same input gives the same output on every machine.
`CommitTree` is the engine's view of one commit.
"""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import IO, TYPE_CHECKING, Self

from qpatch.csource.source import C_SUFFIXES
from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.mentions import MentionMemory
from qpatch.trees.places import reports_full_disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST_LINK = 4096
_MODE_DIGITS = len("100644")
# Set where git runs qpatch (in a hook, say); they would lead git to another repository than the one meant.
_REPOSITORY_VARIABLES = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_SHALLOW_FILE",
    }
)
_DISTRUST = ("dubious ownership", "unsafe repository")  # git 2.37 and later, git 2.35


class GitError(EnvironmentFault):
    """git exited with an error; `stderr` is what it said."""

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(
            "disk-full" if reports_full_disk(stderr) else "git-failed",
            f"git {shorten(' '.join(arguments), 200)}: {stderr.strip()}",
        )
        self.stderr = stderr


@dataclass(frozen=True)
class Identity:
    """A person as git writes one."""

    name: str
    email: str

    def __str__(self) -> str:
        """Format as in a trailer: Name <address>."""
        return f"{self.name} <{self.email}>"


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
        output, complaint = process.communicate(stdin)
        if process.returncode:
            raise GitError(arguments, complaint.decode(errors="replace"))
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

    @cached_property
    def git_directory(self) -> Path:
        """The repository's git directory, absolute."""
        return Path(self.text("rev-parse", "--absolute-git-dir"))

    @cached_property
    def object_directory(self) -> Path:
        """The directory holding the objects, absolute; what an `alternates` file must name."""
        return (self.path / self.text("rev-parse", "--git-path", "objects")).resolve()

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
        return self.text("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")

    def date_of(self, commit: str) -> int:
        """Return the committer date of `commit` in seconds since 1970, UTC."""
        headers = self.run("cat-file", "commit", commit).split(b"\n\n", 1)[0].splitlines()
        committer = next(line for line in headers if line.startswith(b"committer "))
        return int(committer.split(b" ")[-2])

    def refs(self, pattern: str) -> dict[str, str]:
        """Return the refs under `pattern` (like `refs/tags`) with the ids of the commits they lead to."""
        fields = "--format=%(objectname) %(*objectname) %(refname)"
        rows = [line.split(" ") for line in self.text("for-each-ref", fields, pattern).splitlines()]
        return {name: peeled or direct for direct, peeled, name in rows}

    def is_partial(self) -> bool:
        """Tell whether blobs are missing and would be fetched on demand, which writes to the repository."""
        return self.succeeds("config", "--get", "extensions.partialClone")

    def commit_tree(self, commit: str) -> CommitTree:
        """Return the source tree of `commit`, to be closed by the caller."""
        return CommitTree(self, commit)

    def _trust(self) -> dict[str, str]:
        settings = {f"GIT_CONFIG_KEY_{number}": "safe.directory" for number in range(len(self.trusted))}
        values = {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(self.trusted)}
        return {"GIT_CONFIG_COUNT": str(len(self.trusted)), **settings, **values} if self.trusted else {}


class CommitTree:
    """The files of one commit as a `qpatch.csource.source.SourceTree`; use it as a context manager.

    Symbolic links and submodules are not files: they are neither listed nor read. Safe to use from several
    threads; nothing is ever written to the repository. `memory` keeps the results of searches.
    """

    def __init__(self, repository: Repository, commit: str, memory: MentionMemory | None = None) -> None:
        self.repository = repository
        self.commit = commit
        self._memory = memory or MentionMemory(None)
        self._lock = threading.Lock()
        self._reader: subprocess.Popen[bytes] | None = None
        self._blobs: dict[str, bytes | None] = {}
        self._listed: dict[str, tuple[str, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the git process and save what was searched; reading again starts another."""
        self._memory.save()
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.communicate()

    @cached_property
    def modes(self) -> Mapping[str, str]:
        """The git mode (100644, 100755, 120000 or 160000) of every path, links and submodules included."""
        return self._modes_under("")

    def _modes_under(self, folder: str) -> dict[str, str]:
        arguments = ("ls-tree", "-r", "-z", "--full-tree", self.commit, *(("--", folder) if folder else ()))
        entries = (entry.partition("\t") for entry in _names(self.repository.run(*arguments)))
        return {path: details[:_MODE_DIGITS] for details, _, path in entries}

    def paths(self, under: str = "") -> Sequence[str]:
        """See `SourceTree.paths`."""
        if under not in self._listed:
            modes = self._modes_under(under) if under else self.modes
            self._listed[under] = tuple(sorted(path for path, mode in modes.items() if _is_file(mode)))
        return self._listed[under]

    def read(self, path: str) -> bytes | None:
        """See `SourceTree.read`."""
        with self._lock:
            if path not in self._blobs:
                self._blobs[path] = self._fetch(path)
            content = self._blobs[path]
        if content is None or not self._may_be_link(content):
            return content
        return content if _is_file(self.modes[path]) else None

    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        """See `SourceTree.mentioning`."""
        endings = tuple(suffixes)
        return self._memory.recall(word, endings, lambda: self._grep(word, endings))

    @staticmethod
    def _may_be_link(content: bytes) -> bool:
        # A link's text is a path; a source file is longer or has a newline. So the listing is rarely needed.
        return 0 < len(content) < _LONGEST_LINK and b"\n" not in content

    def _grep(self, word: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
        arguments = (
            "grep",
            "-lwz",
            "--no-color",
            "--no-textconv",
            "--fixed-strings",
            "-e",
            word,
            self.commit,
            "--",
            *(f"*{suffix}" for suffix in suffixes),
        )
        process = self.repository.start(*arguments)
        output, complaint = process.communicate()
        if process.returncode not in (0, 1):  # 1: no file mentions it
            raise GitError(arguments, complaint.decode(errors="replace"))
        return tuple(sorted(name.removeprefix(f"{self.commit}:") for name in _names(output)))

    def _fetch(self, path: str) -> bytes | None:
        if "\n" in path or "\0" in path or not path:
            return None
        if self._reader is None:
            self._reader = self.repository.start("cat-file", "--batch", stderr=subprocess.DEVNULL)
        requests, answers = _pipes(self._reader)
        try:
            requests.write(f"{self.commit}:{path}\n".encode(errors="surrogateescape"))
            requests.flush()
        except BrokenPipeError as error:
            raise GitError(("cat-file", "--batch"), "ended early") from error
        header = answers.readline().split(b" ")
        if not header[-1].endswith(b"\n"):
            raise GitError(("cat-file", "--batch"), "ended early")
        if header[-1] in (b"missing\n", b"ambiguous\n", b"submodule\n"):
            return None
        content = answers.read(int(header[-1]) + 1)[:-1]
        return content if header[-2] == b"blob" else None


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
    inside = repository.text("rev-parse", "--is-inside-work-tree")
    return Path(repository.text("rev-parse", "--show-toplevel" if inside == "true" else "--absolute-git-dir"))


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


def user_identity(directory: Path = Path("/")) -> Identity | None:
    """Return the user's git identity as it is in `directory`, None where it is not set.

    It is GIT_AUTHOR_NAME and _EMAIL, else user.name and user.email of the user's configuration.
    """
    values = [
        os.environ.get(variable) or _user_setting(setting, directory)
        for variable, setting in (("GIT_AUTHOR_NAME", "user.name"), ("GIT_AUTHOR_EMAIL", "user.email"))
    ]
    return Identity(*values) if all(values) else None


def _user_setting(name: str, directory: Path) -> str:
    return run_with_user_configuration("config", "--get", name, cwd=directory, check=False).decode().strip()


def run_with_user_configuration(*arguments: str, cwd: Path = Path("/"), check: bool = True) -> bytes:
    """Run git with the user's and the system's configuration: identity, credentials, proxies, URL rewriting.

    Raises GitError where git fails and `check` is set.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _REPOSITORY_VARIABLES}
    environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    process = _popen(arguments, cwd, environment, subprocess.PIPE)
    output, complaint = process.communicate()
    if process.returncode and check:
        raise GitError(arguments, complaint.decode(errors="replace"))
    return output


def start_git(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stderr: int | IO[bytes] = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start git isolated from all configuration, with `environment` added, and pipes to its streams.

    Raises EnvironmentFault `git-missing` where there is no git.
    """
    return _popen(arguments, cwd, {**isolated_environment(), **environment}, stderr)


def _popen(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *arguments], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise UserError("no-repository", f"{cwd} is no directory") from error
        raise EnvironmentFault("git-missing", "git was not found on PATH") from error


def isolated_environment() -> dict[str, str]:
    """Return the environment for git without the user's and the system's configuration and without GIT_*.

    Optional locks and fetching on demand are off too: reading a repository never writes to it. Replacement
    refs are ignored: the commit's id is the input, so its content must be what the id says.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise EnvironmentFault("git-failed", os.strerror(errno.EPIPE))
    return process.stdin, process.stdout


def _names(output: bytes) -> list[str]:
    return output.decode(errors="surrogateescape").split("\0")[:-1]


def _is_file(mode: str) -> bool:
    return mode.startswith("100")
