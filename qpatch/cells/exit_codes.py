# SPDX-License-Identifier: GPL-2.0-or-later
"""The one rule by which many results make one exit code, whatever the verb.

What keeps qpatch from saying anything comes first, then what it says: the environment, wrong usage or a wrong
strategy, a failed build, drift, failed checks. Success counts before "nothing to do".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.arguments import items_of
from qpatch.cells.base import CellResult
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

PRECEDENCE = (
    ExitCode.ENVIRONMENT,
    ExitCode.USAGE,
    ExitCode.BUILD_FAILED,
    ExitCode.DRIFT,
    ExitCode.CHECKS_FAILED,
    ExitCode.OK,
    ExitCode.NOTHING_APPLIED,
)


def overall_exit_code(results: Iterable[CellResult]) -> ExitCode:
    """Return the exit code of a command with these results: the first of PRECEDENCE that one of them has.

    Their order has no part in it. Without any result there was nothing to do.
    """
    codes = (result.exit_code for result in items_of(results, CellResult, "results"))
    return min(codes, key=PRECEDENCE.index, default=ExitCode.NOTHING_APPLIED)
