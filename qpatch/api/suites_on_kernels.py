# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds kernels, or modules for a distribution's, and runs suites on a device of each in a lab that boots them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.api.building import CompileChoices, build
from qpatch.arguments import check_name, check_path
from qpatch.cells.built import BuiltResult
from qpatch.cells.exit_codes import PRECEDENCE
from qpatch.errors import ExitCode, UserError
from qpatch.lab.protocol import KernelSuiteLab
from qpatch.lab.registry import registry
from qpatch.lab.selftests.kernels import KernelBuild
from qpatch.lab.selftests.results import exit_code_of
from qpatch.trees.progress import NoProgress
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.selftests.kernels import KernelSuite
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

_SILENT = NoProgress()
_DEFAULTS = CompileChoices()


@dataclass(frozen=True)
class KernelSuiteResult:
    """What came of a suite on one kernel: how it was built, and the tests; None where there is no kernel to boot."""

    built: BuiltResult
    suite: KernelSuite | None

    @property
    def exit_code(self) -> ExitCode:
        """What the exit code were if this were the only kernel."""
        return exit_code_of([self.suite.outcome]) if self.suite else self.built.exit_code


def run_kernel_suite(
    strategies: Sequence[LoadedStrategy | None],
    trees: Sequence[str],
    device: str = "",
    *,
    lab: str,
    output: Path,
    choices: CompileChoices = _DEFAULTS,
    progress: Progress = _SILENT,
) -> tuple[KernelSuiteResult, ...]:
    """Run the tests of VFIO's uAPI on `device` ('': the lab's default) of each kernel, built with each strategy.

    None is the tree as it is; `choices` say what is built: modules for a distribution's kernel, or the whole kernel.
    What the kernels said is kept below `output`. Raises UserError `usage`, `unknown-lab`, `unknown-device`, and
    EnvironmentFault where no kernel can be had.
    """
    check_path(output, "output")
    check_name(device, "device")
    chosen = registry().get(lab)
    if not isinstance(chosen, KernelSuiteLab):
        raise UserError("usage", f"the lab {lab} boots no kernels")
    releases = dict(map(_named_release, dict.fromkeys(trees)))
    options = {strategy.name: _options(strategy) for strategy in strategies if strategy}
    results = build(strategies, trees, choices, progress=progress)
    builds = {
        result.key: KernelBuild(
            result.key.strategy,
            result.key.tree,
            releases[result.key.tree],
            result.key.target,
            {name: Path(file) for name, file in result.products.items()},
            options.get(result.key.strategy, {}),
        )
        for result in results
        if result.status in BuiltResult.successes
    }
    suites = dict(zip(builds, chosen.run_kernel_suites(list(builds.values()), device, output, progress), strict=True))
    return tuple(KernelSuiteResult(result, suites.get(result.key)) for result in results)


def overall(results: Sequence[KernelSuiteResult]) -> ExitCode:
    """Return the exit code of a command with these results."""
    return min((one.exit_code for one in results), key=PRECEDENCE.index, default=ExitCode.NOTHING_APPLIED)


def _options(strategy: LoadedStrategy) -> dict[str, str]:
    """Return the parameters of modules that turn on what is off by default in a kernel of this strategy."""
    component = strategy.model.linux
    return {name: str(value) for name, value in component.globals.items()} if component else {}


def _named_release(tree: str) -> tuple[str, str]:
    """Return the name of a kernel tree and its release. Raises UserError where it is none of Linux, or not there."""
    found = resolve(tree)
    if found.kind != "linux":
        raise UserError("usage", f"{tree} is a tree of {found.kind}, and this suite is run on kernels")
    return found.name, found.release
