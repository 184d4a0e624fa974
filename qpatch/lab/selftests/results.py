# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the uAPI have said: KTAP read into types, and what these are printed as."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORMAT_VERSION = 1
_PLAN = re.compile(r"1\.\.(?P<count>\d+)(?: # SKIP ?(?P<reason>.*))?")
_RESULT = re.compile(r"(?P<not>not )?ok \d+ (?P<name>\S+)(?: # SKIP ?(?P<reason>.*))?")
# Of a program, as kselftest has them.
_PASSED, _FAILED, _SKIPPED = 0, 1, 4


class Outcome(enum.StrEnum):
    """What became of one test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class TestOutcome:
    """One test of a program; `reason` says why it was skipped, or what it found, one line for each finding."""

    __test__ = False  # pytest: no test

    program: str
    test: str
    outcome: Outcome
    reason: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it as --json prints it."""
        return {"program": self.program, "test": self.test, "outcome": self.outcome, "reason": self.reason}


@dataclass(frozen=True)
class DeviceOutcome:
    """All tests on one device (or two that are the same), which is called `device`."""

    device: str
    tests: tuple[TestOutcome, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many tests had this outcome."""
        return sum(test.outcome is outcome for test in self.tests)

    def failed(self) -> tuple[TestOutcome, ...]:
        """Return the tests that found something."""
        return tuple(test for test in self.tests if test.outcome is Outcome.FAILED)

    def programs(self) -> tuple[str, ...]:
        """Return the programs that were run, in their order."""
        return tuple(dict.fromkeys(test.program for test in self.tests))

    def of(self, program: str) -> DeviceOutcome:
        """Return the tests of one program."""
        return DeviceOutcome(self.device, tuple(test for test in self.tests if test.program == program))


def read_program(program: str, output: str, exit_code: int) -> tuple[TestOutcome, ...]:
    """Return what a program's KTAP says.

    A program that died, said less than it had planned to, or ended otherwise than its results have it, has failed: it
    has one more result, of no test.
    """
    tests: list[TestOutcome] = []
    findings: list[str] = []
    planned: int | None = None
    skipped = ""
    for line in output.splitlines():
        if plan := _PLAN.fullmatch(line):
            planned, skipped = int(plan["count"]), plan["reason"] or ""
        elif result := _RESULT.fullmatch(line):
            tests.append(_outcome(program, result, findings))
            findings.clear()
        elif line.startswith("# "):
            findings.append(line.removeprefix("# "))
    if planned == 0 and exit_code == _SKIPPED:
        return (TestOutcome(program, "", Outcome.SKIPPED, skipped),)
    wrong = _what_is_wrong(tests, planned, exit_code)
    return (*tests, TestOutcome(program, "", Outcome.FAILED, wrong)) if wrong else tuple(tests)


def _outcome(program: str, result: re.Match[str], findings: Sequence[str]) -> TestOutcome:
    if result["not"]:
        return TestOutcome(program, result["name"], Outcome.FAILED, "\n".join(findings))
    if result["reason"] is not None:
        return TestOutcome(program, result["name"], Outcome.SKIPPED, result["reason"])
    return TestOutcome(program, result["name"], Outcome.PASSED)


def _what_is_wrong(tests: Sequence[TestOutcome], planned: int | None, exit_code: int) -> str:
    outcomes = {test.outcome for test in tests}
    right = _FAILED if Outcome.FAILED in outcomes else _PASSED if Outcome.PASSED in outcomes else _SKIPPED
    if planned is None:
        return f"the program has printed no plan, and ended with exit code {exit_code}"
    if len(tests) != planned:
        return f"the program has planned {planned} tests, run {len(tests)}, and ended with exit code {exit_code}"
    return "" if exit_code == right else f"exit code {exit_code}, and not {right} as its results have it"


def exit_code_of(outcomes: Sequence[DeviceOutcome]) -> ExitCode:
    """Return the exit code of a command with these results: success counts before "nothing to do"."""
    seen = {test.outcome for outcome in outcomes for test in outcome.tests}
    if Outcome.FAILED in seen:
        return ExitCode.CHECKS_FAILED
    return ExitCode.OK if Outcome.PASSED in seen else ExitCode.NOTHING_APPLIED


def document(suite: str, outcomes: Sequence[DeviceOutcome]) -> dict[str, object]:
    """Return the JSON document of a run."""
    results = [{"device": outcome.device, **test.as_json()} for outcome in outcomes for test in outcome.tests]
    return {"version": FORMAT_VERSION, "suite": suite, "results": results}


def ktap(outcomes: Sequence[DeviceOutcome]) -> str:
    """Return the results as KTAP: devices, their programs, and the programs' tests."""
    lines = [_KTAP, f"1..{len(outcomes)}"]
    for number, outcome in enumerate(outcomes, start=1):
        programs = [outcome.of(program) for program in outcome.programs()]
        lines += [*_heading(1, outcome.device, len(programs))]
        for place, of_program in enumerate(programs, start=1):
            name = of_program.tests[0].program
            lines += [*_heading(2, name, len(of_program.tests))]
            for position, test in enumerate(of_program.tests, start=1):
                lines += [f"{_INDENT * 2}{line}" for line in _test_lines(position, test)]
            lines.append(f"{_INDENT}{_summary(place, name, of_program)}")
        lines.append(_summary(number, outcome.device.replace("#", "_"), outcome))
    return "\n".join(lines) + "\n"


_KTAP = "KTAP version 1"
_INDENT = "  "


def _heading(depth: int, name: str, count: int) -> Iterator[str]:
    for line in (_KTAP, f"# Subtest: {name}", f"1..{count}"):
        yield f"{_INDENT * depth}{line}"


def _test_lines(number: int, test: TestOutcome) -> Iterator[str]:
    name = test.test or test.program
    if test.outcome is Outcome.SKIPPED:
        yield f"ok {number} {name} # SKIP {test.reason}"
        return
    yield from (f"# {finding}" for finding in test.reason.splitlines())
    yield f"{'ok' if test.outcome is Outcome.PASSED else 'not ok'} {number} {name}"


def _summary(number: int, name: str, outcome: DeviceOutcome) -> str:
    if outcome.failed():
        return f"not ok {number} {name}"
    if outcome.count(Outcome.PASSED):
        return f"ok {number} {name}"
    reasons = {test.reason for test in outcome.tests}
    return f"ok {number} {name} # SKIP {reasons.pop() if len(reasons) == 1 else 'all tests were skipped'}"
