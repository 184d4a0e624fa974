# SPDX-License-Identifier: GPL-2.0-or-later
"""The table strategy x tree of `render` and `rebase`: its cells, and the words below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cells.base import Status
from qpatch.cli.errors import error_text
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qpatch.cells.rendered import EditRow, RenderedResult
    from qpatch.cli.output import Output


def print_rendered(results: Sequence[RenderedResult], output: Output, *, explain: bool) -> None:
    """Print the table, the reason of every cell that was not rendered, and the explanations."""
    strategies = list(dict.fromkeys(result.key.strategy for result in results))
    trees = list(dict.fromkeys(result.key.tree for result in results))
    labels = {(result.key.strategy, result.key.tree): label(result) for result in results}
    output.table(
        "Series", ("strategy", *trees), [(name, *(labels[name, tree] for tree in trees)) for name in strategies]
    )
    for result in results:
        # A miss is never silent, not even with --quiet.
        say = output.error if result.missed or result.failed else output.message
        for line in _words(result, explain=explain):
            say(line)


def label(result: RenderedResult) -> str:
    """Return the words in the table."""
    if result.status is not Status.RENDERED:
        return result.status
    return f"{result.status} ({counted_patches(result.patch_count)})"


def counted_patches(count: int) -> str:
    """Return `count` as a number of patches, in words."""
    return counted(count, "patch", "patches")


def explain_misses(edits: Iterable[EditRow]) -> list[str]:
    """Return the explanations of the edits that drifted or are ambiguous, and of those made with a warning."""
    return [edit.explanation for edit in edits if edit.missed or edit.warnings]


def explain_all(result: RenderedResult) -> list[str]:
    """Return the explanation of every edit, under a heading for each patch."""
    lines: list[str] = []
    for number, patch in enumerate(result.tried, start=1):
        unwanted = f" (left out: {patch.unwanted})" if patch.unwanted else ""
        lines.append(f"patch {number}: {patch.subject}{unwanted}")
        lines += [edit.explanation for edit in result.edits if edit.patch == number]
    return lines


def _words(result: RenderedResult, *, explain: bool) -> list[str]:
    """Return what is said of a result below the table."""
    words = [f"{result.key}: {result.directory}"] if result.directory else []
    if result.error:
        words.append(f"{result.key}: {result.status}: {error_text(result.error)}")
    elif result.reason:
        words.append(f"{result.key}: {result.status}: {result.reason}")
    told = explain_all(result) if explain else explain_misses(result.edits)
    return [*words, *told, *(f"  {remark}" for remark in result.remarks or ())]
