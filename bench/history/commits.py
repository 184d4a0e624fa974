# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws commits of a history, and reads what each of them changes: files, modes, and the hunks of `git diff`.

The bodies of the hunks are taken as git prints them. Of a diff only the lines that begin with `@@ ` have to be
understood for that: whatever the sources hold (CR LF, form feeds, bytes that are no UTF-8, a last line without a
newline) stays as it is, which a library that reads a diff as text would have to be trusted for.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.source import LINK, SUBMODULE, is_binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.trees.git import Repository

_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "-U3")
# Modes of entries that are not regular files, and why a commit that touches one is not drawn.
_NO_FILES = {LINK: "a symbolic link", SUBMODULE: "a submodule"}


class NotDrawnError(Exception):
    """A commit that edits are not meant for; the message says why."""


@dataclass(frozen=True)
class DiffHunk:
    r"""A hunk: the place of its first line in the new file (from 0), and its lines with their signs, as in the diff.

    A line `\ No newline at end of file` is joined to the line that it tells about.
    """

    place: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True)
class FileChange:
    """What a commit does to a file; `old` or `new` is '' where there is none, `hunks` are in the order of the file."""

    old: str
    new: str
    old_mode: str
    new_mode: str
    content: bytes
    hunks: tuple[DiffHunk, ...]


@dataclass(frozen=True)
class DrawnCommit:
    """A commit, its only parent, and what it changes."""

    commit: str
    parent: str
    files: tuple[FileChange, ...]


def in_random_order(repository: Repository, revision: str, seed: int) -> Iterator[str]:
    """Yield the ids of all commits that `revision` has and that are no merges, in an order that `seed` decides."""
    commits = repository.text("rev-list", "--no-merges", repository.resolve(revision)).split()
    random.Random(seed).shuffle(commits)  # noqa: S311  # nobody is to be kept from guessing it
    yield from commits


def read_commit(repository: Repository, commit: str) -> DrawnCommit:
    """Return what `commit` changes. Raises NotDrawnError for the first one, and for what edits are not meant for."""
    parent = repository.find(f"{commit}^")
    if parent is None:
        raise NotDrawnError("no parent")
    listing = repository.run("diff-tree", "-r", "-M", "-z", parent, commit)
    fields = listing.decode(errors="surrogateescape").split("\0")
    files = tuple(_file_changes(repository, iter(fields[:-1])))
    if not files:
        raise NotDrawnError("no change")
    return DrawnCommit(commit, parent, files)


def _file_changes(repository: Repository, fields: Iterator[str]) -> Iterator[FileChange]:
    for header in fields:
        old_mode, new_mode, old_blob, new_blob, status = header.removeprefix(":").split(" ")
        for mode in (old_mode, new_mode):
            if mode in _NO_FILES:
                raise NotDrawnError(_NO_FILES[mode])
        old = next(fields)
        new = next(fields) if status[0] == "R" else old
        before = b"" if status == "A" else repository.run("cat-file", "blob", old_blob)
        after = b"" if status == "D" else repository.run("cat-file", "blob", new_blob)
        if is_binary(before) or is_binary(after):
            raise NotDrawnError("a binary file")
        hunks = () if status in "AD" or before == after else _hunks(repository, old_blob, new_blob)
        yield FileChange("" if status == "A" else old, "" if status == "D" else new, old_mode, new_mode, after, hunks)


def _hunks(repository: Repository, old: str, new: str) -> tuple[DiffHunk, ...]:
    return tuple(split_hunks(repository.run(*_DIFF, old, new)))


def split_hunks(diff: bytes) -> Iterator[DiffHunk]:
    """Yield the hunks of the diff of one file."""
    place, lines = -1, list[bytes]()
    for line in diff.removesuffix(b"\n").split(b"\n"):
        header = _HUNK.match(line)
        if header:
            if lines:
                yield DiffHunk(place, tuple(lines))
            place, lines = int(header[1]) - (header[2] != b"0"), []
        elif line.startswith(b"\\"):
            lines[-1] += line + b"\n"
        elif place >= 0:
            lines.append(line + b"\n")
    if lines:
        yield DiffHunk(place, tuple(lines))
