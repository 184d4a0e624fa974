# SPDX-License-Identifier: GPL-2.0-or-later
"""Repositories of our own, whose objects come from the user's repository: where commits are made.

A private repository is a bare one in a temporary directory. Its `objects/info/alternates` names the object
directories of the trees, so every object of theirs is at hand and nothing is copied or written there. It dies
with its directory: a process killed at any moment leaves a temporary directory and nothing else.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.trees.fastimport import quoted
from qpatch.trees.git import GitError, Identity, Repository

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

SERIES_REF = "refs/heads/qpatch"
NEW_FILE_MODE = "100644"
# A repository that is thrown away needs no fsync, no compression and no loose objects; a fixed abbreviation
# keeps the bytes of a patch the same whatever else the user's repository holds; the user's own attributes
# must not change a diff.
_CONFIGURATION = """\
[core]
\trepositoryformatversion = {version}
\tbare = true
\tabbrev = 12
\tcompression = 0
\tfsync = none
\tattributesFile = /dev/null
[fastimport]
\tunpackLimit = 0
[gc]
\tauto = 0
"""
_SHA256_DIGITS = 64
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")  # those of .git/hooks neither
_REFLOG = "qpatch: series rendered"


@dataclass(frozen=True)
class NewCommit:
    """A commit to make: its message, who and when (seconds since 1970, UTC), and the files that change.

    `changes` maps each path to its new content, or to None where the file goes away; `modes` has the git modes of those
    that do not keep theirs. `committer` is the author where it is None.
    """

    message: str
    author: Identity
    date: int
    changes: Mapping[str, bytes | None]
    modes: Mapping[str, str] = field(default_factory=dict)
    committer: Identity | None = None


@dataclass(frozen=True)
class CommitRange:
    """The commits that `tip` has and `base` has not: ids of commits."""

    base: str
    tip: str


@contextmanager
def scratch_directory(purpose: str) -> Iterator[Path]:
    """Make a temporary directory whose name tells its `purpose`, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=f"qpatch-{purpose}-") as directory:
        yield Path(directory)


@contextmanager
def private_repository(sources: Sequence[Repository], commit: str, attributes: bytes = b"") -> Iterator[Repository]:
    """Make a bare repository that has the objects of `sources`; it is removed at the end.

    `commit` is any commit of the sources (its id tells the hash function), `attributes` the `.gitattributes`
    that diffs shall obey.
    """
    with scratch_directory("series") as directory:
        path = directory / "series.git"
        make_borrowing_repository(path, commit)
        borrow_objects(path, sources)
        (path / "info/attributes").write_bytes(attributes)
        yield Repository(path)


def borrow_objects(path: Path, sources: Sequence[Repository]) -> None:
    """Let the bare repository at `path` see the objects of `sources`, and of nothing it saw before."""
    lines = b"".join(_alternate(source.object_directory) for source in sources)
    (path / "objects/info/alternates").write_bytes(lines)
    shallow = b"".join(_shallow_commits(source) for source in sources)
    if shallow:
        (path / "shallow").write_bytes(shallow)


def import_commits(repository: Repository, base: str, commits: Sequence[NewCommit], ref: str = SERIES_REF) -> list[str]:
    """Make `commits` on top of `base` with one `git fast-import`, point `ref` at the last, return their ids.

    Files keep their git modes, new ones get 100644, unless a commit says otherwise.
    """
    modes = modes_of(repository, base, {path for commit in commits for path in commit.changes})
    stream = [b"feature done\nfeature get-mark\n"]
    for number, commit in enumerate(commits, start=1):
        parent = base if number == 1 else f":{number - 1}"
        modes.update(commit.modes)
        stream += [_commit_header(commit, number, parent, ref), *_file_changes(commit, modes)]
    stream += [f"get-mark :{number}\n".encode() for number in range(1, len(commits) + 1)]
    stream.append(b"done\n")
    output = repository.run("fast-import", "--quiet", "--force", "--depth=0", stdin=b"".join(stream))
    return output.decode().split()


def modes_of(repository: Repository, commit: str, paths: Collection[str]) -> dict[str, str]:
    """Return the git modes of those of `paths` that `commit` has."""
    if not paths:
        return {}
    return {path: mode for path, mode in _modes(repository, commit, "--", *sorted(paths)).items() if path in paths}


def top_level_modes(repository: Repository, commit: str) -> dict[str, str]:
    """Return the git modes of the entries at the top of `commit`."""
    return _modes(repository, commit)


def directories_of(repository: Repository, commit: str) -> frozenset[str]:
    """Return the path of every directory of `commit`."""
    return frozenset(_modes(repository, commit, "-r", "-d"))


def _modes(repository: Repository, commit: str, *arguments: str) -> dict[str, str]:
    listing = repository.run("ls-tree", "-z", "--full-tree", commit, *arguments)
    rows = [row.split("\t", 1) for row in listing.decode(errors="surrogateescape").split("\0")[:-1]]
    return {path: details.split(" ", 1)[0] for details, path in rows}


