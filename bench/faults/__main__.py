# SPDX-License-Identifier: GPL-2.0-or-later
"""Plants faults and looks whether the lab sees them: the table on stdout, below it what is not as it should be.

    python -m bench.faults [NAME ...] [--place qemu] [--kind dma] [--sample] [--cells own|few|whole] [-j N] [-o DIR]
                           [--tree qemu-10.2] [--read DIR] [--write docs/lab-truth.md]

The exit code is 1 where a fault that the lab can see is not seen, or has a wrong word.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.faults.catalogue import OWN, PLACES, Fault, load_faults, switched_by
from bench.faults.judging import Standing, judge_fault
from bench.faults.kept import read_outcome
from bench.faults.report import details, markdown, replaced_table, summary, table
from bench.faults.running import HEALTHY, Outcome, planted_strategy, release_of_tree, run_faults
from qpatch.lab.campaign.cellsets import titles
from qpatch.lab.campaign.planning import default_machine
from qpatch.lab.campaign.runner import CampaignSettings

RUNS_AT_A_TIME = 3  # two QEMUs each, which mostly wait


def chosen(options: argparse.Namespace) -> list[Fault]:
    """Return the faults that are named, or all that the options leave. Raises SystemExit for an unknown name."""
    faults = load_faults()
    unknown = set(options.names) - {fault.name for fault in faults}
    if unknown:
        sys.exit(f"there is no fault {', '.join(sorted(unknown))}")
    known = switched_by(planted_strategy(options.tree))
    return [
        fault
        for fault in faults
        if (fault.place != "qemu" or fault.name in known)
        and (not options.names or fault.name in options.names)
        and (not options.place or fault.place == options.place)
        and (not options.kind or fault.entry.kind == options.kind)
        and (not options.sample or fault.entry.sample)
    ]


def tried(faults: list[Fault], options: argparse.Namespace) -> Outcome:
    """Run the faults, and what is healthy over all their cells."""
    machine = options.machine or default_machine(release_of_tree(options.tree)).name
    with tempfile.TemporaryDirectory(prefix="qpatch-faults-") as scratch:
        settings = CampaignSettings(options.output or Path(scratch), options.repeat, options.jobs)
        return run_faults(faults, options.cells, machine, options.tree, settings)


def main() -> int:
    """Run, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--place", choices=PLACES, default="")
    parser.add_argument("--kind", default="")
    parser.add_argument("--sample", action="store_true", help="the few that every CI run tries")
    parser.add_argument("--cells", choices=(OWN, *titles()), default=OWN, help="beside those that a fault names")
    parser.add_argument("--tree", default="qemu-10.2")
    parser.add_argument("--machine", default="", help="of cells that name none (default: the release's usual one)")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("-j", "--jobs", type=int, default=RUNS_AT_A_TIME)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--read", type=Path, metavar="DIR", help="run nothing: judge what earlier runs left there (-o)")
    parser.add_argument("--write", type=Path, help="a document whose table is made anew")
    options = parser.parse_args()
    faults = chosen(options)
    outcome = read_outcome(options.read) if options.read else tried(faults, options)
    judgements = [judge_fault(fault, outcome.shown[fault.name], outcome.shown[HEALTHY]) for fault in faults]
    print(table(judgements))
    print(summary(judgements))
    unexpected = [one for one in judgements if (one.standing is Standing.SEEN) == bool(one.fault.entry.unseen)]
    for judgement in unexpected:
        print(details(judgement, outcome))
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        options.write.write_text(replaced_table(text, markdown(judgements)), encoding="utf-8")
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
