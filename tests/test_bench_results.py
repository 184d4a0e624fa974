# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of results: tables from results, a release at a time."""

from __future__ import annotations

from dataclasses import replace

from lab_support import cell_key, observation

from bench.results import tables
from qpatch.lab.campaign.cellsets import load_cells
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import Verdict


def seen(
    strategy: str, profile: str, *verdicts: Verdict, tree: str = "qemu-5.2", machine: str = "q35", calls: int = 3
) -> TestedResult:
    runs = [
        TestedRun(run=number, observation=replace(observation(verdict), set_irqs=calls * number), wall_s=1)
        for number, verdict in enumerate(verdicts, start=1)
    ]
    return TestedResult(key=cell_key(strategy, tree, machine, profile, "once"), runs=tuple(runs))


def test_a_column_for_each_build_and_a_row_for_each_setting() -> None:
    page = tables(
        [
            seen("baseline", "plain", Verdict.DELIVERED),
            seen("baseline", "irq-eager", Verdict.LOST, Verdict.DELIVERED),
            seen("defer", "irq-eager", Verdict.DELIVERED, Verdict.DELIVERED),
        ],
        "the command",
    )
    assert "Written by `the command`." in page
    assert page.partition("## qemu-5.2\n\n")[2].splitlines() == [
        "On q35:",
        "",
        "| device, scenario | baseline | defer |",
        "|---|---|---|",
        "| plain, once | delivered 1/1 |  |",
        "| irq-eager, once | q35: lost 1/2, delivered 1/2 | delivered 2/2 |",
    ]


def test_machines_that_agree_are_told_together_and_those_that_cannot_are_left_out() -> None:
    lost, delivered = Verdict.LOST, Verdict.DELIVERED
    page = tables(
        [
            seen("baseline", "plain", delivered, delivered, machine="q35"),
            seen("baseline", "plain", delivered, delivered, machine="virt-gicv2"),
            seen("baseline", "plain", Verdict.NOT_APPLICABLE, machine="virt-gicv3-its"),
            seen("baseline", "chatty", lost, lost, machine="q35"),
            seen("baseline", "chatty", delivered, delivered, machine="virt-gicv2"),
        ],
        "c",
    )
    assert "On q35, virt-gicv2:\n" in page
    assert "| plain, once | delivered 4/4 |" in page
    assert "| chatty, once | q35: lost 2/2; virt-gicv2: delivered 2/2 |" in page


def test_what_cannot_be_run_is_named_with_its_reason() -> None:
    void = TestedResult(key=cell_key("late", "qemu-5.2", "q35", "plain", "once"), status="void", reason="it has none")
    page = tables([seen("baseline", "plain", Verdict.NOT_APPLICABLE), void, void], "c")
    assert "| plain, once | n/a |" in page
    assert page.count("- `late`: void: it has none.") == 1


def test_figures_are_medians_of_the_device_with_many_vectors() -> None:
    runs = [Verdict.DELIVERED] * 3
    page = tables([seen("baseline", "many-vectors-65", *runs), seen("defer", "many-vectors-65", *runs, calls=1)], "c")
    assert "| build | config bytes | config writes | SET_IRQS |" in page
    assert page.endswith("| baseline | 0 | 0 | 6 |\n| defer | 0 | 0 | 2 |\n")


def test_figures_that_hang_on_the_machine_are_told_for_each() -> None:
    here = seen("baseline", "many-vectors-65", *[Verdict.DELIVERED] * 3)
    there = seen("baseline", "many-vectors-65", *[Verdict.DELIVERED] * 3, machine="virt-gicv2", calls=5)
    assert "| baseline | 0 | 0 | 6 / 10 |" in tables([here, there], "c")


def test_each_release_has_its_own_table() -> None:
    page = tables([seen("b", "plain", Verdict.LOST, tree=tree) for tree in ("qemu-5.2", "qemu-10.2", "qemu-5.2")], "c")
    assert page.count("## qemu-5.2") == page.count("## qemu-10.2") == 1


def test_the_cells_are_there() -> None:
    assert ("irq-eager", "multifd") in {(p.name, s.name) for p, s in load_cells("argument", between_builds=False)}
