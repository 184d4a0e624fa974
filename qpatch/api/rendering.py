# SPDX-License-Identifier: GPL-2.0-or-later
"""Renders strategies on trees: the edits one after the other, while git writes the series that are done already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

from qpatch.api.progress import SILENT
from qpatch.api.strategies import checked_choice
from qpatch.arguments import check_type
from qpatch.cells.base import ErrorReport, Status
from qpatch.cells.key import CellKey
from qpatch.cells.rendered import RenderedResult
from qpatch.errors import QpatchError, UserError, system_faults
from qpatch.series.fit import attempt_fit
from qpatch.series.model import RenderOptions
from qpatch.series.open_tree import opened_tree
from qpatch.series.render import finish
from qpatch.series.results import rendered_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qpatch.api.progress import ResultProgress
    from qpatch.series.open_tree import OpenTree
    from qpatch.series.plan import SeriesAttempt
    from qpatch.strategy.load import LoadedStrategy

# By the name of a tree, which is that of its output directory: the word that named it, repository and commit.
Claims: TypeAlias = dict[str, tuple[str, tuple["Path", str]]]
# Writing a series is git's work (and perl's, which takes two processes at a time).
WRITERS = 2


def render(
    strategies: Sequence[LoadedStrategy],
    trees: Sequence[str],
    options: RenderOptions,
    *,
    dry_run: bool = False,
    progress: ResultProgress = SILENT,
) -> tuple[RenderedResult, ...]:
    """Render every strategy on every tree and return the results, tree by tree.

    `trees` are known names, paths, or PATH@REF. `dry_run` carries the edits out in memory and writes nothing.
    `progress` is told of each pair. Raises UserError for a parameter that no strategy has; what goes wrong later is in
    the result of that pair.
    """
    check_type(options, RenderOptions, "options")
    strategies, trees = checked_choice(strategies, trees, options.parameters)
    with _Rendering(options, progress, dry_run=dry_run) as rendering:
        for tree in dict.fromkeys(trees):
            rendering.render_tree(strategies, tree)
        return rendering.results()


def failed_render(strategy: str, tree: str, error: QpatchError, component: str = "") -> RenderedResult:
    """Return the result of a render that `error` broke off.

    `tree` and `component` are the opened tree's name and kind; where it could not be opened, the user's word and ''.
    """
    key = CellKey(strategy, tree, component)
    return RenderedResult(key=key, status=Status.FAILED, reason=error.message, error=ErrorReport.of(error))


class _Rendering:
    """Renders on one tree after the other. A context manager: the trees stay open until everything is written."""

    def __init__(self, options: RenderOptions, progress: ResultProgress, *, dry_run: bool) -> None:
        self._options = options
        self._progress = progress
        self._dry_run = dry_run
        self._claims: Claims = {}
        self._results: list[Callable[[], RenderedResult]] = []
        self._attempts: list[SeriesAttempt] = []

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._writers = ThreadPoolExecutor(WRITERS)
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.shutdown()
        self._open.close()

    def results(self) -> tuple[RenderedResult, ...]:
        """Wait until all is written and return what came of each strategy on each tree."""
        return tuple(result() for result in self._results)

    def render_tree(self, strategies: Sequence[LoadedStrategy], tree: str) -> None:
        """Render all strategies on one tree, opened once; nothing where the very same tree was rendered before."""
        done = 0
        try:
            target = self._open.enter_context(opened_tree(tree))
            for strategy in strategies if claim(target, tree, self._claims) else ():
                self._progress.describe(f"{strategy.name} on {tree}")
                self._results.append(self._render(strategy, target))
                self._progress.advance()
                done += 1
        except QpatchError as error:
            self._results += [partial(failed_render, strategy.name, tree, error) for strategy in strategies[done:]]

    def _render(self, strategy: LoadedStrategy, target: OpenTree) -> Callable[[], RenderedResult]:
        """Carry out the edits now and leave the writing to a thread; return what waits for the outcome."""
        try:
            with system_faults():
                tried = attempt_fit(strategy, target, self._options.parameters)
        except QpatchError as error:
            return partial(failed_render, strategy.name, target.info.name, error, target.info.kind)
        self._attempts.append(tried)
        if tried.missed:
            return partial(self._explain, strategy, tried)
        if self._dry_run:
            return partial(rendered_result, tried)
        return self._writers.submit(_write, tried, self._options).result

    def _explain(self, strategy: LoadedStrategy, tried: SeriesAttempt) -> RenderedResult:
        """Return the result of an attempt that missed, once the strategy was tried on all trees."""
        from qpatch.series.several_trees import suggest_for_all  # only here: what applies is not explained

        others = [
            other
            for other in self._attempts
            if other.strategy == tried.strategy
            and other is not tried
            and other.target.info.kind == tried.target.info.kind
        ]
        return rendered_result(suggest_for_all(strategy, tried, others, self._options.parameters) if others else tried)


def claim(target: OpenTree, tree: str, claims: Claims) -> bool:
    """Note that `tree` takes the output directory of the target's name; False where it has done so before.

    Raises UserError where another tree of the same name was rendered: it would be replaced in silence.
    """
    place = (target.source.repository.path, target.source.commit)
    first, taken = claims.setdefault(target.info.name, (tree, place))
    if taken != place:
        raise UserError(
            "usage",
            f"{first} and {tree} are both called {target.info.name}: their series would go into one directory",
            hint="`qpatch tree add NAME PATH` gives a tree a name of its own.",
        )
    return first == tree


def _write(tried: SeriesAttempt, options: RenderOptions) -> RenderedResult:
    """Write what came of one strategy on one tree."""
    info = tried.target.info
    try:
        with system_faults():
            return finish(tried, options)
    except QpatchError as error:
        return failed_render(tried.strategy, info.name, error, info.kind)
