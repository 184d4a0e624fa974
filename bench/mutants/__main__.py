# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants of what edits are made on, by one command: the table on stdout, what went wrong below it.

    python -m bench.mutants [--number 1000] [--seed 10] [--show OUTCOME ...] [--only MUTATION]

The exit code is 1 where something went wrong in silence, broke, crashed or hung, or where explanations are too poor.
"""

from __future__ import annotations

import argparse
import sys

from bench.mutants.drawing import draw_mutants
from bench.mutants.model import Outcome
from bench.mutants.report import WRONG, described, explained, first_right, is_known, settled, table
from bench.mutants.trial import try_mutant

AIM_EXPLAINED = 0.95
AIM_FIRST = 0.9


def main() -> int:
    """Try, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--show", nargs="*", choices=[*Outcome], default=[*WRONG], metavar="OUTCOME")
    parser.add_argument("--only", default="", metavar="MUTATION", help="only mutants whose name holds this")
    options = parser.parse_args()
    mutants = [mutant for mutant in draw_mutants(options.number, options.seed) if options.only in mutant.identity]
    trials = [try_mutant(mutant) for mutant in mutants]
    print(table(trials))
    print(f"misses that name their cause: {explained(trials):.1%}; first candidate right: {first_right(trials):.1%}")
    for trial in trials:
        if trial.outcome in options.show:
            print(described(trial))
    for name in settled(trials):
        print(f"bench/data/mutants-open.yaml: nothing of {name!r} fails any more")
    wrong = [trial for trial in trials if trial.outcome in WRONG and not is_known(trial)]
    return int(bool(wrong) or explained(trials) < AIM_EXPLAINED or first_right(trials) < AIM_FIRST)


if __name__ == "__main__":
    sys.exit(main())
