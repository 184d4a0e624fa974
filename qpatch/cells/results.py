# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a result of whatever stage back from its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.cells.base import check_document
from qpatch.cells.built import BuiltResult, CheckedResult
from qpatch.cells.rendered import RenderedResult
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.cells.base import CellResult

RESULT_TYPES: tuple[type[CellResult], ...] = (RenderedResult, CheckedResult, BuiltResult)


def result_from_json(document: Mapping[str, Any], types: tuple[type[CellResult], ...] = RESULT_TYPES) -> CellResult:
    """Return the result that its `as_json` wrote as `document`; its stage says which of `types` it is.

    Raises UserError `bad-result` for anything else.
    """
    check_document(document)
    stage = document.get("stage")
    for result_type in types:
        if result_type.stage == stage:
            return result_type.from_json(document)
    known = ", ".join(result_type.stage for result_type in types)
    raise UserError("bad-result", f"this is no result: its stage is {stage!r}, and not one of {known}")
