# SPDX-License-Identifier: GPL-2.0-or-later
"""From a strategy and a tree to a series: the pipeline.

`attempt` decides and edits in memory and never writes; `render` writes the result. How a strategy's
edits ended is part of the result in every case, so that a miss can be explained.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qpatch.cells.base import Status
from qpatch.errors import UndecidedError
from qpatch.series.facts import facts_for
from qpatch.series.model import PlannedSeries
from qpatch.series.plan import Decision, SeriesAttempt
from qpatch.series.remembered import attempt_or_recall, told_or_recalled
from qpatch.series.results import rendered_result
from qpatch.series.standing import standing
from qpatch.series.writer import write_series
from qpatch.strategy.bind import Binding, SkippedEdit, UndecidedEdit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.cells.rendered import RenderedResult
    from qpatch.csource.edit import Edit
    from qpatch.errors import Location
    from qpatch.series.attempt import AttemptedPatches
    from qpatch.series.model import RenderOptions
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.bind import BoundPatch
    from qpatch.strategy.load import LoadedStrategy


def render(strategy: LoadedStrategy, target: OpenTree, options: RenderOptions) -> RenderedResult:
    """Render `strategy` on `target` into `options.output`.

    Raises UserError for whatever is wrong in the strategy or the options, EnvironmentFault where git, perl or
    the disk fails. A tree on which the strategy does not apply is no error: see the result's status.
    """
    return finish(attempt(strategy, target, options.parameters), options)


def finish(tried: SeriesAttempt, options: RenderOptions) -> RenderedResult:
    """Write the series of an attempt, where it has one."""
    written = write_series(tried.planned, tried.target.source, options) if tried.planned else None
    return rendered_result(tried, written)


def attempt(
    strategy: LoadedStrategy,
    target: OpenTree,
    parameters: Mapping[str, object],
    instead: Mapping[Location, Edit] | None = None,
) -> SeriesAttempt:
    """Decide what `strategy` comes to on `target` and carry its edits out in memory; see `attempt_patches`.

    `instead` holds edits to make in the place of the strategy's own at these places in it.
    """
    binding = Binding(strategy, target.info, facts_for(strategy, target), parameters)
    decision = standing(binding, target.source, target.cache, partial(told_or_recalled, target))
    if decision is not None:
        return SeriesAttempt(strategy.name, target, decision)
    bound = [_with_edits(patch, instead or {}) for patch in binding.patches()]
    tried = attempt_or_recall(bound, target)
    try:
        planned = _plan(binding, target, bound, tried) if tried.decision.status is Status.RENDERED else None
    except UndecidedError as undecided:
        unclear = Decision(Status.DRIFTED, f"the cover letter: {undecided.message}")
        return SeriesAttempt(strategy.name, target, unclear, tried.outcomes)
    return SeriesAttempt(strategy.name, target, tried.decision, tried.outcomes, planned)


def _with_edits(patch: BoundPatch, instead: Mapping[Location, Edit]) -> BoundPatch:
    fixed = SkippedEdit | UndecidedEdit
    steps = tuple(step if isinstance(step, fixed) else instead.get(step.where, step) for step in patch.steps)
    return replace(patch, steps=steps)


def _plan(binding: Binding, target: OpenTree, bound: Sequence[BoundPatch], tried: AttemptedPatches) -> PlannedSeries:
    kept = [bound[index] for index in tried.decision.kept]
    source = target.source
    return PlannedSeries(
        binding.loaded.name,
        target.info.name,
        target.info.kind,
        source.commit,
        source.date,
        tried.planned(bound),
        binding.title,
        binding.cover(kept),
        tuple(dict.fromkeys([*(patch.picked.author for patch in kept if patch.picked), *binding.cc])),
        binding.switched_on,
    )
