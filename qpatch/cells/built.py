# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of compiling: a series checked object by object, or built into programs and modules."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from qpatch.cells.base import CellResult, PlainData, Status
from qpatch.cells.key import Stage
from qpatch.cells.rendered import EditRow
from qpatch.errors import ExitCode


class DiagnosticReport(PlainData):
    """A message of a compiler, a linker or a script of the build; see `qpatch.builds.diagnostics.Diagnostic`."""

    path: str
    line: int
    column: int
    severity: str
    message: str
    function: str = ""
    symbol: str = ""
    text: str = ""
    notes: tuple[DiagnosticReport, ...] = ()

    def __str__(self) -> str:
        """Format as compilers do, without the source line."""
        where = ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])
        return f"{where}: {self.severity}: {self.message}" if self.path else f"{self.severity}: {self.message}"


class EditReference(PlainData):
    """An edit that a message leads to: its patch in the series (from 1), the anchor, its place in the strategy."""

    patch: int
    subject: str
    anchor: str
    position: str
    file: str
    line: int
    why: str
    column: int = 0

    def __str__(self) -> str:
        """Name the edit as a message does: file:line:column (in function f)."""
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return f"{place} ({self.position} {self.anchor})"


class CulpritReport(PlainData):
    """The error that a failed build is reported by, and the edit behind it; see `qpatch.builds.culprit.Culprit`."""

    error: DiagnosticReport
    edit: EditReference | None
    how: str
    certain: bool
    more: int
    snippet: str


class BuiltPatch(PlainData):
    """How the build of one patch ended; number 0 is the tree as it is.

    `commit` is what `render` calls the patch, `files` those that it changes; `steps` is how many commands ran, in
    `seconds`, with `cpu_seconds` of processor time and `switch_seconds` for the checkout before them. `warnings` are
    those that the patch brings; `not_compiled` names its files that nothing was made of. `output_end` has the last
    lines of the output where it failed and no message in it was understood.
    """

    number: int
    subject: str
    commit: str
    files: tuple[str, ...]
    status: Status
    steps: int
    seconds: float
    cpu_seconds: float
    switch_seconds: float
    warnings: tuple[str, ...]
    not_compiled: tuple[str, ...]
    log: str
    errors: tuple[DiagnosticReport, ...]
    output_end: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How the patch is called in messages."""
        return f"patch {self.number} ({self.subject})" if self.number else "the tree as it is, without a patch,"


class PrebuiltBinary(PlainData):
    """A distribution's program in the cache, and how it is run; see `qpatch.builds.prebuilt.binary.Prebuilt`."""

    directory: str
    program: str
    wrapper: str
    command: tuple[str, ...]
    environment: dict[str, str]
    arguments: tuple[str, ...]
    version: str
    packages: dict[str, str]


class CompiledResult(CellResult):
    """What is common to a check by compilation and a build.

    `base` is the commit of the tree, `patches` were compiled in their order, up to the first that failed; `culprit`
    tells of that. `products` are the files that are kept of the last one, by their names, `metadata` the file that
    describes them. `misses` are the edits for which there is no series.
    """

    layout: ClassVar[tuple[str, ...]] = (
        *("strategy", "tree", "target", "status", "reason", "base", "patches", "products", "metadata", "culprit"),
        *("prebuilt", "error", "component", "stage", "misses"),
    )
    successes: ClassVar = frozenset({Status.BUILT, Status.KEPT, Status.PREBUILT})
    failure_code: ClassVar = ExitCode.BUILD_FAILED

    status: Status
    base: str = ""
    patches: tuple[BuiltPatch, ...] = ()
    products: dict[str, str] = Field(default_factory=dict)
    metadata: str = ""
    culprit: CulpritReport | None = None
    misses: tuple[EditRow, ...] = ()

    @property
    def failed_patch(self) -> BuiltPatch | None:
        """The patch that does not build, if there is one."""
        return next((patch for patch in self.patches if patch.status is Status.FAILED), None)


class BuiltResult(CompiledResult):
    """A build that is linked: the project's own, or the `prebuilt` one of a distribution."""

    stage: ClassVar = Stage.BUILT
    left_out: ClassVar = frozenset({"error", "prebuilt"})

    prebuilt: PrebuiltBinary | None = None


class CheckedResult(CompiledResult):
    """A series compiled patch by patch, only the objects that each patch concerns: nothing is linked, no products."""

    stage: ClassVar = Stage.CHECKED
    layout: ClassVar[tuple[str, ...]] = tuple(name for name in CompiledResult.layout if name != "prebuilt")
    successes: ClassVar = frozenset({Status.BUILT, Status.KEPT})
