# SPDX-License-Identifier: GPL-2.0-or-later
"""The shared bare repository in the cache that holds the imported releases, one tag for each.

Imports are serialised by a lock; a tag is made last, so that an import which fails or is killed leaves nothing but
objects which no ref leads to. Temporary files of one that fails are cleared away at once, those of a killed one by the
next import.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qpatch.trees.git import Repository
from qpatch.trees.places import cache_directory
from qpatch.trees.replacing import replaced_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TAGS = "refs/tags/"
_STAGING = "refs/qpatch/importing/"
_TEMPORARY = (
    "objects/pack/tmp_*",
    "objects/??/tmp_obj_*",
    "fast_import_crash_*",
    "packed-refs.lock",
    "refs/**/*.lock",
)


class Store:
    """The repository `trees.git` under `cache`, made when the first release is imported."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.path = cache / "trees.git"

    @property
    def repository(self) -> Repository:
        """The repository; it exists once something was imported."""
        return Repository(self.path)

    def commit_of(self, name: str) -> str | None:
        """Return the commit imported as `name`, None where it was not imported."""
        if not self.path.is_dir():
            return None
        with self.repository.opened() as repo:
            return repo.target(_TAGS + name)

    def releases(self) -> dict[str, str]:
        """Return the imported names and their commits."""
        if not self.path.is_dir():
            return {}
        with self.repository.opened() as repo:
            return repo.targets(_TAGS)

    def staging_ref(self, name: str) -> str:
        """Return the ref under which an import of `name` keeps its objects until the tag is made."""
        return _STAGING + name

    def publish(self, name: str, commit: str) -> None:
        """Make `commit` the release `name`, which readers see from now on, and end the staging."""
        changes = f"update {_TAGS}{name} {commit}\n"
        staged = self.repository.find(self.staging_ref(name))
        if staged is not None:
            changes += f"delete {self.staging_ref(name)} {staged}\n"
        self.repository.run("update-ref", "--stdin", stdin=changes.encode())

    @contextmanager
    def importing(self) -> Iterator[Repository]:
        """Hold the lock that only one import at a time has, with what killed imports left cleared away."""
        from filelock import FileLock  # only here: reading needs no lock

        self.cache.mkdir(parents=True, exist_ok=True)
        with FileLock(self.cache / "trees.lock"):
            self._create()
            self._clear_leftovers()
            try:
                yield self.repository
            except BaseException:
                self._remove_temporary_files()
                raise

    def _create(self) -> None:
        if self.path.is_dir():
            return
        from qpatch.trees.gitpython import make_bare_repository  # only here: it takes a while to import

        with replaced_directory(self.path) as unfinished:
            make_bare_repository(unfinished)

    def _remove_temporary_files(self) -> None:
        """Remove what git leaves where it is killed or fails; nobody else writes here while the lock is held."""
        for pattern in _TEMPORARY:
            for leftover in self.path.glob(pattern):
                leftover.unlink(missing_ok=True)

    def _clear_leftovers(self) -> None:
        self._remove_temporary_files()
        with self.repository.opened() as repo:
            stale = "".join(f"delete {_STAGING}{name}\n" for name in repo.targets(_STAGING))
        self.repository.run("update-ref", "--stdin", stdin=stale.encode())


def default_store() -> Store:
    """Return the store in the user's cache directory."""
    return Store(cache_directory())
