# SPDX-License-Identifier: GPL-2.0-or-later
"""The results in the kernel's test format, KTAP version 1 (Documentation/dev-tools/ktap.rst): cells, and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.campaign.results import TestedResult, TestedRun

_VERSION = "KTAP version 1"
_INDENT = "  "


def ktap(results: Sequence[TestedResult]) -> str:
    """Return the document: lines with `ok` or `not ok`, runs indented below the name of their cell."""
    lines = [_VERSION, f"1..{len(results)}"]
    for number, result in enumerate(results, start=1):
        lines += [f"{_INDENT}{line}" for line in _runs(result)]
        lines += _cell(number, result)
    return "\n".join(lines) + "\n"


def _runs(result: TestedResult) -> Iterator[str]:
    if not result.runs:
        return
    yield _VERSION
    yield f"# Subtest: {result.name}"
    yield f"1..{len(result.runs)}"
    for run in result.runs:
        yield from _run(run)


def _run(run: TestedRun) -> Iterator[str]:
    observation = run.observation
    name = f"run-{run.run}"
    if observation.verdict is Verdict.NOT_APPLICABLE:
        yield _line(run.run, name, good=True, skip=observation.reason)
        return
    yield f"# {name}: {observation.verdict}: {_one_line(observation.reason)}"
    yield _line(run.run, name, good=observation.verdict.is_green)


def _cell(number: int, result: TestedResult) -> Iterator[str]:
    if result.is_skipped:
        shown_run = result.shown_run
        reason = shown_run.observation.reason if shown_run else f"{result.status}: {result.reason}"
        yield _line(number, result.name, good=True, skip=reason)
        return
    if result.status:
        yield f"# {result.name}: {result.status}: {_one_line(result.reason)}"
    yield _line(number, result.name, good=not result.exit_code)


def _line(number: int, name: str, *, good: bool, skip: str = "") -> str:
    directive = f" # SKIP {_one_line(skip)}" if skip else ""
    return f"{'ok' if good else 'not ok'} {number} {name.replace('#', '_')}{directive}"


def _one_line(text: str) -> str:
    """Return `text` in one line: a line of its own would be read as a result."""
    return " ".join(text.split())
