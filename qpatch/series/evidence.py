# SPDX-License-Identifier: GPL-2.0-or-later
"""What a letter says of runs: of those of its own tree with its own patches, and of nothing else.

A result counts for a series where it was built from the very content that the series makes of its base: git's id of
the tree says so, whoever built it, and whatever its messages were. So what a letter claims is dropped by itself when a
patch changes.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.strategy.message import EVIDENCE_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WIDTH = 72
_TITLE = "What was seen\n============="
_NOT_RUN = "Nothing yet: this series has been rendered for this tree, and has not been run."
_WANTED = "Results on real hardware are what is needed most."


@dataclass(frozen=True)
class Seen:
    """What the runs of one cell showed.

    `source` and `destination` are the ids of the git trees that the two QEMUs were built from, `verdicts` how many runs
    had each word, the gravest first; `well` tells that none of them showed anything wrong; `about` says in sentences
    what the device of the profile does, and `lab` what the lab is and does not show.
    """

    source: str
    destination: str
    machine: str
    profile: str
    scenario: str
    verdicts: Mapping[str, int]
    well: bool = True
    about: str = ""
    lab: str = ""


@dataclass(frozen=True)
class _Cell:
    """A setting and what was seen in it: with the tree as it is, with the series, and from one of them to the other."""

    machine: str
    profile: str
    scenario: str
    before: Counter[str]
    after: Counter[str]
    to_old: Counter[str]
    from_old: Counter[str]
    well: bool

    @property
    def is_told(self) -> bool:
        """Whether it is told by itself: the series makes a difference, or cannot be compared."""
        return _shares(self.before) != _shares(self.after)


def evidence_text(seen: Sequence[Seen], base: str, tip: str, switched_on: Sequence[str] = ()) -> str:
    """Return the section on what was seen, '' where nothing of it is of this series.

    `base` and `tip` are the ids of the git trees without and with the series, `switched_on` what a lab sets to have
    what is off by default.
    """
    cells = _cells(seen, base, tip)
    if not any(cell.after or cell.to_old or cell.from_old for cell in cells):
        return ""
    ran = [cell for cell in cells if cell.after]
    told = [cell for cell in ran if cell.is_told]
    no_better = [cell for cell in ran if not (cell.is_told or cell.well)]
    mixed = [cell for cell in cells if cell.to_old or cell.from_old]
    profiles = {cell.profile for cell in [*told, *no_better, *mixed]}
    parts = [
        _TITLE,
        _wrapped(f"With {_listed(switched_on)}, which is not the default.") if switched_on else "",
        *_list("Migrations of an emulated device, and how they ended:", _merged(told)),
        _no_better(no_better),
        _unchanged([cell for cell in ran if cell.well and not cell.is_told], also=bool(told or no_better)),
        *_list("Between a QEMU with this series and one without:", _crossing(mixed)),
        "\n".join(dict.fromkeys(_wrapped(one.about) for one in seen if one.about and one.profile in profiles)),
        *(_wrapped(f"{lab} {_WANTED}") for lab in dict.fromkeys(one.lab for one in seen if one.lab)),
    ]
    return "\n\n".join(part for part in parts if part)


def with_evidence(body: str, text: str) -> str:
    """Return a cover letter's `body` with the evidence at its place, or at the end where it has none."""
    if EVIDENCE_MARK in body:
        return body.replace(EVIDENCE_MARK, text or f"{_TITLE}\n\n{_wrapped(_NOT_RUN)}")
    return f"{body.rstrip()}\n\n{text}\n" if text else body


def _cells(seen: Iterable[Seen], base: str, tip: str) -> list[_Cell]:
    kinds = {(base, base): 0, (tip, tip): 1, (tip, base): 2, (base, tip): 3}
    found: dict[tuple[str, str, str], list[Counter[str]]] = {}
    wrong: set[tuple[str, str, str]] = set()
    for one in seen:
        kind, setting = kinds.get((one.source, one.destination)), (one.machine, one.profile, one.scenario)
        if kind is not None:
            found.setdefault(setting, [Counter() for _ in kinds])[kind].update(one.verdicts)
            wrong |= set() if one.well else {setting}
    return [
        _Cell(*setting, before, after, to_old, from_old, well=setting not in wrong)
        for setting, (before, after, to_old, from_old) in found.items()
    ]


def _merged(cells: Iterable[_Cell]) -> list[str]:
    """Return a line for each profile and scenario, with the machines on which it ended alike."""
    lines: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        before = f"{_counts(cell.before)}; " if cell.before else ""
        ended = f"{before}with this series {_counts(cell.after)}"
        lines.setdefault((f"{cell.profile}, {cell.scenario}", ended), []).append(cell.machine)
    return [f"{setting}, on {_listed(machines)}: {ended}" for (setting, ended), machines in lines.items()]


def _crossing(cells: Iterable[_Cell]) -> list[str]:
    lines = []
    for cell in cells:
        ways = (("from this series", cell.to_old), ("to this series", cell.from_old))
        ended = "; ".join(f"{way} {_counts(counts)}" for way, counts in ways if counts)
        lines.append(f"{cell.profile}, {cell.scenario}, on {cell.machine}: {ended}")
    return lines


def _no_better(cells: Sequence[_Cell]) -> str:
    """Return where it ended as without the series, and not well, of all machines together."""
    ended: dict[str, Counter[str]] = {}
    for cell in cells:
        ended.setdefault(f"{cell.profile}/{cell.scenario}", Counter()).update(cell.after)
    named = ", ".join(f"{setting} ({_counts(counts)})" for setting, counts in ended.items())
    return _wrapped(f"As without this series, and not well, ended {named}.") if ended else ""


def _unchanged(cells: Sequence[_Cell], *, also: bool) -> str:
    if not cells:
        return ""
    total: Counter[str] = Counter()
    for cell in cells:
        total += cell.after
    runs = total.total()
    settings = f"{len(cells)}{' more' if also else ''} setting{'s' if len(cells) > 1 else ''}"
    named = ", ".join(dict.fromkeys(f"{cell.profile}/{cell.scenario}" for cell in cells))
    return _wrapped(
        f"In {settings} ({runs} run{'s' if runs > 1 else ''} with this series) it ended as without: {_counts(total)}. "
        f"These were {named}."
    )


def _shares(counts: Counter[str]) -> dict[str, float]:
    return {word: count / counts.total() for word, count in counts.items()}


def _counts(counts: Counter[str]) -> str:
    total = counts.total()
    return ", ".join(f"{word} {count} of {total}" for word, count in counts.items())


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _list(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return [title, "\n".join(textwrap.fill(f"- {line}.", _WIDTH, subsequent_indent="  ") for line in lines)]


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
