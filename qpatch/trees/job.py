# SPDX-License-Identifier: GPL-2.0-or-later
"""What fetching needs: the store, the user's settings, where progress is reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.apt_root import AptRoot
    from qpatch.trees.progress import Progress
    from qpatch.trees.releases import Configuration
    from qpatch.trees.store import Store

# Where no other candidate would do better.
FINAL_FAULTS = frozenset({"disk-full", "git-missing"})


@dataclass(frozen=True)
class FetchJob:
    """What a provider works with while releases or packages are fetched.

    `etc` is the machine's apt configuration directory; `updated` remembers the apt roots whose index is fresh, by
    their directories.
    """

    store: Store
    configuration: Configuration
    progress: Progress
    etc: Path
    updated: dict[Path, AptRoot] = field(default_factory=dict)
