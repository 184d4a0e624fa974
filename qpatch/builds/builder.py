# SPDX-License-Identifier: GPL-2.0-or-later
"""The builder: the base once, then each step of a series in the same directory, compiling only what differs.

One checkout is switched from step to step, and one build directory follows it; docs/builds.md tells why. What a step
has built is copied into a store, so a baseline's binary stays what it is, and what was built before is a look-up.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.builds.diagnostics import errors
from qpatch.builds.metadata import FORMAT_VERSION, BuildOrigin, step_metadata
from qpatch.builds.results import BuildOutcome, StepResult, StepStatus
from qpatch.builds.step_builder import StepBuilder
from qpatch.builds.steps import make_steps
from qpatch.series.commits import new_commits
from qpatch.series.model import PLACEHOLDER
from qpatch.trees.private import private_repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.builds.backend import Backend
    from qpatch.builds.products import Product
    from qpatch.builds.step_builder import StepOutcome
    from qpatch.builds.steps import BuildStep
    from qpatch.builds.workspace import BuildWorkspace
    from qpatch.series.model import PlannedSeries
    from qpatch.trees.commit_tree import CommitTree
    from qpatch.trees.git import Identity, Repository
    from qpatch.trees.private import NewCommit
    from qpatch.trees.progress import Progress

BASELINE = "baseline"
_NO_LOCK = -1  # of one who builds nothing


@dataclass(frozen=True)
class BuildRequest:
    """What to build: a series (None: the base alone) on a tree, called `strategy` in names of logs.

    `each_patch` asks for every patch and not only for the last; `objects` for the objects alone that a patch concerns;
    `author` and `committer` are whom `render` would name.
    """

    strategy: str
    source: CommitTree
    series: PlannedSeries | None = None
    each_patch: bool = False
    objects: bool = False
    author: Identity | None = None
    committer: Identity | None = None

    def commits(self) -> Sequence[NewCommit]:
        """Return the commits of the series as `render` makes them, without a sign-off."""
        if self.series is None:
            return ()
        return new_commits(self.series, self.author or PLACEHOLDER, self.committer, signoff=False)


class Builder:
    """Builds one target of one tree in its workspace."""

    def __init__(self, workspace: BuildWorkspace, backend: Backend, progress: Progress) -> None:
        self._workspace = workspace
        self._backend = backend
        self._progress = progress

    def build(self, request: BuildRequest) -> BuildOutcome:
        """Build what `request` asks for, the base first; the first step that fails ends it.

        What is kept as a whole is returned at once, whoever is building here meanwhile.
        Raises BuildFailed where the tree cannot be configured, UserError and EnvironmentFault as the backend does.
        """
        if not request.objects:
            with self._looking_up(request) as run:
                found = run.kept_outcome()
            if found is not None:
                return found
        with self._workspace.locked(self._progress.note) as lock:
            source = request.source
            repository = self._workspace.checkout.borrow(source.repository, source.commit)
            run = _Run(self._workspace, self._backend, self._progress, request, repository, lock)
            return run.objects() if request.objects else run.products()

    def find(self, request: BuildRequest) -> Product | None:
        """Return what is kept of `request`, its last patch with the series applied, None where that must be built."""
        with self._looking_up(request) as run:
            return run.kept()

    @contextmanager
    def _looking_up(self, request: BuildRequest) -> Iterator[_Run]:
        """Give the means to look for what is kept: that touches nothing in the workspace, so it needs no lock."""
        with private_repository([request.source.repository], request.source.commit) as repository:
            yield _Run(self._workspace, self._backend, self._progress, request, repository, _NO_LOCK)


class _Run:
    """One request, whose commits are made in `repository`; to build, it needs the workspace's lock."""

    def __init__(
        self,
        workspace: BuildWorkspace,
        backend: Backend,
        progress: Progress,
        request: BuildRequest,
        repository: Repository,
        lock: int,
    ) -> None:
        self._workspace = workspace
        self._backend = backend
        self._request = request
        self._identity = dict(backend.identity())
        self._overlay = dict(backend.overlay())
        source = request.source
        commits = request.commits()
        self._steps = make_steps(repository, source.commit, self._overlay, request.series, commits)
        self._making = StepBuilder(workspace, backend, progress, self._identity, source.repository, lock)

    @property
    def _wanted(self) -> Sequence[BuildStep]:
        """The steps that are asked for after the base."""
        return self._steps[1:] if self._request.each_patch else self._steps[1:][-1:]

    def kept_outcome(self) -> BuildOutcome | None:
        """Return the outcome where the base and all steps that are wanted are kept, else None."""
        results: list[StepResult] = []
        product: Product | None = None
        for step in (self._steps[0], *self._wanted):
            product = self._kept_product(step)
            if product is None:
                return None
            results.append(_kept(step, product))
        return BuildOutcome(tuple(results), product)

    def products(self) -> BuildOutcome:
        """Build the base and the steps that are wanted, as far as they are not kept."""
        base, product = self._product(self._steps[0], None)
        results = [base]
        for step in self._wanted:
            if results[-1].status is StepStatus.FAILED:
                break
            result, product = self._product(step, results[-1])
            results.append(result)
        return BuildOutcome(tuple(results), product)

    def kept(self) -> Product | None:
        """Return the product of the last step, if there is one."""
        product = self._workspace.products.find(self._key(self._steps[-1]))
        return product if product and product.files else None

    def objects(self) -> BuildOutcome:
        """Compile what each patch concerns, at first as the base has it; nothing is linked or kept."""
        base = replace(self._steps[0], files=tuple(sorted({file for step in self._steps for file in step.files})))
        results: list[StepResult] = []
        for step in (base, *self._steps[1:]):
            if results and results[-1].status is StepStatus.FAILED:
                break
            outcome = self._making.make_objects(step, self._log(step), self._title(step))
            results.append(self._result(step, outcome, results[-1] if results else None))
        return BuildOutcome(tuple(results))

    def _product(self, step: BuildStep, before: StepResult | None) -> tuple[StepResult, Product | None]:
        """Build a step, or find what was kept of it."""
        kept = self._kept_product(step)
        if kept is not None:
            return _kept(step, kept), kept
        outcome = self._making.make(step, self._steps[0], self._log(step), self._title(step))
        result = self._result(step, outcome, before)
        if result.status is StepStatus.FAILED:
            return result, None
        files = self._backend.products(outcome.place) if self._has_files(step) else {}
        metadata = self._metadata(result, outcome)
        return result, self._workspace.products.keep(self._key(step), files, metadata, outcome.place.log)

    def _kept_product(self, step: BuildStep) -> Product | None:
        """Return what is kept of a step, None where it must be built."""
        kept = self._workspace.products.find(self._key(step))
        return kept if kept is not None and (kept.files or not self._has_files(step)) else None

    def _has_files(self, step: BuildStep) -> bool:
        """Whether what is built of the step is kept: of the base, and of the last one."""
        return step.number in (0, len(self._steps) - 1)

    def _result(self, step: BuildStep, outcome: StepOutcome, before: StepResult | None) -> StepResult:
        """Return how a step ended; a warning is new where the step `before`, or the base, has not got it."""
        place, made = outcome.place, outcome.made
        if not made.succeeded:
            found = errors(made.output, place.source, place.build)
            return StepResult(step, StepStatus.FAILED, place.log, made, outcome.switch_seconds, found)
        warnings = outcome.warnings
        old = before.all_warnings if before else warnings
        return StepResult(
            step,
            StepStatus.BUILT,
            place.log,
            made,
            outcome.switch_seconds,
            (),
            tuple(sorted(warnings - old)),
            self._not_compiled(step, outcome),
            warnings,
        )

    def _not_compiled(self, step: BuildStep, outcome: StepOutcome) -> tuple[str, ...]:
        """Return the files of a patch that nothing was made of: not configured, or replaced by the build's own."""
        files = step.files
        if not self._request.each_patch and not self._request.objects and step.number:
            files = tuple(sorted({file for patch in self._steps for file in patch.files}))
        hidden = [file for file in files if file in self._overlay]
        left = self._backend.not_compiled(outcome.place, files)
        return tuple(dict.fromkeys([*hidden, *left])) if step.number else ()

    def _metadata(self, result: StepResult, outcome: StepOutcome) -> Mapping[str, object]:
        request = self._request
        origin = BuildOrigin(
            request.strategy if result.step.number else BASELINE,
            request.source.repository.path,
            request.source.commit,
            self._backend.target,
            self._identity,
            outcome.configure,
            tuple(self._backend.reproducer(outcome.place)),
            self._overlay,
        )
        return step_metadata(origin, result, len(self._steps) - 1, outcome.place)

    def _log(self, step: BuildStep) -> str:
        return f"{self._request.strategy}-patch-{step.number}" if step.number else BASELINE

    def _title(self, step: BuildStep) -> str:
        if not step.number:
            return BASELINE
        return f"{self._request.strategy}: patch {step.number}/{len(self._steps) - 1}"

    def _key(self, step: BuildStep) -> str:
        how = hashlib.sha256(json.dumps([FORMAT_VERSION, self._identity], sort_keys=True).encode()).hexdigest()
        return f"{self._backend.target}-{step.content[:16]}-{how[:8]}"


def _kept(step: BuildStep, product: Product) -> StepResult:
    """Return the result of a step that an earlier run has built, with what was told of it then."""
    metadata = product.metadata
    return StepResult(
        step,
        StepStatus.KEPT,
        product.log,
        warnings=tuple(metadata["warnings"]),
        not_compiled=tuple(metadata["not_compiled"]),
        all_warnings=frozenset(metadata["all_warnings"]),
    )
