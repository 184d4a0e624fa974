# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the command line speaks: results on stdout, talk on stderr, one JSON document with --json.

A verb hands its result both to `table`/`text` and to `document`; the mode decides which of them is shown.
Tables and progress bars use rich, which is imported when the first one is drawn on a terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

from qpatch.api.progress import SILENT
from qpatch.cli.streams import best_effort, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.api.progress import ResultProgress


class Output:
    """Prints for one run of the command.

    `json` asks for exactly one JSON document on stdout instead of text; `verbosity` is -1 (quiet), 0 or 1.
    The streams default to the process's own at the time of the call.
    """

    def __init__(
        self, *, json: bool = False, verbosity: int = 0, stdout: TextIO | None = None, stderr: TextIO | None = None
    ) -> None:
        self.json = json
        self.verbosity = verbosity
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr
        self.documented = False

    def error(self, text: str) -> None:
        """Print `text` to stderr, even when quiet."""
        self._say(text)

    def message(self, text: str) -> None:
        """Print `text` to stderr, unless quiet."""
        if self.verbosity >= 0:
            self._say(text)

    def detail(self, text: str) -> None:
        """Print `text` to stderr when verbose."""
        if self.verbosity > 0:
            self._say(text)

    def _say(self, text: str) -> None:
        with best_effort(self.stderr):
            print(text, file=self.stderr)

    def text(self, text: str) -> None:
        """Print `text`, a result, to stdout; nothing with --json."""
        if not self.json:
            print(text, file=self.stdout)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table to stdout: by rich on a terminal, as aligned text elsewhere; nothing with --json."""
        if self.json:
            return
        if self.stdout.isatty():
            self._rich_table(title, columns, rows)
        else:
            self._plain_table(columns, rows)

    def document(self, content: Mapping[str, object]) -> None:
        """Print `content` as the JSON document of this run; nothing without --json.

        Raises RuntimeError for a second document, which would break the reader.
        """
        if not self.json:
            return
        if self.documented:
            raise RuntimeError("a verb prints one JSON document")
        import json

        self.documented = True
        print(json_text(json.dumps(content, indent=2, ensure_ascii=False), self.stdout), file=self.stdout)

    @contextlib.contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator[ResultProgress]:
        """Show the progress of a long step on a terminal; `total` is its number of steps, None if unknown."""
        if self.verbosity < 0 or not self.stderr.isatty():
            yield SILENT
            return
        from qpatch.cli.progress import bar

        with bar(self.stderr, description, total) as shown:
            yield shown

    def _rich_table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console(file=self.stdout).print(table)

    def _plain_table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        lines = [list(columns), *([cell.replace("\n", " ") for cell in row] for row in rows)]
        widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  ".join(cells).rstrip(), file=self.stdout)


def flag_from_environment(name: str) -> bool:
    """Tell whether the environment variable `name` switches a flag on (set, and neither empty nor 0)."""
    return os.environ.get(name, "") not in ("", "0")
