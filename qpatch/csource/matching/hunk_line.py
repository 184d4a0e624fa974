# SPDX-License-Identifier: GPL-2.0-or-later
"""A line of a hunk, and the error that names one."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from qpatch.errors import UserError


class Sign(enum.StrEnum):
    """The first column of a hunk line."""

    CONTEXT = " "
    REMOVED = "-"
    ADDED = "+"


@dataclass(frozen=True)
class HunkLine:
    """One line: its sign, its code with indentation, its number in the hunk (from 1)."""

    sign: Sign
    code: str
    number: int


class HunkError(UserError):
    """A hunk that cannot be read; `line` counts from 1 within the hunk."""

    def __init__(self, message: str, line: int, hint: str = "") -> None:
        super().__init__("hunk-syntax", message, hint=hint)
        self.line = line
