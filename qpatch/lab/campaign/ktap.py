# SPDX-License-Identifier: GPL-2.0-or-later
"""The results in the kernel's test format, KTAP version 1 (Documentation/dev-tools/ktap.rst): cells, and their runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.campaign.reports import CellReport
    from qpatch.lab.model import RunResult

_VERSION = "KTAP version 1"
_INDENT = "  "


def ktap(reports: Sequence[CellReport]) -> str:
    """Return the document: lines with `ok` or `not ok`, runs indented below the name of their cell."""
    lines = [_VERSION, f"1..{len(reports)}"]
    for number, report in enumerate(reports, start=1):
        lines += [f"{_INDENT}{line}" for line in _runs(report)]
        lines += _cell(number, report)
    return "\n".join(lines) + "\n"


def _runs(report: CellReport) -> Iterator[str]:
    if not report.results:
        return
    yield _VERSION
    yield f"# Subtest: {report.name}"
    yield f"1..{len(report.results)}"
    for result in report.results:
        yield from _run(result)


def _run(result: RunResult) -> Iterator[str]:
    seen = result.observation
    name = f"run-{result.run}"
    if seen.verdict is Verdict.NOT_APPLICABLE:
        yield _line(result.run, name, good=True, skip=seen.reason)
        return
    yield f"# {name}: {seen.verdict}: {_plain(seen.reason)}"
    yield _line(result.run, name, good=seen.verdict.is_green)


def _cell(number: int, report: CellReport) -> Iterator[str]:
    if report.is_skipped:
        shown_run = report.shown_run
        reason = shown_run.observation.reason if shown_run else f"{report.status}: {report.reason}"
        yield _line(number, report.name, good=True, skip=reason)
        return
    if report.status:
        yield f"# {report.name}: {report.status}: {_plain(report.reason)}"
    yield _line(number, report.name, good=not report.exit_code)


def _line(number: int, name: str, *, good: bool, skip: str = "") -> str:
    directive = f" # SKIP {_plain(skip)}" if skip else ""
    return f"{'ok' if good else 'not ok'} {number} {name.replace('#', '_')}{directive}"


def _plain(text: str) -> str:
    """Return `text` in one line: a line of its own would be read as a result."""
    return " ".join(text.split())
