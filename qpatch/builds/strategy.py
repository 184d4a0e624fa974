# SPDX-License-Identifier: GPL-2.0-or-later
"""From a strategy and an open tree to what the builder is asked for: the same for every verb that builds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE, Builder, BuildRequest
from qpatch.builds.workspace import default_workspace
from qpatch.trees.git import Role, user_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.builds.backend import Backend
    from qpatch.builds.results import BuildOutcome
    from qpatch.series.open_tree import OpenTree
    from qpatch.series.plan import SeriesAttempt
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.git import Repository
    from qpatch.trees.progress import Progress


@dataclass(frozen=True)
class BuildOptions:
    """How much of a series is built: every patch and not only the last, or the objects alone that patches concern."""

    each_patch: bool = False
    objects: bool = False


@dataclass(frozen=True)
class StrategyBuild:
    """What came of a build: the series that was tried (None for the baseline), and the result where there is one."""

    tried: SeriesAttempt | None
    result: BuildOutcome | None


def build_strategy(
    strategy: LoadedStrategy | None,
    target: OpenTree,
    parameters: Mapping[str, object],
    backend: Backend,
    progress: Progress,
    options: BuildOptions = BuildOptions(),
) -> StrategyBuild:
    """Build the series of `strategy` (None: the tree as it is) on an open tree in the user's cache.

    A strategy without a series there (landed, void, drifted) is no error: see `StrategyBuild.tried`. Raises what
    `Builder.build` raises.
    """
    tried = _attempt(strategy, target, parameters) if strategy else None
    if tried and tried.planned is None:
        return StrategyBuild(tried, None)
    request = BuildRequest(
        strategy.name if strategy else BASELINE,
        target.source,
        tried.planned if tried else None,
        options.each_patch,
        options.objects,
        user_identity(),
        user_identity(role=Role.COMMITTER),
    )
    builder = builder_for(target.info.name, target.source.repository, backend, progress)
    return StrategyBuild(tried, builder.build(request))


def builder_for(tree: str, repository: Repository, backend: Backend, progress: Progress) -> Builder:
    """Return the builder, in the user's cache, of the tree that is called `tree` and kept in `repository`."""
    return Builder(default_workspace(tree, repository.path), backend, progress)


def _attempt(strategy: LoadedStrategy, target: OpenTree, parameters: Mapping[str, object]) -> SeriesAttempt:
    from qpatch.series.render import attempt  # only here: a baseline needs no edits

    return attempt(strategy, target, parameters)
