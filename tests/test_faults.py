# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted faults: the data files and what is in the sources agree, and what counts as seen. Nothing migrates here."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING

import pytest
from lab_support import cell_key, observation

from bench.faults.catalogue import (
    OWN,
    STRATEGIES,
    Cell,
    Fault,
    FaultEntry,
    cells_of,
    load_faults,
    parse_cell,
    switched_by,
)
from bench.faults.judging import Standing, judge_fault
from bench.faults.kept import read_outcome
from bench.faults.report import BEGIN, END, markdown, replaced_table, summary
from bench.faults.running import Shown
from bench.faults.sources import planted_files, planted_sources
from qpatch.lab.campaign.reports import run_document
from qpatch.lab.campaign.results import TestedRun
from qpatch.lab.model import Verdict
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

FAULTS = load_faults()
PLAIN, EAGER = Cell("virt-gicv3-its", "plain", "once"), Cell("virt-gicv3-its", "irq-eager", "once")


def fault(*words: str) -> Fault:
    return Fault("f", "qemu", FaultEntry(kind="dma", what="it fails", words=words, cells=("plain/once",)))


def shown(verdict: Verdict) -> list[Shown]:
    return [Shown(verdict, "because", 1.0)]


def test_no_two_faults_have_one_name() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 100


def test_every_switch_is_described_and_every_description_has_its_switch() -> None:
    described = {fault.name for fault in FAULTS if fault.place == "qemu"}
    assert switched_by(STRATEGIES["v2"]) == described
    assert switched_by(STRATEGIES["v1"]) < described


@pytest.mark.parametrize("file", STRATEGIES.values(), ids=lambda file: file.stem)
def test_the_strategies_can_be_read(file: Path) -> None:
    assert load_strategy(file).name == file.stem


@pytest.mark.parametrize("one", FAULTS, ids=lambda one: one.name)
def test_words_are_red_verdicts_and_cells_can_be_read(one: Fault) -> None:
    words = [Verdict(word) for word in one.entry.words]
    assert words
    assert not any(word.is_green or word in (Verdict.LAB_ERROR, Verdict.INCONSISTENT) for word in words)
    assert one.entry.cells
    assert all(parse_cell(text, PLAIN.machine).profile for text in one.entry.cells)


@pytest.mark.parametrize("one", [fault for fault in FAULTS if fault.place != "qemu"], ids=lambda one: one.name)
def test_edits_find_their_place_in_the_sources(one: Fault) -> None:
    assert planted_files(one).keys() == {edit.file for edit in one.entry.edits} != set()


def test_copies_have_the_edits(tmp_path: Path) -> None:
    (one, *_) = (fault for fault in FAULTS if fault.entry.edits)
    copied = planted_sources(one, planted_sources(one, tmp_path / "sources"))
    for file, text in planted_files(one).items():
        assert (copied / file).read_text(encoding="utf-8") == text


def test_an_edit_that_finds_nothing_is_named() -> None:
    (one, *_) = (fault for fault in FAULTS if fault.entry.edits)
    edit = one.entry.edits[0].model_copy(update={"old": "no such line"})
    lost = Fault("lost", one.place, one.entry.model_copy(update={"edits": (edit,)}))
    with pytest.raises(ValueError, match=f"lost: {edit.file} has 0 times 'no such line'"):
        planted_files(lost)


def test_a_fault_is_seen_by_one_of_its_words() -> None:
    judged = judge_fault(
        fault("lost"), {PLAIN: shown(Verdict.DELIVERED), EAGER: shown(Verdict.LOST)}, {EAGER: shown(Verdict.DELIVERED)}
    )
    assert judged.standing is Standing.SEEN
    assert dict(judged.right) == {EAGER: Verdict.LOST}


def test_another_red_word_is_wrong_even_beside_a_right_one() -> None:
    judged = judge_fault(fault("lost"), {PLAIN: shown(Verdict.LOST), EAGER: shown(Verdict.LAB_ERROR)}, {})
    assert judged.standing is Standing.WRONG
    assert dict(judged.wrong) == {EAGER: Verdict.LAB_ERROR}


def test_what_the_healthy_build_has_too_says_nothing() -> None:
    judged = judge_fault(fault("lost"), {PLAIN: shown(Verdict.CORRUPTED)}, {PLAIN: shown(Verdict.CORRUPTED)})
    assert judged.standing is Standing.GREEN


def test_a_fault_without_a_cell_that_can_be_run_is_untried() -> None:
    assert judge_fault(fault("lost"), {PLAIN: shown(Verdict.NOT_APPLICABLE)}, {}).standing is Standing.UNTRIED


def test_a_set_adds_its_cells_to_those_of_the_fault() -> None:
    assert cells_of(fault("lost"), OWN, PLAIN.machine) == (PLAIN,)
    assert cells_of(fault("lost"), "few", PLAIN.machine)[:2] == (PLAIN, EAGER)
    assert len(cells_of(fault("lost"), "whole", PLAIN.machine)) > 60


def test_a_cell_may_name_its_machine() -> None:
    assert parse_cell("plain/once", PLAIN.machine) == PLAIN
    assert parse_cell("q35/plain/once", PLAIN.machine) == Cell("q35", "plain", "once")


def test_results_that_were_kept_are_read_again(tmp_path: Path) -> None:
    key = cell_key("f", "qemu-10.2", *astuple(PLAIN))
    run = TestedRun(run=1, observation=observation(Verdict.LOST), wall_s=1.5)
    (tmp_path / "f" / "1").mkdir(parents=True)
    (tmp_path / "f" / "1" / "result.json").write_text(json.dumps(run_document(key, run)), encoding="utf-8")
    (kept,) = read_outcome(tmp_path).shown["f"][PLAIN]
    assert (kept.verdict, kept.seconds) == (Verdict.LOST, 1.5)


def test_the_table_takes_the_old_ones_place() -> None:
    judged = [judge_fault(fault("lost"), {PLAIN: shown(Verdict.LOST)}, {})]
    assert summary(judged) == "1 faults: 1 seen"
    document = replaced_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", markdown(judged))
    assert document.startswith("before\n")
    assert document.endswith("\nafter\n")
    assert "old" not in document
    assert "| `f` | qemu | dma | it fails | lost | lost | `plain/once` |" in document
    with pytest.raises(ValueError, match="no marks"):
        replaced_table("text", "table")
