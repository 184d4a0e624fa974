# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of VFIO's uAPI on real kernels: what they find is what is known (bench/data/known-uapi-faults.yaml)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from release_support import need

from qpatch.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.vm

TREE = "linux-6.12"
KNOWN = Path(__file__).parents[1] / "bench" / "data" / "known-uapi-faults.yaml"


def known(device: str, tree: str, strategy: str = "baseline") -> set[str]:
    """The tests that fail on that device, as the strategy has made it."""
    entries: Sequence[dict[str, Any]] = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    assert all(entry["why"] for entry in entries)
    return {
        test
        for entry in entries
        if entry["device"] == device and tree in entry["trees"] and strategy not in entry["mended-by"]
        for test in entry["tests"]
    }


def suite(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Run the suite in the vm lab; return the exit code and the document."""
    code = main(["--json", "test", "--lab", "vm", "--suite", "uapi", *words])
    printed = capsys.readouterr()
    return code, json.loads(printed.out or "{}") if printed.out else pytest.fail(printed.err)


def those_with(outcome: str, document: dict[str, Any]) -> set[str]:
    return {one["test"] for one in document["results"] if one["outcome"] == outcome}


@pytest.mark.vmround
@pytest.mark.vmround
def test_what_is_found_in_mtty(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    need(TREE)
    code, document = suite(capsys, "baseline", "--tree", TREE, "-o", str(tmp_path))
    assert those_with("failed", document) == known("mtty", TREE)
    assert code == 1
    passed = those_with("passed", document)
    assert {"stream.round_trip", "irq.intx.set_in_resuming_before_data", "irq.msi.source"} <= passed
    assert {"config.interrupt_line.destination", "state.group.arcs", "state.group.forbidden_arcs"} <= passed
    assert "devices.from_one_to_the_other" in passed
    (kernel,) = document["kernels"]
    (boot,) = kernel["boots"]
    assert boot["end"] == "finished"
    log = (Path(boot["directory"]) / "kernel.log").read_text()
    assert "qpatch: begins vfio_migration_stream_test stream.round_trip" in log
    assert str(tmp_path) in boot["directory"]


def test_all_is_well_with_the_projects_own_device(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    need(TREE)
    code, document = suite(capsys, "baseline", "--tree", TREE, "--device", "qpatch", "-o", str(tmp_path))
    assert (code, those_with("failed", document)) == (0, set())
    assert len(those_with("passed", document)) > 80


@pytest.mark.vmround
def test_the_tests_of_a_strategy_are_run_on_its_kernel(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    need(TREE)
    code, document = suite(capsys, "vendor-query", "--tree", TREE, "-o", str(tmp_path))
    assert (code, document["not_run"]) == (1, [])
    of_strategy = {one["test"]: one["outcome"] for one in document["results"] if "query" in one["program"]}
    assert set(of_strategy.values()) == {"passed"}, document["results"]
    assert those_with("failed", document) == known("mtty", TREE, "vendor-query")


def test_what_was_found_in_mtty_is_mended(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    need(TREE)
    code, document = suite(capsys, "mtty-fixes", "--tree", TREE, "-o", str(tmp_path))
    assert known("mtty", TREE, "mtty-fixes") == set()
    assert (code, document["not_run"], those_with("failed", document)) == (0, [], set())
    # Some altered data are as good as others, and skipped for that: nothing tells that they are not what was saved.
    assert known("mtty", TREE) - those_with("passed", document) == {"bad_stream.altered"}
