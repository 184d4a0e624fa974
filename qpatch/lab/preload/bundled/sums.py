# SPDX-License-Identifier: GPL-2.0-or-later
"""Checksums of a bundle's files, as sha256sum(1) has them: one that is damaged would say something that is not so.

It needs nothing else of a bundle, which may be what is damaged.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUMS = "SHA256SUMS"
_TO_BE_CHANGED = ("devices.conf", "qemu.sh")  # by people: these only have to be there
_SHOWN = 3  # files that a message names


def write_sums(bundle: Path) -> None:
    """Write the checksums of all files of `bundle`, in place of those that it has."""
    lines = (f"{_digest(file)}  {file.relative_to(bundle)}\n" for file in sorted(_files(bundle)))
    (bundle / SUMS).write_text("".join(lines), encoding="utf-8")


def damage(bundle: Path) -> str:
    """Return what is wrong with the files of `bundle`, '' where nothing is, or where it has no checksums.

    Raises OSError and ValueError where a file, or the checksums, cannot be read.
    """
    if not (bundle / SUMS).is_file():
        return ""
    entries = [line.split("  ", 1) for line in (bundle / SUMS).read_text(encoding="utf-8").splitlines()]
    named = {bundle / name: digest for digest, name in entries}
    missing = [file for file in named if not file.is_file()]
    if missing:
        return f"the bundle is not whole: it has no {_shown(bundle, missing)}"
    checked = {file: digest for file, digest in named.items() if file.name not in _TO_BE_CHANGED}
    changed = [file for file, digest in checked.items() if _digest(file) != digest]
    if changed:
        return f"not as it was written: {_shown(bundle, changed)} (if that is on purpose, remove {SUMS})"
    return ""


def _files(bundle: Path) -> Iterator[Path]:
    return (file for file in bundle.rglob("*") if file.is_file() and file != bundle / SUMS)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _shown(bundle: Path, files: list[Path]) -> str:
    names = [str(file.relative_to(bundle)) for file in files]
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ", ".join([*names[:_SHOWN], *more])
