# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb `test`: what is asked for, what is planned, the table, the files, the exit code. Nothing is migrated."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import isolate
from lab_campaign_support import ScriptedLab

from qpatch.cli.main import VERBS, build_parser, main
from qpatch.cli.testing import split_peer
from qpatch.errors import EnvironmentFault, ExitCode, UserError
from qpatch.lab.campaign.planning import default_machine
from qpatch.lab.definitions.profile import emulated_profile_names
from qpatch.lab.definitions.scenario import load_scenario, scenario_names
from qpatch.lab.model import Verdict
from qpatch.lab.preload.lab import PreloadLab

if TYPE_CHECKING:
    from collections.abc import Collection

    from qpatch.trees.job import FetchJob

MONITOR = """\
#!/bin/sh
echo '{"QMP": {"version": {"qemu": {"micro": 3, "minor": 1, "major": 9}}}}'
echo '{"return": {"arch": "x86_64"}}'
"""


class Bench:
    """The verb in a directory of its own, where a distribution has every release and runs end as the lab says."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = ScriptedLab(directory, monkeypatch)
        self.directory = directory
        self._capsys = capsys
        monkeypatch.setattr(PreloadLab, "prepare", lambda _, plans, progress: self.lab.prepare(plans, progress))
        monkeypatch.setattr("qpatch.builds.prebuilt.fetch.prebuilt_binaries", self._binaries)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run `qpatch test` and return its exit code and what it printed."""
        code = main(["test", *words])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def json(self, *words: str) -> tuple[int, list[dict[str, Any]]]:
        """Run `qpatch test --json` and return its exit code and the results."""
        code, printed, _ = self.run(*words, "--json")
        return code, json.loads(printed)["results"]

    @property
    def guests(self) -> list[set[str]]:
        """The guests of the machines for which the lab was prepared, each time."""
        return [{plan.machine.guest for plan in plans} for plans in self.lab.prepared]

    def _binaries(self, _job: FetchJob, _name: str, release: str, target: str) -> tuple[object, ...]:
        if release == "10.2":
            raise EnvironmentFault("no-prebuilt", "there is none")
        return (SimpleNamespace(command=(f"/debian/{release}/{target}",), environment={}, arguments=()),)


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    isolate(tmp_path, monkeypatch)
    return Bench(tmp_path, capsys, monkeypatch)


def test_the_baseline_of_a_release_by_default(bench: Bench) -> None:
    code, results = bench.json("baseline", "--tree", "qemu-5.2", "qemu-7.2")
    assert code == ExitCode.OK
    assert [
        (
            one["strategy"],
            one["tree"],
            one["lab"],
            one["machine"],
            one["profile"],
            one["scenario"],
            one["run"],
            one["verdict"],
        )
        for one in results
    ] == [
        ("baseline", "qemu-5.2", "preload", "virt-gicv2", "irq-eager", "once", 1, "delivered"),
        ("baseline", "qemu-7.2", "preload", "virt-gicv3-its", "irq-eager", "once", 1, "delivered"),
    ]
    assert bench.guests == [{"aarch64"}]
    assert Path(results[0]["timeline"]).is_relative_to("results")


def test_the_table_and_the_words_below_it(bench: Bench) -> None:
    bench.lab.verdicts = [Verdict.LOST, Verdict.DELIVERED, Verdict.LOST]
    code, printed, said = bench.run("baseline", "--tree", "qemu-5.2", "--repeat", "3", "--jobs", "1")
    assert code == ExitCode.CHECKS_FAILED
    head, row = printed.splitlines()
    assert "downtime (emulated, no KVM)" in head
    assert "lost 2/3, delivered 1/3" in row
    assert "data > config > set_irqs > arm_gic" in row
    assert "120.0 ms" in row
    assert "baseline on qemu-5.2 (virt-gicv2, irq-eager, once): lost: vector 0 of dev0 was raised" in said
    place = "results/baseline/qemu-5.2/virt-gicv2/irq-eager/once"
    assert f"  picture: {place}/1/timeline.svg\n" in said
    assert (
        "  again: qpatch test baseline --tree qemu-5.2 --machine virt-gicv2 --profile irq-eager --scenario once\n"
        in said
    )


def test_what_went_wrong_is_said_even_when_quiet(bench: Bench) -> None:
    bench.lab.verdicts = [Verdict.DELIVERED, Verdict.LOST]
    _, _, said = bench.run("baseline", "--tree", "qemu-5.2", "qemu-7.2", "--jobs", "1", "--quiet")
    assert "qemu-5.2" not in said
    assert "baseline on qemu-7.2" in said


