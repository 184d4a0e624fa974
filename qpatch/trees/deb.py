# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's binary packages (.deb) unpacked into a directory: nothing is installed, no script of theirs runs.

The format is that of deb(5). dpkg is not needed, and no member can leave the directory.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, BinaryIO, cast

from qpatch.errors import UserError
from qpatch.trees.archive import members_of
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qpatch.trees.archive import Member
    from qpatch.trees.progress import Progress


def unpack_all(packages: Iterable[Path], directory: Path, progress: Progress) -> None:
    """Unpack several .deb files into the same directory; see `unpack`."""
    files = list(packages)
    progress.begin(f"unpacking {len(files)} packages", sum(file.stat().st_size for file in files))
    for file in files:
        unpack(file, directory)
        progress.advance(file.stat().st_size)


def unpack(package: Path, directory: Path) -> None:
    """Unpack the files and links of the .deb file `package` into `directory`, with their times.

    Owners and special permissions are not kept. What an earlier package left under the same name is replaced.
    Raises UserError `bad-package`, `bad-archive` and `archive-escapes`, OSError where the disk is full.
    """
    directory.mkdir(parents=True, exist_ok=True)
    top = directory.resolve()
    for member in _members(package):
        path = top / member.path
        try:
            _make_parent(path, top, package)
            _write(member, path, top)
        except (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            # A file where another member has a directory, or a link to what did not come before it.
            raise UserError("bad-archive", f"{package.name}: '{member.path}': {error.strerror}") from error


def read_member(package: Path, wanted: str) -> bytes:
    """Return the content of the first file of the .deb file `package` whose path matches the shell pattern `wanted`.

    Raises UserError `bad-package` where there is none, and as `unpack`.
    """
    for member in _members(package):
        if fnmatchcase(member.path, wanted):
            return member.content
    raise UserError("bad-package", f"{package.name} has no {wanted}")


def _write(member: Member, path: Path, top: Path) -> None:
    path.unlink(missing_ok=True)
    if member.same_as is not None:
        os.link(top / member.same_as, path)
    elif member.mode == "120000":
        path.symlink_to(member.content.decode(errors="surrogateescape"))
    else:
        path.write_bytes(member.content)
        path.chmod(int(member.mode, 8) & 0o777)
        os.utime(path, (member.mtime, member.mtime))


def _members(package: Path) -> Iterator[Member]:
    from debian.arfile import ArError, ArFile  # only here: it takes a while to import

    try:
        parts = [part for part in ArFile(str(package)) if part.name.startswith("data.tar")]
    except (ArError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's; ArFile raises others for bad headers
            raise
        raise UserError("bad-package", f"{package.name}: {error}") from error
    if len(parts) != 1 or not parts[0].name.endswith((".tar", ".gz", ".xz", ".bz2")):
        raise UserError("bad-package", f"{package.name} has no data.tar in a compression that qpatch knows")
    yield from members_of(cast("BinaryIO", parts[0]), package.name, NoProgress())


def _make_parent(path: Path, top: Path, package: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link that an earlier member left must not lead out of the directory.
    if not path.parent.resolve().is_relative_to(top):
        raise UserError("archive-escapes", f"{package.name}: '{path.relative_to(top)}' would leave the directory")
