# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing a source as one parentless commit: tarballs streamed into the store, Debian's patches on top."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.trees.archive import members
from qpatch.trees.fastimport import IMPORTER, FastImport
from qpatch.trees.quilt import apply_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from qpatch.trees.archive import Member
    from qpatch.trees.git import Repository
    from qpatch.trees.progress import Progress
    from qpatch.trees.store import Store


@dataclass(frozen=True)
class SourcePackage:
    """What makes up a release: the upstream tarball, tarballs for subdirectories, and Debian's own files.

    `components` maps a directory to the tarball that replaces it (Debian's orig-COMPONENT tarballs). `debian`
    is the tarball of the debian/ directory, None for a plain release tarball. `origin` says in the commit
    message what was imported.
    """

    main: Path
    origin: str
    components: Mapping[str, Path] = field(default_factory=dict)
    debian: Path | None = None


class _Files:
    """The files of the commit to be, gathered while their contents go to fast-import."""

    def __init__(self, stream: FastImport) -> None:
        self._stream = stream
        self.files: dict[str, tuple[str, int]] = {}
        self.newest = 0

    def add(self, archive: str, entries: Iterable[Member], directory: str = "") -> None:
        """Add a tarball's members under `directory`, without the one top-level directory that all are in."""
        found: dict[str, tuple[str, int]] = {}
        for entry in entries:
            self.newest = max(self.newest, entry.mtime)
            if entry.same_as is None:
                found[entry.path] = (entry.mode, self._stream.blob(entry.content))
            elif entry.same_as in found:
                found[entry.path] = found[entry.same_as]
            else:
                raise _unlinked(archive, entry)
        if not found:
            raise UserError("bad-archive", f"{archive} holds no files")
        self._replace(directory, _without_top(found))

    def _replace(self, directory: str, found: Mapping[str, tuple[str, int]]) -> None:
        if directory:
            prefix = f"{directory}/"
            self.files = {path: file for path, file in self.files.items() if not f"{path}/".startswith(prefix)}
            found = {prefix + path: file for path, file in found.items()}
        self.files.update(found)

    def drop(self, directory: str) -> None:
        """Leave out everything under `directory`."""
        self._replace(directory, {})

    def check(self, archive: str) -> None:
        """Raise UserError `bad-archive` where a path is both a file and a directory, of which git would keep one."""
        for path in self.files:
            for parent in PurePosixPath(path).parents:
                if str(parent) in self.files:
                    raise UserError("bad-archive", f"{archive} has both a file '{parent}' and '{path}'")


def import_package(store: Store, name: str, package: SourcePackage, progress: Progress) -> str:
    """Import `package` as the release `name` and return its commit; the same input gives the same id.

    Raises UserError (`bad-archive`, `archive-escapes`, `bad-series`) where the package is wrong and
    EnvironmentFault where a patch does not apply or the disk is full.
    """
    with store.importing() as repository:
        debian, debian_date = _debian_files(package, progress)
        ref = store.staging_ref(name)
        with FastImport(repository) as stream:
            files = _Files(stream)
            files.add(package.main.name, members(package.main, progress))
            for directory, archive in package.components.items():
                files.add(archive.name, members(archive, progress), directory)
            if package.debian is not None:
                files.drop("debian")
            files.check(package.main.name)
            date = max(files.newest, debian_date)
            stream.commit(ref, files.files, f"{package.origin}\n", date)
        progress.begin("applying Debian's patches" if debian else "finishing", None)
        tree = repository.tree_of(ref)
        patched = apply_series(repository, tree, debian)
        commit = commit_of_tree(repository, patched, f"{package.origin}\n", date)
        store.publish(name, commit)
    return commit


def commit_of_tree(repository: Repository, tree: str, message: str, date: int) -> str:
    """Make a parentless commit of `tree` by the fixed importer, dated `date` (seconds since 1970, UTC)."""
    with repository.opened() as repo:
        return repo.commit_tree(tree, message, IMPORTER, date)


def _debian_files(package: SourcePackage, progress: Progress) -> tuple[dict[str, bytes], int]:
    if package.debian is None:
        return {}, 0
    newest, contents = 0, dict[str, bytes]()
    for entry in members(package.debian, progress):
        newest = max(newest, entry.mtime)
        if entry.same_as is not None and entry.same_as not in contents:
            raise _unlinked(package.debian.name, entry)
        contents[entry.path] = entry.content if entry.same_as is None else contents[entry.same_as]
    return contents, newest


def _unlinked(archive: str, entry: Member) -> UserError:
    return UserError(
        "bad-archive", f"{archive}: '{entry.path}' links to '{entry.same_as}', which does not come before it"
    )


def _without_top(files: Mapping[str, tuple[str, int]]) -> Mapping[str, tuple[str, int]]:
    tops = {path.split("/", 1)[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return files
    return {path.split("/", 1)[1]: file for path, file in files.items()}
