# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of cells: what JSON keeps of them, which exit code each has, and which one many have."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qpatch.cells.base import ERROR_CODES, UNSUCCESSFUL, CellResult, ErrorReport, Status
from qpatch.cells.built import (
    BuiltPatch,
    BuiltResult,
    CheckedResult,
    CompiledResult,
    CulpritReport,
    DiagnosticReport,
    EditReference,
    PrebuiltBinary,
)
from qpatch.cells.exit_codes import PRECEDENCE, overall_exit_code
from qpatch.cells.key import CellKey, Stage
from qpatch.cells.rendered import EditChange, EditRow, Remark, RenderedPatch, RenderedResult, TriedPatch
from qpatch.cells.results import result_from_json
from qpatch.errors import EnvironmentFault, ExitCode, Location, UserError

TEXT = st.text(max_size=5)
NUMBER = st.integers(0, 10**6)
SECONDS = st.floats(0, 1e6).map(lambda seconds: round(seconds, 3))
STATUS = st.sampled_from(Status)


def some(item: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, max_size=2).map(tuple)


def status_of(result_type: type[CellResult]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(UNSUCCESSFUL | result_type.successes))


def maybe(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | item


ERRORS = st.builds(
    ErrorReport,
    code=TEXT,
    message=TEXT,
    where=maybe(st.builds(Location, TEXT, NUMBER, NUMBER)),
    hint=TEXT,
    exit_code=st.sampled_from(sorted(ERROR_CODES)),
)
EDITS = st.builds(
    EditRow,
    patch=NUMBER,
    file=TEXT,
    anchor=TEXT,
    status=TEXT,
    count=NUMBER,
    message=TEXT,
    explanation=TEXT,
    warnings=some(TEXT),
)
REBASES = st.fixed_dictionaries(
    {
        "from_status": status_of(RenderedResult),
        "range_diff": TEXT,
        "changes": some(st.builds(EditChange, patch=TEXT, anchor=TEXT, old=TEXT, new=TEXT, message=TEXT)),
    }
)
RENDERED = st.builds(
    lambda rebase, **fields: RenderedResult(**fields, **rebase),
    rebase=st.just({}) | REBASES,
    key=st.builds(CellKey, TEXT, TEXT, TEXT),
    status=status_of(RenderedResult),
    reason=TEXT,
    error=maybe(ERRORS),
    base=TEXT,
    tip=TEXT,
    directory=TEXT,
    patches=some(st.builds(RenderedPatch, file=TEXT, subject=TEXT, commit=TEXT)),
    edits=some(EDITS),
    tried=some(st.builds(TriedPatch, subject=TEXT, kept=st.booleans(), unwanted=TEXT)),
    remarks=maybe(some(st.builds(Remark, file=TEXT, line=NUMBER, level=TEXT, text=TEXT, source=TEXT))),
)
NOTES = {"path": TEXT, "line": NUMBER, "column": NUMBER, "severity": TEXT, "message": TEXT, "text": TEXT}
DIAGNOSTICS = st.builds(
    DiagnosticReport, **NOTES, function=TEXT, symbol=TEXT, notes=some(st.builds(DiagnosticReport, **NOTES))
)
CULPRITS = st.builds(
    CulpritReport,
    error=DIAGNOSTICS,
    edit=maybe(
        st.builds(
            EditReference,
            patch=NUMBER,
            subject=TEXT,
            anchor=TEXT,
            position=TEXT,
            file=TEXT,
            line=NUMBER,
            why=TEXT,
            column=NUMBER,
        )
    ),
    how=TEXT,
    certain=st.booleans(),
    more=NUMBER,
    snippet=TEXT,
)
BUILT_PATCHES = st.builds(
    BuiltPatch,
    number=NUMBER,
    subject=TEXT,
    commit=TEXT,
    files=some(TEXT),
    status=STATUS,
    steps=NUMBER,
    seconds=SECONDS,
    cpu_seconds=SECONDS,
    switch_seconds=SECONDS,
    warnings=some(TEXT),
    not_compiled=some(TEXT),
    log=TEXT,
    errors=some(DIAGNOSTICS),
    output_end=some(TEXT),
)
PREBUILT = st.builds(
    PrebuiltBinary,
    directory=TEXT,
    program=TEXT,
    wrapper=TEXT,
    command=some(TEXT),
    environment=st.dictionaries(TEXT, TEXT, max_size=2),
    arguments=some(TEXT),
    version=TEXT,
    packages=st.dictionaries(TEXT, TEXT, max_size=2),
)


def compiled(result_type: type[CompiledResult], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[CompiledResult]:
    return st.builds(
        result_type,
        key=st.builds(CellKey, TEXT, TEXT, TEXT, stage=st.just(result_type.stage), target=TEXT),
        status=status_of(result_type),
        reason=TEXT,
        error=maybe(ERRORS),
        base=TEXT,
        patches=some(BUILT_PATCHES),
        products=st.dictionaries(TEXT, TEXT, max_size=2),
        metadata=TEXT,
        culprit=maybe(CULPRITS),
        misses=some(EDITS),
        **more,
    )


RESULTS: st.SearchStrategy[CellResult] = st.one_of(
    RENDERED, compiled(CheckedResult), compiled(BuiltResult, prebuilt=maybe(PREBUILT))
)


def rendered(status: Status, error: ErrorReport | None = None) -> RenderedResult:
    return RenderedResult(key=CellKey("demo", "one"), status=status, error=error)


def built(status: Status) -> BuiltResult:
    return BuiltResult(key=CellKey("demo", "one", stage=Stage.BUILT), status=status)


def checked(status: Status) -> CheckedResult:
    return CheckedResult(key=CellKey("demo", "one", stage=Stage.CHECKED), status=status)


def failed_with(exit_code: int) -> dict[str, Any]:
    error = ErrorReport.of(UserError("bad-name", "no")).model_dump(mode="json")
    return {**rendered(Status.FAILED).as_json(), "error": {**error, "exit_code": exit_code}}


def row(count: object) -> dict[str, object]:
    return {"patch": 1, "file": "a.c", "anchor": "function f", "status": "applied", "count": count, "message": ""}


@settings(max_examples=100)
@given(RESULTS)
def test_json_gives_back_an_equal_result(result: CellResult) -> None:
    document = json.loads(json.dumps(result.as_json()))
    assert result_from_json(document) == result
    assert list(document) == [name for name in type(result).layout if name in document]


def test_the_keys_of_the_documents() -> None:
    assert list(rendered(Status.VOID).as_json())[:10] == [
        *("strategy", "tree", "component", "status", "reason", "base", "tip", "directory", "patches", "edits"),
    ]
    assert list(built(Status.VOID).as_json())[:10] == [
        *("strategy", "tree", "target", "status", "reason", "base", "patches", "products", "metadata", "culprit"),
    ]


def test_an_error_keeps_its_place_and_its_exit_code() -> None:
    error = UserError("bad-name", "no", where=Location("a.yaml", 3, 4), hint="do")
    result = rendered(Status.FAILED, ErrorReport.of(error))
    assert result.as_json()["error"] == {
        "code": "bad-name",
        "message": "no",
        "where": {"file": "a.yaml", "line": 3, "column": 4},
        "hint": "do",
        "exit_code": 2,
    }
    assert result_from_json(result.as_json()).exit_code is ExitCode.USAGE


def test_an_error_in_what_strategies_share_keeps_both_places() -> None:
    where = Location("shared.yaml", 3, 4, used_at="a.yaml:7:5")
    result = rendered(Status.FAILED, ErrorReport.of(UserError("bad-name", "no", where=where)))
    assert result.as_json()["error"]["where"] == {
        "file": "shared.yaml",
        "line": 3,
        "column": 4,
        "used_at": "a.yaml:7:5",
    }
    assert result_from_json(result.as_json()) == result


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "its stage is None"),
        ({"stage": "tested"}, "not one of rendered, checked, built"),
        ({"stage": "built", "strategy": "demo"}, "this is no built result: key.tree: Field required"),
        ({**rendered(Status.VOID).as_json(), "status": "mended"}, "status: Input should be 'rendered', 'landed'"),
        ({**rendered(Status.VOID).as_json(), "verdict": "lost"}, "verdict: Extra inputs are not permitted"),
        ([], "type list, not an object"),
        (None, "type NoneType, not an object"),
        ("rendered", "type str, not an object"),
        (3, "type int, not an object"),
        ({**rendered(Status.VOID).as_json(), "key": {"strategy": "other", "tree": "two"}}, "it has a 'key'"),
        ({**rendered(Status.VOID).as_json(), "status": "built"}, "a rendered cell has no status 'built'"),
        ({**rendered(Status.VOID).as_json(), "from_status": "kept"}, "a rendered cell has no status 'kept'"),
        ({**built(Status.VOID).as_json(), "status": "rendered"}, "a built cell has no status 'rendered'"),
        ({**checked(Status.VOID).as_json(), "status": "prebuilt"}, "a checked cell has no status 'prebuilt'"),
        (failed_with(0), "error.exit_code: Value error, no error has the exit code 0"),
        (failed_with(130), "error.exit_code: Value error, no error has the exit code 130"),
        (failed_with(10**5000), "a number of more than 63 bits"),
        ({"stage": 10**5000}, "a number of more than 63 bits"),
        ({**rendered(Status.VOID).as_json(), "edits": [row("9" * 4000)]}, "a number of more than 63 bits"),
        ({**rendered(Status.VOID).as_json(), "edits": [row(-math.inf)]}, "-inf is no number of JSON"),
    ],
)
def test_what_is_no_result(document: Any, message: str) -> None:
    with pytest.raises(UserError, match="this is no") as caught:
        result_from_json(document)
    assert caught.value.code == "bad-result" and message in caught.value.message


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (CellKey("demo", "one", stage=Stage.BUILT), "its key of built"),
        (CellKey("demo", "one", machine="virt", profile="p"), "has no machine and no profile"),
    ],
)
def test_a_key_that_json_would_lose_is_refused(key: CellKey, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RenderedResult(key=key, status=Status.VOID)


def test_a_comparison_with_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="has a from_status"):
        RenderedResult(key=CellKey("demo", "one"), status=Status.VOID, range_diff="1:  a ! 1:  b")


