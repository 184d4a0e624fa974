# SPDX-License-Identifier: GPL-2.0-or-later
"""What fetching needs: the store, the user's settings, where progress is reported; and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.errors import QpatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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


@dataclass(frozen=True)
class ImportAttempts:
    """What a provider came to: the `commit` imported, '' where there is none, and the `faults` of what was passed over.

    They are in the order in which things were tried.
    """

    commit: str
    faults: tuple[QpatchError, ...] = ()


def first_import(
    job: FetchJob, name: str, imports: Iterable[Callable[[], str]], passed_over: Iterable[QpatchError] = ()
) -> ImportAttempts:
    """Carry out `imports` of the release `name`, the best first, up to the first that succeeds.

    Each fault is reported at once; `passed_over` are those of what could not even be tried. Raises a fault with which
    no other could succeed either (FINAL_FAULTS).
    """
    faults = list(passed_over)
    for fault in faults:
        job.progress.note(f"{name}: passed over: {fault.message}")
    for import_it in imports:
        try:
            return ImportAttempts(import_it(), tuple(faults))
        except QpatchError as fault:
            if fault.code in FINAL_FAULTS:
                raise
            job.progress.note(f"{name}: passed over: {fault.message}")
            faults.append(fault)
    return ImportAttempts("", tuple(faults))
