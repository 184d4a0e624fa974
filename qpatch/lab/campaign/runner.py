# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs cells again and again, several runs at a time, each in a directory of its own, and keeps what they leave.

DIR/<strategy>/<tree>/<machine>/<profile>/<scenario>/<run>/ holds timeline.jsonl, timeline.svg, result.json and what
each QEMU left; beside the runs, `bundle` repeats the first run that is not green. A run in which the lab itself fails
has the verdict `lab-error`: the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import shutil
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from qpatch.arguments import check_count, check_path
from qpatch.errors import EnvironmentFault, QpatchError
from qpatch.lab.campaign.applicability import reason_against
from qpatch.lab.campaign.reports import run_document
from qpatch.lab.campaign.results import TestedResult, TestedRun, path_of
from qpatch.lab.campaign.slowness import compared
from qpatch.lab.model import Observation, ReportedError, Verdict
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.picture import save_picture
from qpatch.lab.observer.timeline import FILE_NAME, save_timeline
from qpatch.lab.runtime.signals import cancel_on_signals
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from qpatch.cells.key import CellKey
    from qpatch.lab.plan import RunPlan, RunRecord
    from qpatch.lab.protocol import PreparedLab

PICTURE = "timeline.svg"
RESULT = "result.json"
BUNDLE = "bundle"
_LEFTOVERS = (BUNDLE, f".{BUNDLE}-")  # begin the names of bundles, also of those that were not finished
TRACEBACK = "lab-error.txt"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class PlannedCell:
    """A cell that can be run: its key, the plan of each run, and the key in the user's words (see TestedResult)."""

    key: CellKey
    plan: RunPlan
    asked: CellKey | None = None

    def directory(self, output: Path) -> Path:
        """Return where below `output` the runs of the cell are kept."""
        return output.joinpath(*(name.replace("/", "-") for name in path_of(self.key)))