def check_new_branch(repository: Repository, name: str) -> None:
    """Raise UserError unless `name` can be made as a new branch of the user's repository."""
    forms = (("--branch", name), (f"refs/heads/{name}",))  # the first alone expands `@{-1}`, the second allows HEAD
    if name.startswith("-") or not all(repository.succeeds("check-ref-format", *form) for form in forms):
        raise UserError("bad-branch-name", f"'{name}' cannot be the name of a branch")
    if repository.find(f"refs/heads/{name}") is not None:
        raise _branch_exists(repository, name)
    if other := _branch_in_the_way(repository, name):
        raise UserError(
            "branch-exists",
            f"{repository.path} has a branch '{other}', so there can be none called '{name}'",
            hint="git keeps branches as files do: one cannot be the directory of another.",
        )


def _branch_in_the_way(repository: Repository, name: str) -> str:
    """Return a branch that `name` would be the directory of, or that would be a directory of `name`; '' for none."""
    parts = name.split("/")
    above = [f"refs/heads/{'/'.join(parts[:length])}" for length in range(1, len(parts))]
    found = repository.text("for-each-ref", "--format=%(refname)", f"refs/heads/{name}/", *above).splitlines()
    in_the_way = (ref for ref in found if ref in above or ref.startswith(f"refs/heads/{name}/"))
    return next(in_the_way, "").removeprefix("refs/heads/")


def make_branch(repository: Repository, name: str, private: Repository, commits: CommitRange, by: Identity) -> None:
    """Copy `commits` from `private` into the user's repository and make the branch `name` at their tip there.

    Only objects and that one ref are written, and no command runs that the repository's configuration or hooks name.
    Raises UserError `branch-exists` where the branch exists, also when it came into being a moment ago.
    """
    check_new_branch(repository, name)
    # Not `git fetch`: it obeys the repository's url.*.insteadOf, protocol.* and core.alternateRefsCommand.
    wanted = f"{commits.tip}\n^{commits.base}\n".encode()
    objects = private.run("pack-objects", "--revs", "--thin", "--stdout", "--quiet", stdin=wanted)
    repository.run("unpack-objects", "-q", stdin=objects)
    creation = f"create refs/heads/{name} {commits.tip}\n".encode()
    who = {"GIT_COMMITTER_NAME": by.name, "GIT_COMMITTER_EMAIL": by.email}
    try:
        repository.run(*_NO_HOOKS, "update-ref", "-m", _REFLOG, "--stdin", stdin=creation, environment=who)
    except GitError as error:
        if "reference already exists" in error.stderr:
            raise _branch_exists(repository, name) from error
        raise


def _branch_exists(repository: Repository, name: str) -> UserError:
    return UserError(
        "branch-exists",
        f"{repository.path} has a branch '{name}' already",
        hint=f"choose another name, or remove it: git branch -D {name}",
    )


def make_borrowing_repository(path: Path, commit: str) -> None:
    """Make an empty bare repository at `path` for objects of the hash function that `commit`'s id tells."""
    # By hand instead of `git init`, which costs a process: see gitrepository-layout(5).
    for name in ("objects/info", "objects/pack", "refs/heads", "info"):
        (path / name).mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/none\n")
    sha256 = len(commit) == _SHA256_DIGITS
    extension = "[extensions]\n\tobjectFormat = sha256\n" if sha256 else ""
    (path / "config").write_text(_CONFIGURATION.format(version=int(sha256)) + extension)


def _alternate(directory: Path) -> bytes:
    path = str(directory)
    if path.startswith(('"', "#")) or "\n" in path:  # such a path must be quoted as C does
        path = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return path.encode(errors="surrogateescape") + b"\n"


def _shallow_commits(source: Repository) -> bytes:
    # Without this list git would look for the parents that a shallow clone has not got.
    shallow = source.object_directory.parent / "shallow"
    return shallow.read_bytes() if shallow.is_file() else b""


def _commit_header(commit: NewCommit, number: int, parent: str, ref: str) -> bytes:
    author, committer = (
        f"{_plain(who.name)} <{_plain(who.email)}> {commit.date} +0000"
        for who in (commit.author, commit.committer or commit.author)
    )
    message = commit.message.encode()
    head = f"commit {ref}\nmark :{number}\nauthor {author}\ncommitter {committer}\ndata {len(message)}\n"
    return head.encode() + message + f"\nfrom {parent}\n".encode()


def _plain(text: str) -> str:
    return "".join(character for character in text if character not in "<>\n\0").strip()


def _file_changes(commit: NewCommit, modes: Mapping[str, str]) -> Iterator[bytes]:
    # What goes away comes first: a file can take the place of the folder that it empties.
    for path, content in sorted(commit.changes.items(), key=lambda change: (change[1] is not None, change[0])):
        name = quoted(path)
        if content is None:
            yield b"D " + name + b"\n"
        else:
            mode = modes.get(path, NEW_FILE_MODE).encode()
            yield b"M " + mode + b" inline " + name + f"\ndata {len(content)}\n".encode() + content + b"\n"
