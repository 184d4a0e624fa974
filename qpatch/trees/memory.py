# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps in the cache what was worked out of content, under the digest of all that it depends on.

An entry never gets stale: other content has another digest. One that is gone is worked out again.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qpatch.fingerprint import fingerprint
from qpatch.thresholds import thresholds
from qpatch.trees.places import cache_directory, write_whole

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """The entries in a directory: for each digest a file with a line that has the digest of the rest, which is JSON."""

    directory: Path

    def recall(self, digest: str) -> Any | None:
        """Return the entry, None where there is none; one that is damaged, or cannot be read, is none."""
        with contextlib.suppress(OSError):
            check, _, content = self._file(digest).read_text(encoding="utf-8", errors="replace").partition("\n")
            if check == fingerprint(content):
                return json.loads(content)
        return None

    def remember(self, digest: str, value: Any) -> None:
        """Keep `value`, which JSON can hold; where the cache cannot be written, it is worked out again next time."""
        with contextlib.suppress(OSError):
            content = json.dumps(value)
            write_whole(self._file(digest), f"{fingerprint(content)}\n{content}")
            self._forget_oldest()

    def _file(self, digest: str) -> Path:
        return self.directory / f"{digest}.json"

    def _forget_oldest(self) -> None:
        """Keep no more entries than the limit; the oldest go, a quarter of the limit at a time."""
        most = thresholds().limits.remembered
        entries = list(self.directory.glob("*.json"))
        if len(entries) > most:
            by_age = sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)
            for entry in by_age[: len(entries) - most + most // 4]:
                entry.unlink(missing_ok=True)


def memory() -> Memory:
    """Return the memory in the cache directory."""
    return Memory(cache_directory() / "remembered")
