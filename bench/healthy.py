# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs healthy builds over all cells: what is red has to be a fault of QEMU that is written down.

    python -m bench.healthy [--tree qemu-5.2 qemu-7.2 qemu-10.2] [--machine M ...] [--repeat N] [-j N] [-o DIR]

The document on stdout counts the runs and their verdicts, and names every run whose verdict is not right for its cell:
green, or where known-faults.yaml has an entry, one of that. The exit code is 1 where there is such a run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from qpatch import api
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.machine import machine_names
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.model import Verdict
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.campaign.results import TestedResult

TREES = ("qemu-5.2", "qemu-7.2", "qemu-10.2")
SLOW = ("virt-linux",)  # a run takes ten times as long: only where it is asked for


class KnownFault(LabModel):
    """An entry of known-faults.yaml; empty lists mean all. `verdicts` are what a run may come to, `why` says why."""

    trees: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...]
    why: str

    def is_about(self, result: TestedResult) -> bool:
        """Tell whether this is about the cell of `result`."""
        key = result.key
        pairs = (
            (self.trees, key.tree),
            (self.machines, key.machine),
            (self.profiles, key.profile),
            (self.scenarios, key.scenario),
        )
        return all(not names or name in names for names, name in pairs)


@dataclass
class Tally:
    """What came out: runs by verdict, and those that nothing explains."""

    verdicts: Counter[str] = field(default_factory=Counter)
    unexplained: list[dict[str, Any]] = field(default_factory=list)

    def add(self, result: TestedResult) -> None:
        """Count the runs of a cell."""
        wanted = expected(result)
        if not result.runs and result.status:
            self.unexplained.append({"cell": result.name, "status": result.status, "reason": result.reason})
        for run in result.runs:
            seen = run.observation
            self.verdicts[seen.verdict] += 1
            if seen.verdict not in wanted:
                self.unexplained.append(
                    {"cell": result.name, "run": run.run, "verdict": seen.verdict, "reason": seen.reason}
                )


def expected(result: TestedResult) -> frozenset[Verdict]:
    """Return the verdicts that are right for a healthy build in the cell of `result`."""
    for known in known_faults():
        if known.is_about(result):
            return frozenset({*known.verdicts, Verdict.NOT_APPLICABLE})
    control = load_profile(result.key.profile).control
    if control and result.key.scenario == "once":
        return frozenset({Verdict(control), Verdict.NOT_APPLICABLE})
    return frozenset(verdict for verdict in Verdict if verdict.is_green) | {Verdict.NOT_APPLICABLE}


@cache
def known_faults() -> tuple[KnownFault, ...]:
    """Return the entries of known-faults.yaml."""
    file = resources.files("bench").joinpath("data/known-faults.yaml")
    return TypeAdapter(tuple[KnownFault, ...]).validate_python(read_yaml_file(file, "bad-lab-data"))


def tally(results: Sequence[TestedResult]) -> Tally:
    """Return what `results` come to."""
    counted = Tally()
    for result in results:
        counted.add(result)
    return counted


def quick_machines() -> tuple[str, ...]:
    """Return the machines on which a run takes less than a second."""
    return tuple(name for name in machine_names() if name not in SLOW)


def main() -> int:
    """Run, print the document, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.healthy", description=__doc__.partition("\n")[0])
    parser.add_argument("--tree", nargs="+", default=TREES, metavar="TREE", dest="trees")
    parser.add_argument("--machine", nargs="+", default=quick_machines(), metavar="M", dest="machines")
    parser.add_argument("--cells", default="whole")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("-j", "--jobs", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qpatch-healthy-") as scratch:
        settings = api.CampaignSettings(options.output or Path(scratch), options.repeat, options.jobs)
        choices = api.TestChoices(machines=options.machines, cells=options.cells)
        counted = tally(api.test([None], options.trees, settings, choices))
    runs = sum(counted.verdicts.values())
    document = {"runs": runs, "verdicts": dict(counted.verdicts.most_common()), "unexplained": counted.unexplained}
    print(json.dumps(document, indent=2))
    return int(bool(counted.unexplained))


if __name__ == "__main__":
    sys.exit(main())
