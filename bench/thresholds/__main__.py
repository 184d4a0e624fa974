# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures what the values in qpatch/thresholds.yaml rest on, and prints the tables of docs/thresholds.md.

    python -m bench.thresholds [--only similarity limits mutants]

Needs the QEMU releases of `bench.render.TREES` in the cache. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.render import TREES
from bench.thresholds import limits, mutants, scores
from bench.thresholds.drifts import (
    LineDrift,
    ParsedRelease,
    Rename,
    StatementDrift,
    growth,
    line_drifts,
    renames,
    statement_drifts,
)
from qpatch.errors import ExitCode, QpatchError
from qpatch.thresholds import thresholds
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.thresholds.scores import Scored

PARTS = ("similarity", "limits", "mutants")
# Of the changed lines of text files, about so many of each pair of releases are compared: every one takes long.
LINES = 45
STEPS = (0.3, 0.35, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


class Drifts:
    """All drifts of neighbouring releases."""

    def __init__(self, releases: Sequence[ParsedRelease]) -> None:
        self.newest = releases[-1]
        self.renames: list[Rename] = []
        self.statements: list[StatementDrift] = []
        self.lines: list[LineDrift] = []
        self.removed_names: list[Scored] = []
        self.text_names: list[Scored] = []
        self.growth: Counter[int] = Counter()
        for old, new in pairwise(releases):
            self.renames += renames(old, new)
            statements = list(statement_drifts(old, new))
            self.statements += statements
            self.growth += growth(old, new)
            self.removed_names += scores.removed_names(statements, new)
            changed_lines = list(line_drifts(old, new))
            self.text_names += scores.text_names(changed_lines)
            self.lines += changed_lines[:: max(1, len(changed_lines) // LINES)]


def show_scores(title: str, values: Sequence[tuple[str, float]], scored: Sequence[Scored]) -> None:
    """Print one table; the thresholds of today are marked."""
    changed = sum(one.true is not None for one in scored)
    today = {value: name for name, value in values}
    print(f"\n### {title}\n\n{changed} changed, {len(scored) - changed} gone.\n")
    print("| threshold | true found | true nearest | false, changed | false, gone | |\n|---|---|---|---|---|---|")
    for row in scores.table(scored, sorted({*STEPS, *today})):
        mark = f"`{today[row.threshold]}`" if row.threshold in today else ""
        print(f"| {row.threshold} | {row.found} % | {row.nearest} % | {row.false} % | {row.gone} % | {mark} |")


def show_similarity(drifts: Drifts) -> None:
    """Print the tables of similarities."""
    values = thresholds().similarity
    show_scores(
        "Names of functions",
        [("symbol_name", values.symbol_name), ("symbol_renamed", values.symbol_renamed)],
        scores.symbol_names(drifts.renames),
    )
    statements = scores.statements(drifts.statements)
    show_scores(
        "Statements",
        [("statements", values.statements), ("removed_statements", values.removed_statements)],
        statements,
    )
    show_behind(statements)
    show_scores("Identifiers that left the tree", [("removed_name", values.removed_name)], drifts.removed_names)
    show_scores("Lines of text files", [("text_lines", values.text_lines)], scores.lines(drifts.lines))
    show_bonus(drifts.lines)
    show_scores("Names of trace events", [("text_name_renamed", values.text_name_renamed)], drifts.text_names)


def show_behind(scored: Sequence[Scored]) -> None:
    """Print how far the true candidate is behind a false one that is nearer."""
    least = thresholds().similarity.statements
    behind = [one.false - one.true for one in scored if one.true is not None and least <= one.true < one.false]
    print(f"\n### True statements behind a nearer false one\n\n{len(behind)} of {len(scored)}.\n")
    print("| behind by at most | of them |\n|---|---|")
    for most in (0.05, 0.1, 0.2, 0.3, 0.4):
        print(f"| {most} | {sum(difference <= most for difference in behind)} |")


def show_bonus(drifts: Sequence[LineDrift]) -> None:
    """Print what the symbol that a line begins with is good for."""
    print("\n### The symbol at the beginning of a line\n")
    print("| `text_same_symbol` | `text_other_symbol` | true nearest |\n|---|---|---|")
    for same, other in ((0.0, 1.0), (0.0, 0.9), (0.8, 0.9), (0.9, 1.0), (0.9, 0.9), (0.9, 0.8)):
        with (
            limits.changed("similarity", "text_same_symbol", same),
            limits.changed("similarity", "text_other_symbol", other),
        ):
            (row,) = scores.table(scores.lines([drift for drift in drifts if drift.new][::2]), [0.0])
        print(f"| {same} | {other} | {row.nearest} % |")


def show_limits(drifts: Drifts) -> None:
    """Print the tables of limits, windows and costs."""
    print("\n### Sizes\n\n| what | at most |\n|---|---|")
    for what, size in limits.sizes(drifts.newest, drifts.statements).items():
        print(f"| {what} | {size} |")
    for more in range(4):
        print(f"| statements with {more} more in their place | {drifts.growth[1 + more]} |")
    print(f"| statements with yet more in their place | {sum(drifts.growth[count] for count in range(5, 100))} |")
    print("\n### Names by which removed code is recognised\n\n| names | true | false | gone |\n|---|---|---|---|")
    for least, counts in limits.recognised(drifts.statements).items():
        print(f"| {least} | {counts['true']} | {counts['false']} | {counts['gone']} |")
    print("\n### Limits of the parser\n\n| limit | files | changed by half | changed by double |\n|---|---|---|---|")
    for name, counts in limits.masks(drifts.newest).items():
        print(f"| `{name}` | {counts['files']} | {counts['half']} | {counts['double']} |")
    suggested = limits.suggestions(drifts.statements)
    print(f"\n### Costs of an alignment\n\n{suggested['statements']} changed statements.\n")
    print("| cost | suggested, short | suggested, long |\n|---|---|---|")
    for name, counts in suggested["values"].items():
        print(f"| {name} | {counts['short']} | {counts['long']} |")


def show_mutants() -> bool:
    """Print the similarities that the tests of explanations see; False where a test failed."""
    found = mutants.document()
    print(
        "\n### Mutants of the acceptance tests\n\n| miss | number | similarity of the nearest | of the second |"
        "\n|---|---|---|---|"
    )
    for kind in ("symbol", "hunk"):
        first = [similarities[0] for similarities in found[kind]]
        second = [similarities[1] for similarities in found[kind] if len(similarities) > 1]
        shown = f"{min(second)} to {max(second)}" if second else "none"
        print(f"| {kind} | {len(first)} | {min(first)} to {max(first)} | {shown} |")
    return bool(found["as_expected"])


def main() -> int:
    """Measure and print; exit code 1 where a test of the mutants failed, 6 where a release cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.thresholds", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # each table as soon as it is there
    try:
        with ExitStack() as stack:
            trees = [stack.enter_context(resolve(name).open()) for name in TREES] if options.only != ["mutants"] else []
            drifts = Drifts([ParsedRelease(tree) for tree in trees]) if trees else None
            if drifts is not None and "similarity" in options.only:
                show_similarity(drifts)
            if drifts is not None and "limits" in options.only:
                show_limits(drifts)
    except QpatchError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        return error.exit_code
    well = show_mutants() if "mutants" in options.only else True
    return ExitCode.OK if well else ExitCode.CHECKS_FAILED


if __name__ == "__main__":
    sys.exit(main())