@dataclass(frozen=True)
class CampaignSettings:
    """How cells are run: how often each, how many runs at a time, where results go, what bundles hold.

    `jobs` is 0 for as many as `default_jobs` says. Raises UserError `bad-argument`.
    """

    output: Path
    repeat: int = 1
    jobs: int = 0
    bundle_binaries: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers with which nothing would be run."""
        check_path(self.output, "output")
        check_count(self.repeat, 1, "repeat")
        check_count(self.jobs, 0, "jobs")


class RunListener(Protocol):
    """Is notified of the progress of a campaign."""

    def begin(self, runs: int) -> None:
        """Note that at most `runs` runs are about to be carried out."""

    def ended(self, key: CellKey, run: TestedRun) -> None:
        """Note that a run of the cell `key` has ended, or that the cell is not applicable."""


class NoListener:
    """A listener that does nothing."""

    def begin(self, runs: int) -> None:
        """Ignore it."""

    def ended(self, key: CellKey, run: TestedRun) -> None:
        """Ignore it."""


def default_jobs() -> int:
    """Return how many runs are carried out at a time: each has two QEMUs, which mostly wait for each other."""
    return max(1, (os.cpu_count() or 1) // 2)


def run_campaign(
    cells: Sequence[PlannedCell], lab: PreparedLab, settings: CampaignSettings, listener: RunListener | None = None
) -> list[TestedResult]:
    """Run all cells and return a result for each, in their order.

    Raises UserError and EnvironmentFault where a plan makes no sense, EnvironmentFault `results-busy` where another
    process writes to the same place, and `disk-full`; KeyboardInterrupt, also for the signals TERM and HUP. Nothing is
    left running then.
    """
    reasons = [reason_against(planned.plan) or lab.reason_against(planned.plan) for planned in cells]
    with (
        _claimed(planned.directory(settings.output) for planned in cells),
        ThreadPoolExecutor(1, "evaluation") as evaluation,
    ):
        campaign = _Campaign(lab, settings, listener or NoListener(), evaluation)
        try:
            runs = asyncio.run(campaign.run(cells, reasons))
        except asyncio.CancelledError as error:
            raise KeyboardInterrupt from error
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
    measured = [
        TestedResult(key=planned.key, runs=tuple(of_cell), asked=planned.asked, built_from=planned.plan.built_from)
        for planned, of_cell in zip(cells, runs, strict=True)
    ]
    results = compared(measured)
    _keep_changed(cells, measured, results, settings.output)
    return results


def _keep_changed(
    cells: Sequence[PlannedCell], before: Sequence[TestedResult], after: Sequence[TestedResult], output: Path
) -> None:
    """Write the files of the runs again whose verdict is another one next to the baseline."""
    for planned, old, new in zip(cells, before, after, strict=True):
        for was, run in zip(old.runs, new.runs, strict=True):
            if run is not was:
                _keep(planned, run, planned.directory(output) / str(run.run))


def _keep(planned: PlannedCell, run: TestedRun, directory: Path) -> None:
    with _disk_space_in(directory):
        write_whole(directory / RESULT, json.dumps(run_document(planned.key, run), indent=1) + "\n")


@dataclass
class _Campaign:
    """`evaluation` has one thread: Python does not think faster in several, and a long timeline takes 140 MB."""

    lab: PreparedLab
    settings: CampaignSettings
    listener: RunListener
    evaluation: ThreadPoolExecutor
    bundled: set[Path] = field(default_factory=set)

    async def run(self, cells: Sequence[PlannedCell], reasons: Sequence[str]) -> list[list[TestedRun]]:
        """Run each cell, unless there is a reason against it."""
        cancel_on_signals()
        asyncio.get_running_loop().set_exception_handler(_log_unhandled)
        slots = asyncio.Semaphore(self.settings.jobs or default_jobs())
        async with asyncio.TaskGroup() as group:
            tasks = [
                [group.create_task(self._run(planned, number, slots)) for number in self._numbers(reason)]
                for planned, reason in zip(cells, reasons, strict=True)
            ]
        done = [[task.result() for task in of_cell] for of_cell in tasks]
        return [
            runs or [self._not_applicable(planned, reason)]
            for planned, reason, runs in zip(cells, reasons, done, strict=True)
        ]

    def _numbers(self, reason: str) -> range:
        return range(1, 1 if reason else self.settings.repeat + 1)

    def _not_applicable(self, planned: PlannedCell, reason: str) -> TestedRun:
        run = TestedRun(run=1, observation=Observation(Verdict.NOT_APPLICABLE, reason), wall_s=0.0)
        self.listener.ended(planned.key, run)
        return run

    async def _run(self, planned: PlannedCell, number: int, slots: asyncio.Semaphore) -> TestedRun:
        directory = planned.directory(self.settings.output) / str(number)
        async with slots:
            started = time.monotonic()
            try:
                with _disk_space_in(directory):
                    record = await self.lab.run(planned.plan, directory)
                    run = await asyncio.get_running_loop().run_in_executor(
                        self.evaluation, self._evaluated, planned, number, record
                    )
                    run = await self._bundled(planned, record, run)
            except _DiskFullError:
                raise
            except Exception as error:  # whatever it is, it says nothing about QEMU, nor about the other runs
                run = _lab_error(number, error, directory, time.monotonic() - started)
        _keep(planned, run, directory)
        self.listener.ended(planned.key, run)
        return run

    def _evaluated(self, planned: PlannedCell, number: int, record: RunRecord) -> TestedRun:
        """Return what a run shows; its timeline and its picture are kept."""
        timeline = self.lab.timeline(record)
        file = record.directory / FILE_NAME
        save_timeline(timeline, file)
        observation = observe(timeline, record.failure)
        save_picture(timeline, observation, record.directory / PICTURE, planned.key)
        return TestedRun(run=number, observation=observation, wall_s=record.wall_seconds, timeline=str(file))

    async def _bundled(self, planned: PlannedCell, record: RunRecord, run: TestedRun) -> TestedRun:
        """Write the bundle of a cell's first run that is not green, and return the run with it.

        What the run showed does not depend on it: where it cannot be written, the run says why. Raises OSError for a
        full disk.
        """
        observation, place = run.observation, planned.directory(self.settings.output) / BUNDLE
        if observation.verdict.is_green or observation.verdict is Verdict.NOT_APPLICABLE or place in self.bundled:
            return run
        self.bundled.add(place)
        try:
            bundle = await asyncio.to_thread(
                self.lab.write_bundle, planned.plan, record, observation, place, binaries=self.settings.bundle_binaries
            )
        except (QpatchError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise
            return run.model_copy(update={"no_bundle": str(error)})
        return run.model_copy(update={"bundle": str(bundle or "")})


def _log_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an exception that nobody awaited, but for a monitor's connection that ended when it was not used."""
    if not isinstance(context.get("exception"), (ConnectionError, EOFError)):
        loop.default_exception_handler(context)


class _DiskFullError(EnvironmentFault):
    """The disk is full: what other runs show could not be kept either."""


@contextlib.contextmanager
def _disk_space_in(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _DiskFullError("disk-full", f"{directory}: {error.strerror}") from error
        raise


def _lab_error(number: int, error: Exception, directory: Path, seconds: float) -> TestedRun:
    """Return a run that the lab broke off; where that is a bug of the lab's, its traceback is kept."""
    if isinstance(error, QpatchError):
        reason = f"{error.message}\n{error.hint}".strip()
    else:
        reason = f"{type(error).__name__}: {error}"
        write_whole(directory / TRACEBACK, "".join(traceback.format_exception(error)))
    observation = Observation(Verdict.LAB_ERROR, reason, errors=(ReportedError("lab", reason),))
    return TestedRun(run=number, observation=observation, wall_s=seconds)


@contextlib.contextmanager
def _claimed(directories: Iterator[Path]) -> Iterator[None]:
    """Keep other processes out of `directories` while the context lasts, and remove what earlier ones left there.

    Raises EnvironmentFault `results-busy`.
    """
    from filelock import FileLock, Timeout  # only here: a moment's import

    with contextlib.ExitStack() as locks:
        for directory in dict.fromkeys(directories):
            directory.mkdir(parents=True, exist_ok=True)
            try:
                locks.enter_context(FileLock(directory / ".lock", timeout=0))
            except Timeout as error:
                raise EnvironmentFault("results-busy", f"another `qpatch test` is writing to {directory}") from error
            for left in directory.iterdir():
                if left.is_dir() and (left.name.isdigit() or left.name.startswith(_LEFTOVERS)):
                    shutil.rmtree(left)
        yield
