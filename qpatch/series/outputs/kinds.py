# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of further outputs: the flag of `qpatch render` that asks for one, and what makes it.

A new one is a module with a class that has `check` and `write` (`qpatch.series.model.SeriesOutput`), and an entry here;
the command line takes its flags from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.series.outputs.branch import BranchOutput

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpatch.series.model import SeriesOutput


@dataclass(frozen=True)
class OutputKind:
    """One kind: its flags, the name and the meaning of their value, and what makes the output from that value.

    `single` says that the value names one thing (a branch), so that one strategy on one tree can be rendered to it.
    """

    flags: tuple[str, ...]
    metavar: str
    help: str
    make: Callable[[str], SeriesOutput]
    single: bool = True

    @property
    def word(self) -> str:
        """The long flag without its dashes, as messages name the kind."""
        return self.flags[-1].removeprefix("--")


OUTPUT_KINDS: tuple[OutputKind, ...] = (
    OutputKind(
        ("-b", "--branch"),
        "NAME",
        "also make this branch in the tree's repository (one strategy, one tree)",
        BranchOutput,
    ),
)
