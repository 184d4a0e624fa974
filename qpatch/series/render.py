# SPDX-License-Identifier: GPL-2.0-or-later
"""From a strategy and a tree to a series: the pipeline.

`attempt` decides and edits in memory and never writes; `render` writes the result. How a strategy's
edits ended is part of the result in every case, so that a miss can be explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.anchors.workspace import EditWorkspace
from qpatch.csource.results import Applied
from qpatch.csource.source import Overlay
from qpatch.series.attempt import AttemptedPatches, attempt_patches
from qpatch.series.model import PlannedSeries
from qpatch.series.plan import Decision, EditOutcome, PatchOutcome, Status
from qpatch.series.writer import write_series
from qpatch.strategy.bind import Binding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.csource.syntax.cache import ParseCache
    from qpatch.series.model import RenderedPatch, RenderedSeries, RenderOptions
    from qpatch.strategy.bind import BoundPatch, TreeInfo
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.git import CommitTree


@dataclass(frozen=True)
class Target:
    """A tree to render on: what templates see of it, its files, its capabilities by name, what was parsed of it."""

    info: TreeInfo
    source: CommitTree
    capabilities: Mapping[str, bool]
    cache: ParseCache


@dataclass(frozen=True)
class SeriesAttempt:
    """What a strategy comes to on a tree, nothing written; `planned` is set where it can be rendered."""

    strategy: str
    target: Target
    decision: Decision
    patches: tuple[PatchOutcome, ...] = ()
    planned: PlannedSeries | None = None


@dataclass(frozen=True)
class RenderResult:
    """How a render ended; `series` is set where `status` is 'rendered'."""

    strategy: str
    tree: str
    component: str
    status: Status
    reason: str
    base: str
    outcomes: tuple[PatchOutcome, ...]
    series: RenderedSeries | None = None

    @property
    def patches(self) -> tuple[RenderedPatch, ...]:
        """The patches on disk."""
        return self.series.patches if self.series else ()

    def as_json(self) -> dict[str, object]:
        """Return the result as `render --json` prints it (DESIGN: command line)."""
        series = self.series
        return {
            "strategy": self.strategy,
            "tree": self.tree,
            "component": self.component,
            "status": str(self.status),
            "reason": self.reason,
            "base": self.base,
            "tip": series.tip if series else "",
            "directory": str(series.directory) if series else "",
            "patches": [
                {"file": patch.file, "subject": patch.subject, "commit": patch.commit} for patch in self.patches
            ],
            "edits": [
                edit_row(number, outcome)
                for number, patch in enumerate(self.outcomes, start=1)
                for outcome in patch.edits
            ],
        }


def render(strategy: LoadedStrategy, target: Target, options: RenderOptions) -> RenderResult:
    """Render `strategy` on `target` into `options.output`.

    Raises UserError for whatever is wrong in the strategy or the options, EnvironmentFault where git, perl or
    the disk fails. A tree on which the strategy does not apply is no error: see the result's status.
    """
    return finish(attempt(strategy, target, options.parameters), options)


def finish(tried: SeriesAttempt, options: RenderOptions) -> RenderResult:
    """Write the series of an attempt, where it has one."""
    info, source = tried.target.info, tried.target.source
    written = write_series(tried.planned, source, options) if tried.planned else None
    return RenderResult(
        tried.strategy,
        info.name,
        info.kind,
        tried.decision.status,
        tried.decision.reason,
        source.commit,
        tried.patches,
        written,
    )


def attempt(strategy: LoadedStrategy, target: Target, parameters: Mapping[str, object]) -> SeriesAttempt:
    """Decide what `strategy` comes to on `target` and carry its edits out in memory; see `attempt_patches`."""
    binding = Binding(strategy, target.info, target.capabilities, parameters)
    decision = _standing(binding)
    if decision is not None:
        return SeriesAttempt(strategy.name, target, decision)
    bound = binding.patches()
    tried = attempt_patches(bound, EditWorkspace(Overlay(target.source), target.cache))
    planned = _plan(binding, target, bound, tried) if tried.decision.status is Status.RENDERED else None
    return SeriesAttempt(strategy.name, target, tried.decision, tried.outcomes, planned)


def edit_row(patch: int, outcome: EditOutcome) -> dict[str, object]:
    """Return the line of the table of edits for `outcome`, in patch number `patch` of the strategy."""
    result = outcome.result
    return {
        "patch": patch,
        "file": result.path,
        "anchor": outcome.anchor,
        "status": result.status,
        "count": result.count if isinstance(result, Applied) else 0,
        "message": outcome.message,
    }


def _standing(binding: Binding) -> Decision | None:
    kind = binding.tree.kind
    if not binding.concerns_tree:
        return Decision(Status.VOID, f"the strategy has no patches for a {kind} tree")
    standing = binding.standing()
    return None if standing.kind == "wanted" else Decision(Status(standing.kind), standing.reason)


def _plan(binding: Binding, target: Target, bound: Sequence[BoundPatch], tried: AttemptedPatches) -> PlannedSeries:
    kept = [bound[index] for index in tried.decision.kept]
    source = target.source
    return PlannedSeries(
        binding.loaded.name,
        target.info.name,
        target.info.kind,
        source.commit,
        source.repository.date_of(source.commit),
        tried.planned(bound),
        binding.loaded.title,
        binding.cover(kept),
    )
