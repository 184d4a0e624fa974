# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's patches on an upstream source: the series file, and applying it without a checkout."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.commands import GitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.trees.git import Repository

# As patch(1) does, and unlike git by default: hunks may come without any context.
_APPLY = ("apply", "--cached", "--unidiff-zero", "--whitespace=nowarn")
_BINARY_NOTICE = re.compile(rb"\A(?:(?!--- ).*\n)*Binary files .* differ$", re.MULTILINE)
_GIT_NAMES = re.compile(rb"diff --git [^/ \n]+/(?P<old>[^ \n]+) [^/ \n]+/(?P<new>[^ \n]+)\n")
_RENAME = re.compile(rb"^((?:rename|copy) (?:from|to) ).*$", re.MULTILINE)
_SERIES = "debian/patches/series"
_STRIP = re.compile(r"-p(?P<strip>[0-9]{1,3})")  # git has no path of a thousand directories


@dataclass(frozen=True)
class SeriesEntry:
    """One line of a series file: the patch's file name, and how many leading directories its paths have."""

    patch: str
    strip: int = 1


def parse_series(content: bytes) -> list[SeriesEntry]:
    """Parse a quilt series file: one patch on a line, `-pN` or `-p N` after it, `#` begins a comment.

    Raises UserError `bad-series` where it is no text, and for an option that quilt itself would not know here.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UserError("bad-series", f"{_SERIES} is not UTF-8: {error.reason} at byte {error.start}") from error
    lines = (line.split("#", 1)[0].split() for line in text.splitlines())
    return [_entry(words) for words in lines if words]


def _entry(words: Sequence[str]) -> SeriesEntry:
    option = "".join(words[1:])
    if not option:
        return SeriesEntry(words[0])
    if option == "-pab":  # as -p1, with a/ and b/ in the headers
        return SeriesEntry(words[0])
    strip = _STRIP.fullmatch(option)
    if strip is None:
        raise UserError("bad-series", f"{_SERIES}: '{' '.join(words)}' is not understood")
    return SeriesEntry(words[0], int(strip["strip"]))


def apply_series(repository: Repository, tree: str, debian: Mapping[str, bytes]) -> str:
    """Apply the patches of `debian` (the package's debian/ files by path) to `tree`; return the new tree.

    Only objects are written. Raises UserError `bad-series` where the series names a patch that is not there,
    and EnvironmentFault `patch-failed` naming the patch which does not apply.
    """
    entries = parse_series(debian.get(_SERIES, b""))
    if not entries:
        return tree
    with tempfile.TemporaryDirectory(prefix="qpatch-") as scratch:
        files = _write_patches(Path(scratch), entries, debian)
        try:
            return _apply(repository, tree, Path(scratch), [files])
        except GitError:
            # All at once is fast, but git does not say which patch failed: one after the other it does.
            return _apply(repository, tree, Path(scratch), [[file] for file in files])


_Numbered = tuple[SeriesEntry, Path]


def _write_patches(scratch: Path, entries: Sequence[SeriesEntry], debian: Mapping[str, bytes]) -> list[_Numbered]:
    files = []
    for number, entry in enumerate(entries):
        content = debian.get(f"debian/patches/{entry.patch}")
        if content is None:
            raise UserError("bad-series", f"{_SERIES} names {entry.patch}, which is not there")
        file = scratch / f"{number:04}"
        file.write_bytes(as_patch_reads(content))
        files.append((entry, file))
    return files


def as_patch_reads(patch: bytes) -> bytes:
    """Return `patch` without what patch(1), which Debian's tools use, passes over and git would refuse.

    These are files of which it says only `Binary files A and B differ`, and the names in `rename from` and
    such lines (those on the `diff --git` line count: upstream's diffs across submodules have others there).
    """
    sections = re.split(rb"^(?=diff --git )", patch, flags=re.MULTILINE)
    return b"".join(_renames_as_named(section) for section in sections if not _BINARY_NOTICE.search(section))


def _renames_as_named(section: bytes) -> bytes:
    names = _GIT_NAMES.match(section)
    if names is None:
        return section
    return _RENAME.sub(lambda line: line[1] + names["old" if line[1].endswith(b"from ") else "new"], section)


def _apply(repository: Repository, tree: str, scratch: Path, batches: Sequence[Sequence[_Numbered]]) -> str:
    environment = {"GIT_INDEX_FILE": os.fspath(scratch / "index")}
    repository.run("read-tree", tree, environment=environment)
    for batch in batches:
        for strip, group in groupby(batch, key=lambda numbered: numbered[0].strip):
            files = [os.fspath(file) for _, file in group]
            try:
                repository.run(*_APPLY, f"-p{strip}", *files, environment=environment)
            except GitError as error:
                if len(batch) > 1 or error.code == "disk-full":
                    raise
                message = f"{batch[0][0].patch} does not apply: {error.stderr.strip()}"
                raise EnvironmentFault("patch-failed", message) from error
    return repository.text("write-tree", environment=environment)