def test_many_cells(bench: Bench) -> None:
    _, results = bench.json(
        "baseline",
        "--tree",
        "qemu-7.2",
        "--machine",
        "q35",
        "virt-gicv2",
        "--profile",
        "plain",
        "irq-late",
        "--scenario",
        "once",
        "file",
        "--repeat",
        "2",
    )
    cells = {(one["machine"], one["profile"], one["scenario"]) for one in results}
    assert len(results) == 2 * len(cells) == 2 * 2 * 2 * 2
    assert bench.guests == [{"aarch64", "x86_64"}]
    targets = {plan.machine.name: plan.source.target for plan in bench.lab.plans}
    assert targets == {"q35": "x86_64-softmmu", "virt-gicv2": "aarch64-softmmu"}


def test_a_scenarios_own_profile_comes_before_the_default(bench: Bench, tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("name: mine\ntitle: t\nprofile: irq-late\nsteps: [migrate]\n")
    _, results = bench.json("baseline", "--tree", "qemu-7.2", "--scenario", str(scenario))
    assert (results[0]["scenario"], results[0]["profile"]) == ("mine", "irq-late")
    bench.lab.verdicts = [Verdict.LOST]
    _, _, said = bench.run("baseline", "--tree", "qemu-7.2", "--scenario", str(scenario))
    assert f"--scenario {scenario}\n" in said


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.RECOVERED, ExitCode.OK),
        (Verdict.LATE, ExitCode.CHECKS_FAILED),
        (Verdict.LAB_ERROR, ExitCode.ENVIRONMENT),
        (EnvironmentFault("qemu-died", "QEMU died"), ExitCode.ENVIRONMENT),
        (Verdict.NOT_APPLICABLE, ExitCode.NOTHING_APPLIED),
    ],
)
def test_exit_codes(bench: Bench, verdict: Verdict | Exception, code: ExitCode) -> None:
    bench.lab.verdicts = [verdict]
    assert bench.run("baseline", "--tree", "qemu-5.2")[0] == code


def test_what_cannot_be_done_is_not_applicable(bench: Bench) -> None:
    code, results = bench.json("baseline", "--tree", "qemu-5.2", "--machine", "virt-gicv3-its", "--repeat", "5")
    assert (code, [one["verdict"] for one in results]) == (ExitCode.NOTHING_APPLIED, ["not-applicable"])
    assert bench.lab.plans == []


def test_a_tree_that_is_unknown_holds_nothing_up(bench: Bench) -> None:
    code, results = bench.json("baseline", "--tree", "qemu-5.22", "--tree", "qemu-5.2")
    assert code == ExitCode.USAGE
    assert [(one["tree"], one["verdict"]) for one in results] == [("qemu-5.22", "failed"), ("qemu-5.2", "delivered")]
    _, _, said = bench.run("baseline", "--tree", "qemu-5.22")
    assert "hint: Did you mean 'qemu-5.2'?" in said


def test_a_strategy_needs_sources(bench: Bench, tmp_path: Path) -> None:
    code, results = bench.json("save-state", "--tree", "qemu-5.2")
    assert code == ExitCode.USAGE
    assert results[0]["reason"] == "the sources of qemu-5.2 are not here yet"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["baseline"], "name the trees"),
        (["baseline", "--tree", "t", "--lab", "hw"], "the lab hw is not there yet"),
        (["baseline", "--tree", "t", "--repeat", "0"], "count from 1"),
        (["baseline", "--tree", "t", "--profile", "plian"], "Did you mean 'plain'?"),
        (["baseline", "--tree", "t", "--scenario", "onec"], "Did you mean 'once'?"),
        (["baseline", "--tree", "t", "--machine", "q36"], "Did you mean 'q35'?"),
        (["baseline", "--tree", "t", "--cells", "hole"], "Did you mean 'whole'?"),
        (["baseline", "--tree", "t", "--cells", "whole", "--profile", "plain"], "has its own profiles"),
        (["baseline", "--tree", "t", "--cells", "whole", "--scenario", "once"], "has its own profiles"),
        (["baseline", "--tree", "t", "--scenario", "old-to-new"], "--peer"),
        (["save-stat", "--tree", "t"], "Did you mean 'save-state'?"),
        (["--tree", "t"], "either the names of strategies or --all"),
        (["save-state", "--tree", "t", "--prebuilt"], "are about `baseline`"),
        (["save-state", "--binary", "f"], "takes neither"),
        (["baseline", "--tree", "t", "--binary", "f"], "takes neither"),
        (["--all", "--binary", "f"], "takes neither"),
        (["baseline", "--tree", "t", "--junit", "."], "is a directory"),
        (["baseline", "--tree", "t", "--binary", "f", "--build"], "not allowed with"),
    ],
)
def test_what_does_not_go_together(bench: Bench, words: list[str], message: str) -> None:
    code, _, said = bench.run(*words)
    assert (code, message in said) == (ExitCode.USAGE, True), said


