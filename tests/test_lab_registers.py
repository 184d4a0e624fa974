# SPDX-License-Identifier: GPL-2.0-or-later
"""Config space and MSI-X's table of a check: what differs, in words, and what may differ."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer import registers
from qpatch.lab.observer.checks import GuestCheck, guest_checks
from qpatch.lab.observer.registers import interrupts_changed, what_changed

FOLDER = Path(registers.__file__).parent
DEVICE = FOLDER.parents[2] / "kernel-selftests/emu/device/config.c"


def changed(**answers: str) -> list[str]:
    fields = {"vm": "qemu1", "device": "dev0", **answers}
    (check,) = guest_checks([Event(0, "lab", EventSource.LAB, "check", "dev0", fields)])
    return [*what_changed(check), *interrupts_changed(check)]


def test_nothing_has_changed_or_was_looked_at() -> None:
    assert not changed()
    assert not changed(config="ok", held="ok", table="ok", pending="ok")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (f"136:{0x5830}:{0x2810}", "its PCIe Device Control reads 0x2810, and its driver had left 0x5830"),
        (f"44:{0x71701234}:{0x71711234}", "its subsystem id reads 0x7171, and its driver had left 0x7170"),
        (f"60:{0x01000000}:{0x02000000}", "its config space at 0x3f reads 0x2, and its driver had left 0x1"),
        (f"60:{0x0100}:{0x0200}", "its interrupt pin reads 0x2, and its driver had left 0x1"),
        (f"8:{0x08800001}:{0x08810001}", "its class code reads 0x88100, and its driver had left 0x88000"),
        (f"60:{0x20}:{0x55}", "its interrupt line reads 0x55, and its driver had left 0x20"),
    ],
)
def test_what_the_guest_reads(answer: str, sentence: str) -> None:
    assert changed(config=answer) == [sentence]


def test_two_registers_of_a_word() -> None:
    assert changed(config=f"4:{0x00100006}:{0x00000002}") == [
        "its command register reads 0x2, and its driver had left 0x6",
        "its status register reads 0x0, and its driver had left 0x10",
    ]


def test_what_the_device_holds() -> None:
    assert changed(held=f"136:{0x5830}:{0x2810}") == [
        "the PCIe Device Control that it holds is 0x2810, and its driver had left 0x5830"
    ]
    assert changed(held="4:6:2") == ["the command register that it holds is 0x2, and its driver had left 0x6"]


def test_what_the_guest_reads_as_the_device_holds_it_is_told_once() -> None:
    change = f"136:{0x5830}:{0x2810}"
    assert changed(config=change, held=change) == ["its PCIe Device Control is 0x2810, and its driver had left 0x5830"]
    assert len(changed(config=change, held=f"136:{0x5830}:{0x4830}")) == 2


def test_what_no_qemu_restores_in_the_device() -> None:
    healthy = "12:16416:0,16:268435456:0,24:12:0,28:128:0,32:268500992:0,60:288:256,68:134479872:0,80:1:0"
    assert not changed(held=healthy)
    assert changed(held=f"{healthy},48:0:1") == [
        "the expansion ROM BAR that it holds is 0x1, and its driver had left 0x0"
    ]


@pytest.mark.parametrize(
    ("offset", "rest", "enable", "name"), [(0x40, 0x70 << 16, 1 << 16, "MSI"), (0x60, 1 << 30, 1 << 31, "MSI-X")]
)
def test_of_message_control_the_device_holds_the_enable_bit(offset: int, rest: int, enable: int, name: str) -> None:
    assert not changed(held=f"{offset}:{rest}:0")
    [sentence] = changed(held=f"{offset}:{rest | enable}:0")
    assert sentence.startswith(f"the {name} Message Control that it holds is 0x0")


def test_entries_of_the_table() -> None:
    assert changed(table="5:2:69:0,5:3:0:1") == [
        "the data of its MSI-X entry 5 is 0x0, and its driver had written 0x45",
        "the control word of its MSI-X entry 5 is 0x1, and its driver had written 0x0",
    ]


def test_pending_bits_that_only_a_source_has_to_show() -> None:
    assert changed(pending="7:0") == ["MSI-X's pending bit of vector 7 is clear, and an interrupt waits"]
    assert not changed(pending="7:0", state="ok")
    assert changed(pending="3:1", state="ok") == ["MSI-X's pending bit of vector 3 is set, and nothing waits"]


def test_what_interrupts_are_set_up_with_is_told_apart() -> None:
    check = GuestCheck("qemu1", "dev0", config="4:6:2,68:1:2", held=f"96:{1 << 31}:0", table="5:2:69:0", pending="3:1")
    assert what_changed(check) == ["its command register reads 0x2, and its driver had left 0x6"]
    assert [sentence.partition(",")[0] for sentence in interrupts_changed(check)] == [
        "its MSI address reads 0x2",
        "the MSI-X Message Control that it holds is 0x0",
        "the data of its MSI-X entry 5 is 0x0",
        "MSI-X's pending bit of vector 3 is set",
    ]


def test_many_differences_are_counted() -> None:
    sentences = changed(table=",".join(f"{vector}:2:1:0" for vector in range(8)))
    assert len(sentences) == 4
    assert sentences[-1] == "and 5 more"


def test_names_are_where_the_device_has_its_registers() -> None:
    content = yaml.safe_load((FOLDER / "registers.yaml").read_text(encoding="utf-8"))
    named = {one["name"]: one["at"] for one in content["registers"]}
    source = DEVICE.read_text(encoding="utf-8")
    at = {name: int(value, 16) for name, value in re.findall(r"#define CONFIG_(\w+)\t+(0x\w+)", source)}
    assert named["header of the MSI capability"] == at["MSI"]
    assert named["MSI-X Message Control"] == device_words().limits["CONFIG_MSIX"] + 2
    assert named["power management control"] == at["POWER"] + 4
    assert named["PCIe Device Control"] == at["EXPRESS"] + 8
    assert named["PCIe Device Control 2"] == at["EXPRESS"] + 0x28


def test_registers_do_not_overlap() -> None:
    content = yaml.safe_load((FOLDER / "registers.yaml").read_text(encoding="utf-8"))
    taken = [byte for one in content["registers"] for byte in range(one["at"], one["at"] + one["bytes"])]
    assert len(taken) == len(set(taken))
    assert all(one["at"] // 4 == (one["at"] + one["bytes"] - 1) // 4 for one in content["registers"])
    assert all(one["why"] for one in content["not-restored"])
