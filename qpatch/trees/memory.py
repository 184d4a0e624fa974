# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps in the cache what was worked out of content, under the digest of all that it depends on.

An entry never gets stale: other content has another digest. One that is gone is worked out again. The memory is
bounded: what was not asked for the longest goes first.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qpatch.fingerprint import fingerprint
from qpatch.thresholds import thresholds
from qpatch.trees.places import cache_directory, write_whole

if TYPE_CHECKING:
    from pathlib import Path


_LOOKS = "0"  # how the digests end whose entries have the directory looked at: one of sixteen


@dataclass(frozen=True)
class Memory:
    """The entries in a directory: for each digest a file with a line that has the digest of the rest, which is JSON."""

    directory: Path

    def recall(self, digest: str) -> Any | None:
        """Return the entry, None where there is none; one that is damaged, or cannot be read, is none."""
        file = self._file(digest)
        with contextlib.suppress(OSError):
            check, _, content = file.read_text(encoding="utf-8", errors="replace").partition("\n")
            if check == fingerprint(content):
                with contextlib.suppress(OSError):  # a cache that can only be read serves as well
                    os.utime(file)
                return json.loads(content)
        return None

    def remember(self, digest: str, value: Any) -> None:
        """Keep `value`, which JSON can hold; where the cache cannot be written, it is worked out again next time."""
        with contextlib.suppress(OSError):
            content = json.dumps(value)
            write_whole(self._file(digest), f"{fingerprint(content)}\n{content}")
            if digest.endswith(_LOOKS):  # to look at all entries after each would take longer than to write them
                self._forget_oldest()

    def _file(self, digest: str) -> Path:
        return self.directory / f"{digest}.json"

    def _forget_oldest(self) -> None:
        """Keep no more entries than the limit; those unused for the longest go, a quarter of the limit at a time."""
        most = thresholds().limits.remembered
        with os.scandir(self.directory) as listing:
            names = [entry.name for entry in listing]  # what a killed process has left unfinished among them
        if len(names) > most:
            by_use = sorted((self.directory / name for name in names), key=_last_used)
            for entry in by_use[: len(names) - most + most // 4]:
                entry.unlink(missing_ok=True)


def _last_used(entry: Path) -> int:
    """Return when an entry was last written or asked for; one that another process has removed has never been."""
    with contextlib.suppress(OSError):
        return entry.stat().st_mtime_ns
    return 0


def memory() -> Memory:
    """Return the memory in the cache directory."""
    return Memory(cache_directory() / "remembered")