def test_another_destination(bench: Bench) -> None:
    _, results = bench.json("baseline", "--tree", "qemu-5.2", "--peer", "qemu-7.2", "--machine", "q35")
    assert [(one["tree"], one["peer"]) for one in results] == [("qemu-5.2", "qemu-7.2")]
    plan = bench.lab.plans[0]
    assert (plan.source.release, plan.destination.release) == ((5, 2), (7, 2))
    code, printed, _ = bench.run("baseline", "--tree", "qemu-5.2", "--peer", "qemu-7.2", "--machine", "q35")
    assert (code, "qemu-5.2 -> qemu-7.2" in printed) == (ExitCode.OK, True)


@pytest.mark.parametrize("trees", [("qemu-5.2", "qemu-7.2"), ("qemu-7.2", "qemu-5.2")])
def test_scenarios_say_which_end_is_the_older(bench: Bench, trees: tuple[str, str]) -> None:
    _, results = bench.json(
        "baseline",
        "--tree",
        trees[0],
        "--peer",
        trees[1],
        "--machine",
        "q35",
        "--scenario",
        "old-to-new",
        "new-to-old",
        "--jobs",
        "1",
    )
    assert [(one["scenario"], one["tree"], one["peer"]) for one in results] == [
        ("old-to-new", "qemu-5.2", "qemu-7.2"),
        ("new-to-old", "qemu-7.2", "qemu-5.2"),
    ]
    assert [plan.source.release for plan in bench.lab.plans] == [(5, 2), (7, 2)]


def test_the_command_that_does_it_again_is_in_the_users_words(bench: Bench) -> None:
    for name, title in (("plain", "plain"), ("mine", "other")):
        Path(f"{name}.yaml").write_text(f"name: {title}\ntitle: t\n")
    bench.lab.verdicts = [Verdict.LOST] * 3
    words = ("--profile", "./mine.yaml", "plain", "--scenario", "old-to-new", "--peer", "qemu-5.2")
    _, _, said = bench.run("baseline", "--tree", "qemu-7.2", "--machine", "q35", *words)
    for profile in ("./mine.yaml", "plain"):
        assert (
            f"again: qpatch test baseline --tree qemu-7.2 --machine q35 --profile {profile} "
            "--scenario old-to-new --peer qemu-5.2\n"
        ) in said


def test_what_is_named_twice_is_run_once(bench: Bench) -> None:
    _, results = bench.json("baseline", "--tree", "qemu-7.2", "--profile", "plain", "plain", "--machine", "q35", "q35")
    assert [one["run"] for one in results] == [1]
    Path("copy.yaml").write_text("name: plain\ntitle: t\n")
    code, _, said = bench.run("baseline", "--tree", "qemu-7.2", "--profile", "plain", "copy.yaml", "--machine", "q35")
    assert code == ExitCode.USAGE
    assert "baseline qemu-7.2 q35 plain once and baseline qemu-7.2 q35 copy.yaml once" in said


def test_a_report_that_cannot_be_written_comes_after_the_results(bench: Bench) -> None:
    code, printed, said = bench.run("baseline", "--tree", "qemu-7.2", "--ktap", "/dev/full")
    assert code == ExitCode.ENVIRONMENT
    assert "delivered" in printed
    assert "No space left" in said
    assert not Path("/dev/full").is_file()


def test_a_destination_that_cannot_be_had(bench: Bench) -> None:
    code, results = bench.json("baseline", "--tree", "qemu-5.2", "--peer", "qemu-0.1")
    assert (code, results[0]["verdict"]) == (ExitCode.USAGE, "failed")
    assert results[0]["reason"].startswith("the destination, baseline on qemu-0.1: there is no tree")


