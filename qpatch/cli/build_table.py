# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of `build`: one row for each strategy, tree and target, the words below it, the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.builds.culprit import describe
from qpatch.builds.results import StepStatus
from qpatch.cli.cells import MISSED
from qpatch.cli.errors import error_document, error_text
from qpatch.cli.explain import explain_misses
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.builds.culprit import Culprit
    from qpatch.builds.prebuilt.binary import Prebuilt
    from qpatch.builds.results import BuildResult, StepResult
    from qpatch.cli.output import Output
    from qpatch.errors import QpatchError
    from qpatch.series.render import SeriesAttempt

FAILED = "failed"
DONE = frozenset({"built", "kept", "prebuilt"})


@dataclass(frozen=True)
class BuildCell:
    """What became of one build: the series that was tried, the result, whose fault a failure is, or an error."""

    strategy: str
    tree: str
    target: str
    base: str = ""
    tried: SeriesAttempt | None = None
    result: BuildResult | None = None
    culprit: Culprit | None = None
    prebuilt: Prebuilt | None = None
    error: QpatchError | None = None

    @property
    def title(self) -> str:
        """How the cell is called in messages."""
        target = f" ({self.target})" if self.target else ""
        return f"{self.strategy} on {self.tree}{target}"

    @property
    def status(self) -> str:
        """One word: built, kept, prebuilt, failed, or how the render ended where there is no series."""
        if self.error is not None:
            return FAILED
        if self.prebuilt is not None:
            return "prebuilt"
        if self.result is None:
            return str(self.tried.decision.status) if self.tried else FAILED
        if self.result.failed:
            return FAILED
        return "built" if any(step.status is StepStatus.BUILT for step in self.result.steps) else "kept"

    @property
    def label(self) -> str:
        """The words in the table."""
        built = [step for step in self.result.steps if step.step.number] if self.result else []
        if self.result is None or self.status == FAILED or not built:
            return self.status
        return f"{self.status} ({len(built)} {'patch' if len(built) == 1 else 'patches'})"

    @property
    def exit_code(self) -> ExitCode:
        """What the exit code were if this were the only build."""
        if self.status in MISSED:
            return ExitCode.DRIFT
        if self.status == FAILED:
            return self.error.exit_code if self.error else ExitCode.BUILD_FAILED
        return ExitCode.OK if self.status in DONE else ExitCode.NOTHING_APPLIED

    @property
    def reason(self) -> str:
        """Why there is nothing built, in words; '' where there is."""
        if self.error is not None:
            return self.error.message
        if self.result is None and self.tried is not None:
            return self.tried.decision.reason
        failed = self.result.failed if self.result else None
        return f"{step_title(failed)} does not build" if failed else ""

    def as_json(self) -> dict[str, object]:
        """Return the cell as `build --json` prints it."""
        product = self.result.product if self.result else None
        document: dict[str, object] = {
            "strategy": self.strategy,
            "tree": self.tree,
            "target": self.target,
            "status": self.status,
            "reason": self.reason,
            "base": self.base,
            "patches": [step.as_json() for step in self.result.steps] if self.result else [],
            "products": {name: str(path) for name, path in product.files.items()} if product else {},
            "metadata": str(product.metadata_file) if product else "",
            "culprit": self.culprit.as_json() if self.culprit else None,
        }
        if self.prebuilt is not None:
            document["prebuilt"] = self.prebuilt.as_json()
        if self.error is not None:
            document["error"] = error_document(self.error)
        return document


def step_title(step: StepResult) -> str:
    """Return how a step is called in messages."""
    if not step.step.number:
        return "the tree as it is, without a patch,"
    return f"patch {step.step.number} ({step.step.subject})"


def print_builds(cells: Sequence[BuildCell], output: Output) -> None:
    """Print the table, and below it what is to be said of each build."""
    rows = [(cell.strategy, cell.tree, cell.target, cell.label, *_amounts(cell)) for cell in cells]
    output.table("Builds", ("strategy", "tree", "target", "result", "steps", "seconds"), rows)
    for cell in cells:
        say = output.error if cell.status in (*MISSED, FAILED) else output.message
        for line in _words(cell):
            say(line)


def exit_code(cells: Sequence[BuildCell]) -> ExitCode:
    """Return the exit code: drift before failures, failures before what was built, that before "nothing to build"."""
    codes = [cell.exit_code for cell in cells]
    failures = [code for code in codes if code not in (ExitCode.OK, ExitCode.NOTHING_APPLIED)]
    if failures:
        return ExitCode.DRIFT if ExitCode.DRIFT in failures else failures[0]
    return ExitCode.OK if ExitCode.OK in codes else ExitCode.NOTHING_APPLIED


def _amounts(cell: BuildCell) -> tuple[str, str]:
    """Return how many commands were run, and for how long: of this run alone."""
    made = [step.made for step in cell.result.steps if step.made] if cell.result else []
    return str(sum(one.steps for one in made)), f"{sum(one.seconds for one in made):.1f}"


def _words(cell: BuildCell) -> list[str]:
    if cell.error is not None:
        return [f"{cell.title}: {FAILED}: {error_text(cell.error)}"]
    if cell.prebuilt is not None:
        return [f"{cell.title}: {cell.prebuilt.version}: {cell.prebuilt.wrapper}"]
    if cell.result is None:
        misses = explain_misses(cell.tried.patches) if cell.tried else ""
        return [f"{cell.title}: {cell.status}: {cell.reason}", *([misses] if misses else [])]
    if cell.result.failed:
        return _failure(cell, cell.result.failed)
    product = cell.result.product
    files = list(product.files.values()) if product else []
    kept = [product.directory] if product and len(files) > 1 else files
    log = cell.result.steps[-1].log
    return [
        *(f"{cell.title}: {path}" for path in kept),
        f"  log: {log}",
        *(line for step in cell.result.steps for line in _remarks(cell, step)),
    ]


def _failure(cell: BuildCell, failed: StepResult) -> list[str]:
    lines = describe(cell.culprit) if cell.culprit else _last_lines(failed)
    return [f"{cell.title}: {cell.reason}", *lines, f"  log: {failed.log}"]


def _last_lines(failed: StepResult) -> list[str]:
    """Return the end of the output: no message in it was understood."""
    return [f"  {line}" for line in failed.made.output.splitlines()[-5:]] if failed.made else []


def _remarks(cell: BuildCell, step: StepResult) -> list[str]:
    title = f"{cell.title}: patch {step.step.number}" if step.step.number else cell.title
    warned = [f"{title}: new warning: {warning}" for warning in step.warnings] if step.step.number else []
    left = ", ".join(step.not_compiled)
    return [*warned, *([f"{title}: this configuration compiles nothing of {left}"] if left else [])]
