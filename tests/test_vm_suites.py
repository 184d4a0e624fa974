# SPDX-License-Identifier: GPL-2.0-or-later
"""Suites on kernels, as the command line and the interface have them: what is built, run, printed, and returned."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from qpatch.api import suites_on_kernels
from qpatch.cells.base import Status
from qpatch.cells.built import BuiltResult
from qpatch.cells.key import CellKey, Stage
from qpatch.cli.main import main
from qpatch.errors import ExitCode, UserError
from qpatch.lab.selftests.kernels import KernelBoot, KernelBuild, KernelSuite
from qpatch.lab.selftests.results import DeviceOutcome, Outcome, TestOutcome
from qpatch.lab.vm.lab import VmLab

if TYPE_CHECKING:
    from collections.abc import Sequence


class Bench:
    """The verb, where each build ends as `statuses` says, and each test on its kernel as `outcome`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.statuses: dict[str, Status] = {}
        self.outcome = Outcome.PASSED
        self.builds: list[KernelBuild] = []
        self.device = self.targets = ""
        self._capsys = capsys
        monkeypatch.setattr(suites_on_kernels, "build", self._build)
        monkeypatch.setattr(suites_on_kernels, "resolve", self._resolve)
        monkeypatch.setattr(VmLab, "run_kernel_suites", lambda _lab, *arguments: self._run(*arguments))

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main(["test", "--lab", "vm", "--suite", "uapi", *words])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def _build(
        self, strategies: Sequence[Any], trees: Sequence[str], choices: Any, *, progress: object
    ) -> tuple[BuiltResult, ...]:
        del progress
        names = [strategy.name if strategy else "baseline" for strategy in strategies]
        self.targets = choices.target
        return tuple(
            BuiltResult(
                key=CellKey(name, tree, "linux", Stage.BUILT, target="modules"),
                status=self.statuses.get(name, Status.BUILT),
                reason="" if name not in self.statuses else f"{name} is {self.statuses[name]}",
                products={"mtty.ko": "/b/mtty.ko"},
            )
            for tree in trees
            for name in names
        )

    def _resolve(self, tree: str) -> object:
        return SimpleNamespace(name=tree, kind="qemu" if "qemu" in tree else "linux", release="6.12.107")

    def _run(self, builds: Sequence[KernelBuild], device: str, output: Path, _progress: object) -> list[KernelSuite]:
        self.builds, self.device = list(builds), device
        boot = KernelBoot("oopsed", ("BUG: kernel NULL pointer dereference",), 12.345, output / "boot1")
        return [
            KernelSuite(
                "Debian's",
                DeviceOutcome(f"mtty, {one.strategy}", (TestOutcome("p_test", "f.a", self.outcome, "why"),)),
                (boot,),
            )
            for one in builds
        ]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(capsys, monkeypatch)


def test_what_was_built_is_run_and_how_its_kernel_ended_is_told(bench: Bench, tmp_path: Path) -> None:
    code, printed, _ = bench.run(
        "baseline", "--tree", "linux-6.12", "--target", "modules", "--device", "mtty", "-o", str(tmp_path)
    )
    assert code == ExitCode.OK
    (build,) = bench.builds
    assert (build.strategy, build.tree, build.release, build.target) == (
        "baseline",
        "linux-6.12",
        "6.12.107",
        "modules",
    )
    assert (dict(build.products), dict(build.options)) == ({"mtty.ko": Path("/b/mtty.ko")}, {})
    assert (bench.device, bench.targets) == ("mtty", "modules")
    end = f"mtty, baseline: oopsed after 12.3 s: {tmp_path}/boot1\n  BUG: kernel NULL pointer dereference\n"
    assert end in printed


def test_a_strategy_says_with_which_parameters_its_modules_are_loaded(bench: Bench) -> None:
    bench.run("vendor-query", "--tree", "linux-6.12")
    assert [dict(build.options) for build in bench.builds] == [{"mtty.config_first": "1"}]


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (Status.BUILT, Outcome.FAILED, ExitCode.CHECKS_FAILED),
        (Status.KEPT, Outcome.SKIPPED, ExitCode.NOTHING_APPLIED),
        (Status.FAILED, Outcome.PASSED, ExitCode.BUILD_FAILED),
        (Status.VOID, Outcome.PASSED, ExitCode.NOTHING_APPLIED),
        (Status.DRIFTED, Outcome.PASSED, ExitCode.DRIFT),
    ],
)
def test_exit_codes(bench: Bench, status: Status, outcome: Outcome, code: ExitCode) -> None:
    bench.statuses, bench.outcome = {"vendor-query": status}, outcome
    assert bench.run("vendor-query", "--tree", "linux-6.12")[0] == code


def test_what_is_not_run_is_told_beside_what_is(bench: Bench) -> None:
    bench.statuses = {"vendor-query": Status.VOID}
    code, printed, _ = bench.run("vendor-query", "baseline", "--tree", "linux-6.12")
    assert code == ExitCode.OK
    assert "vendor-query on linux-6.12 (modules): void: vendor-query is void\n" in printed
    _, document, _ = bench.run("vendor-query", "baseline", "--tree", "linux-6.12", "--json")
    read = json.loads(document)
    assert [one["strategy"] for one in read["not_run"]] == ["vendor-query"]
    assert read["results"] == [
        {"device": "mtty, baseline", "program": "p_test", "test": "f.a", "outcome": "passed", "reason": "why"}
    ]
    assert read["kernels"][0]["boots"][0]["end"] == "oopsed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("baseline",), "name kernel trees with --tree"),
        (("baseline", "--tree", "linux-6.12", "--device", "mtty", "qpatch"), "at most one"),
        (("baseline", "--tree", "linux-6.12", "--profile", "plain"), "there is no profile"),
        (("baseline", "--tree", "linux-6.12", "--kernel", "linux-6.1"), "there is no kernel"),
        (("baseline", "--tree", "qemu-10.2"), "qemu-10.2 is a tree of qemu, and this suite is run on kernels"),
    ],
)
def test_what_does_not_go_together(bench: Bench, words: tuple[str, ...], message: str) -> None:
    code, _, said = bench.run(*words)
    assert (code, message in said) == (ExitCode.USAGE, True), said


def test_a_kernel_is_for_a_lab_that_boots_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "baseline", "--tree", "qemu-10.2", "--kernel", "linux-6.12"]) == ExitCode.USAGE
    assert "the lab preload boots no kernel" in capsys.readouterr().err
    with pytest.raises(UserError, match="the lab preload boots no kernels"):
        suites_on_kernels.run_kernel_suite([None], ["linux-6.12"], lab="preload", output=Path("x"))
