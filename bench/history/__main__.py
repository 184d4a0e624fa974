# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells whether the edit language can say what commits do: draws commits, expresses each mechanically, and compares.

    python -m bench.history --repository PATH --number 300 --seed 9 [--from REV] [--checkpatch] [--commit ID...]

Prints a table and every difference. Exit code 1: a commit did not come out byte for byte, or checkpatch says more of
ours.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.history.commits import in_random_order
from bench.history.trials import KIND, try_commit
from qpatch.errors import ExitCode, QpatchError
from qpatch.series.treetools import workbench
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import open_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.history.trials import Trial
    from qpatch.series.treetools import Workbench
    from qpatch.trees.git import Repository


def main() -> int:
    """Try the commits and print the table; see the module for the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description="Express commits mechanically.")
    parser.add_argument("--repository", type=Path, required=True, help="a git repository, bare or not; it is only read")
    parser.add_argument("--number", type=int, default=300, help="so many commits (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=9, help="which ones (default: %(default)s)")
    parser.add_argument("--from", dest="revision", default="HEAD", help="drawn from its history (default: %(default)s)")
    parser.add_argument("--commit", nargs="+", metavar="ID", help="these commits instead of some drawn at random")
    parser.add_argument("--checkpatch", action="store_true", help="compare what the checkpatch of --from says, too")
    options = parser.parse_args()
    try:
        repository = open_repository(options.repository)
        commits = options.commit or in_random_order(repository, options.revision, options.seed)
        with _tools(repository, options.revision, wanted=options.checkpatch) as tools:
            trials = _tried(repository, commits, options.number, tools)
    except QpatchError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        return error.exit_code
    print(table(trials, checkpatch=options.checkpatch))
    wrong = any(trial.differences or trial.more for trial in trials)
    return ExitCode.CHECKS_FAILED if wrong else ExitCode.OK


@contextmanager
def _tools(repository: Repository, revision: str, *, wanted: bool) -> Iterator[Workbench | None]:
    """Make the newest checkpatch ready, if it is wanted: those of old releases do not run on a perl of today."""
    if not wanted:
        yield None
        return
    with CommitTree(repository, repository.resolve(revision)) as tree, workbench(tree, KIND) as tools:
        yield tools


def _tried(repository: Repository, commits: Iterable[str], number: int, tools: Workbench | None) -> list[Trial]:
    """Try commits until `number` were drawn, and say on stderr how far it is."""
    trials: list[Trial] = []
    drawn = 0
    for commit in commits:
        trial = try_commit(repository, commit, tools)
        trials.append(trial)
        drawn += not trial.excluded
        told = (
            "left out" if trial.excluded else "differs" if trial.differences else "checkpatch" if trial.more else "same"
        )
        print(f"{drawn} of {number}: {commit} {told}", file=sys.stderr, flush=True)
        if drawn == number:
            break
    return trials


def table(trials: Sequence[Trial], *, checkpatch: bool) -> str:
    """Return what is printed of `trials`: numbers, then every difference."""
    drawn = [trial for trial in trials if not trial.excluded]
    rows = [
        ("commits", len(drawn)),
        ("byte for byte the same", sum(not trial.differences for trial in drawn)),
        ("found there on the commit itself", sum(trial.landed for trial in drawn)),
    ]
    if checkpatch:
        rows.append(("checkpatch says no more than of the commit", sum(not trial.more for trial in drawn)))
    sorts = Counter[str]()
    for trial in drawn:
        sorts.update(trial.sorts)
    rows += [(f"edits: {sort}", number) for sort, number in sorted(sorts.items())]
    excluded = Counter(trial.excluded for trial in trials if trial.excluded)
    rows += [(f"left out: {reason}", number) for reason, number in sorted(excluded.items())]
    lines = [f"{name:<45}{number:>7}" for name, number in rows]
    lines += [f"{trial.commit}: {text}" for trial in drawn for text in (*trial.differences, *trial.more)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
