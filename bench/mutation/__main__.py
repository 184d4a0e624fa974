# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing by one command: one JSON document on stdout, the score and the survivors on stderr.

    python -m bench.mutation [--only builds ...] [--sample 50] [--seed 9] [-j 2] [--again FILE]

Takes a sample of each room of bench/data/mutation.yaml. `--again` tries only what survived in the document FILE, which
an earlier run printed. The exit code is 1 where the score is below what is aimed at, or where an entry of
bench/data/equivalent-mutants.yaml names no mutant.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from bench.mutation.mutants import sample
from bench.mutation.report import document, stale, survivors_in, table
from bench.mutation.settings import load_equivalents, load_settings
from bench.mutation.trials import Copy, TestRunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.mutation.mutants import Mutant
    from bench.mutation.settings import Room, Settings
    from bench.mutation.trials import Baseline, Trial

_T = TypeVar("_T")


def run_trials(chosen: dict[Room, list[Mutant]], settings: Settings, jobs: int) -> list[Trial]:
    """Try the mutants of each room, `jobs` at a time. Raises TestRunError where unmutated code fails its tests."""
    with tempfile.TemporaryDirectory(prefix="qpatch-mutation-") as directory, ThreadPoolExecutor(jobs) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            copies.put(Copy(Path(directory) / str(number), settings))

        def lend(use: Callable[[Copy], _T]) -> _T:
            copy = copies.get()
            try:
                return use(copy)
            finally:
                copies.put(copy)

        def trial(mutant: Mutant, baseline: Baseline) -> Trial:
            done = lend(lambda copy: copy.trial(mutant, baseline))
            print(".", end="", file=sys.stderr, flush=True)
            return done

        try:
            baselines = pool.map(lambda room: lend(lambda copy: copy.baseline(room)), chosen)
            started = [pool.submit(trial, mutant, known) for known in baselines for mutant in chosen[known.room]]
            return [one.result() for one in started]
        finally:
            pool.shutdown(cancel_futures=True)


def choose(settings: Settings, names: list[str], again: Path | None) -> dict[Room, list[Mutant]]:
    """Return the mutants to try of each room in `names`: a sample, or of it what survived according to `again`."""
    rooms = [room for room in settings.rooms if room.name in names]
    chosen = {room: sample(room.sources(settings.root), settings.sample, settings.seed) for room in rooms}
    if again is None:
        return chosen
    wanted = survivors_in(json.loads(again.read_text(encoding="utf-8")))
    left = {room: [mutant for mutant in mutants if mutant.identity in wanted] for room, mutants in chosen.items()}
    return {room: mutants for room, mutants in left.items() if mutants}


def main() -> int:
    """Test, print the document and what to read of it; return the exit code."""
    settings = load_settings()
    names = [room.name for room in settings.rooms]
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ROOM", help=", ".join(names))
    parser.add_argument("--sample", type=int, default=settings.sample, help="mutants of each room")
    parser.add_argument("--seed", type=int, default=settings.seed)
    parser.add_argument("--again", type=Path, metavar="FILE", help="a document: only what survived in it")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="test runs at a time")
    options = parser.parse_args()
    settings = replace(settings, sample=options.sample, seed=options.seed)
    equivalents = load_equivalents()
    try:
        trials = run_trials(choose(settings, options.only, options.again), settings, options.jobs)
    except TestRunError as error:
        print(error, file=sys.stderr)
        return 2
    content = document(trials, equivalents, settings)
    json.dump(content, sys.stdout, indent=1)
    print()
    unknown = stale(equivalents, settings)
    print(table(content, unknown), file=sys.stderr)
    return int(content["all"]["score"] < settings.aim or bool(unknown))


if __name__ == "__main__":
    sys.exit(main())