def test_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tree").mkdir()
    assert split_peer("qemu-7.2") == ("baseline", "qemu-7.2")
    assert split_peer("save-state@qemu-7.2") == ("save-state", "qemu-7.2")
    assert split_peer("save-state@tree@v1") == ("save-state", "tree@v1")
    assert split_peer("tree@v1") == ("baseline", "tree@v1")


def test_a_binary_of_the_users(bench: Bench) -> None:
    file = bench.directory / "qemu"
    file.write_text(MONITOR)
    file.chmod(0o755)
    code, results = bench.json("--binary", str(file))
    assert (code, results[0]["tree"], results[0]["machine"]) == (ExitCode.OK, "qemu-9.1.3", "q35")
    code, _, said = bench.run("baseline", "--binary", str(file), "--machine", "virt-gicv2")
    assert code == ExitCode.ENVIRONMENT
    assert "is for x86_64-softmmu" in said


def test_ratios_are_to_the_baseline_of_the_same_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from qpatch.lab.campaign.programs import Programs
    from qpatch.lab.plan import QemuProgram

    def of_tree(_self: Programs, tree: str, strategies: list[Any], targets: Collection[str]) -> list[QemuProgram]:
        return [
            QemuProgram(strategy.name if strategy else "baseline", tree, (5, 2), target, ("q",), {})
            for strategy in strategies
            for target in targets
        ]

    monkeypatch.setattr(Programs, "of_tree", of_tree)
    _, printed, _ = bench.run("baseline", "save-state", "--tree", "qemu-5.2")
    baseline, other = printed.splitlines()[1:]
    assert "120.0 ms  " in baseline
    assert "120.0 ms (1.00 x baseline)" in other


def test_reports_for_programs(bench: Bench) -> None:
    bench.lab.verdicts = [Verdict.LOST]
    bench.run("baseline", "--tree", "qemu-5.2", "--ktap", "deep/k.ktap", "--junit", "deep/j.xml", "-o", "elsewhere")
    assert "not ok 1 baseline/qemu-5.2/virt-gicv2/irq-eager/once" in Path("deep/k.ktap").read_text()
    assert '<failure message="vector 0' in Path("deep/j.xml").read_text()
    assert Path("elsewhere/baseline/qemu-5.2/virt-gicv2/irq-eager/once/1/result.json").is_file()
    assert not Path("results").exists()


def test_a_set_of_cells(bench: Bench) -> None:
    words = ("baseline", "--tree", "qemu-5.2", "--machine", "q35", "--cells", "whole")
    found = [(one["profile"], one["scenario"]) for one in bench.json(*words)[1]]
    once = [(profile, "once") for profile in emulated_profile_names()]
    there = {name for name in scenario_names() if load_scenario(name).programs == "same"}
    assert len(set(found)) == len(found)
    assert set(found) >= {*once, *(("plain", name) for name in there), *(("irq-eager", name) for name in there)}
    between = bench.json(*words, "--peer", "qemu-7.2")[1]
    assert {one["scenario"] for one in between} == set(scenario_names())


def test_the_list_of_what_there_is(bench: Bench) -> None:
    code, printed, _ = bench.run("--list")
    rows = {tuple(line.split()[:2]) for line in printed.splitlines()}
    assert code == ExitCode.OK
    assert {("machine", "q35"), ("profile", "irq-eager"), ("scenario", "back-and-forth"), ("cells", "whole")} <= rows
    document = json.loads(bench.run("--list", "--json")[1])
    assert "q35" in [machine["name"] for machine in document["machines"]]
    assert "whole" in [cells["name"] for cells in document["cells"]]


@pytest.mark.parametrize(
    ("release", "target", "machine"),
    [((5, 2), "", "virt-gicv2"), ((10, 2), "", "virt-gicv3-its"), ((5, 2), "x86_64-softmmu", "q35")],
)
def test_default_machines(release: tuple[int, int], target: str, machine: str) -> None:
    assert default_machine(release, target).name == machine


def test_a_target_without_a_default_machine_needs_one_to_be_named() -> None:
    with pytest.raises(UserError) as caught:
        default_machine((10, 2), "riscv64-softmmu")
    assert (caught.value.code, caught.value.hint) == ("unknown-machine", "Name one: --machine.")


def test_the_verb_can_be_completed() -> None:
    parser, _ = build_parser(VERBS)
    assert "test" in parser.format_help()
