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
from collections import defaultdict
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
MANY = "many-vectors-65"
# What the thread asked for, of each run: how an observation has it, and what it is.
FIGURES = (("config_bytes", "config bytes"), ("config_writes", "config writes"), ("set_irqs", "SET_IRQS"))
_HEAD = """\
# What the options come to

Written by `{command}`.
Each cell is what its runs came to, in the words of [labs.md](labs.md#verdicts), on all machines together where they
agree; n/a: the release or the machines cannot do it. Emulated, no KVM: order, loss and refusal are shown, and durations
are not. What it says of the argument: [lab-results.md](lab-results.md).
"""


def tables(results: Sequence[TestedResult], command: str) -> str:
    """Return the page: for each tree a table of verdicts, one of figures, and what was not run there."""
    parts = [_HEAD.format(command=command)]
    trees = list(dict.fromkeys(result.key.tree for result in results))
    ordered = sorted(results, key=lambda result: trees.index(result.key.tree))
    for tree, of_tree in groupby(ordered, key=lambda result: result.key.tree):
        cells = list(of_tree)
        parts += [f"\n## {tree}\n", *_verdicts(cells), *_figures(cells), *_not_run(cells)]
    return "\n".join(parts).rstrip() + "\n"


def _verdicts(results: Sequence[TestedResult]) -> Iterator[str]:
    ran = [result for result in results if result.runs]
    found: dict[tuple[str, str], list[TestedResult]] = defaultdict(list)
    for result in ran:
        found[_setting(result), result.key.strategy].append(result)
    builds = _builds(ran)
    machines = dict.fromkeys(result.key.machine for result in ran if not result.is_skipped)
    yield f"On {', '.join(machines)}:\n"
    yield from _table(
        ("device, scenario", *builds),
        [
            (setting, *(_cell(found[setting, build]) for build in builds))
            for setting in dict.fromkeys(map(_setting, ran))
        ],
    )


def _cell(results: Sequence[TestedResult]) -> str:
    """Return what the runs of a build came to on all machines: together where there is one word for all of them."""
    ran = [result for result in results if not result.is_skipped]
    words = {verdict for result in ran for verdict in result.counts}
    if not ran:
        return "n/a" if results else ""
    if len(words) == 1:
        runs = sum(len(result.runs) for result in ran)
        return f"{words.pop()} {runs}/{runs}"
    return "; ".join(f"{result.key.machine}: {result.label}" for result in ran)


def _figures(results: Sequence[TestedResult]) -> Iterator[str]:
    """Yield the medians of what the thread asked for, of the device with many vectors."""
    ran = [result for result in results if not result.is_skipped and result.key.profile == MANY]
    rows = [
        (build, *(_medians([one for one in ran if one.key.strategy == build], name) for name, _ in FIGURES))
        for build in _builds(ran)
    ]
    if rows:
        yield "With 65 vectors, the median of each run:\n"
        yield from _table(("build", *(title for _, title in FIGURES)), rows)


def _medians(results: Sequence[TestedResult], name: str) -> str:
    medians = [statistics.median(getattr(run.observation, name) for run in result.runs) for result in results]
    return " / ".join(dict.fromkeys(f"{median:g}" for median in medians))


def _not_run(results: Sequence[TestedResult]) -> Iterator[str]:
    reasons = dict.fromkeys((result.key.strategy, result.status, result.reason) for result in results if result.status)
    if reasons:
        yield "\n".join(f"- `{strategy}`: {status}: {reason}." for strategy, status, reason in reasons)


def _setting(result: TestedResult) -> str:
    return f"{result.key.profile}, {result.key.scenario}"


def _builds(results: Sequence[TestedResult]) -> list[str]:
    return list(dict.fromkeys(result.key.strategy for result in results))


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
        options.write.write_text(tables(results, _command(options)), encoding="utf-8")
    return int(api.overall_exit_code(results))


def _command(options: argparse.Namespace) -> str:
    """Return the command that makes the same page: not where results are kept, nor how many ran at a time."""
    words = ["python", "-m", "bench.results", *options.strategies, "--tree", *options.trees]
    words += ["--machine", *options.machines] if options.machines != quick_machines() else []
    return shlex.join([*words, "--repeat", str(options.repeat), "--write", f"docs/{options.write.name}"])


if __name__ == "__main__":
    sys.exit(main())
