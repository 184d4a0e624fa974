# SPDX-License-Identifier: GPL-2.0-or-later
"""All measurements of docs/benchmarks.md by one command: one JSON document on stdout, what is being done on stderr.

    python -m bench [--runs 9] [--only edits render parse_coverage]

Needs the trees that `qpatch tree fetch --kind qemu --role render` brings. What a missing program would have measured is
left out: the document and stderr name it, and the exit code is 6. Exit code 1: a tool made other code than qpatch, a
series was not rendered, or parsing lost bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import edits, parse_coverage, render
from bench.measuring import PACKAGES, run
from qpatch.errors import ExitCode, QpatchError

if TYPE_CHECKING:
    from collections.abc import Callable


def machine() -> dict[str, Any]:
    """Describe the machine; `load` are the average numbers of running processes (1, 5 and 15 minutes)."""
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = {line.partition(":")[2].strip() for line in described if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": ", ".join(sorted(models)),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "git": run(["git", "--version"]).split()[2],
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def parts(runs: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the measurements by name."""
    return {
        "edits": lambda: edits.document(edits.TREE, runs),
        "render": lambda: render.document(list(render.TREES), runs),
        "parse_coverage": lambda: parse_coverage.document(list(render.TREES)),
    }


def main() -> int:
    """Measure and print JSON; see the module for the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run all benchmarks.")
    parser.add_argument("--runs", type=int, default=9, help="how often each thing is timed (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=tuple(parts(1)), default=tuple(parts(1)))
    options = parser.parse_args()
    measured: dict[str, Any] = {"version": 1, "machine": machine()}
    try:
        for name, measure in parts(options.runs).items():
            if name in options.only:
                print(f"measuring {name}", file=sys.stderr)
                measured[name] = measure()
    except QpatchError as error:
        print(f"bench: {error.message}" + (f"\n  help: {error.hint}" if error.hint else ""), file=sys.stderr)
        return error.exit_code
    measured["load_at_the_end"] = [round(load, 2) for load in os.getloadavg()]
    done = [measured[name] for name in options.only]
    json.dump(measured, sys.stdout, indent=1)
    print()
    absent = sorted({program for part in done for program in part["missing"]})
    for program in absent:
        print(f"bench: {program} is missing ({PACKAGES[program]}), so nothing was measured with it", file=sys.stderr)
    if absent:
        return ExitCode.ENVIRONMENT
    return ExitCode.OK if all(part["as_expected"] for part in done) else ExitCode.CHECKS_FAILED


if __name__ == "__main__":
    sys.exit(main())
