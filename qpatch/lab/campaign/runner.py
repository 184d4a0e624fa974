# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs cells again and again, several runs at a time, each in a directory of its own, and keeps what they leave.

DIR/<strategy>/<tree>/<machine>/<profile>/<scenario>/<run>/ holds timeline.jsonl, timeline.svg, result.json and what
each QEMU left; beside the runs, `bundle` is the reproducer of the first run that is not green. A run in which the lab
itself fails has the verdict `lab-error`: the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import shutil
import signal
import time
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qpatch.errors import EnvironmentFault, QpatchError
from qpatch.lab.campaign.bundle import SCRATCH, Bundle
from qpatch.lab.campaign.reports import CellReport, run_document
from qpatch.lab.model import Observation, ReportedError, RunResult, Verdict
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.picture import save_picture
from qpatch.lab.observer.timeline import FILE_NAME, read_timeline, save_timeline
from qpatch.lab.runtime.applicability import reason_against
from qpatch.lab.runtime.run import run_once
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from qpatch.lab.model import Cell
    from qpatch.lab.plan import RunPlan, RunRecord

PICTURE = "timeline.svg"
RESULT = "result.json"
BUNDLE = "bundle"
BUNDLE_NAMES = (BUNDLE, SCRATCH)
TRACEBACK = "lab-error.txt"


@dataclass(frozen=True)
class PlannedCell:
    """A cell that can be run; `peer` names the destination where it is another build than the source.

    `asked` is the cell in the user's words, where a path may stand for a name; None where those are the same.
    """

    cell: Cell
    plan: RunPlan
    peer: str = ""
    asked: Cell | None = None

    def directory(self, output: Path) -> Path:
        """Return where below `output` the runs of the cell are kept."""
        cell = self.cell
        tree = f"{cell.tree}-to-{self.peer}" if self.peer else cell.tree
        names = (cell.strategy, tree, cell.machine, cell.profile, cell.scenario)
        return output.joinpath(*(name.replace("/", "-") for name in names))


@dataclass(frozen=True)
class CampaignSettings:
    """How cells are run: how often each, how many runs at a time, where results go, what bundles hold."""

    output: Path
    repeat: int = 1
    jobs: int = 1
    bundle_binaries: bool = False


