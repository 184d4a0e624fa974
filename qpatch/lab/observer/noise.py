# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that QEMU prints although nothing went wrong.

In a migration that is to complete, none is right. One that is cancelled ends in errors of its channel on both sides, of
which the destination's name what it was loading; the source's never name a device (5.2, 7.2, 10.0, 10.2 and 11.1). One
that is to fail has its own rules (blame.py, silence.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.lab.observer.errors import DEVICE_ID
from qpatch.lab.observer.migrations import CANCELLED, COMPLETED, DESTINATION, SOURCE

if TYPE_CHECKING:
    from qpatch.lab.model import ReportedError
    from qpatch.lab.observer.findings import Findings


def needless_error(findings: Findings) -> ReportedError | None:
    """Return the first error that a QEMU printed for nothing, None where there is none."""
    if not findings.migrations:
        return None
    return next((error for error in findings.errors if _is_needless(findings, error)), None)


def _is_needless(findings: Findings, error: ReportedError) -> bool:
    if error.by not in (SOURCE, DESTINATION) or (findings.harmless and re.search(findings.harmless, error.message)):
        return False
    begun = [migration for migration in findings.migrations if migration.at <= error.at]
    expect = (begun[-1:] or findings.migrations[:1])[0].expect  # what comes before the first prepares it
    return expect == COMPLETED or (
        expect == CANCELLED
        and error.by == SOURCE
        and not findings.device_errors
        and DEVICE_ID.search(error.message) is not None
    )
