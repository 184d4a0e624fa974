# SPDX-License-Identifier: GPL-2.0-or-later
"""Running tests on mutants, each in a copy of the project, so that the files of the project are only read.

The tests of a room run on its unmutated code first, with coverage for each test. That gives the order for the mutants:
the tests that run the mutated line, then those that run others of its file, then the rest, each time the fastest
first. The first failure ends a run. So no test is left out, and most mutants meet only a few.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from coverage import CoverageData

from bench.measuring import run
from bench.mutation.plugin import OTHER_CODE
from bench.mutation.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.mutation.mutants import Mutant
    from bench.mutation.settings import Room, Settings

_PYTEST = ("-q", "-x", "--tb=short", "-p", "bench.mutation.plugin", "-p", "no:cacheprovider", "-p", "no:xdist")
_NO_TESTS = 5  # exit code of pytest


class TestRunError(Exception):
    """The unmutated code fails its tests, or there is nothing to run; the message has what pytest printed."""

    __test__ = False  # not a class of tests


class TrialStatus(StrEnum):
    """What the tests made of a mutant; one that makes them hang is noticed, too."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


@dataclass(frozen=True)
class Trial:
    """A mutant of a room and what the tests made of it.

    `killer` is the test that failed or hung, if one did; `covering` the number of tests that run the line.
    """

    room: str
    mutant: Mutant
    status: TrialStatus
    killer: str
    covering: int


@dataclass(frozen=True)
class Baseline:
    """The tests of a room on unmutated code: the seconds each took, and the tests that run each line of each file."""

    room: Room
    seconds: Mapping[str, float]
    covering: Mapping[str, Mapping[int, frozenset[str]]]

    def order(self, mutant: Mutant) -> list[str]:
        """Return all tests, those first that are likely to fail on `mutant`."""
        lines = self.covering.get(mutant.file, {})
        on_line = self.on_line(mutant)
        in_file = frozenset().union(*lines.values())
        return sorted(self.seconds, key=lambda test: (test not in on_line, test not in in_file, self.seconds[test]))

    def on_line(self, mutant: Mutant) -> frozenset[str]:
        """Return the tests that run the line of `mutant`."""
        return self.covering.get(mutant.file, {}).get(mutant.line, frozenset())


class Copy:
    """A copy of the project in `directory`, in which one test run at a time is made."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        """Copy what git would commit: also files that are not committed yet."""
        self._directory = directory
        self._project = directory / "project"
        self._settings = settings
        self._changes = 0
        for name in run(["git", "ls-files", "-z", "-co", "--exclude-standard"], settings.root).split("\0"):
            if name and (settings.root / name).is_file():
                (self._project / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(settings.root / name, self._project / name)

    def baseline(self, room: Room) -> Baseline:
        """Run the tests of `room` on the code as it is. Raises TestRunError where one fails."""
        data = self._directory / "coverage"
        options = (f"--cov={room.code}", "--cov-context=test", "--cov-report=", "--cov-config=/dev/null")
        code, printed = self._run([*options, *room.tests], {"COVERAGE_FILE": str(data)})
        if code != 0:
            raise TestRunError(f"{room.name}: the tests fail without any mutant\n{printed}")
        return Baseline(room, self._report()["seconds"], self._covering(data, room))

    def trial(self, mutant: Mutant, baseline: Baseline) -> Trial:
        """Run the tests on `mutant` until one fails."""
        factor, seconds = self._settings.factor, self._settings.seconds
        limits = {test: baseline.seconds[test] * factor + seconds for test in baseline.order(mutant)}
        selection = self._directory / "tests.json"
        selection.write_text(json.dumps(limits), encoding="utf-8")
        original = (self._project / mutant.file).read_text(encoding="utf-8")
        self._write(mutant.file, mutant.apply(original))
        code, printed = self._run(baseline.room.tests, {"QPATCH_MUTATION_TESTS": str(selection)})
        if code == -signal.SIGALRM:  # what hangs does so twice; a busy machine stands still for once
            code, printed = self._run(baseline.room.tests, {"QPATCH_MUTATION_TESTS": str(selection)})
        self._write(mutant.file, original)
        if code in (_NO_TESTS, OTHER_CODE):
            raise TestRunError(f"{mutant.file}:{mutant.line}: the tests cannot be run\n{printed}")
        status = {0: TrialStatus.SURVIVED, -signal.SIGALRM: TrialStatus.TIMED_OUT}.get(code, TrialStatus.KILLED)
        killer = next(iter(self._report()["failed"]), "")
        return Trial(baseline.room.name, mutant, status, killer, len(baseline.on_line(mutant)))

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Run pytest in the copy; return its exit code, negative for a signal, and the end of what it printed."""
        report = self._directory / "report.json"
        report.unlink(missing_ok=True)
        ours = {
            "PYTHONPATH": os.pathsep.join(
                (str(self._project), str(ROOT))
            ),  # ROOT has the plugin, if the project has not
            "PYTHONHASHSEED": "0",
            "QPATCH_MUTATION_REPORT": str(report),
            "QPATCH_MUTATION_MEMORY": str(self._settings.memory_mib << 20),
        }
        with (self._directory / "output").open("w+", encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *_PYTEST, f"--basetemp={self._directory / 't'}", *arguments],
                cwd=self._project,
                env={**os.environ, **ours, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait()
            finally:  # what the tests started goes with them
                _kill_group(process.pid)
            output.seek(0)
            return code, "".join(output.readlines()[-40:])

    def _report(self) -> dict[str, dict[str, float]]:
        """Return what the plugin wrote; nothing where pytest did not come to its end."""
        file = self._directory / "report.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"seconds": {}, "failed": {}}

    def _write(self, name: str, text: str) -> None:
        """Write a file with a time of its own: Python knows by it, in seconds, that what it compiled is out of date."""
        file = self._project / name
        file.write_text(text, encoding="utf-8")
        self._changes += 1
        os.utime(file, (self._changes, self._changes))

    def _covering(self, file: Path, room: Room) -> dict[str, dict[int, frozenset[str]]]:
        data = CoverageData(basename=str(file))
        data.read()
        return {
            name: {
                line: frozenset(test.partition("|")[0] for test in tests if test)
                for line, tests in data.contexts_by_lineno(str(self._project / name)).items()
            }
            for name in room.sources(self._settings.root)
        }


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
