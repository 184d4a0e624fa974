# SPDX-License-Identifier: GPL-2.0-or-later
"""The library interface: what the verbs of the command line do, for Python programs.

    from qpatch import api

    defer, = api.load_strategies(["qemu-defer"])
    for result in api.render([defer], ["qemu-7.2", "qemu-10.2"], api.RenderOptions(output=Path("series"))):
        print(result.key, result.status, result.reason, [patch.subject for patch in result.patches])

Every function returns typed results of plain data (`RenderedResult`, `CheckedResult`, `BuiltResult`, `TestedResult`),
one for each cell: what fails on one tree is a result with an error, and does not stop the others. `as_json` writes a
result, `result_from_json` reads it back, `overall_exit_code` is what the command would exit with. docs/api.md tells
more. Names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpatch.api.building import CompileChoices, build, check, fetch_prebuilt
    from qpatch.api.progress import ResultProgress
    from qpatch.api.rebasing import rebase
    from qpatch.api.rendering import render
    from qpatch.api.results import result_from_json
    from qpatch.api.strategies import load_strategies, strategy_names
    from qpatch.api.suites import run_suite
    from qpatch.api.suites_on_kernels import KernelSuiteResult, run_kernel_suite
    from qpatch.api.testing import TestChoices, test
    from qpatch.cells.base import CellResult, ErrorReport, Status
    from qpatch.cells.built import BuiltResult, CheckedResult
    from qpatch.cells.exit_codes import overall_exit_code
    from qpatch.cells.key import CellKey, Stage
    from qpatch.cells.rendered import RenderedResult
    from qpatch.errors import EnvironmentFault, ExitCode, Location, QpatchError, UserError
    from qpatch.lab.campaign.evidence import read_evidence
    from qpatch.lab.campaign.planning import Peer
    from qpatch.lab.campaign.programs import BinaryChoice
    from qpatch.lab.campaign.results import TestedResult
    from qpatch.lab.campaign.runner import CampaignSettings, RunListener
    from qpatch.series.model import RenderOptions
    from qpatch.series.open_tree import OpenTree
    from qpatch.series.open_tree import opened_tree as open_tree
    from qpatch.series.outputs.branch import BranchOutput
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.git import Role, user_identity
    from qpatch.trees.progress import Progress

__all__ = [
    "BinaryChoice",
    "BranchOutput",
    "BuiltResult",
    "CampaignSettings",
    "CellKey",
    "CellResult",
    "CheckedResult",
    "CompileChoices",
    "EnvironmentFault",
    "ErrorReport",
    "ExitCode",
    "KernelSuiteResult",
    "LoadedStrategy",
    "Location",
    "OpenTree",
    "Peer",
    "Progress",
    "QpatchError",
    "RenderOptions",
    "RenderedResult",
    "ResultProgress",
    "Role",
    "RunListener",
    "Stage",
    "Status",
    "TestChoices",
    "TestedResult",
    "UserError",
    "build",
    "check",
    "fetch_prebuilt",
    "load_strategies",
    "open_tree",
    "overall_exit_code",
    "read_evidence",
    "rebase",
    "render",
    "result_from_json",
    "run_kernel_suite",
    "run_suite",
    "strategy_names",
    "test",
    "user_identity",
]

# The module of each name, and after a colon its name there where that is another one.
_MODULES = {
    "BinaryChoice": "qpatch.lab.campaign.programs",
    "BranchOutput": "qpatch.series.outputs.branch",
    "BuiltResult": "qpatch.cells.built",
    "CampaignSettings": "qpatch.lab.campaign.runner",
    "CellKey": "qpatch.cells.key",
    "CellResult": "qpatch.cells.base",
    "CheckedResult": "qpatch.cells.built",
    "CompileChoices": "qpatch.api.building",
    "EnvironmentFault": "qpatch.errors",
    "ErrorReport": "qpatch.cells.base",
    "ExitCode": "qpatch.errors",
    "KernelSuiteResult": "qpatch.api.suites_on_kernels",
    "LoadedStrategy": "qpatch.strategy.load",
    "Location": "qpatch.errors",
    "OpenTree": "qpatch.series.open_tree",
    "Peer": "qpatch.lab.campaign.planning",
    "Progress": "qpatch.trees.progress",
    "QpatchError": "qpatch.errors",
    "RenderOptions": "qpatch.series.model",
    "RenderedResult": "qpatch.cells.rendered",
    "ResultProgress": "qpatch.api.progress",
    "Role": "qpatch.trees.git",
    "RunListener": "qpatch.lab.campaign.runner",
    "Stage": "qpatch.cells.key",
    "Status": "qpatch.cells.base",
    "TestChoices": "qpatch.api.testing",
    "TestedResult": "qpatch.lab.campaign.results",
    "UserError": "qpatch.errors",
    "build": "qpatch.api.building",
    "check": "qpatch.api.building",
    "fetch_prebuilt": "qpatch.api.building",
    "load_strategies": "qpatch.api.strategies",
    "open_tree": "qpatch.series.open_tree:opened_tree",
    "overall_exit_code": "qpatch.cells.exit_codes",
    "read_evidence": "qpatch.lab.campaign.evidence",
    "rebase": "qpatch.api.rebasing",
    "render": "qpatch.api.rendering",
    "result_from_json": "qpatch.api.results",
    "run_kernel_suite": "qpatch.api.suites_on_kernels",
    "run_suite": "qpatch.api.suites",
    "strategy_names": "qpatch.api.strategies",
    "test": "qpatch.api.testing",
    "user_identity": "qpatch.trees.git",
}


if not TYPE_CHECKING:  # which would take any name for one of this module

    def __getattr__(name: str) -> Any:
        """Import `name` from its module."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = _MODULES[name].partition(":")
        return getattr(importlib.import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
