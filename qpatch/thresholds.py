# SPDX-License-Identifier: GPL-2.0-or-later
"""The heuristic numbers of qpatch in one typed model: how alike is alike, how much is tried, how far is looked.

The values are in `thresholds.yaml`, each with its unit, its meaning and what it was measured on; the measurements are
those of `python -m bench.thresholds`, shown in docs/thresholds.md. Code never carries such a number itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Similarity:
    """Scores from 0 (nothing in common) to 1 (the same); `thresholds.yaml` says which score each is compared with."""

    symbol_name: float
    symbol_renamed: float
    statements: float
    behind_nearest: float
    clearly_nearest: float
    removed_statements: float
    removed_name: float
    text_lines: float
    text_name_renamed: float
    text_same_symbol: float
    text_other_symbol: float
    known_word: float
    not_compared: float


@dataclass(frozen=True)
class AlignmentCosts:
    """What each step costs when a hunk is aligned with the code that it resembles."""

    leave_out: float
    put_in: float
    other_word: float
    other_token: float
    metavariable: float


@dataclass(frozen=True)
class EngineLimits:
    """How much is tried, and how much is shown."""

    alternatives: int
    match_steps: int
    line_matches: int
    aligned_pairs: int
    surplus_members: int
    repaired_places: int
    repair_trials: int
    repair_before: int
    nesting: int
    wrapper_statements: int
    recognised_names: int
    member_files: int
    candidates: int
    told_places: int
    listed_places: int
    differences: int
    shown_line: int
    shown_name: int
    shown_members: int
    shown_words: int
    searched_files: int
    mixed_names: int
    remembered: int


@dataclass(frozen=True)
class SearchWindows:
    """How far around a place the source is searched, in bytes."""

    comments: int
    open_braces: int
    tag_keyword: int
    last_character: int
    macro_word: int
    call_name: int
    call_parenthesis: int
    entry_before: int


@dataclass(frozen=True)
class Thresholds:
    """All heuristic numbers, by what they are about."""

    similarity: Similarity
    costs: AlignmentCosts
    limits: EngineLimits
    windows: SearchWindows


@dataclass(frozen=True)
class Threshold:
    """One entry of the data file, for documentation: `name` is GROUP.FIELD."""

    name: str
    value: float
    unit: str
    meaning: str
    measured: str


def thresholds() -> Thresholds:
    """Return the values; the data file is read once."""
    return _load()


@cache
def catalogue() -> tuple[Threshold, ...]:
    """Return every entry of the data file, in its order. Raises TypeError where an entry lacks a part."""
    import yaml

    text = resources.files(__package__).joinpath("thresholds.yaml").read_text(encoding="utf-8")
    data: dict[str, dict[str, dict[str, Any]]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return tuple(
        Threshold(name=f"{group}.{name}", **entry) for group, entries in data.items() for name, entry in entries.items()
    )


@cache
def _load() -> Thresholds:
    """Build the model from the data file. Raises TypeError where a value is missing or unknown."""
    groups: dict[str, dict[str, float]] = {}
    for entry in catalogue():
        group, _, name = entry.name.partition(".")
        groups.setdefault(group, {})[name] = entry.value
    kinds = {"similarity": Similarity, "costs": AlignmentCosts, "limits": EngineLimits, "windows": SearchWindows}
    unknown = groups.keys() ^ {field.name for field in fields(Thresholds)}
    if unknown:
        raise TypeError(f"thresholds.yaml: groups {sorted(unknown)} are missing or unknown")
    return Thresholds(**{group: kinds[group](**values) for group, values in groups.items()})
