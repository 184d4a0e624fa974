# SPDX-License-Identifier: GPL-2.0-or-later
"""The labs that ship: each is what its entry says, has limits that people are told, and keeps to its own room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qpatch.lab.model import Verdict
from qpatch.lab.registry import registry

ROOT = Path(__file__).parents[1]
# What only the preload lab has: its way into QEMU, its library, the library's files and log.
PARTICULARS = re.compile(
    r"LD_PRELOAD|QPATCH_EMU|libqpatch|devices\.conf|\"emu\"|'emu'|iommu_group|preload", re.IGNORECASE
)


@pytest.mark.parametrize("name", registry().classes)
def test_a_lab_is_called_as_its_entry(name: str) -> None:
    lab = registry().get(name)
    assert lab.name == name
    assert lab.title


@pytest.mark.parametrize("name", registry().classes)
def test_the_limits_of_a_lab_are_in_the_documentation(name: str) -> None:
    text = " ".join((ROOT / "docs" / "labs.md").read_text().split())
    limits = registry().get(name).limits
    assert limits
    assert [limit.subject for limit in limits if f"**{limit.subject}**: {limit.reason}" not in text] == []


def test_the_documentation_has_each_verdict_in_the_order_in_which_they_apply() -> None:
    found = re.findall(r"^- \*\*`([a-z-]+)`\*\*: ", (ROOT / "docs" / "labs.md").read_text(), re.MULTILINE)
    assert found == [*Verdict]


def test_the_names_of_the_design_are_known() -> None:
    assert registry().default == "preload"
    assert set(registry().names) >= {"preload", "vm", "hw"}


# The vm lab's QEMUs run the same guests, and its device takes the same settings.
SHARED = re.compile(r"from qpatch\.lab\.preload\.(artifacts|devices) import \w+")


def test_what_is_particular_to_the_preload_lab_stays_in_its_room() -> None:
    elsewhere = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in sorted((ROOT / "qpatch").rglob("*"))
        if file.suffix in (".py", ".yaml", ".j2") and "preload" not in file.parts and "builds" not in file.parts
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if PARTICULARS.search(line) and not ("vm" in file.parts and SHARED.fullmatch(line))
    ]
    assert [line.split(": ", 1)[1] for line in elsewhere] == ["preload: qpatch.lab.preload.lab:PreloadLab"]
