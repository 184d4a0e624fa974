"""The builder: the base once, then each step of a series in the same directory, compiling only what differs.

One checkout is switched from step to step, and one build directory follows it. (A copy of the directory for each
strategy would have to lie at the same absolute path, which configure writes into every command; hard links would let
`ar` and ninja's logs change the baseline.) What a step has built is copied into a store, so a baseline's binary stays
what it is, and a build that was done before is a look-up.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.build.diagnostics import errors, warnings
from qpatch.build.metadata import Origin, step_metadata
from qpatch.build.results import BuildResult, StepResult, StepStatus
from qpatch.build.steps import make_steps
from qpatch.build.toolchain import begin_log
from qpatch.build.workspace import Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.build.backend import Backend, Made, Place
    from qpatch.build.diagnostics import Diagnostic
    from qpatch.build.products import Product
    from qpatch.build.steps import Step
    from qpatch.build.workspace import Workspace
    from qpatch.series.model import PlannedSeries
    from qpatch.trees.git import CommitTree, Identity
    from qpatch.trees.progress import Progress

BASELINE = "baseline"


@dataclass(frozen=True)
class Order:
    """What to build: a series (None: the base alone) on a tree, called `strategy` in names of logs.

    `each_patch` asks for every patch and not only for the last; `objects` for the objects alone that a patch concerns;
    `author` is who `render` would name as the author.
    """

    strategy: str
    source: CommitTree
    series: PlannedSeries | None = None
    each_patch: bool = False
    objects: bool = False
    author: Identity | None = None


class Builder:
    """Builds one target of one tree in its workspace."""

    def __init__(self, workspace: Workspace, backend: Backend, progress: Progress) -> None:
        self._workspace = workspace
        self._backend = backend
        self._progress = progress

    def build(self, order: Order) -> BuildResult:
        """Build what `order` asks for, the base first; the first step that fails ends it.

        Raises BuildFailed where the tree cannot be configured, UserError and EnvironmentFault as the backend does.
        """
        with self._workspace.locked(self._progress.note) as lock:
            run = _Run(self._workspace, self._backend, self._progress, order, lock)
            return run.objects() if order.objects else run.products()


class _Run:
    """One order, carried out under the workspace's lock."""

    def __init__(self, workspace: Workspace, backend: Backend, progress: Progress, order: Order, lock: int) -> None:
        self._workspace = workspace
        self._backend = backend
        self._progress = progress
        self._order = order
        self._lock = lock
        self._identity = dict(backend.identity())
        self._overlay = dict(backend.overlay())
        source = order.source
        repository = workspace.checkout.borrow(source.repository, source.commit)
        self._steps = make_steps(repository, source.commit, self._overlay, order.series, order.author)

    def products(self) -> BuildResult:
        """Build the base and the steps that are wanted, as far as they are not kept."""
        base, product = self._product(self._steps[0], ())
        results = [base]
        known = self._known_warnings(product)
        for step in self._wanted():
            if results[-1].status is StepStatus.FAILED:
                break
            result, product = self._product(step, known)
            results.append(result)
        return BuildResult(tuple(results), product)

    def objects(self) -> BuildResult:
        """Compile what each patch concerns, at first as the base has it; nothing is linked or kept."""
        base = replace(self._steps[0], files=tuple(sorted({file for step in self._steps for file in step.files})))
        results = [self._make(base, ())]
        known = tuple(_without_line(warning) for warning in results[0].warnings)
        for step in self._wanted():
            if results[-1].status is StepStatus.FAILED:
                break
            results.append(self._make(step, known))
        return BuildResult(tuple(results))

    def _wanted(self) -> tuple[Step, ...]:
        patches = self._steps[1:]
        if self._order.each_patch or self._order.objects:
            return patches
        files = tuple(sorted({file for step in patches for file in step.files}))
        return tuple(replace(step, files=files) for step in patches[-1:])

    def _product(self, step: Step, known: tuple[str, ...]) -> tuple[StepResult, Product | None]:
        """Build a step, or find what was kept of it."""
        kept = self._workspace.products.find(self._key(step))
        is_last = step.number in (0, len(self._steps) - 1)
        if kept is not None and (kept.files or not is_last):
            return StepResult(step, StepStatus.KEPT, self._place(step).log), kept
        result = self._make(step, known)
        if result.status is StepStatus.FAILED:
            return result, None
        place = self._place(step)
        files = self._backend.products(place) if is_last else {}
        return result, self._workspace.products.keep(self._key(step), files, self._metadata(result, place))

    def _make(self, step: Step, known: tuple[str, ...]) -> StepResult:
        """Switch to a step and build it; a directory that has gone bad is made anew, once."""
        place = self._place(step)
        begin_log(place)
        was_there = self._configured(place)
        started = time.monotonic()
        self._workspace.checkout.switch(step.build_commit)
        switched = time.monotonic() - started
        made = self._run_backend(step, place)
        if not made.succeeded and was_there and self._gone_bad(step, made, place):
            self._progress.note(f"the build directory of {place.build.name} has gone bad: it is made anew")
            self._workspace.clear(place)
            self._configured(place)
            self._workspace.checkout.switch(step.build_commit)
            made = self._run_backend(step, place)
        return self._result(step, made, switched, place, known)

    def _run_backend(self, step: Step, place: Place) -> Made:
        if self._order.objects:
            return self._backend.make_objects(place, step.files, self._progress)
        made = self._backend.make(place, self._progress)
        stamp = self._workspace.stamp(place)
        if made.succeeded and stamp is not None and not stamp.proven:
            self._workspace.write_stamp(place, replace(stamp, proven=True))
        return made

    def _gone_bad(self, step: Step, made: Made, place: Place) -> bool:
        """Tell whether the directory may be at fault: the base was built there, or no source is complained about."""
        stamp = self._workspace.stamp(place)
        if step.number == 0:
            return stamp is not None and stamp.proven
        complaints = errors(made.output, place.source, place.build)
        return not any(error.path and (place.source / error.path).is_file() for error in complaints)

    def _configured(self, place: Place) -> bool:
        """Configure the directory where that was not done, or with something else; tell whether it was there."""
        stamp = self._workspace.stamp(place)
        if stamp is not None and stamp.identity == self._identity and place.build.is_dir():
            return True
        for difference in _differences(stamp, self._identity):
            self._progress.note(f"{self._backend.target} is configured anew: {difference}")
        self._workspace.checkout.switch(self._steps[0].build_commit)
        self._workspace.clear(place)
        command = tuple(self._backend.configure(place, self._progress))
        self._workspace.write_stamp(place, Stamp(self._identity, command))
        return False

    def _result(self, step: Step, made: Made, switched: float, place: Place, known: tuple[str, ...]) -> StepResult:
        new = tuple(warning for warning in warnings(made.output, place.source, place.build)
                    if _without_line(warning) not in known)
        status = StepStatus.BUILT if made.succeeded else StepStatus.FAILED
        found = () if made.succeeded else errors(made.output, place.source, place.build)
        unknown = tuple(self._backend.not_compiled(place, step.files)) if made.succeeded else ()
        return StepResult(step, status, place.log, made, switched, found, new, unknown)

    def _metadata(self, result: StepResult, place: Place) -> Mapping[str, object]:
        order, stamp = self._order, self._workspace.stamp(place)
        origin = Origin(order.strategy if result.step.number else BASELINE, order.source.repository.path,
                        order.source.commit, self._backend.target, self._identity, stamp.configure if stamp else (),
                        tuple(self._backend.reproducer(place)), self._overlay)
        return step_metadata(origin, result, len(self._steps) - 1, place)

    def _known_warnings(self, baseline: Product | None) -> tuple[str, ...]:
        return tuple(baseline.metadata["warnings"]) if baseline else ()

    def _place(self, step: Step) -> Place:
        name = f"{self._order.strategy}-{step.name}" if step.number else BASELINE
        return self._workspace.place(self._backend.target, name, self._lock)

    def _key(self, step: Step) -> str:
        how = hashlib.sha256(json.dumps(self._identity, sort_keys=True).encode()).hexdigest()
        return f"{self._backend.target}-{step.content[:16]}-{how[:8]}"


def _without_line(warning: Diagnostic) -> str:
    """Return what stays of a warning when lines above it come or go."""
    return f"{warning.path}: {warning.message}"


def _differences(stamp: Stamp | None, identity: Mapping[str, str]) -> list[str]:
    if stamp is None:
        return []
    return [f"{name} was '{stamp.identity.get(name, '')}' and is '{value}'" for name, value in identity.items()
            if stamp.identity.get(name) != value]
