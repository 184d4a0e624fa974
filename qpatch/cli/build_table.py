# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of `build`: one row for each strategy, tree and target, and the words below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.culprit import WROTE_LINE
from qpatch.cells.built import BuiltResult
from qpatch.cli.errors import error_text
from qpatch.cli.series_table import counted_patches, explain_misses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.cells.built import BuiltPatch, CheckedResult, CulpritReport
    from qpatch.cli.output import Output


def print_compiled(results: Sequence[BuiltResult | CheckedResult], output: Output) -> None:
    """Print the table, and below it what is to be said of each build."""
    rows = [
        (result.key.strategy, result.key.tree, result.key.target, label(result), *_amounts(result))
        for result in results
    ]
    output.table("Builds", ("strategy", "tree", "target", "result", "steps", "seconds"), rows)
    for result in results:
        say = output.error if result.missed or result.failed else output.message
        for line in _words(result):
            say(line)


def label(result: BuiltResult | CheckedResult) -> str:
    """Return the words in the table."""
    count = sum(patch.number > 0 for patch in result.patches)
    return f"{result.status} ({counted_patches(count)})" if count and not result.failed else result.status


def describe(culprit: CulpritReport) -> list[str]:
    """Return the lines about the culprit below a heading: the error, its source line, the edit and why it is there."""
    error, edit = culprit.error, culprit.edit
    lines = [f"  {error}"]
    if culprit.snippet:
        lines.append(f"    {error.line:>4} | {culprit.snippet.expandtabs()}")
    if edit is None:
        lines.append(f"  {culprit.how}")
    elif culprit.how == WROTE_LINE:
        lines.append(f"  written by {edit}")
    else:
        lines.append(f"  see {edit}: {culprit.how}")
    if edit is not None and edit.why:
        lines.append(f"  the edit is there because: {edit.why}")
    if culprit.more:
        lines.append(f"  and {culprit.more} more error{'s' if culprit.more > 1 else ''}")
    return lines


def _amounts(result: BuiltResult | CheckedResult) -> tuple[str, str]:
    """Return how many commands were run, and for how long: of this run alone."""
    return str(sum(patch.steps for patch in result.patches)), f"{sum(patch.seconds for patch in result.patches):.1f}"


def _words(result: BuiltResult | CheckedResult) -> list[str]:
    if result.error is not None:
        return [f"{result.key}: {result.status}: {error_text(result.error)}"]
    if isinstance(result, BuiltResult) and result.prebuilt is not None:
        return [f"{result.key}: {result.prebuilt.version}: {result.prebuilt.wrapper}"]
    if not result.patches:
        return [f"{result.key}: {result.status}: {result.reason}", *explain_misses(result.misses)]
    if result.failed_patch:
        return _failure(result, result.failed_patch)
    files = list(result.products.values())
    kept = [str(Path(result.metadata).parent)] if len(files) > 1 else files
    return [
        *(f"{result.key}: {path}" for path in kept),
        f"  log: {result.patches[-1].log}",
        *(line for patch in result.patches for line in _remarks(result, patch)),
    ]


def _failure(result: BuiltResult | CheckedResult, failed: BuiltPatch) -> list[str]:
    lines = describe(result.culprit) if result.culprit else [f"  {line}" for line in failed.output_end]
    return [f"{result.key}: {result.reason}", *lines, f"  log: {failed.log}"]


def _remarks(result: BuiltResult | CheckedResult, patch: BuiltPatch) -> list[str]:
    title = f"{result.key}: patch {patch.number}" if patch.number else str(result.key)
    warned = [f"{title}: new warning: {warning}" for warning in patch.warnings] if patch.number else []
    left = ", ".join(patch.not_compiled)
    return [*warned, *([f"{title}: this configuration compiles nothing of {left}"] if left else [])]
