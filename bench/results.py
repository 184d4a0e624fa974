# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every strategy, and the tree as it is, on releases and machines, and tells what came out, also as a page.

    python -m bench.results [STRATEGY ...] [--tree T ...] [--machine M ...] [--repeat N] [-j N] [--keep DIR]
                            [--write FILE]

The document on stdout is that of `qpatch test --json`, which `qpatch render --evidence` takes; `--write` writes the
tables. What has landed, or is void, is named with its reason. `--keep` keeps the results of each build in a file, and
runs only what is not there or would be built from something else now: the whole can be done in parts.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from bench.healthy import quick_machines
from bench.kept import Campaign, kept_results
from qpatch import api
from qpatch.lab.campaign.reports import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.campaign.results import TestedResult

TREES = ("qemu-5.2", "qemu-7.2", "qemu-10.0", "qemu-10.2")
CELLS = "argument"
# What the thread asked for, of each run: how an observation has it, and what it is.
FIGURES = (("config_bytes", "config bytes"), ("config_writes", "config writes"), ("set_irqs", "SET_IRQS"))
_HEAD = """\
# What the options come to

Written by `{command}`. Each cell is what its runs came to, in the
words of [labs.md](labs.md#verdicts); n/a: the release or the machine cannot do it. Emulated, no KVM: order, loss and
refusal are shown, and durations are not. What it says of the argument: [lab-results.md](lab-results.md).
"""


def tables(results: Sequence[TestedResult], command: str) -> str:
    """Return the page: for each tree a table of verdicts, one of figures, and what was not run there."""
    parts = [_HEAD.format(command=command)]
    ordered = sorted(results, key=lambda result: result.key.tree)
    for tree, of_tree in groupby(ordered, key=lambda result: result.key.tree):
        cells = list(of_tree)
        parts += [f"\n## {tree}\n", *_verdicts(cells), *_figures(cells), *_not_run(cells)]
    return "\n".join(parts).rstrip() + "\n"


def _verdicts(results: Sequence[TestedResult]) -> Iterator[str]:
    ran = [result for result in results if result.runs]
    settings = list(dict.fromkeys((result.key.profile, result.key.scenario) for result in ran))
    found = {(_row(result), result.key.profile, result.key.scenario): result for result in ran}
    rows = list(dict.fromkeys(_row(result) for result in ran))
    yield from _table(
        ("build", "machine", *(f"{profile}, {scenario}" for profile, scenario in settings)),
        [(*row, *(_label(found.get((row, *setting))) for setting in settings)) for row in rows],
    )


def _figures(results: Sequence[TestedResult]) -> Iterator[str]:
    """Yield the medians of what the thread asked for, of the device with many vectors."""
    ran = [result for result in results if result.runs and result.key.profile == "many-vectors-65"]
    rows = [
        (
            *_row(result),
            *(f"{statistics.median(getattr(run.observation, name) for run in result.runs):g}" for name, _ in FIGURES),
        )
        for result in ran
    ]
    if rows:
        yield "With 65 vectors, the median of each run:\n"
        yield from _table(("build", "machine", *(title for _, title in FIGURES)), rows)


def _not_run(results: Sequence[TestedResult]) -> Iterator[str]:
    reasons = dict.fromkeys((result.key.strategy, result.status, result.reason) for result in results if result.status)
    if reasons:
        yield "\n".join(f"- `{strategy}`: {status}: {reason}." for strategy, status, reason in reasons)


def _row(result: TestedResult) -> tuple[str, str]:
    return result.key.strategy, result.key.machine


def _label(result: TestedResult | None) -> str:
    if result is None:
        return ""
    return "n/a" if result.exit_code is api.ExitCode.NOTHING_APPLIED else result.label


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def main() -> int:
    """Run, print the document, write the page, and return the exit code of `qpatch test`."""
    parser = argparse.ArgumentParser(prog="python -m bench.results", description=__doc__.partition("\n")[0])
    parser.add_argument("strategies", nargs="*", metavar="STRATEGY")
    parser.add_argument("--tree", nargs="+", default=TREES, metavar="TREE", dest="trees")
    parser.add_argument("--machine", nargs="+", default=quick_machines(), metavar="M", dest="machines")
    parser.add_argument("--cells", default=CELLS)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("-j", "--jobs", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    strategies = api.load_strategies(options.strategies or api.strategy_names())
    campaign = Campaign(tuple(options.machines), options.cells, options.repeat, options.jobs)
    with tempfile.TemporaryDirectory(prefix="qpatch-kept-") as scratch:
        folder = options.keep or Path(scratch)
        results = [
            result for tree in options.trees for result in kept_results(folder, campaign, [None, *strategies], tree)
        ]
    json.dump(document(results), sys.stdout, indent=1)
    if options.write:
        options.write.write_text(
            tables(results, shlex.join(["python", "-m", "bench.results", *sys.argv[1:]])), encoding="utf-8"
        )
    return int(api.overall_exit_code(results))


if __name__ == "__main__":
    sys.exit(main())
