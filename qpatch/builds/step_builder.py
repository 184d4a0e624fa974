# SPDX-License-Identifier: GPL-2.0-or-later
"""Brings the checkout and the build directory to a step and runs the backend there; a damaged directory is made again.

A build directory is configured anew where it was made with something else (recipe, compiler, place, or the files that
configure is made of). Where a patch does not build, the base is asked: if it no longer builds in this directory
either, the directory is at fault, and not the patch.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.builds.backend import BuildFailed
from qpatch.builds.known_warnings import KnownWarnings
from qpatch.builds.toolchain import begin_log
from qpatch.builds.workspace import Stamp
from qpatch.trees.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qpatch.builds.backend import Backend, BuildDirectories, MakeResult
    from qpatch.builds.steps import BuildStep
    from qpatch.builds.workspace import BuildWorkspace
    from qpatch.trees.git import Repository


@dataclass(frozen=True)
class StepOutcome:
    """What came of a step: where, what was made, seconds that the switch took, the configure line.

    `warnings` are those of the target's objects as they are now (none where it does not build), as "file: message".
    """

    place: BuildDirectories
    made: MakeResult
    switch_seconds: float
    configure: tuple[str, ...]
    warnings: frozenset[str]


class StepBuilder:
    """Makes steps in a workspace, under its lock `lock`; `identity` is what the backend says it builds with.

    `lender` is the repository that the tree comes from.
    """

    def __init__(
        self,
        workspace: BuildWorkspace,
        backend: Backend,
        progress: Progress,
        identity: Mapping[str, str],
        lender: Repository,
        lock: int,
    ) -> None:
        self._workspace = workspace
        self._backend = backend
        self._progress = progress
        self._identity = identity
        self._lender = lender
        self._lock = lock
        self._base_was_made = False

    def make(self, step: BuildStep, base: BuildStep, log: str, title: str) -> StepOutcome:
        """Build the target as `step` has it."""

        def run(place: BuildDirectories) -> MakeResult:
            return self._backend.make(place, _TitledProgress(self._progress, title))

        outcome, was_there = self._attempt(step, log, run)
        if outcome.made.succeeded or not was_there or not self._is_directory_broken(step, base, run):
            self._base_was_made |= step.number == 0 and outcome.made.succeeded
            return outcome
        return self._rebuild_from_scratch(step, log, run, outcome.place)

    def make_objects(self, step: BuildStep, log: str, title: str) -> StepOutcome:
        """Compile what `step` concerns."""

        def run(place: BuildDirectories) -> MakeResult:
            return self._backend.make_objects(place, step.files, _TitledProgress(self._progress, title))

        outcome, was_there = self._attempt(step, log, run)
        bad = not outcome.made.succeeded and was_there and step.number == 0 and self._is_proven(outcome.place)
        return self._rebuild_from_scratch(step, log, run, outcome.place) if bad else outcome

    def _is_directory_broken(
        self, step: BuildStep, base: BuildStep, run: Callable[[BuildDirectories], MakeResult]
    ) -> bool:
        """Tell whether the directory, and not what is built in it, is at fault: the base built in it once."""
        place = self._place("baseline-again")
        if not self._is_proven(place):
            return False
        if step.number == 0:
            return True
        if self._base_was_made:
            return False
        outcome, _ = self._attempt(base, "baseline-again", run)
        self._base_was_made = outcome.made.succeeded
        return not outcome.made.succeeded

    def _rebuild_from_scratch(
        self, step: BuildStep, log: str, run: Callable[[BuildDirectories], MakeResult], place: BuildDirectories
    ) -> StepOutcome:
        self._progress.note(f"{place.build} is damaged: building again from an empty directory")
        self._workspace.clear(place)
        return self._attempt(step, log, run)[0]

    def _attempt(
        self, step: BuildStep, log: str, run: Callable[[BuildDirectories], MakeResult]
    ) -> tuple[StepOutcome, bool]:
        """Switch to a step and run; tell also whether the directory was configured before."""
        place = self._place(log)
        begin_log(place)
        started = time.monotonic()
        self._workspace.checkout.switch(step.build_commit)
        switched = time.monotonic() - started
        was_there = self._configure(place)
        made = run(place)
        ledger = KnownWarnings(place)
        ledger.note(made.output)
        warnings = ledger.warnings(self._backend.objects(place) if made.succeeded else ())
        stamp = self._workspace.stamp(place)
        assert stamp is not None
        if made.succeeded and step.number == 0 and not stamp.proven:
            self._workspace.write_stamp(place, replace(stamp, proven=True))
        return StepOutcome(place, made, switched, stamp.configure, warnings), was_there

    def _configure(self, place: BuildDirectories) -> bool:
        """Configure the directory unless that was done with the same; tell whether it was."""
        wanted = Stamp(self._identity, (), str(place.build), self._configured_by(place))
        stamp = self._workspace.stamp(place)
        if stamp is not None and place.build.is_dir():
            differences = list(stamp.differences(wanted))
            if not differences:
                return True
            self._progress.note(f"{self._backend.target} is configured anew: {'; '.join(differences)}")
        self._workspace.clear(place)
        missing = self._workspace.checkout.copy_missing(self._lender, self._backend.borrowed)
        try:
            command = tuple(self._backend.configure(place, self._progress))
        except BuildFailed as error:
            if missing:
                error.hint += (
                    f"\n{self._lender.path} has no files in {', '.join(missing)}: `git submodule update "
                    "--init`, or `meson subprojects download`, fetches them there"
                )
            raise
        self._workspace.write_stamp(place, replace(wanted, configure=command))
        return False

    def _configured_by(self, place: BuildDirectories) -> str:
        """Return a digest of the files, as the checkout has them, that nothing but configuring anew takes note of."""
        digest = hashlib.sha256()
        for name in self._backend.configure_inputs:
            file = place.source / name
            digest.update(file.read_bytes() if file.is_file() else b"")
        return digest.hexdigest()[:16]

    def _is_proven(self, place: BuildDirectories) -> bool:
        stamp = self._workspace.stamp(place)
        return stamp is not None and stamp.proven

    def _place(self, log: str) -> BuildDirectories:
        return self._workspace.place(self._backend.directory, self._backend.target, log, self._lock)


class _TitledProgress(Progress):
    """Progress that says of each step of work what it is for."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._title = title

    @override
    def begin(self, step: str, total: int | None) -> None:
        self._progress.begin(f"{self._title}: {step}", total)

    @override
    def advance(self, amount: int) -> None:
        self._progress.advance(amount)

    @override
    def note(self, message: str) -> None:
        self._progress.note(message)
