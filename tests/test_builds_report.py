# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of a build in its result, and what is printed of a result, also of one that was read back from JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blame_support import DEMO, demo_authorship, line_of

from qpatch.builds.backend import MakeResult
from qpatch.builds.culprit import Culprit, find_culprit
from qpatch.builds.diagnostics import Diagnostic
from qpatch.builds.products import Product
from qpatch.builds.report import built_result, culprit_report, diagnostic_report
from qpatch.builds.results import BuildOutcome, StepResult, StepStatus
from qpatch.builds.steps import BuildStep
from qpatch.cells.base import ErrorReport, Status
from qpatch.cells.built import BuiltResult, CheckedResult, CompiledResult
from qpatch.cells.key import CellKey, Stage
from qpatch.cells.rendered import EditRow
from qpatch.cells.results import result_from_json
from qpatch.cli.build_table import describe, print_compiled
from qpatch.cli.output import Output
from qpatch.errors import EnvironmentFault, ExitCode

if TYPE_CHECKING:
    from qpatch.series.blame import Authorship

KEY = CellKey("demo", "qemu-1.0", "qemu", Stage.BUILT, target="aarch64-softmmu")
BASE = StepResult(BuildStep(0, "", "aaa", "bbb", "ccc", "ccd"), StepStatus.KEPT, Path("base.log"))
ERROR = Diagnostic(DEMO, 3, 5, "error", "bad", "start", (Diagnostic("a.h", 3, 4, "note", "here"),), "text", "sym")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Authorship:
    return demo_authorship(tmp_path_factory.mktemp("demo"))


def step(status: StepStatus, output: str = "", *errors: Diagnostic, number: int = 1) -> StepResult:
    made = MakeResult(status is StepStatus.BUILT, output, 7, 1.23456, 2.0)
    return StepResult(
        BuildStep(number, "demo: Call later()", "ddd", "eee", "fff", "ffe", ("hw/demo.c",)),
        status,
        Path("demo.log"),
        made,
        0.5,
        errors,
        ("hw/demo.c: warning: x",),
        ("hw/idle.c",),
    )


def culprit(written: Authorship, *told: Diagnostic, patch: int = 2) -> Culprit:
    found = find_culprit(told, written, patch)
    assert found is not None
    return found


def printed(*results: BuiltResult | CheckedResult) -> tuple[str, str]:
    """Return what is printed of results that were written to JSON and read back."""
    read = [result_from_json(json.loads(json.dumps(result.as_json()))) for result in results]
    output = Output(stdout=io.StringIO(), stderr=io.StringIO())
    print_compiled([result for result in read if isinstance(result, BuiltResult | CheckedResult)], output)
    assert isinstance(output.stdout, io.StringIO) and isinstance(output.stderr, io.StringIO)
    return output.stdout.getvalue(), output.stderr.getvalue()


def test_a_diagnostic_is_kept_whole() -> None:
    assert diagnostic_report(ERROR).model_dump() == {
        "path": DEMO,
        "line": 3,
        "column": 5,
        "severity": "error",
        "message": "bad",
        "function": "start",
        "symbol": "sym",
        "text": "text",
        "notes": (diagnostic_report(ERROR.notes[0]).model_dump(),),
    }
    assert str(diagnostic_report(ERROR)) == str(ERROR)
    nowhere = replace(ERROR, path="", line=0, column=0)
    assert str(diagnostic_report(nowhere)) == str(nowhere) == "error: bad"


def test_a_culprit_names_its_edit(written: Authorship) -> None:
    found = culprit(written, replace(ERROR, line=line_of(written, 2, "later();"), notes=()))
    edit = culprit_report(found).edit
    assert edit is not None and found.edit is not None
    assert str(edit) == str(found.edit)
    assert edit.model_dump() == {
        "patch": 2,
        "subject": "demo: Call later()",
        "anchor": "function start",
        "position": "in",
        "file": found.edit.where.file,
        "line": found.edit.where.line,
        "why": found.edit.why,
        "column": found.edit.where.column,
    }
    assert culprit_report(culprit(written, replace(ERROR, path="hw/other.c", symbol=""))).edit is None


def test_the_description_of_a_culprit(written: Authorship) -> None:
    line = line_of(written, 1, "new_call();")
    foreign = Diagnostic("hw/other.c", 3, 5, "error", "bad")
    found = culprit(written, Diagnostic(DEMO, line, 5, "error", "'x' undeclared"), foreign, patch=1)
    assert found.edit is not None
    assert describe(culprit_report(found)) == [
        f"  hw/demo.c:{line}:5: error: 'x' undeclared",
        f"    {line:>4} |     new_call();",
        f"  written by {found.edit.where} (after function start)",
        "  the edit is there because: somebody has to do it",
        "  and 1 more error",
    ]
    alone = culprit_report(culprit(written, foreign))
    assert describe(alone) == ["  hw/other.c:3:5: error: bad", "  no edit wrote this line"]
    gone = culprit_report(culprit(written, replace(foreign, message="no member named 'old'")))
    assert describe(gone)[1].endswith("(in struct Dev): removed the last line of hw/demo.h that mentions 'old'")


