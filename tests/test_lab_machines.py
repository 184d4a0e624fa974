# SPDX-License-Identifier: GPL-2.0-or-later
"""The machines that ship, and what is said of those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qpatch.errors import UserError
from qpatch.lab.definitions.machine import load_machine, machine_names
from qpatch.lab.definitions.release import table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", machine_names())
def test_every_machine_is_called_as_its_file_and_requires_what_is_known(name: str) -> None:
    machine = load_machine(name)
    assert machine.name == name
    assert set(machine.requires) <= table().features.keys()


def test_the_machines_of_the_lab_are_there() -> None:
    assert set(machine_names()) == {"virt-gicv2", "virt-gicv3-its", "virt-linux", "q35"}


def test_a_release_chooses_the_versioned_type() -> None:
    assert load_machine("virt-gicv2").type_for(None) == "virt,gic-version=2"
    assert load_machine("q35").type_for((5, 2)).startswith("pc-q35-5.2,")


def test_linux_is_not_migrated_where_its_writes_would_be_missed() -> None:
    requires = load_machine("virt-linux").requires
    assert "misses under TCG what a running guest writes" in table().missing(requires, (8, 2))
    assert not table().missing(requires, (9, 0))


def test_the_near_name_is_proposed() -> None:
    with pytest.raises(UserError) as caught:
        load_machine("virt-gicv3")
    assert caught.value.code == "unknown-machine"
    assert "virt-gicv2" in caught.value.hint


def test_a_file_works_instead_of_a_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "{name: mine, title: t, target: t, guest: g, announces: a, machine: m, versioned: 'm-{release}', "
        "arguments: [], bus: b, slot: 1, controllers: []}",
        encoding="utf-8",
    )
    assert load_machine(str(file)).name == "mine"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("name: [", "expected node content", 2),
        ("name: x\nspeed: 3\n", "speed: there is no such key", 0),
        ("title: t", "name: this key is missing", 0),
        ("name: ../x", "name: '../x' is no name", 0),
        ("", "there are to be keys and values here", 0),
    ],
)
def test_a_wrong_file_is_reported_with_its_place(tmp_path: Path, text: str, message: str, line: int) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_machine(str(file))
    assert caught.value.code == "bad-lab-data"
    assert message in caught.value.message
    assert caught.value.where is not None
    assert caught.value.where.line == line


def test_a_file_that_is_not_there_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_machine(str(tmp_path / "none.yaml"))
