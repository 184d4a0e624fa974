# SPDX-License-Identifier: GPL-2.0-or-later
"""A second lab, which a registry entry makes known: the same campaign, verdicts, tables, files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from cli_support import isolate
from junitparser import JUnitXml
from toy_lab import PreparedToyLab, ToyLab

from qpatch import api
from qpatch.cli.main import main
from qpatch.errors import ExitCode, UserError
from qpatch.lab.model import Verdict
from qpatch.lab.registry import registry

if TYPE_CHECKING:
    from qpatch.lab.protocol import Lab

TREES = ("qemu-5.2", "qemu-7.2")
PLACE = Path("results/baseline/qemu-5.2/toy/virt-gicv2/irq-eager/once")


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the lab, in a directory of its own where a distribution has every release."""
    isolate(tmp_path, monkeypatch)
    monkeypatch.setitem(registry().classes, "toy", "toy_lab:ToyLab")
    monkeypatch.setattr(
        "qpatch.builds.prebuilt.fetch.prebuilt_binaries",
        lambda *_: (SimpleNamespace(command=("qemu",), environment={}, arguments=()),),
    )


def test_the_toy_lab_is_one() -> None:
    lab: Lab = ToyLab()  # that it fits the protocol is for mypy to check
    assert registry().get("toy").name == lab.name


def test_the_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "baseline", "--lab", "toy", "--tree", *TREES, "--json"]) == ExitCode.CHECKS_FAILED
    document = json.loads(capsys.readouterr().out)
    runs = [(run["lab"], run["tree"], run["verdict"], run["order"]) for run in document["results"]]
    assert runs == [
        ("toy", "qemu-5.2", "lost", ["data", "config", "set_irqs", "data", "arm_gic"]),
        ("toy", "qemu-7.2", "delivered", ["data", "arm_gicv3", "arm_gicv3_its", "config", "set_irqs"]),
    ]
    assert [cell["wall"]["median_s"] for cell in document["cells"]] == [0.25, 0.25]
    assert "QEMU took vector 0's eventfd 2.0 ms before arm_gic was loaded" in document["results"][0]["reason"]


def test_the_table_and_the_words_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["test", "baseline", "--lab", "toy", "--tree", *TREES])
    printed, messages = capsys.readouterr()
    assert "lost 1/1" in printed
    assert "data > config > set_irqs > data > arm_gic" in printed
    assert f"  without qpatch: {PLACE}/bundle/reproduce\n" in messages
    assert " --scenario once --lab toy\n" in messages


def test_why_there_is_no_bundle(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(PreparedToyLab, "write_bundle", fail)
    main(["test", "baseline", "--lab", "toy", "--tree", *TREES])
    messages = capsys.readouterr().err
    assert "  no bundle was written: denied\n" in messages
    assert "without qpatch" not in messages


def test_the_files_of_a_run_have_the_lab_in_their_path() -> None:
    main(["test", "baseline", "--lab", "toy", "--tree", "qemu-5.2"])
    assert sorted(path.name for path in (PLACE / "1").iterdir()) == ["result.json", "timeline.jsonl", "timeline.svg"]
    assert "vector 0 was lost: QEMU took vector 0" in (PLACE / "1" / "timeline.svg").read_text()
    assert json.loads((PLACE / "1" / "result.json").read_text())["lab"] == "toy"


def test_the_same_cell_of_another_lab_is_not_touched() -> None:
    other = Path("results/baseline/qemu-5.2/virt-gicv2/irq-eager/once/1")
    other.mkdir(parents=True)
    main(["test", "baseline", "--lab", "toy", "--tree", "qemu-5.2"])
    assert other.is_dir()


def test_reports_for_programs() -> None:
    main(["test", "baseline", "--lab", "toy", "--tree", *TREES, "--ktap", "k", "--junit", "j"])
    assert "not ok 1 baseline/qemu-5.2/toy/virt-gicv2/irq-eager/once\n" in Path("k").read_text()
    assert "ok 2 baseline/qemu-7.2/toy/virt-gicv3-its/irq-eager/once\n" in Path("k").read_text()
    assert [(suite.tests, suite.failures) for suite in JUnitXml.fromfile("j")] == [(1, 1), (1, 0)]


def test_what_the_lab_cannot_do_is_not_applicable(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["test", "baseline", "--lab", "toy", "--tree", "qemu-7.2", "--scenario", "two-devices", "--json"])
    (run,) = json.loads(capsys.readouterr().out)["results"]
    assert (code, run["verdict"]) == (ExitCode.NOTHING_APPLIED, "not-applicable")
    assert run["reason"] == "the toy lab has one device"


def test_the_library_interface_gives_results_that_json_gives_back(tmp_path: Path) -> None:
    kept = api.CampaignSettings(tmp_path / "kept", repeat=2)
    results = api.test([None], (*TREES, "qemu-0.1"), kept, api.TestChoices(lab="toy"))
    assert [result.counts for result in results] == [{Verdict.LOST: 2}, {Verdict.DELIVERED: 2}, {}]
    assert results[2].error is not None
    assert results[2].error.code == "unknown-tree"
    documents = [json.loads(json.dumps(result.as_json())) for result in results]
    assert [api.result_from_json(document) for document in documents] == list(results)


def test_the_list_of_labs_has_what_each_cannot_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--list"]) == ExitCode.OK
    printed, messages = capsys.readouterr()
    assert any(line.split()[:2] == ["lab", "toy"] for line in printed.splitlines())
    assert "the toy lab does not show:\n  anything new: it tells what is known already\n" in messages


def test_a_lab_that_is_planned_is_no_typing_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "baseline", "--tree", "t", "--lab", "hw"]) == ExitCode.USAGE
    assert "the lab hw is not there yet: only preload and vm and toy are" in capsys.readouterr().err


def test_an_unknown_lab_has_the_near_name() -> None:
    with pytest.raises(UserError) as caught:
        registry().get("tooy")
    assert (caught.value.code, caught.value.hint) == ("unknown-lab", "Did you mean 'toy'?")