def default_jobs() -> int:
    """Return how many runs are carried out at a time: each has two QEMUs, which mostly wait for each other."""
    return max(1, (os.cpu_count() or 1) // 2)


def run_campaign(
    cells: Sequence[PlannedCell],
    settings: CampaignSettings,
    on_result: Callable[[RunResult], None] = lambda _result: None,
) -> list[CellReport]:
    """Run all cells and return a report for each, in their order; `on_result` is told of each run as it ends.

    Raises UserError and EnvironmentFault where a plan makes no sense, EnvironmentFault `results-busy` where another
    process writes to the same place, and `disk-full`; KeyboardInterrupt, also for the signals TERM and HUP. Nothing is
    left running then.
    """
    reasons = [reason_against(planned.plan) for planned in cells]  # before anything is run
    with _claimed(planned.directory(settings.output) for planned in cells):
        try:
            results = asyncio.run(_Campaign(settings, on_result).run(cells, reasons))
        except asyncio.CancelledError as error:
            raise KeyboardInterrupt from error
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
    return [
        CellReport(planned.cell, tuple(found), planned.peer, asked=planned.asked)
        for planned, found in zip(cells, results, strict=True)
    ]


@dataclass
class _Campaign:
    settings: CampaignSettings
    on_result: Callable[[RunResult], None]
    bundled: set[Path] = field(default_factory=set)

    async def run(self, cells: Sequence[PlannedCell], reasons: Sequence[str]) -> list[list[RunResult]]:
        """Run each cell, unless there is a reason against it."""
        _cancel_on_signals()
        asyncio.get_running_loop().set_exception_handler(_log_unhandled)
        slots = asyncio.Semaphore(self.settings.jobs)
        async with asyncio.TaskGroup() as group:
            tasks = [
                [group.create_task(self._run(planned, number, slots)) for number in self._numbers(reason)]
                for planned, reason in zip(cells, reasons, strict=True)
            ]
        done = [[task.result() for task in of_cell] for of_cell in tasks]
        return [
            found or [self._not_applicable(planned, reason)]
            for planned, reason, found in zip(cells, reasons, done, strict=True)
        ]

    def _numbers(self, reason: str) -> range:
        return range(1, 1 if reason else self.settings.repeat + 1)

    def _not_applicable(self, planned: PlannedCell, reason: str) -> RunResult:
        result = RunResult(planned.cell, 1, Observation(Verdict.NOT_APPLICABLE, reason), 0.0)
        self.on_result(result)
        return result

    async def _run(self, planned: PlannedCell, number: int, slots: asyncio.Semaphore) -> RunResult:
        directory = planned.directory(self.settings.output) / str(number)
        async with slots:
            started = time.monotonic()
            try:
                with _room_in(directory):
                    record = await run_once(planned.plan, directory)
                    result = await asyncio.to_thread(_evaluated, planned, number, record)
                    result = await self._bundled(planned, record, result)
            except _NoRoomError:
                raise
            except Exception as error:  # whatever it is, it says nothing of QEMU, nor of the other runs
                result = _lab_error(planned.cell, number, error, directory, time.monotonic() - started)
        with _room_in(directory):
            write_whole(directory / RESULT, json.dumps(run_document(result, planned.peer), indent=1) + "\n")
        self.on_result(result)
        return result

    async def _bundled(self, planned: PlannedCell, record: RunRecord, result: RunResult) -> RunResult:
        """Write the bundle of a cell's first run that is not green, and return the result with it."""
        seen, place = result.observation, planned.directory(self.settings.output) / BUNDLE
        if seen.verdict.is_green or seen.verdict is Verdict.NOT_APPLICABLE or place in self.bundled:
            return result
        self.bundled.add(place)
        bundle = Bundle(planned.plan, record, seen, self.settings.bundle_binaries)
        return replace(result, bundle=await asyncio.to_thread(bundle.write, place))


def _log_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell of what went wrong unheard, but for a monitor's connection that ended while nobody used it any more."""
    if not isinstance(context.get("exception"), (ConnectionError, EOFError)):
        loop.default_exception_handler(context)


class _NoRoomError(EnvironmentFault):
    """The disk is full: what other runs show could not be kept either."""


@contextlib.contextmanager
def _room_in(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _NoRoomError("disk-full", f"{directory}: {error.strerror}") from error
        raise


def _cancel_on_signals() -> None:
    """Let signals end the campaign; further ones do not disturb its cleaning up. What is ignored stays ignored."""
    task = asyncio.current_task()
    assert task is not None

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, cancel)


def _evaluated(planned: PlannedCell, number: int, record: RunRecord) -> RunResult:
    """Return what a run shows; its timeline and its picture are kept."""
    timeline = read_timeline(record)
    file = record.directory / FILE_NAME
    save_timeline(timeline, file)
    seen = observe(timeline, record.failure)
    save_picture(timeline, seen, record.directory / PICTURE, planned.cell)
    return RunResult(planned.cell, number, seen, record.wall_seconds, file)


def _lab_error(cell: Cell, number: int, error: Exception, directory: Path, seconds: float) -> RunResult:
    """Return the result of a run that the lab broke off; where that is a bug of the lab's, its traceback is kept."""
    if isinstance(error, QpatchError):
        reason = f"{error.message}\n{error.hint}".strip()
    else:
        reason = f"{type(error).__name__}: {error}"
        write_whole(directory / TRACEBACK, "".join(traceback.format_exception(error)))
    seen = Observation(Verdict.LAB_ERROR, reason, errors=(ReportedError("lab", reason),))
    return RunResult(cell, number, seen, seconds)


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
                if left.is_dir() and (left.name.isdigit() or left.name.startswith(BUNDLE_NAMES)):
                    shutil.rmtree(left)
        yield
