# SPDX-License-Identifier: GPL-2.0-or-later
"""Where qpatch keeps things: the cache of sources, the user's configuration; and how files are written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MIN_FREE_BYTES = 1 << 18  # with less, a disk counts as full


def cache_directory() -> Path:
    """Return the directory for sources and builds: $QPATCH_CACHE, or qpatch under the XDG cache directory."""
    override = os.environ.get("QPATCH_CACHE")
    if override:
        return Path(override).absolute()
    import platformdirs  # only here: most runs under test and CI set QPATCH_CACHE

    return Path(platformdirs.user_cache_dir("qpatch"))


def configuration_file() -> Path:
    """Return the path of the user's configuration file, which need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "qpatch" / "config.yaml"


def expanded(path: str | Path) -> Path:
    """Return the user's `path` with `~` and `~NAME` replaced by the home directory.

    Where there is no such user, it stays as it is written, as shells leave it.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def reports_full_disk(output: str) -> bool:
    """Tell whether a program (run with LC_ALL=C) failed because its disk is full, from its `output`."""
    messages = ("No space left on device", "Disk quota exceeded", "Out of diskspace")
    return any(message in output for message in messages)


def is_full(directory: Path) -> bool:
    """Tell whether the disk of `directory` is full: some programs do not say why they could not write."""
    return shutil.disk_usage(directory).free < MIN_FREE_BYTES


def write_whole(file: Path, text: str) -> None:
    """Write `text` to `file` all at once or not at all, making its directory.

    Raises OSError where the disk is full or forbidden.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
        Path(scratch).replace(file)
    except BaseException:
        Path(scratch).unlink()
        raise
