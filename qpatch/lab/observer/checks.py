# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest found when it checked its devices and itself, from the lab's events `check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.model import Event


# What a check answers in one word, or in differences, of a device and of the guest itself, and in numbers.
_ANSWERS = ("reach", "memory", "state", "read", "kept", "widths", "writes", "config", "held", "table", "pending")
_OF_ITSELF = ("registers", "controller", "commands")
_COUNTS = ("stale", "corrupt", "overrun", "sparse", "strayed", "stray", "routed", "came", "unexpected")


@dataclass(frozen=True)
class GuestCheck:
    """What the guest found when it checked a device: how many pages are old or wrong, whether memory and state are so.

    `reach` tells whether its registers are where its BARs are: where they are not, nothing else says anything.
    `overrun` is where a page has changed that nobody writes, beside one of the device's (0: nowhere), `sparse` how many
    pages are wrong that are zero but for a few bytes, and that only the guest's processor writes.
    `registers` tells the first register of a processor that is not as the guest left it (CPU:REGISTER:COUNT),
    `controller` the first of the interrupt controller (NAME:INDEX:BEFORE:NOW), and `commands` up to where it was given
    commands, and has read them, if it stands still (WRITTEN:READ).
    What it did not look at is None or `none`; so is the `state` of a device that has not migrated. `read` tells
    whether the device reads from guest memory what the guest has just written there, `kept` whether registers have
    what was last written to them, `widths` whether a register reads the same by accesses of all widths, `writes`
    whether writes of all widths arrive (or PLACE:BYTES of the first that does not). `config`, `held`, `table` and
    `pending` tell what differs in config space, in what the device holds of it, in MSI-X's table and in its pending
    bits (see registers.py) from how the driver left it. `strayed` is how many interrupts another processor has
    handled than they were routed to, `stray` of the first of them its vector, the processor that it was routed to, and
    the one to which it came. `unexpected` is how many interrupts the guest had, up to then, on numbers that belong to
    no vector.
    """

    vm: str
    device: str
    at: int = 0
    stale: int | None = None
    corrupt: int | None = None
    overrun: int = 0
    sparse: int = 0
    reach: str = "none"
    memory: str = "none"
    state: str = "none"
    read: str = "none"
    kept: str = "none"
    widths: str = "none"
    writes: str = "none"
    config: str = "none"
    held: str = "none"
    table: str = "none"
    pending: str = "none"
    registers: str = "none"
    controller: str = "none"
    commands: str = "none"
    strayed: int = 0
    stray: tuple[int, int, int] = (0, 0, 0)
    unexpected: int = 0


def guest_checks(lab: Sequence[Event]) -> Iterator[GuestCheck]:
    """Yield what the guest found, from those of the lab's events that tell of it."""
    for event in lab:
        if event.name == "check":
            numbers = {name: _number(event.fields.get(name)) for name in _COUNTS}
            words = {name: str(event.fields.get(name, "none")) for name in (*_ANSWERS, *_OF_ITSELF)}
            yield GuestCheck(
                vm=str(event.fields["vm"]),
                device=str(event.fields.get("device", "")),
                at=event.at,
                stale=numbers["stale"],
                corrupt=numbers["corrupt"],
                overrun=numbers["overrun"] or 0,
                sparse=numbers["sparse"] or 0,
                reach=words["reach"],
                memory=words["memory"],
                state=words["state"],
                read=words["read"],
                kept=words["kept"],
                widths=words["widths"],
                writes=words["writes"],
                config=words["config"],
                held=words["held"],
                table=words["table"],
                pending=words["pending"],
                registers=words["registers"],
                controller=words["controller"],
                commands=words["commands"],
                strayed=numbers["strayed"] or 0,
                stray=(numbers["stray"] or 0, numbers["routed"] or 0, numbers["came"] or 0),
                unexpected=numbers["unexpected"] or 0,
            )


def silent_timers(lab: Sequence[Event]) -> Iterator[str]:
    """Yield a sentence for each processor whose timer has not interrupted when it was due."""
    for event in lab:
        if event.name == "check" and "silent" in event.fields:
            vm, cpu, late = (event.fields[name] for name in ("vm", "silent", "overdue"))
            yield f"the timer of the guest's processor {cpu} has not interrupted on {vm}, {late} ms after it was due"


def _number(written: object) -> int | None:
    return None if written is None else int(str(written))
