# SPDX-License-Identifier: GPL-2.0-or-later
"""KTAP of the uAPI's tests: how it is read, and what is made of it."""

from __future__ import annotations

import pytest
from junitparser import JUnitXml

from qpatch.errors import ExitCode
from qpatch.lab.selftests.junit import junit
from qpatch.lab.selftests.results import (
    DeviceOutcome,
    Outcome,
    TestOutcome,
    document,
    exit_code_of,
    ktap,
    read_program,
)

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED


def read(*lines: str, exit_code: int = 0) -> list[tuple[str, Outcome, str]]:
    tests = read_program("p", "".join(f"{line}\n" for line in ("KTAP version 1", *lines)), exit_code)
    assert {test.program for test in tests} <= {"p"}
    return [(test.test, test.outcome, test.reason) for test in tests]


def test_findings_belong_to_the_result_that_follows() -> None:
    lines = ("1..3", "# f.c:1:a: wrong", "# f.c:2:a: too", "not ok 1 f.a", "ok 2 f.b", "# f.c:9:c: x", "not ok 3 f.c")
    assert read(*lines, "# Totals: pass:1 fail:2 skip:0", exit_code=1) == [
        ("f.a", FAILED, "f.c:1:a: wrong\nf.c:2:a: too"),
        ("f.b", PASSED, ""),
        ("f.c", FAILED, "f.c:9:c: x"),
    ]


def test_a_skipped_test_has_its_reason() -> None:
    assert read("1..2", "ok 1 f.a # SKIP no PRE_COPY", "ok 2 f.b") == [
        ("f.a", SKIPPED, "no PRE_COPY"),
        ("f.b", PASSED, ""),
    ]
    assert read("1..1", "ok 1 f.a # SKIP no PRE_COPY", exit_code=4) == [("f.a", SKIPPED, "no PRE_COPY")]
    assert read("1..0 # SKIP no device was named", exit_code=4) == [("", SKIPPED, "no device was named")]


@pytest.mark.parametrize(
    ("lines", "exit_code", "wrong"),
    [
        ((), 127, "the program has printed no plan, and ended with exit code 127"),
        (("1..2", "ok 1 f.a"), 0, "the program has planned 2 tests, run 1, and ended with exit code 0"),
        (("1..2", "ok 1 f.a"), -11, "the program has planned 2 tests, run 1, and ended with exit code -11"),
        (("1..1", "ok 1 f.a"), 1, "exit code 1, and not 0 as its results have it"),
        (("1..1", "not ok 1 f.a"), 0, "exit code 0, and not 1 as its results have it"),
        (("1..1", "ok 1 f.a # SKIP x"), 0, "exit code 0, and not 4 as its results have it"),
        (("1..0",), 0, "exit code 0, and not 4 as its results have it"),
    ],
)
def test_a_program_that_does_not_end_as_its_results_have_it_has_failed(
    lines: tuple[str, ...], exit_code: int, wrong: str
) -> None:
    assert read(*lines, exit_code=exit_code)[-1] == ("", FAILED, wrong)


OUTCOMES = [
    DeviceOutcome(
        "first # one",
        (
            TestOutcome("p", "f.a", PASSED),
            TestOutcome("p", "f.b", FAILED, "wrong\x01 <x>\ntwice"),
            TestOutcome("q", "", SKIPPED, "nothing"),
        ),
    ),
    DeviceOutcome("second", (TestOutcome("q", "g.a", SKIPPED, "one"), TestOutcome("q", "g.b", SKIPPED, "two"))),
]


def test_ktap() -> None:
    assert (
        ktap(OUTCOMES)
        == """\
KTAP version 1
1..2
  KTAP version 1
  # Subtest: first # one
  1..2
    KTAP version 1
    # Subtest: p
    1..2
    ok 1 f.a
    # wrong\x01 <x>
    # twice
    not ok 2 f.b
  not ok 1 p
    KTAP version 1
    # Subtest: q
    1..1
    ok 1 q # SKIP nothing
  ok 2 q # SKIP nothing
not ok 1 first _ one
  KTAP version 1
  # Subtest: second
  1..1
    KTAP version 1
    # Subtest: q
    1..2
    ok 1 g.a # SKIP one
    ok 2 g.b # SKIP two
  ok 1 q # SKIP all tests were skipped
ok 2 second # SKIP all tests were skipped
"""
    )


def test_junit() -> None:
    suites = list(JUnitXml.fromstring(junit(OUTCOMES).encode()))
    assert [(suite.name, suite.tests, suite.failures, suite.skipped) for suite in suites] == [
        ("first # one", 3, 1, 1),
        ("second", 2, 0, 2),
    ]
    results = [case.result[0] for case in suites[0] if case.result]
    assert [(result.message, result.text) for result in results] == [
        ("wrong <x>", "wrong <x>\ntwice"),
        ("nothing", None),
    ]


def test_document() -> None:
    results = document("uapi", OUTCOMES)["results"]
    assert isinstance(results, list)
    assert results[1] == {
        "device": "first # one",
        "program": "p",
        "test": "f.b",
        "outcome": "failed",
        "reason": "wrong\x01 <x>\ntwice",
    }
    assert len(results) == 5


def test_exit_codes() -> None:
    assert exit_code_of(OUTCOMES) is ExitCode.CHECKS_FAILED
    assert exit_code_of(OUTCOMES[1:]) is ExitCode.NOTHING_APPLIED
    assert exit_code_of([DeviceOutcome("d", OUTCOMES[0].tests[::2])]) is ExitCode.OK
    assert exit_code_of([]) is ExitCode.NOTHING_APPLIED
