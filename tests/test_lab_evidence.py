# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of `qpatch test --json`, read back as evidence for letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lab_support import CELL, cell_key, result

from qpatch.errors import UserError
from qpatch.lab.campaign.evidence import read_evidence
from qpatch.lab.campaign.reports import document
from qpatch.lab.model import Verdict
from qpatch.series.evidence import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.campaign.results import TestedResult

TREES = ("a" * 40, "b" * 40)


def kept(place: Path, *results: TestedResult) -> Path:
    file = place / "results.json"
    file.write_text(json.dumps(document(results)), encoding="utf-8")
    return file


def built(one: TestedResult, trees: tuple[str, str] = TREES) -> TestedResult:
    return one.model_copy(update={"built_from": trees})


def test_what_was_built_from_a_known_tree_is_evidence(tmp_path: Path) -> None:
    file = kept(tmp_path, built(result(Verdict.LOST, Verdict.DELIVERED, Verdict.LOST)))
    (seen,) = read_evidence([file])
    about, lab = seen.about, seen.lab
    assert seen == Seen(*TREES, "virt-gicv2", "irq-eager", "once", {"lost": 2, "delivered": 1}, False, about, lab)
    assert lab.startswith("The preload lab is this: QEMU as it is, under TCG;")
    assert "It does not show KVM's irqfd; GICv4.1 virtual LPIs" in lab
    assert about.startswith(
        "irq-eager: Raises an interrupt as soon as its interrupts are set up on the destination. It "
    )
    assert "which the uAPI counts as stopped" in about


def test_a_profile_of_ones_own_is_told_by_its_name_alone(tmp_path: Path) -> None:
    key = cell_key("baseline", "qemu-5.2", "q35", "mine", "once")
    (seen,) = read_evidence([kept(tmp_path, built(result(Verdict.DELIVERED, key=key)))])
    assert (seen.profile, seen.about, seen.well) == ("mine", "", True)


@pytest.mark.parametrize(
    "one",
    [
        result(Verdict.DELIVERED),  # a distribution's binary
        built(result(Verdict.DELIVERED), ("a" * 40, "")),
        built(result(Verdict.NOT_APPLICABLE)),
        built(result(key=CELL).model_copy(update={"status": "landed", "reason": "it is there"})),
    ],
)
def test_what_is_of_an_unknown_source_or_was_not_run_is_left_out(tmp_path: Path, one: TestedResult) -> None:
    assert read_evidence([kept(tmp_path, one)]) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON document"),
        ("[]", "it has no list `cells`"),
        ('{"version": 1, "results": []}', "it has no list `cells`"),
        ('{"version": 2, "cells": []}', "version 2"),
        ('{"version": 1, "cells": [{}]}', "no tested result"),
    ],
)
def test_another_file_is_refused_by_its_name(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as caught:
        read_evidence([file])
    assert caught.value.code == "bad-result"
    assert str(file) in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"missing\.json is no file"):
        read_evidence([tmp_path / "missing.json"])
