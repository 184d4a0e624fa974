# SPDX-License-Identifier: GPL-2.0-or-later
"""How long-running work reports its progress: a protocol that the command line displays."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives reports on one step of work at a time."""

    def begin(self, step: str, total: int | None) -> None:
        """Start a step called `step` of `total` bytes (None: not known); the step before has ended."""

    def advance(self, amount: int) -> None:
        """Note that `amount` more bytes of the present step are done."""

    def note(self, message: str) -> None:
        """Tell the user something worth a line of its own, such as a candidate that was passed over."""


class NoProgress:
    """Progress that is not displayed."""

    def begin(self, step: str, total: int | None) -> None:
        """See `Progress.begin`."""

    def advance(self, amount: int) -> None:
        """See `Progress.advance`."""

    def note(self, message: str) -> None:
        """See `Progress.note`."""
