# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a build, as the plain data of a cell's result."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qpatch.builds.results import StepStatus
from qpatch.cells.base import Status
from qpatch.cells.built import (
    BuiltPatch,
    BuiltResult,
    CompiledResult,
    CulpritReport,
    DiagnosticReport,
    EditReference,
    PrebuiltBinary,
)
from qpatch.cells.key import CellKey, Stage
from qpatch.series.results import edit_rows

if TYPE_CHECKING:
    from qpatch.builds.culprit import Culprit
    from qpatch.builds.diagnostics import Diagnostic
    from qpatch.builds.prebuilt.binary import Prebuilt
    from qpatch.builds.results import BuildOutcome, StepResult
    from qpatch.series.blame import SeriesEdit
    from qpatch.series.plan import SeriesAttempt

ResultT = TypeVar("ResultT", bound=CompiledResult)

_LAST_LINES = 5  # of an output that was not understood: it ends with what failed


def built_result(
    result_type: type[ResultT], key: CellKey, base: str, result: BuildOutcome, culprit: Culprit | None
) -> ResultT:
    """Return the result of a build that came to an end, of the tree whose commit is `base`."""
    failed = next((_built_patch(step) for step in result.steps if step is result.failed), None)
    built = any(step.status is StepStatus.BUILT for step in result.steps)
    product = result.product
    return result_type(
        key=key,
        status=Status.FAILED if failed else Status.BUILT if built else Status.KEPT,
        reason=f"{failed.title} does not build" if failed else "",
        base=base,
        patches=tuple(_built_patch(step) for step in result.steps),
        products={name: str(path) for name, path in product.files.items()} if product else {},
        metadata=str(product.metadata_file) if product else "",
        culprit=culprit_report(culprit) if culprit else None,
    )


def unbuilt_result(result_type: type[ResultT], key: CellKey, tried: SeriesAttempt) -> ResultT:
    """Return the result where the strategy has no series on the tree: it landed, is void, or does not fit."""
    rows = edit_rows(tried.patches)
    return result_type(
        key=key,
        status=tried.decision.status,
        reason=tried.decision.reason,
        base=tried.target.source.commit,
        misses=tuple(row for row in rows if row.missed),
    )


def prebuilt_result(strategy: str, tree: str, binary: Prebuilt) -> BuiltResult:
    """Return the result of taking a distribution's binary of a release of QEMU."""
    return BuiltResult(
        key=CellKey(strategy, tree, "qemu", Stage.BUILT, target=binary.target),
        status=Status.PREBUILT,
        prebuilt=PrebuiltBinary(
            directory=str(binary.directory),
            program=str(binary.program),
            wrapper=str(binary.wrapper),
            command=tuple(binary.command),
            environment=dict(binary.environment),
            arguments=binary.arguments,
            version=binary.version,
            packages=dict(binary.packages),
        ),
    )


def culprit_report(culprit: Culprit) -> CulpritReport:
    """Return what is kept of a culprit."""
    return CulpritReport(
        error=diagnostic_report(culprit.diagnostic),
        edit=_edit_reference(culprit.edit) if culprit.edit else None,
        how=culprit.how,
        certain=culprit.certain,
        more=culprit.more,
        snippet=culprit.snippet,
    )


def diagnostic_report(diagnostic: Diagnostic) -> DiagnosticReport:
    """Return what is kept of a diagnostic: all that was read."""
    return DiagnosticReport.model_validate(diagnostic, from_attributes=True)


def _edit_reference(edit: SeriesEdit) -> EditReference:
    return EditReference(
        patch=edit.patch,
        subject=edit.subject,
        anchor=edit.anchor,
        position=edit.position,
        file=edit.where.file,
        line=edit.where.line,
        why=edit.why,
        column=edit.where.column,
    )


def _built_patch(result: StepResult) -> BuiltPatch:
    step, made = result.step, result.made
    unclear = result.status is StepStatus.FAILED and not result.diagnostics and made is not None
    return BuiltPatch(
        number=step.number,
        subject=step.subject,
        commit=step.commit,
        files=step.files,
        status=Status(result.status),
        steps=made.steps if made else 0,
        seconds=round(made.seconds, 3) if made else 0.0,
        cpu_seconds=round(made.cpu_seconds, 3) if made else 0.0,
        switch_seconds=round(result.switch_seconds, 3),
        warnings=result.warnings,
        not_compiled=result.not_compiled,
        log=str(result.log),
        errors=tuple(diagnostic_report(each) for each in result.diagnostics),
        output_end=tuple(made.output.splitlines()[-_LAST_LINES:]) if made and unclear else (),
    )
