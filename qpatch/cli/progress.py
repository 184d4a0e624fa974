# SPDX-License-Identifier: GPL-2.0-or-later
"""The progress bar on a terminal, drawn by rich; imported only when one is shown."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID


class RichProgress:
    """One bar; see `qpatch.api.progress.ResultProgress`."""

    def __init__(self, display: Progress, task: TaskID) -> None:
        self._display = display
        self._task = task

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more as done."""
        self._display.advance(self._task, steps)

    def describe(self, text: str) -> None:
        """Say what is being done now."""
        self._display.update(self._task, description=text)


@contextlib.contextmanager
def bar(stream: TextIO, description: str, total: float | None) -> Iterator[RichProgress]:
    """Draw a bar on `stream` while the context lasts, and remove it afterwards."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as display:
        yield RichProgress(display, display.add_task(description, total=total))