def test_only_a_rebase_tells_of_the_old_tree() -> None:
    compared = RenderedResult(key=CellKey("demo", "one"), status=Status.VOID, from_status=Status.LANDED)
    assert compared.as_json().keys() - rendered(Status.VOID).as_json().keys() == {
        *("from_status", "range_diff", "cover_diff", "changes")
    }


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (rendered(Status.RENDERED), ExitCode.OK),
        (rendered(Status.LANDED), ExitCode.NOTHING_APPLIED),
        (rendered(Status.VOID), ExitCode.NOTHING_APPLIED),
        (rendered(Status.DRIFTED), ExitCode.DRIFT),
        (rendered(Status.AMBIGUOUS), ExitCode.DRIFT),
        (rendered(Status.FAILED), ExitCode.USAGE),
        (rendered(Status.FAILED, ErrorReport.of(EnvironmentFault("disk-full", "full"))), ExitCode.ENVIRONMENT),
        (built(Status.BUILT), ExitCode.OK),
        (built(Status.KEPT), ExitCode.OK),
        (built(Status.PREBUILT), ExitCode.OK),
        (built(Status.LANDED), ExitCode.NOTHING_APPLIED),
        (built(Status.DRIFTED), ExitCode.DRIFT),
        (built(Status.FAILED), ExitCode.BUILD_FAILED),
    ],
)
def test_the_exit_code_of_one(result: CellResult, code: ExitCode) -> None:
    assert result.exit_code is code and overall_exit_code([result]) is code


def test_nothing_at_all_is_nothing_to_do() -> None:
    assert overall_exit_code([]) is ExitCode.NOTHING_APPLIED


def test_the_order_of_precedence() -> None:
    assert [int(code) for code in PRECEDENCE] == [6, 2, 5, 3, 1, 0, 4]
    assert set(PRECEDENCE) == set(ExitCode) - {ExitCode.INTERRUPTED}


@settings(max_examples=50)
@given(st.lists(RESULTS, max_size=4), st.randoms(use_true_random=False))
def test_the_exit_code_does_not_depend_on_the_order(results: list[CellResult], random: Any) -> None:
    shuffled = list(results)
    random.shuffle(shuffled)
    code = overall_exit_code(results)
    assert overall_exit_code(shuffled) is code
    assert all(PRECEDENCE.index(code) <= PRECEDENCE.index(each.exit_code) for each in results)