def test_a_build_with_its_product() -> None:
    product = Product(Path("/cache/p"), {"products": {"qemu": {}, "modules/x.so": {}}})
    result = built_result(BuiltResult, KEY, "aaa", BuildOutcome((BASE, step(StepStatus.BUILT)), product), None)
    assert (result.status, result.reason, result.exit_code) == (Status.BUILT, "", ExitCode.OK)
    document = result.as_json()
    assert document["products"] == {"qemu": "/cache/p/qemu", "modules/x.so": "/cache/p/modules/x.so"}
    assert document["metadata"] == "/cache/p/metadata.json"
    assert [patch["status"] for patch in document["patches"]] == ["kept", "built"]
    assert document["patches"][1] == {
        "number": 1,
        "subject": "demo: Call later()",
        "commit": "ddd",
        "files": ["hw/demo.c"],
        "status": "built",
        "steps": 7,
        "seconds": 1.235,
        "cpu_seconds": 2.0,
        "switch_seconds": 0.5,
        "warnings": ["hw/demo.c: warning: x"],
        "not_compiled": ["hw/idle.c"],
        "log": "demo.log",
        "errors": [],
        "output_end": [],
    }
    table, words = printed(result)
    assert table.splitlines()[1].split() == ["demo", "qemu-1.0", "aarch64-softmmu", "built", "(1", "patch)", "7", "1.2"]
    assert words.splitlines() == [
        "demo on qemu-1.0 (aarch64-softmmu): /cache/p",
        "  log: demo.log",
        "demo on qemu-1.0 (aarch64-softmmu): patch 1: new warning: hw/demo.c: warning: x",
        "demo on qemu-1.0 (aarch64-softmmu): patch 1: this configuration compiles nothing of hw/idle.c",
    ]


def test_what_was_built_before_is_kept() -> None:
    result = built_result(CheckedResult, replace(KEY, stage=Stage.CHECKED), "aaa", BuildOutcome((BASE,)), None)
    assert (result.status, result.products, result.metadata) == (Status.KEPT, {}, "")


def test_a_failure_that_was_not_understood_ends_with_its_output() -> None:
    output = "".join(f"line {number}\n" for number in range(9))
    result = built_result(BuiltResult, KEY, "aaa", BuildOutcome((BASE, step(StepStatus.FAILED, output))), None)
    assert (result.status, result.exit_code) == (Status.FAILED, ExitCode.BUILD_FAILED)
    assert printed(result)[1].splitlines() == [
        "demo on qemu-1.0 (aarch64-softmmu): patch 1 (demo: Call later()) does not build",
        *(f"  line {number}" for number in range(4, 9)),
        "  log: demo.log",
    ]


def test_a_failure_that_was_understood_leads_to_the_edit(written: Authorship) -> None:
    error = Diagnostic(DEMO, line_of(written, 2, "later();"), 5, "error", "bad")
    steps = (BASE, step(StepStatus.FAILED, "noise\n", error, number=2))
    result = built_result(BuiltResult, KEY, "aaa", BuildOutcome(steps), culprit(written, error))
    assert "noise" not in json.dumps(result.as_json())
    words = printed(result)[1]
    assert "written by" in words and "noise" not in words


def test_the_tree_itself_does_not_build() -> None:
    result = built_result(
        BuiltResult, KEY, "aaa", BuildOutcome((replace(BASE, status=StepStatus.FAILED, diagnostics=(ERROR,)),)), None
    )
    assert result.reason == "the tree as it is, without a patch, does not build"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            BuiltResult(
                key=KEY,
                status=Status.FAILED,
                error=ErrorReport.of(EnvironmentFault("disk-full", "no room", hint="make some")),
            ),
            [
                "demo on qemu-1.0 (aarch64-softmmu): failed: no room",
                "  hint: make some",
                "  help: Make room, or set QPATCH_CACHE to a directory on another disk. Nothing was left half done.",
            ],
        ),
        (
            BuiltResult(
                key=KEY,
                status=Status.DRIFTED,
                reason="patch 1: no match",
                misses=(
                    EditRow(
                        patch=1,
                        file="a.c",
                        anchor="function f",
                        status="drifted",
                        count=0,
                        message="no match",
                        explanation="demo.yaml:3: drifted: no match\n  note: nothing in the tree resembles it",
                    ),
                ),
            ),
            [
                "demo on qemu-1.0 (aarch64-softmmu): drifted: patch 1: no match",
                "demo.yaml:3: drifted: no match",
                "  note: nothing in the tree resembles it",
            ],
        ),
    ],
)
def test_what_was_not_built_is_told(result: BuiltResult, words: list[str]) -> None:
    assert printed(result)[1].splitlines() == words


def test_both_types_have_the_keys_of_the_verb() -> None:
    results: list[CompiledResult] = [
        built_result(BuiltResult, KEY, "aaa", BuildOutcome((BASE,)), None),
        built_result(CheckedResult, replace(KEY, stage=Stage.CHECKED), "aaa", BuildOutcome((BASE,)), None),
    ]
    first, second = (list(result.as_json()) for result in results)
    assert first == second
