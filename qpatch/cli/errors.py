# SPDX-License-Identifier: GPL-2.0-or-later
"""How an error is told: in text as compilers do, in JSON as a mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qpatch.cells.base import ErrorReport
    from qpatch.errors import QpatchError


def error_text(error: QpatchError | ErrorReport, *, prefix: str = "") -> str:
    """Return `file:line:column: message` behind `prefix`, with the hint and the catalogue's remedy below."""
    from qpatch.cli.catalogue import catalogue  # yaml: only where there is an error

    place = f"{error.where}: " if error.where else ""
    hint = "\n" + indented("hint", error.hint) if error.hint else ""
    entry = catalogue().get(error.code)
    remedy = "\n" + indented("help", entry.remedy) if entry else ""
    return f"{prefix}{place}{error.message}{hint}{remedy}"


def error_document(error: QpatchError) -> dict[str, object]:
    """Return the mapping that describes `error` in JSON."""
    where = error.where.as_json() if error.where else None
    return {"code": error.code, "message": error.message, "where": where, "hint": error.hint}


def indented(label: str, text: str) -> str:
    """Return `text` behind its label, its further lines below the first."""
    prefix = f"  {label}: "
    return prefix + text.strip().replace("\n", "\n" + " " * len(prefix))
