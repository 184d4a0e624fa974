# SPDX-License-Identifier: GPL-2.0-or-later
"""The output directory: `OUT/<strategy>/<tree>/`, always whole.

It is replaced under a lock (see `qpatch.trees.replacing`). A directory that is not qpatch's own output of the same kind
is never touched.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock

from qpatch.errors import EnvironmentFault, UserError
from qpatch.series.record import RECORD_FILE, Record, load_record
from qpatch.trees.replacing import recover_directory, replaced_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_SHOWN = 3  # foreign files named in the message


@dataclass(frozen=True)
class OutputDirectory:
    """The output of one series; `path` may not exist yet. Made by `open_output`, which holds the lock."""

    path: Path
    record: Record

    def replace(self, record: Record, mails: Mapping[str, bytes]) -> None:
        """Put `mails` and the `record` in place; the mails of other versions in the record stay.

        On an error (such as a full disk) the directory is what it was.
        """
        with replaced_directory(self.path) as new:
            self._fill(new, record, mails)

    def _fill(self, directory: Path, record: Record, mails: Mapping[str, bytes]) -> None:
        for name in sorted(record.files - mails.keys() - {RECORD_FILE}):
            shutil.copy2(self.path / name, directory / name)
        for name, mail in mails.items():
            (directory / name).write_bytes(mail)
        (directory / RECORD_FILE).write_bytes(record.to_json())


@contextmanager
def open_output(root: Path, kind: Record) -> Iterator[OutputDirectory]:
    """Lock the output directory of the series that `kind` names and yield it with its record.

    `kind` gives strategy, tree and component. Raises UserError `output-directory-foreign` where the place
    holds something else.
    """
    path = output_path(root, kind.strategy, kind.tree)
    _check_places(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # the parent is there: it is a file system where nothing can be made
        raise EnvironmentFault("no-permission", f"{path.parent} cannot be made") from error
    with FileLock(path.with_name(f".{path.name}.lock")):
        recover_directory(path)
        yield OutputDirectory(path, _check(path, kind))


def _check_places(path: Path) -> None:
    """Refuse what a directory cannot be made in, and a link where the directory itself is to be."""
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            raise UserError("output-directory-foreign", f"{place} is a file")
        if place.is_symlink() and not place.exists():
            raise UserError("output-directory-foreign", f"{place} is a symbolic link that leads nowhere")
    if path.is_symlink():
        raise UserError(
            "output-directory-foreign",
            f"{path} is a symbolic link",
            hint="a render replaces this directory; a link further up is followed",
        )


def output_path(root: Path, strategy: str, tree: str) -> Path:
    """Return the directory of a series; characters that do not belong in a file name become dashes."""
    parts = [_UNSAFE.sub("-", name).strip(".-") or "unnamed" for name in (strategy, tree)]
    return root.joinpath(*parts)


def _check(path: Path, kind: Record) -> Record:
    """Return the record of the output in `path`, or `kind` where there is none yet; see `open_output`."""
    present = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if not present:
        return kind
    record = load_record(path)
    if record is None:
        raise _foreign(path, present)
    if record.key != kind.key:
        raise UserError("output-directory-foreign", f"{path} holds the series {' / '.join(record.key)}")
    if foreign := present - record.files:
        raise _foreign(path, foreign)
    return record


def _foreign(path: Path, names: set[str]) -> UserError:
    rest = len(names) - _SHOWN
    shown = ", ".join(sorted(names)[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    return UserError(
        "output-directory-foreign",
        f"{path} holds {shown}, which qpatch did not write",
        hint="choose another directory (-o) or move them: a render replaces the directory",
    )
