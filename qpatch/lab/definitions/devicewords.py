# SPDX-License-Identifier: GPL-2.0-or-later
"""The words and limits of the emulated device, read from the tables that its C code is compiled from.

`faults.def` and `profile.def` in kernel-selftests/emu/device/ have one entry on a line, `EMU_KIND(argument, ...)`; what
an entry means is said there. So a word that is added in C is known here, and none is known here that C has not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.strategy.places import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FOLDER = "kernel-selftests/emu/device"
_ENTRY = re.compile(r"^EMU_(\w+)\((.*)\)$", re.MULTILINE)


@dataclass(frozen=True)
class NumberKey:
    """The range of a number in a device's configuration (both ends included), and its default."""

    default: int
    least: int
    most: int


@dataclass(frozen=True)
class DeviceWords:
    """What the configuration of a device may say.

    `operations` has for each fault operation the kinds of results that can hit it, `results` the kind of each result.
    `limits` are the device's constants without the `EMU_` of C.
    """

    operations: Mapping[str, frozenset[str]]
    results: Mapping[str, str]
    limits: Mapping[str, int]
    numbers: Mapping[str, NumberKey]
    powers_of_two: frozenset[str]
    switches: tuple[str, ...]
    protocols: tuple[str, ...]
    traits: tuple[str, ...]
    dirty_reports: tuple[str, ...]
    requirements: tuple[str, ...]
    moments: tuple[str, ...]

    def results_of(self, operation: str) -> tuple[str, ...]:
        """Return the results that can hit `operation`, which is one of `operations`."""
        return tuple(result for result, kind in self.results.items() if kind in self.operations[operation])


@cache
def device_words() -> DeviceWords:
    """Return the words of the device that ships. Raises EnvironmentFault `lab-artifacts-failed` if it is not there."""
    try:
        return read_words(shipped() / _FOLDER)
    except OSError as error:
        raise EnvironmentFault(
            "lab-artifacts-failed", f"{error.filename}: {error.strerror}: the installation is not whole"
        ) from error


def read_words(folder: Path) -> DeviceWords:
    """Return what the tables in `folder` say. Raises OSError, and ValueError for an entry that is malformed."""
    faults, keys = (
        list(_entries((folder / file).read_text(encoding="utf-8"))) for file in ("faults.def", "profile.def")
    )
    limits = {name: int(value, 0) for name, value in _of(keys, "LIMIT")}
    powers = {key: (member, *rest) for key, member, *rest in _of(keys, "POWER_OF_TWO")}
    plain = {key: (member, *rest) for key, member, *rest in _of(keys, "NUMBER")}
    return DeviceWords(
        operations={word: frozenset(kinds.split(" | ")) for word, _, _, kinds in _of(faults, "OPERATION")},
        results={word: kind for word, _, kind in _of(faults, "RESULT")},
        limits=limits,
        numbers={key: _number_key(rest, limits) for key, (_, *rest) in (plain | powers).items()},
        powers_of_two=frozenset(powers),
        switches=_words(keys, "SWITCH"),
        protocols=_words(keys, "PROTOCOL"),
        traits=_words(keys, "TRAIT"),
        dirty_reports=_words(keys, "DIRTY_REPORT"),
        requirements=_words(keys, "REQUIREMENT"),
        moments=_words(keys, "MOMENT"),
    )


def _entries(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the kind of each entry and its arguments, without their quotes. No argument has a comma in it."""
    for kind, arguments in _ENTRY.findall(text):
        yield kind, tuple(argument.strip().strip('"') for argument in arguments.split(","))


def _of(entries: list[tuple[str, tuple[str, ...]]], kind: str) -> list[tuple[str, ...]]:
    return [arguments for entry, arguments in entries if entry == kind]


def _words(entries: list[tuple[str, tuple[str, ...]]], kind: str) -> tuple[str, ...]:
    return tuple(arguments[0] for arguments in _of(entries, kind))


def _number_key(arguments: list[str], limits: Mapping[str, int]) -> NumberKey:
    """Return the key of the arguments default, least and most: numbers as C has them, or names of limits."""
    default, least, most = (
        limits[argument.removeprefix("EMU_")] if argument.startswith("EMU_") else int(argument, 0)
        for argument in arguments
    )
    return NumberKey(default, least, most)
