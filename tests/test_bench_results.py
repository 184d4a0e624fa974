# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of results: tables from results, a release at a time."""

from __future__ import annotations

from dataclasses import replace

from lab_support import cell_key, observation

from bench.results import tables
from qpatch.lab.campaign.cellsets import load_cells
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import Verdict


def seen(strategy: str, profile: str, *verdicts: Verdict, tree: str = "qemu-5.2", calls: int = 3) -> TestedResult:
    runs = [
        TestedRun(run=number, observation=replace(observation(verdict), set_irqs=calls * number), wall_s=1)
        for number, verdict in enumerate(verdicts, start=1)
    ]
    return TestedResult(key=cell_key(strategy, tree, "q35", profile, "once"), runs=tuple(runs))


def test_a_row_for_each_build_and_a_column_for_each_setting() -> None:
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
        "| build | machine | plain, once | irq-eager, once |",
        "|---|---|---|---|",
        "| baseline | q35 | delivered 1/1 | lost 1/2, delivered 1/2 |",
        "| defer | q35 |  | delivered 2/2 |",
    ]


def test_what_cannot_be_run_is_named_with_its_reason() -> None:
    void = TestedResult(key=cell_key("late", "qemu-5.2", "q35", "plain", "once"), status="void", reason="it has none")
    page = tables([seen("baseline", "plain", Verdict.NOT_APPLICABLE), void, void], "c")
    assert "| baseline | q35 | n/a |" in page
    assert page.count("- `late`: void: it has none.") == 1


def test_figures_are_medians_of_the_device_with_many_vectors() -> None:
    page = tables([seen("baseline", "many-vectors-65", *[Verdict.DELIVERED] * 3)], "c")
    assert "| build | machine | config bytes | config writes | SET_IRQS |" in page
    assert page.endswith("| baseline | q35 | 0 | 0 | 6 |\n")


def test_each_release_has_its_own_table() -> None:
    page = tables([seen("b", "plain", Verdict.LOST, tree=tree) for tree in ("qemu-5.2", "qemu-10.2", "qemu-5.2")], "c")
    assert page.count("## qemu-5.2") == page.count("## qemu-10.2") == 1


def test_the_cells_are_there() -> None:
    assert ("irq-eager", "multifd") in {(p.name, s.name) for p, s in load_cells("argument", between_builds=False)}
