# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles strategies on trees: checks patch by patch, builds, and a distribution's own binaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from qpatch.api.strategies import checked_choice
from qpatch.arguments import check_count, check_line, check_settings_map, check_type, items_of
from qpatch.builds.builder import BASELINE
from qpatch.builds.report import built_result, prebuilt_result, unbuilt_result
from qpatch.builds.strategy import BuildOptions, build_strategy
from qpatch.builds.targets import backends
from qpatch.cells.base import ErrorReport, Status
from qpatch.cells.built import BuiltResult, CheckedResult, CompiledResult
from qpatch.cells.key import CellKey
from qpatch.errors import QpatchError, system_faults
from qpatch.series.open_tree import opened_tree
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.builds.backend import Backend
    from qpatch.builds.culprit import Culprit
    from qpatch.builds.results import BuildOutcome
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

ResultT = TypeVar("ResultT", bound=CompiledResult)
_SILENT = NoProgress()


@dataclass(frozen=True)
class CompileChoices:
    """For what is compiled, and how.

    `target` is such as 'aarch64-softmmu' or 'modules'; '' is a tree's first, 'both' all of QEMU's. `jobs` is how many
    compilers run at a time, 0 for what ninja or the number of processors says. `parameters` are the strategies'.
    """

    target: str = ""
    jobs: int = 0
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not of its type; raises UserError `bad-argument`."""
        check_line(self.target, "target")
        check_count(self.jobs, 0, "jobs")
        check_settings_map(self.parameters, "parameters")


def build(
    strategies: Sequence[LoadedStrategy | None],
    trees: Sequence[str],
    choices: CompileChoices = CompileChoices(),
    *,
    each_patch: bool = False,
    progress: Progress = _SILENT,
) -> tuple[BuiltResult, ...]:
    """Build every strategy (None: the tree as it is) on every tree, in the cache; return the results, tree by tree.

    `each_patch` builds every patch and not only the whole series.
    `trees` are known names, paths, or PATH@REF; a tree that cannot be opened has an error for each strategy. Raises
    UserError for a parameter that no strategy has; what goes wrong later is in a result.
    """
    return _Compiling(BuiltResult, BuildOptions(each_patch), choices, progress).run(strategies, trees)


def check(
    strategies: Sequence[LoadedStrategy | None],
    trees: Sequence[str],
    choices: CompileChoices = CompileChoices(),
    *,
    progress: Progress = _SILENT,
) -> tuple[CheckedResult, ...]:
    """Compile, patch by patch, the objects that each patch concerns, and link nothing; see `build`."""
    return _Compiling(CheckedResult, BuildOptions(objects=True), choices, progress).run(strategies, trees)


def fetch_prebuilt(trees: Sequence[str], target: str = "", *, progress: Progress = _SILENT) -> tuple[BuiltResult, ...]:
    """Fetch a distribution's binaries of releases; their sources need not be there.

    See `build` for the arguments. A release that has none is a result with an error.
    """
    check_line(target, "target")
    results: list[BuiltResult] = []
    for tree in dict.fromkeys(items_of(trees, str, "trees")):
        try:
            results += _prebuilt(tree, target, progress)
        except QpatchError as error:
            results.append(_failed(BuiltResult, CellKey(BASELINE, tree, stage=BuiltResult.stage, target=target), error))
    return tuple(results)


def _prebuilt(tree: str, target: str, progress: Progress) -> Iterator[BuiltResult]:
    from qpatch.builds.prebuilt.catalogue import release_of
    from qpatch.builds.prebuilt.fetch import prebuilt_binaries
    from qpatch.trees.fetch import default_job

    name, release = release_of(tree)
    for binary in prebuilt_binaries(default_job(progress), name, release, target):
        yield prebuilt_result(BASELINE, name, binary)


@dataclass(frozen=True)
class _Compiling(Generic[ResultT]):
    """Compiles on one tree after the other, to results of one type."""

    result_type: type[ResultT]
    options: BuildOptions
    choices: CompileChoices
    progress: Progress

    def run(self, strategies: Sequence[LoadedStrategy | None], trees: Sequence[str]) -> tuple[ResultT, ...]:
        """Compile every strategy on every tree; a tree that cannot be opened has an error for each."""
        check_type(self.choices, CompileChoices, "choices")
        strategies, trees = checked_choice(strategies, trees, self.choices.parameters)
        results: list[ResultT] = []
        for tree in dict.fromkeys(trees):
            try:
                results += self._tree(strategies, tree)
            except QpatchError as error:
                results += [
                    _failed(self.result_type, self._key(strategy, tree, "", self.choices.target), error)
                    for strategy in strategies
                ]
        return tuple(results)

    def _tree(self, strategies: Sequence[LoadedStrategy | None], tree: str) -> Iterator[ResultT]:
        """Compile on one tree, opened once, for every target that is asked for."""
        with opened_tree(tree) as target:
            info = target.info
            for backend in backends(info.kind, info.release, self.choices.target, self.choices.jobs):
                for strategy in strategies:
                    yield self._one(strategy, target, backend)

    def _one(self, strategy: LoadedStrategy | None, target: OpenTree, backend: Backend) -> ResultT:
        """Compile a strategy's series on a tree, or the tree as it is."""
        key = self._key(strategy, target.info.name, target.info.kind, backend.target)
        base = target.source.commit
        try:
            with system_faults():
                built = build_strategy(strategy, target, self.choices.parameters, backend, self.progress, self.options)
        except QpatchError as error:
            return _failed(self.result_type, key, error, base)
        if built.result is None:
            assert built.tried is not None  # the tree as it is always has something to build
            return unbuilt_result(self.result_type, key, built.tried)
        return built_result(self.result_type, key, base, built.result, self._culprit(strategy, target, built.result))

    def _culprit(self, strategy: LoadedStrategy | None, target: OpenTree, result: BuildOutcome) -> Culprit | None:
        """Return the error of the failed step and the edit that it leads to, as far as that can be told."""
        from qpatch.builds.culprit import find_culprit
        from qpatch.series.blame import Authorship, authorship

        failed = result.failed
        if failed is None:
            return None
        last_built = max((step.step.number for step in result.steps if step is not failed), default=0)
        patched = strategy if failed.step.number else None
        written = authorship(patched, target, self.choices.parameters) if patched else Authorship()
        return find_culprit(failed.diagnostics, written, failed.step.number, last_built)

    def _key(self, strategy: LoadedStrategy | None, tree: str, component: str, target: str) -> CellKey:
        name = strategy.name if strategy else BASELINE
        return CellKey(name, tree, component, self.result_type.stage, target=target)


def _failed(result_type: type[ResultT], key: CellKey, error: QpatchError, base: str = "") -> ResultT:
    """Return the result of what `error` broke off."""
    return result_type(key=key, status=Status.FAILED, reason=error.message, error=ErrorReport.of(error), base=base)
