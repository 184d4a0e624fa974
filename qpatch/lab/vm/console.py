# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the log of a kernel that was booted: how it ended, and the lines of its own that say so.

The log has lines of the lab among the kernel's (written to /dev/kmsg): where each piece of work begins, and that all of
it was done. So it is known of each line during which piece it was printed.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.lab.definitions.datafile import LabModel
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "qpatch: "  # begins what the lab writes into the kernel's log
BEGINS = f"{MARK}begins "
DONE = f"{MARK}done"
_TIME = re.compile(r"^(?:<\d+>)?\[ *(?P<seconds>\d+\.\d+)\](?:\[[^\]]*\])? ?")
_LONGEST = 60  # lines that are quoted of what the kernel says
_LAST = 5  # lines that are quoted of a kernel that said nothing of its end
_LASTS = re.compile(r"---\[ end |Rebooting in|Kernel Offset: ")


class End(enum.StrEnum):
    """How a kernel ended, or what it said before it was switched off as it should be."""

    FINISHED = "finished"  # all was done, and the machine switched off
    PANICKED = "panicked"
    OOPSED = "oopsed"  # a bug of the kernel's own: a wrong pointer, a failed assertion, damaged memory
    SPLAT = "lockdep splat"  # locks are taken in an order, or in a context, in which they may not be
    WARNED = "warned"  # a WARN_ON, or a leak
    HUNG = "hung"  # nothing happened any more, or a task was stuck
    CONSOLE_LOST = "console lost"  # the machine was gone before all was done, and the kernel does not say why

    @property
    def is_grave(self) -> bool:
        """Whether the kernel cannot be relied on any more from there on."""
        return self not in (End.FINISHED, End.SPLAT, End.WARNED)


class ConsoleRule(LabModel):
    """One entry of console.yaml: see there."""

    end: End
    lines: tuple[str, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """What is searched in a line."""
        return re.compile("|".join(self.lines))


@dataclass(frozen=True)
class KernelEnd:
    """How a kernel ended; `lines` are its own that say so, without their times.

    `complete`: all that was to be done was done, whatever the kernel said meanwhile.
    """

    end: End
    lines: tuple[str, ...] = ()
    complete: bool = False

    @property
    def summary(self) -> str:
        """The first line, which says most, behind the word."""
        return f"{self.end}: {self.lines[0]}" if self.lines else str(self.end)


def read_console(log: str, *, timed_out: bool = False) -> KernelEnd:
    """Return how the kernel that printed `log` ended; `timed_out`: the lab has waited for it in vain."""
    lines = plain_lines(log)
    found = [(rule.end, said) for rule in _rules() if (said := _said(lines, rule.pattern))]
    complete = DONE in lines
    grave = [(end, said) for end, said in found if end.is_grave]
    if grave:
        return KernelEnd(*grave[0], complete)
    if not complete:
        last = tuple(line for line in lines if line)[-_LAST:]
        return KernelEnd(End.HUNG if timed_out else End.CONSOLE_LOST, last)
    return KernelEnd(*(found[0] if found else (End.FINISHED, ())), complete)


def plain_lines(log: str) -> list[str]:
    """Return the lines of `log` without the times before them, nor what follows the lines on a serial port."""
    return [_TIME.sub("", line.rstrip("\r")) for line in log.split("\n")]


def pieces(log: str) -> dict[str, str]:
    """Return what was printed during each piece of work, by its name; '' is the time before the first."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in plain_lines(log):
        if line.startswith(BEGINS):
            name = line.removeprefix(BEGINS)
            found[name] = []
        else:
            found[name].append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def _said(lines: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Return the lines from the first that `pattern` finds to where the kernel ends its report."""
    start = next((number for number, line in enumerate(lines) if pattern.search(line)), None)
    if start is None:
        return ()
    said: list[str] = []
    for line in lines[start : start + _LONGEST]:
        if line.startswith(MARK):
            break
        said.append(line)
        if _LASTS.search(line):
            break
    return tuple(line for line in said if line)


@cache
def _rules() -> tuple[ConsoleRule, ...]:
    file = resources.files(__package__).joinpath("console.yaml")
    return tuple(ConsoleRule.model_validate(entry) for entry in read_yaml_file(file, "bad-lab-data"))
