# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the guest has placed its devices' memory (BARs), from the writes to config space that QEMU passes on to them.

A guest writes BARs while its device does not decode memory, and lets it decode then; so the addresses hold from that
write to the command register on, wherever the guest moves. How large a BAR is shows from its mapping for DMA.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.registers import offset_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

_BARS = range(0x10, 0x28, 4)
_COMMAND = offset_of("command register")
_POWER = offset_of("power management control")
_DECODES = 1 << 1
_POWER_STATE = 3  # also D3hot
_PAGE = 0x1000
_IO = 1  # ports, and no memory
_PROBE = 0xFFFFFFFF  # is written to learn a BAR's size


class Bars:
    """The BARs of all devices; `note` tells of one event after the other."""

    def __init__(self) -> None:
        self._registers: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)  # by process and device
        self._hidden: set[tuple[str, str]] = set()  # those that do not decode memory, or sleep
        self._asleep: set[tuple[str, str]] = set()
        self._placed: dict[str, dict[int, int]] = defaultdict(dict)
        self._ever: set[tuple[str, int, int]] = set()  # device, BAR, address
        self._sizes: dict[tuple[str, int], int] = {}

    def note(self, event: Event) -> None:
        """Take `event` into account."""
        if event.origin is not EventSource.UAPI or event.fields.get("errno"):
            return
        if event.name == "config-write":
            self._write(event.actor, event.device, event.fields)
        elif event.name == "dma-map":
            for device, bar, address in self._ever:
                if address == int(event.fields["iova"]):
                    self._sizes[device, bar] = int(event.fields["size"])

    def arrive(self, actor: str, device: str) -> None:
        """Take it that a guest arrives at `actor`, for which its device has not hidden its BARs there."""
        self._hidden.discard((actor, device))

    def at(self, place: int) -> str:
        """Return whose BAR lies at the address `place` of the guest, such as `dev1's BAR 2`, or ''."""
        for device, placed in self._placed.items():
            for bar, address in placed.items():
                if address <= place < address + self._sizes.get((device, bar), 0):
                    return f"{device}'s BAR {bar}"
        return ""

    def is_given_up(self, actor: str, start: int, size: int) -> bool:
        """Tell whether the guest on `actor` has itself taken away the BARs of this range: moved or hidden them."""
        return self._is_away(actor, start, size, self._hidden | self._asleep)

    def is_gone(self, actor: str, start: int, size: int) -> bool:
        """Tell whether that is so, and not because a device sleeps: not every release follows that."""
        return self._is_away(actor, start, size, self._hidden)

    def _is_away(self, actor: str, start: int, size: int, out_of_sight: Set[tuple[str, str]]) -> bool:
        there = [one for one in self._ever if start <= one[2] < start + size]
        return bool(there) and not any(
            (actor, device) not in out_of_sight and self._address(actor, device, bar) == address
            for device, bar, address in there
        )

    def _write(self, actor: str, device: str, fields: Mapping[str, int]) -> None:
        key, offset, size, value = (actor, device), int(fields["offset"]), int(fields["size"]), int(fields["value"])
        if offset in _BARS and size == 4:
            self._registers[key][offset] = value
        elif _covers(offset, size, _POWER):
            in_d3 = value >> 8 * (_POWER - offset) & _POWER_STATE == _POWER_STATE
            (self._asleep.add if in_d3 else self._asleep.discard)(key)
        elif _covers(offset, size, _COMMAND):
            decodes = bool(value >> 8 * (_COMMAND - offset) & _DECODES)
            (self._hidden.discard if decodes else self._hidden.add)(key)
            if decodes:
                self._place(actor, device)

    def _place(self, actor: str, device: str) -> None:
        placed = {bar: self._address(actor, device, bar) for bar in range(len(_BARS))}
        self._placed[device] = {bar: address for bar, address in placed.items() if address}
        self._ever |= {(device, bar, address) for bar, address in self._placed[device].items()}

    def _address(self, actor: str, device: str, bar: int) -> int:
        """Return where a BAR lies on `actor`: where the guest has placed it there, else before it came; 0: nowhere."""
        registers = self._registers[actor, device]
        low, high = registers.get(_BARS[bar], 0), registers.get(_BARS[bar] + 4, 0)
        high = high if high < _PAGE else 0  # the next one's own address
        if _PROBE in (low, high) or not (low & ~0xF or high) or 0 < low < _PAGE or low & _IO:
            return self._placed[device].get(bar, 0)
        return (low & ~0xF) + (high << 32)


def _covers(offset: int, size: int, register: int) -> bool:
    return offset <= register < offset + size
