# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs ninja; its own counts are the progress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.builds.backend import MakeResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.builds.backend import BuildDirectories
    from qpatch.builds.running import Runner
    from qpatch.trees.progress import Progress

_STATUS = re.compile(r"\[(?P<done>\d+)/(?P<total>\d+)\] (?P<what>.*)")


class _Counts:
    """Turns ninja's status lines into progress, and remembers the number of steps."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.done = 0
        self._total = 0
        self._earlier = 0
        self._name = name
        self._progress = progress

    @property
    def steps(self) -> int:
        """How many commands ninja has run."""
        return self._earlier + self.done

    def line(self, line: str) -> None:
        """Take note of a line that ninja printed."""
        status = _STATUS.match(line)
        if status is None:
            return
        done, total = int(status["done"]), int(status["total"])
        if not self._total or (total != self._total and done <= self.done):  # a new plan, after meson ran again
            self._earlier += self.done
            self.done = 0
            self._progress.begin(self._name, total)
        self._total = total
        self._progress.advance(done - self.done)
        self.done = done


def run_ninja(
    runner: Runner, place: BuildDirectories, goals: Sequence[str], jobs: int, progress: Progress
) -> MakeResult:
    """Make what is out of date among `goals`; `jobs` is the number of processes at a time, 0 for ninja's own choice."""
    counts = _Counts(f"building {goals[0] if len(goals) == 1 else f'{len(goals)} objects'}", progress)
    command = ["ninja", *([f"-j{jobs}"] if jobs else []), *goals]
    ran = runner.run(command, place.build, counts.line)
    return MakeResult(ran.succeeded, ran.output, counts.steps, ran.seconds, ran.cpu_seconds)
