# SPDX-License-Identifier: GPL-2.0-or-later
"""The table strategy x tree of `render` and `rebase`: its cells, the words below it, the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qpatch.cli.errors import error_document, error_text
from qpatch.cli.explain import explain_misses, explain_patches
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.cli.output import Output
    from qpatch.errors import QpatchError
    from qpatch.series.plan import PatchOutcome
    from qpatch.series.render import RenderResult

RENDERED = "rendered"
FAILED = "failed"
MISSED = frozenset({"drifted", "ambiguous"})


@dataclass(frozen=True)
class Cell:
    """What a strategy came to on a tree; `document` is its part of the JSON, `error` what broke it off."""

    strategy: str
    tree: str
    status: str
    reason: str = ""
    patch_count: int = 0
    outcomes: tuple[PatchOutcome, ...] = ()
    document: Mapping[str, object] = field(default_factory=dict)
    directory: str = ""
    remarks: tuple[str, ...] = ()
    error: QpatchError | None = None

    @property
    def label(self) -> str:
        """The words in the table."""
        if self.status != RENDERED:
            return self.status
        return f"{RENDERED} ({self.patch_count} {'patch' if self.patch_count == 1 else 'patches'})"


def rendered_cell(result: RenderResult, patch_count: int) -> Cell:
    """Return the cell of a render that came to an end; `patch_count` is 0 where it has no series."""
    series = result.series
    return Cell(
        result.strategy,
        result.tree,
        str(result.status),
        result.reason,
        patch_count,
        result.outcomes,
        result.as_json(),
        str(series.directory) if series else "",
        tuple(str(remark) for remark in (series.remarks if series else None) or ()),
    )


def failed_cell(strategy: str, tree: str, error: QpatchError) -> Cell:
    """Return the cell of a render that `error` broke off."""
    document = {
        "strategy": strategy,
        "tree": tree,
        "component": "",
        "status": FAILED,
        "base": "",
        "tip": "",
        "reason": error.message,
        "patches": [],
        "edits": [],
        "error": error_document(error),
    }
    return Cell(strategy, tree, FAILED, error.message, document=document, error=error)


def print_cells(cells: Sequence[Cell], output: Output, *, explain: bool) -> None:
    """Print the table, the reason of every cell that was not rendered, and the explanations."""
    strategies = list(dict.fromkeys(cell.strategy for cell in cells))
    trees = list(dict.fromkeys(cell.tree for cell in cells))
    labels = {(cell.strategy, cell.tree): cell.label for cell in cells}
    output.table(
        "Series", ("strategy", *trees), [(name, *(labels[name, tree] for tree in trees)) for name in strategies]
    )
    for cell in cells:
        # A miss is never silent, not even with --quiet.
        say = output.error if cell.status in (*MISSED, FAILED) else output.message
        for line in _words(cell, explain=explain):
            say(line)


def _words(cell: Cell, *, explain: bool) -> list[str]:
    """Return what is said of a cell below the table."""
    title = f"{cell.strategy} on {cell.tree}"
    words = [f"{title}: {cell.directory}"] if cell.directory else []
    if cell.error:
        words.append(f"{title}: {FAILED}: {error_text(cell.error)}")
    elif cell.reason:
        words.append(f"{title}: {cell.status}: {cell.reason}")
    told = explain_patches(cell.outcomes) if explain else explain_misses(cell.outcomes)
    return [*words, *([told] if told else []), *(f"  {remark}" for remark in cell.remarks)]


def exit_code(cells: Sequence[Cell]) -> ExitCode:
    """Return the exit code: drift before failures, failures before "nothing applied"."""
    if any(cell.status in MISSED for cell in cells):
        return ExitCode.DRIFT
    for cell in cells:
        if cell.status == FAILED:
            return cell.error.exit_code if cell.error else ExitCode.USAGE
    return ExitCode.OK if any(cell.status == RENDERED for cell in cells) else ExitCode.NOTHING_APPLIED
