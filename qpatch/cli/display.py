# SPDX-License-Identifier: GPL-2.0-or-later
"""Shows steps of work as they go: a bar for each on a terminal, a line for each elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from qpatch.api.progress import ResultProgress
    from qpatch.cli.output import Output


class StepDisplay:
    """Renders `qpatch.trees.progress.Progress`: a bar for each step on a terminal, else a line for it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._steps = contextlib.ExitStack()
        self._bar: ResultProgress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, step: str, total: int | None) -> None:
        """Begin a bar for the step, or print a line."""
        self.end()
        if self._output.stderr.isatty():
            self._bar = self._steps.enter_context(self._output.progress(step, total))
        else:
            self._output.message(step)

    def advance(self, amount: int) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.advance(amount)

    def note(self, message: str) -> None:
        """Print the message as a line of its own."""
        self.end()
        self._output.message(message)

    def end(self) -> None:
        """Take the bar away."""
        self._bar = None
        self._steps.close()
