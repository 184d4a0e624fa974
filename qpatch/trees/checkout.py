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
from qpatch.trees.private import borrow_objects, lay_out

if TYPE_CHECKING:
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

    def borrow(self, lender: Repository, commit: str) -> Repository:
        """Return an empty repository for commits to switch to; it sees the objects of `lender`, which has `commit`."""
        shutil.rmtree(self._git, ignore_errors=True)
        lay_out(self._git, commit)
        borrow_objects(self._git, [lender])
        return Repository(self._git)

    def switch(self, commit: str) -> None:
        """Give the work tree the content of `commit`: files that were changed or removed by hand come back.

        Files that git does not know of (what a build leaves) stay. A damaged index is made anew.
        """
        self.source.mkdir(exist_ok=True)
        self._index.with_name("index.lock").unlink(missing_ok=True)  # of a process that was killed
        try:
            self._read_tree(commit)
        except GitError as error:
            if error.code == "disk-full" or is_full(self.source):
                raise EnvironmentFault("disk-full", f"no room for {commit[:12]} in {self.source}") from error
            self._index.unlink(missing_ok=True)
            self._read_tree(commit)

    def _read_tree(self, commit: str) -> None:
        Repository(self._git).run(f"--work-tree={self.source}", "read-tree", "--reset", "-u", commit,
                                  environment={"GIT_INDEX_FILE": str(self._index)})
