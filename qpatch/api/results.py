# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads results of every stage back from their JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.cells import results
from qpatch.lab.campaign.results import TestedResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.cells.base import CellResult

RESULT_TYPES: tuple[type[CellResult], ...] = (*results.RESULT_TYPES, TestedResult)


def result_from_json(document: Mapping[str, Any]) -> CellResult:
    """Return the result that its `as_json` wrote as `document`. Raises UserError `bad-result` for anything else."""
    return results.result_from_json(document, RESULT_TYPES)
