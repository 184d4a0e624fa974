# SPDX-License-Identifier: GPL-2.0-or-later
"""A work tree that is switched from commit to commit, for programs that want files on disk: compilers.

Files that are the same in both commits are left alone, with their times, so that make and ninja see what differs and
nothing else. The git directory lies outside the work tree: QEMU's configure acts on a `.git` beside it. Objects are
borrowed from the repository that the tree comes from, which is only read.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.git import GitError, Repository
from qpatch.trees.places import is_full
from qpatch.trees.private import borrow_objects, make_borrowing_repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Checkout:
    """The work tree `source` in `directory`, with its index and the git directory beside it.

    Only one process at a time may use it: the caller holds a lock. The index is all that is remembered from one use
    to the next; the git directory begins empty every time.
    """

    def __init__(self, directory: Path) -> None:
        self.source = directory / "source"
        self._git = directory / "git"
        self._index = directory / "index"
        self._switching = directory / "switching"

    def borrow(self, lender: Repository, commit: str) -> Repository:
        """Return an empty repository for commits to switch to; it sees the objects of `lender`, which has `commit`."""
        if self._git.exists():
            shutil.rmtree(self._git)
        make_borrowing_repository(self._git, commit)
        borrow_objects(self._git, [lender])
        return Repository(self._git)

    def switch(self, commit: str) -> None:
        """Give the work tree the content of `commit`: files that were changed or removed by hand come back.

        Where a switch was broken off, or the index is damaged, git does not know what lies in the work tree: then all
        that is not the commit's is removed. Raises EnvironmentFault `disk-full`.
        """
        self.source.mkdir(exist_ok=True)
        interrupted = self._switching.exists()
        self._switching.touch()
        try:
            if interrupted or not self._read_tree(commit):
                self._start_over(commit)
        except GitError as error:
            if is_full(self.source):
                raise EnvironmentFault("disk-full", f"no room for {commit[:12]} in {self.source}") from error
            raise
        self._switching.unlink()

    def copy_missing(self, lender: Repository, directories: Sequence[str]) -> list[str]:
        """Copy `directories`, such as submodules, from the lender's work tree where the commit has none of their files.

        Return those that the lender has not got either.
        """
        wanted = [name for name in directories if not _has_files(self.source / name)]
        there = [name for name in wanted if _has_files(lender.path / name)]
        for name in there:
            shutil.copytree(
                lender.path / name,
                self.source / name,
                symlinks=True,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(".git"),
            )
        return [name for name in wanted if name not in there]

    def _read_tree(self, commit: str) -> bool:
        """Go from what the index says to `commit`; tell whether git could."""
        if not self._index.exists():
            return False
        try:
            self._git_here("read-tree", "--reset", "-u", commit)
        except GitError as error:
            if error.code == "disk-full" or is_full(self.source):
                raise
            return False
        return True

    def _start_over(self, commit: str) -> None:
        for file in (self._index, self._index.with_name("index.lock")):
            file.unlink(missing_ok=True)
        self._git_here("read-tree", "--reset", "-u", commit)
        self._git_here("clean", "-ffdxq")

    def _git_here(self, *arguments: str) -> None:
        # clean works below the current directory: the work tree is named, and so is the place to work from.
        Repository(self._git).run(
            "-C",
            str(self.source),
            f"--git-dir={self._git}",
            f"--work-tree={self.source}",
            *arguments,
            environment={"GIT_INDEX_FILE": str(self._index)},
        )


def _has_files(directory: Path) -> bool:
    return directory.is_dir() and any(directory.iterdir())
