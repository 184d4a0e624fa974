# SPDX-License-Identifier: GPL-2.0-or-later
"""The one command that runs the benchmarks: what it prints and how it ends; nothing is measured here."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench import __main__ as bench
from bench import measuring, render, room_coverage

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]


def run(monkeypatch: pytest.MonkeyPatch, capsys: Capture, **parts: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
    monkeypatch.setattr(bench, "parts", lambda runs: {name: lambda part=part: part for name, part in parts.items()})
    monkeypatch.setattr(sys, "argv", ["bench"])
    code = bench.main()
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


GOOD = {"missing": [], "as_expected": True, "figure": 1}


def test_one_document_has_all_parts_and_the_machine(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, document, _ = run(monkeypatch, capsys, edits=GOOD, render=GOOD)
    assert code == 0
    assert document["edits"]["figure"] == document["render"]["figure"] == 1
    assert document["machine"]["cores"] >= 1


def test_a_missing_program_is_named_and_other_figures_come(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, document, said = run(monkeypatch, capsys, edits={**GOOD, "missing": ["spatch"]}, render=GOOD)
    assert code == 6
    assert "spatch is missing (Debian package coccinelle)" in said
    assert document["edits"]["figure"] == document["render"]["figure"] == 1


def test_an_unexpected_outcome_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, _, _ = run(monkeypatch, capsys, edits={**GOOD, "as_expected": False})
    assert code == 1


def test_programs_are_looked_for_beside_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "ast-grep"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert measuring.program("ast-grep") == str(tool)
    assert measuring.missing("ast-grep", "spatch") == ["spatch"]


def test_the_median_leaves_the_first_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0, 100, 200, 201, 300, 302, 400, 403])
    monkeypatch.setattr("bench.measuring.time.perf_counter", lambda: next(ticks))
    assert measuring.median(lambda: None, 3) == pytest.approx(2)


def test_a_cost_has_the_processor_time_of_the_processes_that_are_run() -> None:
    busy = "sum(range(3_000_000))"
    cost = measuring.median_cost(lambda: measuring.run([sys.executable, "-c", busy]), 1)
    idle = measuring.median_cost(lambda: time.sleep(0.3), 1)
    assert idle.seconds > 0.29 > 0.1 > idle.processor
    assert cost.processor > 2 * idle.processor


@pytest.mark.parametrize("name", render.settings()["edits"])
def test_what_the_bench_edits_is_there_and_another_each_time(tmp_path: Path, name: str) -> None:
    edited = render.copied(tmp_path, render.settings()["edits"][name])
    texts = {(render.ROOT / edited.file).read_text()}
    for number in (1, 2):
        edited.edit(number)
        texts.add((tmp_path / edited.file).read_text())
    assert len(texts) == 3
    gone = replace(edited, old="nowhere")
    with pytest.raises(ValueError, match="0 times"):
        gone.edit(3)


def test_the_aim_is_held_against_as_many_cells() -> None:
    wanted = {"cells": 48, "most": 5, "of": ["one", "two"]}
    costs = {"one": measuring.Cost(6, 6), "two": measuring.Cost(9, 9), "other": measuring.Cost(99, 99)}
    assert render.aim(wanted, costs, 96) == {**wanted, "seconds": {"one": 3, "two": 4.5}, "met": True}
    assert not render.aim(wanted, costs, 80)["met"]


def test_coverage_is_added_up_for_each_folder() -> None:
    def file(statements: int, covered: int, branches: int, taken: int) -> dict[str, dict[str, int]]:
        return {
            "summary": {
                "num_statements": statements,
                "covered_lines": covered,
                "num_branches": branches,
                "covered_branches": taken,
            }
        }

    report = {
        "files": {
            "qpatch/lab/a.py": file(30, 20, 8, 4),
            "qpatch/lab/b.py": file(10, 10, 2, 1),
            "qpatch/trees/c.py": file(0, 0, 0, 0),
        }
    }
    lines = [line.split() for line in room_coverage.table(room_coverage.by_room(report)).splitlines()[1:]]
    assert lines == [
        ["all", "40", "75.0", "%", "50.0", "%"],
        ["qpatch/lab", "40", "75.0", "%", "50.0", "%"],
        ["qpatch/trees", "0", "-", "-"],
    ]
