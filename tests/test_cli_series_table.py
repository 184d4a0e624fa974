# SPDX-License-Identifier: GPL-2.0-or-later
"""What is printed of rendered series: of results that were read back from JSON as of those of this run."""

from __future__ import annotations

import io
import json

import pytest

from qpatch.cells.base import ErrorReport, Status
from qpatch.cells.key import CellKey
from qpatch.cells.rendered import EditRow, Remark, RenderedPatch, RenderedResult, TriedPatch
from qpatch.cells.results import result_from_json
from qpatch.cli.output import Output
from qpatch.cli.series_table import label, print_rendered
from qpatch.errors import Location, UserError

KEY = CellKey("demo", "one", "qemu")


def row(patch: int, status: str, explanation: str) -> EditRow:
    return EditRow(
        patch=patch, file="a.c", anchor="function f", status=status, count=1, message="", explanation=explanation
    )


RENDERED = RenderedResult(
    key=KEY,
    status=Status.RENDERED,
    directory="series/demo/one",
    patches=(RenderedPatch(file="0001-x.patch", subject="demo: x", commit="abc"),),
    edits=(row(1, "applied", "demo.yaml:3: applied"), row(2, "skipped", "demo.yaml:9: skipped")),
    tried=(TriedPatch(subject="demo: x", kept=True), TriedPatch(subject="demo: y", unwanted="`x` is false")),
    remarks=(Remark(file="0001-x.patch", line=7, level="WARNING", text="long line"),),
)
DRIFTED = RenderedResult(
    key=CellKey("demo", "two", "qemu"),
    status=Status.DRIFTED,
    reason="patch 1: no luck",
    edits=(row(1, "applied", "demo.yaml:3: applied"), row(1, "drifted", "demo.yaml:5: drifted: no luck\n  note: x")),
    tried=(TriedPatch(subject="demo: x"),),
)
FAILED = RenderedResult(
    key=CellKey("demo", "three"),
    status=Status.FAILED,
    reason="no",
    error=ErrorReport.of(UserError("bad-name", "no", where=Location("a.yaml", 3), hint="do")),
)


def printed(*results: RenderedResult, explain: bool = False, verbosity: int = 0) -> tuple[list[str], list[str]]:
    """Return the table and the words of results that were written to JSON and read back."""
    read = [result_from_json(json.loads(json.dumps(result.as_json()))) for result in results]
    stdout, stderr = io.StringIO(), io.StringIO()
    output = Output(verbosity=verbosity, stdout=stdout, stderr=stderr)
    print_rendered([result for result in read if isinstance(result, RenderedResult)], output, explain=explain)
    return stdout.getvalue().splitlines(), stderr.getvalue().splitlines()


def test_the_table_has_strategies_and_trees() -> None:
    table, _ = printed(RENDERED, DRIFTED, FAILED)
    assert [line.split() for line in table] == [
        ["strategy", "one", "two", "three"],
        ["demo", "rendered", "(1", "patch)", "drifted", "failed"],
    ]


def test_only_misses_are_told_unless_all_is_asked_for() -> None:
    assert printed(RENDERED)[1] == ["demo on one: series/demo/one", "  0001-x.patch:7: WARNING: long line"]
    assert printed(RENDERED, explain=True)[1] == [
        "demo on one: series/demo/one",
        "patch 1: demo: x",
        "demo.yaml:3: applied",
        "patch 2: demo: y (left out: `x` is false)",
        "demo.yaml:9: skipped",
        "  0001-x.patch:7: WARNING: long line",
    ]


@pytest.mark.parametrize("verbosity", [0, -1])
def test_what_went_wrong_is_told_even_when_quiet(verbosity: int) -> None:
    assert printed(DRIFTED, FAILED, verbosity=verbosity)[1] == [
        "demo on two: drifted: patch 1: no luck",
        "demo.yaml:5: drifted: no luck",
        "  note: x",
        "demo on three: failed: a.yaml:3: no",
        "  hint: do",
        "  help: A name consists of letters, digits and `._+-`, and begins with a letter or digit.",
    ]
    assert printed(RENDERED, verbosity=-1)[1] == []


def test_a_dry_run_counts_the_patches_that_would_be_written() -> None:
    dry = RENDERED.model_copy(update={"patches": (), "directory": ""})
    assert label(dry) == "rendered (1 patch)"
