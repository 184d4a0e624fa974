# SPDX-License-Identifier: GPL-2.0-or-later
"""A source tarball read as a stream: what each member is, and a refusal of members that leave the directory.

Nothing is unpacked on disk; the consumer gets every file's content once, in the order of the archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from typing_extensions import override

from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from qpatch.trees.progress import Progress

_BLOCK = 1 << 20
_TAR_BLOCK = 64 * tarfile.BLOCKSIZE  # tarfile copies what is left of a block at each read: keep blocks small
_LATEST = 253_402_300_799  # the end of the year 9999, in seconds since 1970
# What git takes for its own directory: on some file systems case, these characters, and what ends a name do not count.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT_DIRECTORY = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
_OPENERS: dict[bytes, Callable[[IO[bytes]], object]] = {
    b"\xfd7zXZ\0": lzma.open,
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
}


@dataclass(frozen=True)
class Member:
    """One file of an archive: `path` is relative and clean, `mode` a git mode, `mtime` seconds since 1970.

    `content` is the file's text, or a link's target; `same_as` names an earlier member with the same content
    (a hard link), in which case `content` is empty.
    """

    path: str
    mode: str
    mtime: int
    content: bytes = b""
    same_as: str | None = None


class _Counted(io.RawIOBase):
    """A file that tells `progress` how much of it has been read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        super().__init__()
        self._file = file
        self._progress = progress

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._progress.advance(len(data))
        return len(data)


def members(archive: Path, progress: Progress) -> Iterator[Member]:
    """Yield the files and links of the tarball `archive` (plain, gz, bz2 or xz).

    Raises UserError `bad-archive` where it is damaged or holds something that is no file, and
    `archive-escapes` where a member would leave the directory.
    """
    progress.begin(f"reading {archive.name}", archive.stat().st_size)
    with archive.open("rb") as file:
        yield from members_of(file, archive.name, progress)


def members_of(file: BinaryIO, name: str, progress: Progress) -> Iterator[Member]:
    """Yield the files and links of the tarball that `file` holds; `name` is what messages call it.

    Raises as `members` does; `progress` has begun a step already.
    """
    try:
        with (
            _decompressed(file, progress) as stream,
            tarfile.open(fileobj=stream, mode="r|", bufsize=_TAR_BLOCK) as tar,
        ):
            for entry in tar:
                if not entry.isdir():
                    yield _member(tar, entry, name)
    # tarfile hands on the ValueError of a number or a text in a header that is none.
    except (tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, ValueError) as error:
        raise UserError("bad-archive", f"{name}: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the system's; bz2 raises one without a number for data that is no bzip2
            raise
        raise UserError("bad-archive", f"{name}: {error}") from error


def _decompressed(file: BinaryIO, progress: Progress) -> IO[bytes]:
    magic = file.read(6)
    file.seek(0)
    counted = io.BufferedReader(_Counted(file, progress), _BLOCK)
    opener = next((opener for start, opener in _OPENERS.items() if magic.startswith(start)), None)
    return counted if opener is None else cast("IO[bytes]", opener(counted))


def _member(tar: tarfile.TarFile, entry: tarfile.TarInfo, archive: str) -> Member:
    path = clean_name(entry.name, archive)
    mtime = _seconds(entry, archive)
    if entry.issym():
        if "\0" in entry.linkname:  # a PAX header can hold one
            raise UserError("bad-archive", f"{archive}: '{entry.name}' links to a name that cannot be one")
        return Member(path, "120000", mtime, entry.linkname.encode(errors="surrogateescape"))
    mode = "100755" if entry.mode & 0o100 else "100644"
    if entry.islnk():
        return Member(path, mode, mtime, same_as=clean_name(entry.linkname, archive))
    file = tar.extractfile(entry) if entry.isfile() else None
    if file is None:
        raise UserError("bad-archive", f"{archive}: '{entry.name}' is neither a file nor a link")
    return Member(path, mode, mtime, file.read())


def _seconds(entry: tarfile.TarInfo, archive: str) -> int:
    # A PAX header holds the time as text that Python's float() accepts: `inf`, `nan` and 1e300 among it.
    if not abs(entry.mtime) <= _LATEST:
        raise UserError("bad-archive", f"{archive}: '{entry.name}' has the time {entry.mtime}, which is no date")
    return int(entry.mtime)


def clean_name(name: str, archive: str) -> str:
    """Return the member name `name` without `.` components and doubled slashes.

    Raises UserError `archive-escapes` where it is absolute or has a `..` component, and `bad-archive` where it cannot
    be a path of a git tree.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts:
        raise UserError("archive-escapes", f"{archive}: '{name}' would leave the directory")
    if "\0" in name or any(_GIT_DIRECTORY.fullmatch(_IGNORED.sub("", part)) for part in parts):
        raise UserError("bad-archive", f"{archive}: {name!r} cannot be a path of a git tree")
    return "/".join(parts)
