# SPDX-License-Identifier: GPL-2.0-or-later
"""What a build ended as: one result for each step, one for the whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.builds.backend import MakeResult
    from qpatch.builds.diagnostics import Diagnostic
    from qpatch.builds.products import Product
    from qpatch.builds.steps import BuildStep


class StepStatus(enum.StrEnum):
    """How a step ended: built now, built by an earlier run and kept, or failed."""

    BUILT = "built"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True)
class StepResult:
    """How one step ended.

    `warnings` are those that the step before has not, `all_warnings` those of all objects; `not_compiled` names files
    of the patch that nothing was made of; `made`, `diagnostics` and `switch_seconds` are of this run.
    """

    step: BuildStep
    status: StepStatus
    log: Path
    made: MakeResult | None = None
    switch_seconds: float = 0.0
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[str, ...] = ()
    not_compiled: tuple[str, ...] = ()
    all_warnings: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BuildOutcome:
    """The steps, in their order up to the first that failed, and what is kept of the last one; None for objects."""

    steps: tuple[StepResult, ...]
    product: Product | None = None

    @property
    def failed(self) -> StepResult | None:
        """The step that failed, if one did."""
        return next((result for result in self.steps if result.status is StepStatus.FAILED), None)
