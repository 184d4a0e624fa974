# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest's check says of config space and of MSI-X's table, in words; registers.yaml has names and exceptions.

A check answers `ok`, `none` (not looked at), or a list of differences, each with its place, the value before and the
value now: `PLACE:BEFORE:NOW` for config space, `VECTOR:WORD:BEFORE:NOW` for an entry of the table, `VECTOR:SHOWN` for a
pending bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.lab.observer.checks import GuestCheck

_SAME = ("ok", "none")
_WORDS = ("address", "upper half of the address", "data", "control word")  # of an entry of MSI-X's table
_MOST = 3  # differences of one kind that are told


@dataclass(frozen=True)
class _Register:
    name: str
    at: int
    size: int
    interrupts: bool = False

    def of(self, word: bytes, start: int) -> int:
        return int.from_bytes(word[self.at - start : self.at - start + self.size], "little")


def offset_of(name: str) -> int:
    """Return where the register `name` of registers.yaml lies in config space."""
    return next(register.at for register in _table()[0] if register.name == name)


def what_changed(check: GuestCheck) -> list[str]:
    """Return what differs in config space, seen and held by the device, but for what interrupts are set up with."""
    return _told(list(_registers(check, interrupts=False)))


def interrupts_changed(check: GuestCheck) -> list[str]:
    """Return what differs in the set-up of interrupts: MSI's and MSI-X's registers, MSI-X's table and pending bits."""
    entries = [
        f"the {_WORDS[word]} of its MSI-X entry {vector} is {now:#x}, and its driver had written {was:#x}"
        for vector, word, was, now in _items(check.table)
    ]
    return [
        *_told(list(_registers(check, interrupts=True))),
        *_told(entries),
        *_told(list(_pending(check))),
    ]


def _registers(check: GuestCheck, *, interrupts: bool) -> Iterator[str]:
    seen, held = (
        [(register.name, was, now) for register, was, now in found if register.interrupts is interrupts]
        for found in (_seen(check), _held(check))
    )
    for name, was, now in seen:
        verb = "is" if (name, was, now) in held else "reads"
        yield f"its {name} {verb} {now:#x}, and its driver had left {was:#x}"
    for name, was, now in held:
        if (name, was, now) not in seen:
            yield f"the {name} that it holds is {now:#x}, and its driver had left {was:#x}"


def _told(sentences: list[str]) -> list[str]:
    more = len(sentences) - _MOST
    return sentences[:_MOST] + ([f"and {more} more"] if more > 0 else [])


def _items(answer: str) -> list[tuple[int, ...]]:
    return [] if answer in _SAME else [tuple(map(int, item.split(":"))) for item in answer.split(",")]


def _seen(check: GuestCheck) -> Iterator[tuple[_Register, int, int]]:
    for offset, before, now in _items(check.config):
        yield from _registers_in(offset, before, now)


def _held(check: GuestCheck) -> Iterator[tuple[_Register, int, int]]:
    for offset, before, now in _items(check.held):
        loose = _not_restored(offset)
        yield from _registers_in(offset, before & ~loose, now & ~loose)


def _pending(check: GuestCheck) -> Iterator[str]:
    """Yield which pending bits are wrong, but for those that no destination shows.

    QEMU shows its own pending bits only after an interrupt of a masked vector has come in that process
    (vfio_msi_interrupt() in hw/vfio/pci.c of 5.2, 7.2, 10.2 enables msix_pba_mmio; a load does not).
    """
    for vector, shown in _items(check.pending):
        if shown:
            yield f"MSI-X's pending bit of vector {vector} is set, and nothing waits"
        elif check.state == "none":
            yield f"MSI-X's pending bit of vector {vector} is clear, and an interrupt waits"


def _registers_in(offset: int, before: int, now: int) -> Iterator[tuple[_Register, int, int]]:
    """Yield the registers in the word at `offset` that differ, with both values."""
    was, are = before.to_bytes(4, "little"), now.to_bytes(4, "little")
    named: set[int] = set()
    for register in _table()[0]:
        if register.at // 4 != offset // 4:
            continue
        named |= set(range(register.at - offset, register.at - offset + register.size))
        values = register.of(was, offset), register.of(are, offset)
        if values[0] != values[1]:
            yield register, *values
    for byte in sorted(set(range(4)) - named):
        if was[byte] != are[byte]:
            yield _Register(f"config space at {offset + byte:#x}", offset + byte, 1), was[byte], are[byte]


def _not_restored(offset: int) -> int:
    """Return the bits of the word at `offset` that no QEMU restores in the device."""
    return sum(bits << 8 * byte for byte, bits in enumerate(_table()[1][offset : offset + 4]))


@cache
def _table() -> tuple[tuple[_Register, ...], bytearray]:
    """Return the registers, and for each byte of config space its bits that are not restored."""
    text = resources.files(__package__).joinpath("registers.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, yaml.CSafeLoader)
    loose = bytearray(256)
    for entry in content["not-restored"]:
        at, size = entry["at"], entry["bytes"]
        loose[at : at + size] = entry.get("mask", (1 << 8 * size) - 1).to_bytes(size, "little")
    registers = (
        _Register(one["name"], one["at"], one["bytes"], one.get("interrupts", False)) for one in content["registers"]
    )
    return tuple(registers), loose
