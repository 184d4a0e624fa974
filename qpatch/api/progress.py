# SPDX-License-Identifier: GPL-2.0-or-later
"""How a long call tells that it goes on, one result after the other."""

from __future__ import annotations

from typing import Protocol


class ResultProgress(Protocol):
    """Is told of each result that is worked on; the number of all is known beforehand."""

    def describe(self, text: str) -> None:
        """Say what is being done now."""

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more as done."""


class NoResultProgress:
    """Progress that nobody looks at."""

    def describe(self, text: str) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1) -> None:
        """Count nothing."""


SILENT = NoResultProgress()
