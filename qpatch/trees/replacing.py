# SPDX-License-Identifier: GPL-2.0-or-later
"""Directories that are replaced as a whole: at any moment, and after any kill, they have the old content or the new.

The new content is written into a hidden sibling and renamed into place; the old one is kept under a hidden name until
then. A process that is killed between the two renames leaves the old one there: the next one brings it back.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replaced_directory(place: Path) -> Iterator[Path]:
    """Yield an empty directory beside `place`, which takes its place at the end; its parent is made.

    Where the context ends with an exception, or the renaming fails, `place` is what it was. The caller holds a lock
    under which nobody else replaces the same directory.
    """
    recover_directory(place)
    new, old = _sibling(place, "new"), _sibling(place, "old")
    try:
        new.mkdir(parents=True)
        yield new
        if place.exists():
            place.rename(old)
        new.rename(place)
    except BaseException:
        recover_directory(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def recover_directory(place: Path) -> None:
    """Clear away what a killed process left of replacing `place`, and bring its old content back if it is gone."""
    new, old = _sibling(place, "new"), _sibling(place, "old")
    shutil.rmtree(new, ignore_errors=True)
    if old.is_dir() and not place.exists():
        old.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def recover_directories(parent: Path) -> None:
    """Do so for every directory in `parent`; the caller holds a lock on all of them."""
    for hidden in (*parent.glob(".*.new"), *parent.glob(".*.old")):
        recover_directory(parent / hidden.stem.removeprefix("."))


def _sibling(place: Path, purpose: str) -> Path:
    return place.with_name(f".{place.name}.{purpose}")
